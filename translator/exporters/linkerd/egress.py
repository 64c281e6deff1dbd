"""Names outside and egress, as far as nothing needs to be written for them.

Where undeclared traffic passes, an external service needs no object in the target: its proxy passes traffic on to
whatever address the client dialled (linkerd2 policy-controller/k8s/index/src/outbound/index.rs, 2.20).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.edge import EgressPolicy, ExternalService, ExternalWorkload, Resolution, UnknownEgress
from ir.model import Fact, Model
from ir.walk import traced
from translator.api import Loss
from translator.report.model import Fate, Impact, Severity, Support

_BY_NAME = (Resolution.ORIGINAL, Resolution.NAME, Resolution.FIRST_OF_NAME, Resolution.DYNAMIC)
"""Resolutions by which clients end where their own look-up of the name leads."""


def without_egress(model: Model) -> tuple[Model, tuple[Loss, ...]]:
    """The model without what is outside, and what becomes of it."""
    kept: list[Fact] = []
    services: list[ExternalService] = []
    workloads: list[ExternalWorkload] = []
    policies: list[EgressPolicy] = []
    for fact in model.facts:
        match fact:
            case ExternalService():
                services.append(fact)
            case ExternalWorkload():
                workloads.append(fact)
            case EgressPolicy():
                policies.append(fact)
            case _:
                kept.append(fact)
    losses = (*_services(services), *_workloads(workloads), *_policies(policies))
    return replace(model, facts=tuple(kept)), losses


def _services(facts: Sequence[ExternalService]) -> Iterator[Loss]:
    plain = [f for f in facts if _is_reached_anyway(f)]
    other = [f for f in facts if not _is_reached_anyway(f)]
    if plain:
        yield Loss(
            code="MM502",
            impact=Impact.NONE,
            support=Support.PARTIAL,
            severity=Severity.INFO,
            fate=Fate.ABSORBED,
            sites=tuple(value for fact in plain for value in traced(fact)),
            message=f"{_names(plain)}: clients reach these names by their own look-up; nothing is to be written.",
            why="The target passes traffic for destinations that are no service of the cluster.",
        )
    if other:
        yield Loss(
            code="MM502",
            impact=Impact.DIFFERENT,
            support=Support.PARTIAL,
            severity=Severity.HIGH,
            sites=tuple(value for fact in other for value in traced(fact)),
            message=f"{_names(other)}: endpoints, addresses or identities of these names are known to the source "
            "only; clients that rely on them go elsewhere or fail.",
            why="The target looks nothing up for a name that is no service of the cluster.",
            advice="Make a Service for each (ExternalName, or without selector and with EndpointSlices).",
        )


def _is_reached_anyway(fact: ExternalService) -> bool:
    """Whether clients end at the same place when nobody resolves the name for them."""
    given = fact.endpoints or fact.workloads or fact.addresses
    moved = any(port.target is not None for port in fact.ports)
    return not (given or moved or fact.internal.value) and fact.resolution.value in _BY_NAME


def _names(facts: Sequence[ExternalService]) -> str:
    found = [
        f"{'*' if not host.value.text or host.value.text.startswith('.') else ''}{host.value.text}"
        for fact in facts
        for host in fact.hosts
    ]
    return ", ".join(dict.fromkeys(found)) or "names outside"


def _workloads(facts: Sequence[ExternalWorkload]) -> Iterator[Loss]:
    if facts:
        yield Loss(
            code="MM502",
            impact=Impact.DIFFERENT,
            support=Support.NOT_YET,
            severity=Severity.HIGH,
            sites=tuple(value for fact in facts for value in traced(fact)),
            message=f"{len(facts)} workload{'s' * (len(facts) > 1)} outside the cluster are not written.",
            advice="Write an ExternalWorkload for each, with the identity that its machine has.",
        )


def _policies(facts: Sequence[EgressPolicy]) -> Iterator[Loss]:
    refusing = [f for f in facts if f.unknown and f.unknown.value is UnknownEgress.REFUSE]
    if refusing:
        yield Loss(
            code="MM503",
            impact=Impact.LOOSER,
            support=Support.NOT_YET,
            sites=tuple(value for fact in refusing for value in traced(fact)),
            message="traffic to destinations that nobody declared was refused, and passes.",
            advice="Write an EgressNetwork with trafficPolicy Deny and routes for what may be reached.",
        )
    for fact in facts:
        if fact.unknown and fact.unknown.value is UnknownEgress.REFUSE:
            continue
        if fact.through is not None:
            yield _lost_way(fact)
        else:
            yield _knows_all(fact)


def _lost_way(fact: EgressPolicy) -> Loss:
    return Loss(
        code="MM503",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.HIGH,
        sites=tuple(traced(fact)),
        message="traffic to undeclared destinations took a service on its way, and goes directly.",
        advice="Route it there in the network, or close what may go out with NetworkPolicies.",
    )


def _knows_all(fact: EgressPolicy) -> Loss:
    return Loss(
        code="MM504",
        impact=Impact.DIFFERENT if fact.seen else Impact.NONE,
        support=Support.NEVER,
        severity=Severity.LOW if fact.seen else Severity.INFO,
        fate=Fate.LOST if fact.seen else Fate.ABSORBED,
        sites=tuple(traced(fact)),
        message="what proxies know of is not limited: rules that were hidden from these clients hold for them now."
        if fact.seen
        else "undeclared destinations pass; the target does so by itself.",
        why="The target's proxies learn of a service when a client asks for it.",
    )
