"""Names outside and egress: what may be reached where limits hold, and what needs no words.

Where undeclared traffic passes, an external service needs no object in the target: its proxy passes traffic on to
whatever address the client dialled (linkerd2 policy-controller/k8s/index/src/outbound/index.rs, 2.20). Where it does not,
an EgressNetwork refuses and routes of its own let through what is declared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ir.edge import EgressPolicy, ExternalService, ExternalWorkload
from ir.model import Fact, Model
from ir.provenance import Assumption, Traced
from ir.traffic import RouteTable
from ir.walk import traced
from translator.api import Loss, Options
from translator.exporters.egress.known import refuses
from translator.exporters.egress.names import is_reached_anyway, names_of
from translator.exporters.linkerd.egress.declared import Entry, Unreached, entries
from translator.exporters.linkerd.egress.findings import (
    HOME,
    SINCE,
    by_own_look_up,
    held,
    hidden_inside,
    inside_passes,
    let_out,
    lost_way,
    not_reached,
    nothing_hidden,
    passing,
    too_old,
)
from translator.exporters.linkerd.egress.machines import machines
from translator.exporters.linkerd.egress.objects import Built, build
from translator.exporters.linkerd.egress.outward import outward
from translator.exporters.linkerd.egress.zones import Zone, zones
from translator.exporters.naming import Names
from translator.report.model import Fate, Impact, Severity, Support
from translator.resources.kubernetes.networks import CLUSTER_NETWORKS


@dataclass(frozen=True, slots=True)
class Egress:
    """What becomes of egress: facts in legal form, and what is told of it."""

    facts: tuple[EgressPolicy | RouteTable | ExternalWorkload, ...]
    losses: tuple[Loss, ...]
    assumptions: tuple[Assumption, ...] = ()


def legalise_egress(model: Model, options: Options) -> tuple[Model, Egress]:
    """The model without what is outside, and what becomes of that."""
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
    rest = replace(model, facts=tuple(kept))
    new = options.target.at_least(SINCE)
    limited = zones(policies)
    outside = machines(workloads, model.inventory, options)
    if limited and not new:
        refusing = [p for p in policies if refuses(p)]
        others = [p for p in policies if not refuses(p)]
        losses = (too_old(refusing), *_outside(services, ()), *passing(others))
        return rest, Egress(outside.facts, (*losses, *outside.losses))
    egress = _limited(limited, services, model, options)
    if new and not limited:
        bound = outward(kept, services)
        rest = replace(model, facts=bound.facts)
        if bound.policy is not None:
            egress = replace(egress, facts=(bound.policy,), assumptions=(HOME,))
    used = {id(policy) for zone in limited for policy in zone.policies}
    idle = [p for p in policies if id(p) not in used]
    losses = (*egress.losses, *outside.losses, *passing(idle))
    return rest, replace(egress, facts=(*egress.facts, *outside.facts), losses=losses)


def _limited(
    limited: Sequence[Zone], services: Sequence[ExternalService], model: Model, options: Options
) -> Egress:
    """The networks and routes of the zones, and what they do not say."""
    zoned = [zone.at for zone in limited if zone.at is not None]
    inside = options.cluster_networks or CLUSTER_NETWORKS
    built = Built()
    names = Names()
    for zone in limited:
        read = tuple(entries(services, zone, zoned, inside)) if zone.refuses else ()
        built.left.extend(one for one in read if isinstance(one, Unreached))
        build(zone, [one for one in read if isinstance(one, Entry)], zoned, names, built)
    policies = {id(p): p for zone in limited for p in zone.policies}.values()
    refusing = [p for p in policies if refuses(p)]
    losses: list[Loss] = [inside_passes(refusing, inside)] if refusing else []
    losses.extend(by_own_look_up(built.written))
    losses.extend(hidden_inside(limited, model.inventory, options.cluster_domain))
    losses.extend(nothing_hidden(limited, losses, built.written))
    losses.extend(held(limited))
    tables = (fact for fact in model.facts if isinstance(fact, RouteTable))
    losses.extend(let_out(tables, built.written))
    losses.extend(not_reached(built.left, built.written))
    shut = {id(one.service) for one in built.left} - {id(e.service) for e in built.written}
    losses.extend(lost_way((p.through,)) for p in policies if p.through is not None)
    losses.extend(_outside([s for s in services if id(s) not in shut], built.written))
    everywhere = any(zone.at is None for zone in limited)
    return Egress(tuple(built.facts), tuple(losses), (HOME,) if everywhere else ())


def _outside(services: Sequence[ExternalService], written: Sequence[Entry]) -> Iterator[Loss]:
    """What is left to say of services outside, those that have routes and those that have none."""
    routed = {id(entry.service) for entry in written}
    stated = {id(value) for entry in written for value in _stated(entry)}
    unsaid = [f for f in services if any(id(v) not in stated for v in traced(f))]
    plain = [f for f in unsaid if is_reached_anyway(f)]
    other = [f for f in unsaid if not is_reached_anyway(f)]
    if plain:
        yield Loss(
            code="MM502",
            impact=Impact.NONE,
            support=Support.PARTIAL,
            severity=Severity.INFO,
            fate=Fate.ABSORBED,
            sites=tuple(v for f in plain for v in traced(f) if id(v) not in stated),
            message=f"{names_of(plain)}: clients reach these names by their own look-up; nothing is to be written.",
            why="The target passes traffic for destinations that are no service of the cluster.",
        )
    if other:
        sites = [v for f in other for v in traced(f) if id(v) not in stated]
        yield Loss(
            code="MM502",
            impact=Impact.DIFFERENT,
            support=Support.PARTIAL,
            severity=Severity.HIGH,
            sites=tuple(sites),
            because=tuple(f.trail for f in other if id(f) in routed),
            message=f"{names_of(other)}: endpoints, addresses or identities of these names are known to the source "
            "only; clients that rely on them go elsewhere or fail.",
            why="The target looks nothing up for a name that is no service of the cluster.",
            advice="Make a Service for each (ExternalName, or without selector and with EndpointSlices).",
        )


def _stated(entry: Entry) -> Iterator[Traced[object]]:
    """The values of a service that its routes say."""
    service, port = entry.service, entry.port
    yield from (service.trail, service.name, service.resolution, service.internal)
    yield from (port.trail, port.number)
    yield from (value for value in (port.protocol, port.name) if value is not None)
    yield from (*entry.hosts, *entry.blocks, *entry.spent)
    if service.audience is not None:
        yield from traced(service.audience)
