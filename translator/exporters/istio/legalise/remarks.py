"""What differs though it is said: the form in which paths are compared, and how health checks get in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ir.access import Closed, Grant, GuardedRoutes, ProbeAccess, Probes
from ir.attachment import Attachment, Scope, WorkloadPort
from ir.coverage import covers, covers_port
from ir.inventory import Inventory, Workload
from ir.match import Part, PathForm
from ir.model import Model
from ir.traffic import UNREAD, PortProtocol
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
        yield come_in(
            found,
            "whatever the routes admit",
            "in the source a port with routes lets in what these admit alone",
        )


def probed_unread(model: Model) -> Iterator[Loss]:
    """The same of checks on closed ports of which the source reads no requests."""
    unread = [
        fact.attachment
        for fact in model.facts
        if isinstance(fact, PortProtocol) and fact.protocol.value in UNREAD
    ]
    pods = [at for at in unread if at.subject.scope is Scope.WORKLOADS]
    shut = [fact.attachment for fact in model.facts if isinstance(fact, Closed)]
    free = [f.attachment for f in model.facts if isinstance(f, Grant) and not f.callers]
    found = [
        workload.key
        for workload in model.inventory.workloads
        if pods
        for number in sorted(_probed_numbers(workload))
        if all(_is_at(places, workload, number, model.inventory) for places in (pods, shut))
        and not _is_at(free, workload, number, model.inventory)
    ]
    if found:
        yield come_in(
            dict.fromkeys(found),
            "on ports of which the source reads no requests",
            "in the source nobody checks health there but who is let in",
        )


def _is_at(
    places: Sequence[Attachment], workload: Workload, number: int, inventory: Inventory
) -> bool:
    return any(
        covers(at.subject, workload, inventory) and covers_port(at, workload, number)
        for at in places
    )


def come_in(found: Iterable[str], where: str, before: str) -> Loss:
    """Health checks of some workloads come in by the agent of the proxy; ``where``, and what was so ``before``."""
    return Loss(
        code="MM404",
        impact=Impact.LOOSER,
        support=Support.PARTIAL,
        message=f"health checks of {', '.join(found)} come in by the agent of the proxy, {where}.",
        why=f"The injector turns them to the agent; {before}.",
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
