"""What differs though it is said: the form in which paths are compared, and how health checks get in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.access import GuardedRoutes, ProbeAccess, Probes
from ir.attachment import WorkloadPort
from ir.inventory import Inventory, Workload
from ir.match import Part, PathForm
from ir.walk import traced
from translator.api import Loss
from translator.exporters.istio.legalise.territories import Territory
from translator.report.model import SPELLING, Fate, Impact, Severity, Support

_HEALTH = "https://istio.io/latest/docs/ops/configuration/mesh/app-health-check/"


def spellings(guarded: Sequence[GuardedRoutes], names: Sequence[str]) -> Iterator[Loss]:
    """Paths that the target brings into their normal form before it looks, and sends on so."""
    raw = [fact for fact in guarded if fact.view.path is PathForm.RAW]
    asked = [test for f in raw for r in f.routes for m in r.matches for test in m.tests]
    by_path = any(test.part is Part.PATH for test in asked)
    bare = [r.trail for f in raw for r in f.routes if not any(m.tests for m in r.matches)]
    paths = [*traced(tuple(asked)), *bare] if by_path else []
    for impact in (Impact.LOOSER, Impact.STRICTER) if paths else ():
        yield Loss(
            code=SPELLING,
            impact=impact,
            support=Support.PARTIAL,
            severity=Severity.LOW,
            fate=Fate.APPROXIMATED,
            sites=tuple(paths),
            message=f"{', '.join(names)}: paths are brought into their normal form (/a/../b, /%61, backslashes) before they are "
            + (
                "compared: a request that spells /a in another way is let in where /a is granted, and sent on as /a."
                if impact is Impact.LOOSER
                else "compared: a request that spells /a in another way is refused where /a is."
            ),
            why="The source compares the path as it was sent; meshConfig.pathNormalization is BASE where nothing is set.",
            advice="Nothing, if the application takes both spellings for one path.",
        )


def probed_behind(
    guarded: Sequence[tuple[GuardedRoutes, Territory]], inventory: Inventory
) -> Iterator[Loss]:
    """Health checks that routes kept out come in by the agent of the proxy."""
    found: dict[str, None] = {}
    for fact, _ in guarded:
        labels = fact.attachment.subject.labels
        space = fact.attachment.subject.namespace
        if labels is None or space is None:
            continue
        for workload in inventory.selected(space.value, labels.value):
            if _probed_numbers(workload) & _numbers(fact, workload):
                found[workload.key] = None
    if found:
        yield Loss(
            code="MM404",
            impact=Impact.LOOSER,
            support=Support.PARTIAL,
            message=f"health checks of {', '.join(found)} come in by the agent of the proxy, whatever the routes admit.",
            why="The injector turns them to the agent; in the source a port with routes lets in what these admit alone.",
            advice="Nothing: they pass where they failed.",
            doc=_HEALTH,
        )


def _probed_numbers(workload: Workload) -> set[int]:
    return {n for probe in workload.probes if (n := workload.port_number(probe.port)) is not None}


def _numbers(fact: GuardedRoutes, workload: Workload) -> set[int]:
    ports = [p.value for p in fact.attachment.ports if isinstance(p.value, WorkloadPort)]
    return {n for p in ports if (n := workload.port_number(p.port)) is not None}


def rewritten(facts: Sequence[Probes]) -> Iterator[Loss]:
    """The kubelet's checks go by the agent of the proxy, whatever the policies say."""
    for fact in facts:
        by_path = fact.access.value is ProbeAccess.BY_PATH
        name = fact.attachment.subject.name
        who = "the pods" if name is None else name.value
        yield Loss(
            code="MM404",
            impact=Impact.STRICTER if by_path else Impact.NONE,
            support=Support.PARTIAL,
            severity=Severity.LOW,
            fate=Fate.ABSORBED,
            sites=tuple(traced(fact)),
            message=f"health checks reach {who} by the agent of the proxy, to which the injector turns them"
            + (
                "; others than the kubelet no longer get in by the paths that are probed."
                if by_path
                else "."
            ),
            doc=_HEALTH,
        )
