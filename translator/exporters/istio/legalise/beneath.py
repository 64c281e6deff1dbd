"""What policies of the network hold to, and the rules of the mesh that they become do not.

The network knows a pod by its labels, whatever it shows; the mesh knows it by the certificate of its proxy, and lets the node
check its health by the agent of the proxy, whatever the rules say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.access import Direction, Refusal
from ir.behaviour.concrete import Unsupported, decide_access
from ir.behaviour.request import Caller, Request
from ir.inventory import HttpProbe, Workload
from ir.match import AllOf, Labels, Part
from ir.model import Model
from ir.walk import traced
from translator.api import Loss
from translator.exporters.istio.legalise.remarks import come_in
from translator.exporters.network import goes, is_network
from translator.report.model import Fate, Impact, Support


def beneath(model: Model) -> Iterator[Loss]:
    """What is told of policies of the network that go with the source."""
    leaving = [fact for fact in model.facts if is_network(fact) and goes(fact)]
    if leaving:
        yield from _probed(model)
        yield from _unshown([f for f in leaving if isinstance(f, Refusal)])


def _unshown(refusals: Sequence[Refusal]) -> Iterator[Loss]:
    """Callers that are refused by their namespace alone; what becomes of those by label is told with their accounts."""
    inbound = [fact for fact in refusals if fact.direction is Direction.INBOUND]
    found = [(fact, way) for fact in inbound for way in fact.callers if _is_by_place(way)]
    if found:
        yield Loss(
            code="MM411",
            impact=Impact.LOOSER,
            support=Support.PARTIAL,
            fate=Fate.APPROXIMATED,
            sites=tuple(value for _, way in found for value in traced(way)),
            because=tuple(v for fact, _ in found for v in traced((fact.attachment, fact.trail))),
            message="who is of a namespace is known by the certificate of a proxy: a pod of these without one is refused no more "
            "where others are let in.",
            advice="Enrol the callers before these workloads.",
        )


def _is_by_place(way: AllOf) -> bool:
    named = any(
        test.part in (Part.NAMESPACE, Part.SERVICE_ACCOUNT) and test.any_of for test in way.tests
    )
    return named and not any(
        isinstance(term.value, Labels) and term.value.requirements
        for test in way.tests
        for term in (*test.any_of, *test.none_of)
    )


def _probed(model: Model) -> Iterator[Loss]:
    """Health checks that the network refuses come in by the agent of the proxy."""
    found = [
        workload.key
        for workload in model.inventory.workloads
        if any(_is_refused(probe, workload, model) for probe in workload.probes)
    ]
    if found:
        yield come_in(
            found,
            "whatever policies of the network refused",
            "in the source a denial of everybody holds for the node of a pod too, and where the agent does not let it in by "
            "itself (allow-localhost) only a rule does",
        )


def _is_refused(probe: HttpProbe, workload: Workload, model: Model) -> bool:
    """Whether a health check of the node does not get in; one of which that cannot be told counts as let in."""
    number = workload.port_number(probe.port)
    if number is None:
        return False
    check = Request(
        caller=Caller(probe=True, mtls=False),
        workload=workload.key,
        port=number,
        method=probe.method,
        path=probe.path,
    )
    try:
        return not decide_access(model, check).allowed
    except Unsupported:
        return False
