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
from ir.traffic import Protocol, RouteTable
from ir.walk import traced
from translator.api import Loss, Options
from translator.exporters.egress.findings import lost_way, not_reached, outside, passing
from translator.exporters.egress.known import refuses
from translator.exporters.egress.names import TLS_WORDS, Unreached
from translator.exporters.egress.parts import LetOut, let_out, names_declared
from translator.exporters.linkerd.egress.declared import Entry, entries
from translator.exporters.linkerd.egress.findings import (
    BY_HAND,
    HOME,
    LEARNS,
    SINCE,
    held,
    hidden,
    inside_passes,
    looked_up,
    nothing_hidden,
    too_old,
)
from translator.exporters.linkerd.egress.machines import machines
from translator.exporters.linkerd.egress.objects import Built, build
from translator.exporters.linkerd.egress.outward import outward
from translator.exporters.linkerd.egress.zones import Zone, zones
from translator.exporters.naming import Names
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
    beyond = machines(workloads, model.inventory, options)
    if limited and not new:
        refusing = [p for p in policies if refuses(p)]
        others = [p for p in policies if not refuses(p)]
        losses = (too_old(refusing), *outside(services, (), ()), *passing(others, LEARNS))
        return rest, Egress(beyond.facts, (*losses, *beyond.losses))
    egress = _limited(limited, services, model, options)
    if new and not limited:
        bound = outward(kept, services)
        rest = replace(model, facts=bound.facts)
        if bound.policy is not None:
            egress = replace(egress, facts=(bound.policy,), assumptions=(HOME,))
    used = {id(policy) for zone in limited for policy in zone.policies}
    idle = [p for p in policies if id(p) not in used]
    losses = (*egress.losses, *beyond.losses, *passing(idle, LEARNS))
    return rest, replace(egress, facts=(*egress.facts, *beyond.facts), losses=losses)


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
    losses.extend(looked_up(built.written))
    losses.extend(hidden(limited, model.inventory, options.cluster_domain))
    losses.extend(nothing_hidden(limited, losses, built.written))
    losses.extend(held(limited))
    everywhere = any(zone.at is None for zone in limited)
    tables = (fact for fact in model.facts if isinstance(fact, RouteTable))
    ways = _by_name(built.written) if everywhere else names_declared(services)
    losses.extend(let_out(tables, ways))
    written, routed = _written(built.written)
    losses.extend(not_reached(built.left, {id(e.port) for e in built.written}, routed, BY_HAND))
    shut = {id(one.service) for one in built.left} - {id(e.service) for e in built.written}
    losses.extend(lost_way((p.through,)) for p in policies if p.through is not None)
    left = [s for s in services if id(s) not in shut]
    losses.extend(outside(left, written, routed))
    return Egress(tuple(built.facts), tuple(losses), (HOME,) if everywhere else ())


def _written(entries: Sequence[Entry]) -> tuple[set[int], set[int]]:
    """The values that routes say, and the services that have some."""
    stated = {id(value) for entry in entries for value in _stated(entry)}
    return stated, {id(entry.service) for entry in entries}


def _by_name(entries: Sequence[Entry]) -> Iterator[LetOut]:
    """What the entries let out by host or name; TLS that passes with all bytes counts by its names too."""
    for entry in entries:
        word = "" if entry.port.protocol is None else entry.port.protocol.value
        kind = Protocol.TLS if word in TLS_WORDS else entry.protocol
        hosts = entry.service.hosts if kind is not entry.protocol else entry.hosts
        yield from (LetOut(kind, host.value, entry.port.number.value) for host in hosts)


def _stated(entry: Entry) -> Iterator[Traced[object]]:
    """The values of a service that its routes say."""
    service, port = entry.service, entry.port
    yield from (service.trail, service.name, service.resolution, service.internal)
    yield from (port.trail, port.number)
    yield from (value for value in (port.protocol, port.name) if value is not None)
    yield from (*entry.hosts, *entry.blocks, *entry.spent)
    if service.audience is not None:
        yield from traced(service.audience)
