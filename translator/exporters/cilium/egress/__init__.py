"""Names outside and limits of egress: policies that close pods for what leaves them and let out what the source does.

Where undeclared traffic passes, an external service needs no object: what no policy closes leaves. Where it does not, the
clients that have a proxy are closed by label (cilium/cilium pkg/policy/repository.go, 1.20: a rule of egress closes the
pods that it selects), and each way out is a grant. Pods without a proxy stay open, as in the source. For pods whose
egress a NetworkPolicy closes nothing is written: it would add to what that lets out, and what the source lets out is
among it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ir.access import Bypass, Direction
from ir.attachment import Scope, WorkloadPort
from ir.edge import EgressPolicy, ExternalService, ExternalWorkload
from ir.inventory import SYSTEM
from ir.membership import Enrolment
from ir.model import Fact, Model
from ir.provenance import Assumption, Traced, derived
from ir.traffic import Protocol, RouteTable
from ir.walk import traced
from translator.api import Loss, Options
from translator.exporters.cilium.egress import findings
from translator.exporters.cilium.egress.dns import Resolver, resolver_of
from translator.exporters.cilium.egress.doors import Door, Origins, Reader
from translator.exporters.cilium.egress.facts import Exits, exit_facts
from translator.exporters.cilium.egress.networks import closed_for_egress
from translator.exporters.cilium.egress.routes import (
    Shut,
    doors_of,
    effects_of,
    is_outward,
    leads_away,
    of_network,
)
from translator.exporters.cilium.egress.zones import Area, Zone, zones
from translator.exporters.cilium.legalise.ground import Ground
from translator.exporters.cilium.legalise.regions import (
    Region,
    common,
    minus,
    regions_of,
    told_apart,
    unsaid_labels,
)
from translator.exporters.cilium.names import Names as Set
from translator.exporters.cilium.peers import EVERYWHERE, Pods
from translator.exporters.egress.findings import lost_way, not_reached, outside, passing
from translator.exporters.egress.known import seen
from translator.exporters.egress.names import Unreached
from translator.exporters.egress.parts import LetOut, let_out, names_declared
from translator.exporters.naming import Names
from translator.report.model import Impact, Severity, Support

DEEP_SINCE = "1.19"
"""Since when ``**.`` is a name at any depth (pkg/fqdn/matchpattern, release notes of 1.19; #43420)."""
NAME = "egress"


@dataclass(slots=True)
class Egress:
    """What becomes of egress: facts in legal form, and what is told of it."""

    facts: list[Fact] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    assumptions: list[Assumption] = field(default_factory=list)
    doors: list[Door] = field(default_factory=list)
    left: list[Unreached] = field(default_factory=list)
    shut: list[Shut] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Scene:
    """What ways out are read from and written with."""

    services: tuple[ExternalService, ...]
    tables: tuple[RouteTable, ...]
    past: tuple[Bypass, ...]
    reader: Reader
    resolver: Resolver
    ground: Ground
    names: Names
    apart: tuple[Traced[str], ...]


def without_egress(model: Model) -> tuple[Model, tuple[Fact, ...]]:
    """The model less all that is said of ways out, and that: routes of services are for services of the cluster."""
    out = tuple(f for f in model.facts if _is_egress(f))
    return replace(model, facts=tuple(f for f in model.facts if not _is_egress(f))), out


def _is_egress(fact: Fact) -> bool:
    if isinstance(fact, RouteTable):
        return is_outward(fact)
    return isinstance(fact, (EgressPolicy, ExternalService, ExternalWorkload))


def legalise_egress(
    facts: Sequence[Fact],
    model: Model,
    stays: Sequence[Fact],
    ground: Ground,
    names: Names,
    options: Options,
) -> Egress:
    """What becomes of ``facts``, which are about ways out, beside those of the model. ``stays``: policies of the network."""
    policies = tuple(f for f in facts if isinstance(f, EgressPolicy))
    machines = tuple(f for f in facts if isinstance(f, ExternalWorkload))
    scene = _Scene(
        services=tuple(f for f in facts if isinstance(f, ExternalService)),
        tables=tuple(f for f in facts if isinstance(f, RouteTable)),
        past=tuple(
            f for f in model.facts if isinstance(f, Bypass) and f.direction is Direction.OUTBOUND
        ),
        reader=Reader(machines, deep=options.target.at_least(DEEP_SINCE)),
        resolver=resolver_of(model.inventory),
        ground=ground,
        names=names,
        apart=(*_spaces(policies), *_kept_out(model)),
    )
    egress = Egress()
    limited: list[Zone] = []
    networks = closed_for_egress(stays, ground.inventory)
    found = zones(policies, ground)
    for zone in found:
        if not zone.regions:
            egress.losses.append(_without_pods(zone, ground))
            continue
        shut = [region for one in networks for region in one.regions]
        left = replace(zone, regions=minus(zone.regions, shut))
        egress.losses.extend(findings.beside_networks(networks, zone, ground.inventory, left))
        limited.append(zone)
        egress.losses.extend(findings.alike(left, ground))
        _close(left, scene, egress)
    used = {id(p) for zone in found for p in zone.policies}
    _tell(limited, scene, egress, model, options)
    idle = [p for p in policies if id(p) not in used]
    egress.losses.extend(passing(idle, findings.NO_PROXIES))
    egress.losses.extend(_machines(machines))
    if any(door.names for door in egress.doors) and scene.resolver.assumption is not None:
        egress.assumptions.append(scene.resolver.assumption)
    return egress


def _spaces(policies: Sequence[EgressPolicy]) -> Iterator[Traced[str]]:
    """The namespaces that have limits of their own, by the leaf that says so, else by the limits."""
    for policy in policies:
        space = policy.attachment.subject.namespace
        if space is not None:
            limits = policy.unknown or policy.trail
            yield space if space.origin else derived(space.value, (space, limits))


def _kept_out(model: Model) -> Iterator[Traced[str]]:
    """The namespaces that say themselves that their pods have no proxy."""
    for fact in model.facts:
        if isinstance(fact, Enrolment) and not fact.enrolled.value:
            space = fact.subject.namespace
            if space is not None and fact.subject.scope is Scope.NAMESPACE:
                yield derived(space.value, (fact.enrolled, fact.trail))


def _without_pods(zone: Zone, ground: Ground) -> Loss:
    whole = regions_of(zone.subject, ground.inventory, ground.beyond)
    unsaid = (
        unsaid_labels(whole, ground.inventory) if not told_apart(whole, ground.inventory) else ()
    )
    if unsaid:
        return findings.not_placed(zone, f"no identity has the label {', '.join(unsaid)}")
    return findings.without_clients(zone)


# --- one zone --------------------------------------------------------------------------------------


def _close(zone: Zone, scene: _Scene, egress: Egress) -> None:
    """Adds the policies of a zone: one for each of its regions, others for clients that reach more."""
    doors: list[Door] = []
    for area in zone.areas():
        if area.shut:
            doors.extend(_ways_out(zone, area, scene, egress))
        else:
            by = () if area.policy is None else _said(area.policy)
            doors.append(Door(Protocol.TCP, None, blocks=area.blocks, by=by, stated=area.stated))
    doors = list(_heeded(doors, egress))
    egress.doors.extend(d for d in doors if _has_clients(d, zone))
    said = tuple(v for p in zone.policies for v in _said(p))
    place = (*traced(zone.subject), *(p.unknown for p in zone.policies if p.unknown is not None))
    for region in zone.regions:
        common_doors = tuple(d for d in doors if d.client is None)
        _write(region, common_doors, place, said, scene, egress, usual=True)
        clients = {d.client.value: d.client for d in doors if d.client is not None}
        for name, client in sorted(clients.items()):
            own = tuple(d for d in doors if d.client is not None and d.client.value == name)
            for part in common((region,), (Pods(Set.of(name)),)):
                where = (*place, *(d.client for d in own if d.client is not None))
                by = tuple({id(v): v for d in own for v in d.by}.values()) or (client,)
                _write(part, own, where, by, scene, egress, usual=False)
    for fact in scene.past:
        at = regions_of(fact.attachment.subject, scene.ground.inventory, scene.ground.beyond)
        for part in common(zone.regions, told_apart(at, scene.ground.inventory)):
            _past(part, fact, place, scene, egress)


def _has_clients(door: Door, zone: Zone) -> bool:
    """Whether any policy of the zone lets it out: else its clients have no limits, or those of another zone."""
    if door.client is None:
        return bool(zone.regions)
    return bool(common(zone.regions, (Pods(Set.of(door.client.value)),)))


def _write(  # noqa: PLR0913  # what a policy is made of
    region: Region,
    doors: tuple[Door, ...],
    place: Origins,
    said: Origins,
    scene: _Scene,
    egress: Egress,
    *,
    usual: bool,
) -> None:
    space = "" if region.spaces.but else ",".join(region.spaces.ordered())
    name = scene.names.take("CiliumNetworkPolicy", space, NAME)
    exits = Exits(name, region, doors, place, said, scene.apart, usual=usual)
    egress.facts.extend(exit_facts(exits, scene.resolver))


def _past(region: Region, fact: Bypass, place: Origins, scene: _Scene, egress: Egress) -> None:
    """Ports that are dialled past the proxy of the source lead everywhere."""
    pods = [v for v in traced(fact.attachment.subject) if v.origin or v.because]
    doors = []
    for port in fact.attachment.ports:
        number = port.value.port
        if isinstance(port.value, WorkloadPort) and isinstance(number, int):
            leaves = (*port.origin, *port.because)
            by = (Traced("a port past the proxy", (), leaves),)
            every = frozenset(EVERYWHERE)
            doors.append(Door(Protocol.TCP, Traced(number, (), leaves), blocks=every, by=by))
    if doors:
        said = tuple(v for door in doors for v in door.by)
        _write(region, tuple(doors), (*place, *pods), said, scene, egress, usual=False)


def _ways_out(zone: Zone, area: Area, scene: _Scene, egress: Egress) -> Iterator[Door]:
    """What passes to the addresses of an area where the rest is refused."""
    if area.policy is None:
        return
    if area.everywhere:
        for service in scene.services:
            for own in seen(service, zone.at, zone.filters, ()):
                for one in scene.reader.doors(service, own):
                    if isinstance(one, Door):
                        yield one
                    else:
                        egress.left.append(one)
    for found in doors_of(of_network(scene.tables, area.policy), area):
        if isinstance(found, Door):
            yield found
        else:
            egress.shut.append(found)


def _heeded(doors: Sequence[Door], egress: Egress) -> Iterator[Door]:
    """The ways out that count beside each other: on one port the node's proxy reads either HTTP or TLS.

    A filter of a port has one parser (cilium/cilium pkg/policy/l4.go ``mergePortProto``, 1.20).
    """
    http = {d.port.value for d in doors if d.protocol is Protocol.HTTP and d.port is not None}
    for door in doors:
        if door.protocol is not Protocol.TLS or door.port is None or door.port.value not in http:
            yield door
        elif door.service is not None and door.of is not None:
            reason = f"port {door.port.value} carries HTTP too, and is read in one way"
            egress.left.append(Unreached(door.service, door.of, reason))


def _said(policy: EgressPolicy) -> Origins:
    """What of a policy its objects say: that its clients are limited, and to which addresses."""
    found: list[Traced[object]] = [policy.trail]
    found.extend(v for v in (policy.unknown, policy.name) if v is not None)
    return tuple(found)


# --- what is told ----------------------------------------------------------------------------------


def _tell(  # all that there is to tell from
    limited: Sequence[Zone],
    scene: _Scene,
    egress: Egress,
    model: Model,
    options: Options,
) -> None:
    losses, doors, inventory = egress.losses, egress.doors, model.inventory
    losses.extend(findings.inside_passes(limited))
    hidden = tuple(findings.hidden(limited, inventory, options.cluster_domain))
    losses.extend(hidden)
    spent = {id(v) for d in doors for v in d.by} | {id(v) for loss in hidden for v in loss.sites}
    losses.extend(findings.not_told(limited, spent))
    losses.extend(findings.by_look_up(doors))
    losses.extend(findings.at_declared_addresses(doors))
    everywhere = any(zone.at is None for zone in limited)
    tables = (f for f in model.facts if isinstance(f, RouteTable))
    losses.extend(
        let_out(tables, _by_name(doors) if everywhere else names_declared(scene.services))
    )
    written = {id(d.of) for d in doors}
    routed = {id(d.service) for d in doors}
    losses.extend(not_reached(egress.left, written, routed, findings.BY_HAND))
    shut = {id(one.service) for one in egress.left} - routed
    stated = {id(v) for d in doors for v in (d.port, *d.asked, *d.names, *d.by, *d.stated)}
    left = [s for s in scene.services if id(s) not in shut]
    losses.extend(outside(left, stated, routed))
    losses.extend(_tables(scene, egress))
    policies = [p for zone in limited for p in zone.policies]
    losses.extend(lost_way((p.through,)) for p in policies if p.through is not None)
    losses.extend(findings.beyond(_left_out(scene.ground), limited))
    losses.extend(findings.elsewhere(inventory, limited))


def _by_name(doors: Sequence[Door]) -> Iterator[LetOut]:
    """What ways out let out by host or name."""
    for door in doors:
        if door.port is not None:
            number = door.port.value
            yield from (LetOut(door.protocol, host.value, number) for host in door.asked)


def _tables(scene: _Scene, egress: Egress) -> Iterator[Loss]:
    """What becomes of routes that are no way out, or more than one."""
    yield from findings.shut(egress.shut)
    gone = {id(one.table) for one in egress.shut}
    stated = {id(v) for d in egress.doors for v in d.by}
    kept = [t for t in scene.tables if id(t) not in gone]
    yield from findings.effects([v for t in kept if not leads_away(t) for v in effects_of(t)])
    idle = [t for t in kept if id(t.trail) not in stated]
    yield from findings.led_away([t for t in idle if leads_away(t)])
    plain = [t for t in idle if not leads_away(t)]
    if plain:
        yield findings.needless(plain)


def _left_out(ground: Ground) -> list[str]:
    """Namespaces with pods of the input that are left out though it does not show that they are in no mesh."""
    inventory = ground.inventory
    spaces = inventory.namespaces
    shown = {*spaces, *(w.namespace for w in inventory.workloads)}
    shown.update(space for space, _ in inventory.services)
    known = {*SYSTEM, *(spaces if ground.joined else ())}
    return [n for n in ground.beyond if n in shown and (n not in known or n in ground.joined)]


def _machines(machines: Sequence[ExternalWorkload]) -> Iterator[Loss]:
    """Workloads outside, of which the target has no object."""
    if machines:
        names = ", ".join(f"{m.namespace.value}/{m.name.value}" for m in machines)
        yield Loss(
            code="MM526",
            impact=Impact.DIFFERENT,
            support=Support.NEVER,
            severity=Severity.HIGH,
            sites=tuple(v for machine in machines for v in traced(machine)),
            message=f"{names}: a machine outside the cluster is no endpoint of a Service any more.",
            why="The target has no object for a workload outside (CiliumExternalWorkload is gone since 1.18).",
            advice="Make an EndpointSlice with its address for a Service without selector.",
        )
