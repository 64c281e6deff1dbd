"""What is told of ways out that are not the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.edge import Resolution
from ir.inventory import Inventory
from ir.provenance import Traced
from ir.traffic import RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.cilium.egress.doors import Door
from translator.exporters.cilium.egress.networks import Beside
from translator.exporters.cilium.egress.routes import Shut
from translator.exporters.cilium.egress.zones import Zone
from translator.exporters.cilium.legalise.ground import Ground
from translator.exporters.cilium.legalise.regions import common, pods_in
from translator.exporters.cilium.legalise.remarks import POLICY
from translator.exporters.egress.findings import (
    Limited,
    by_own_look_up,
    hidden_inside,
    listed,
)
from translator.exporters.egress.known import refuses
from translator.exporters.egress.names import names_of
from translator.exporters.handed_on import refuses as turns_down
from translator.report.model import Fate, Impact, Severity, Support

_LOOKED_UP = (Resolution.NAME, Resolution.FIRST_OF_NAME, Resolution.DYNAMIC)
DNS = f"{POLICY}#dns-based"
NO_PROXIES = "There is no proxy beside a pod that would have to know of a service."
BY_HAND = "Write an egress rule for the addresses by hand."


def inside_passes(zones: Sequence[Zone]) -> Iterator[Loss]:
    """What is in the cluster is reached without being declared."""
    refusing = [p for zone in zones for p in zone.policies if refuses(p) and not p.networks]
    if refusing:
        yield Loss(
            code="MM521",
            impact=Impact.LOOSER,
            support=Support.NOT_YET,
            fate=Fate.APPROXIMATED,
            sites=tuple(p.unknown for p in refusing if p.unknown is not None),
            message="destinations in the cluster that no Service declares pass on their way out: pods that are called by "
            "their address, ports that no Service has, nodes.",
            why="The source lets out to Services; what is written lets out to the cluster, since Services and their pods "
            "come and go.",
            advice="Say in policies of those pods who may come in; a pod that is closed that way stays closed.",
            doc=POLICY,
        )


def hidden(zones: Sequence[Zone], inventory: Inventory, domain: str) -> Iterator[Loss]:
    """Services of the cluster that clients could not reach since their proxies did not know of them."""
    clients = [Limited(zone.called, zone.at, zone.filters) for zone in zones]
    told = Loss(
        code="MM523",
        impact=Impact.LOOSER,
        support=Support.NOT_YET,
        message="",
        why="What is written lets out to all of the cluster.",
        advice="Say in authorization policies of those Services who may call them.",
        doc=POLICY,
    )
    yield from hidden_inside(clients, inventory, domain, told)


def by_look_up(doors: Sequence[Door]) -> Iterator[Loss]:
    """Names that count by the look-up that led to an address, and not by what is asked for alone."""
    found = {id(d.service): d.service for d in doors if d.names and d.service is not None}
    if found:
        services = tuple(found.values())
        ports = [d.of for d in doors if d.names and d.of is not None]
        yield Loss(
            code="MM528",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            severity=Severity.MEDIUM,
            fate=Fate.APPROXIMATED,
            sites=tuple(service.resolution for service in services),
            because=tuple(v for one in (*services, *ports) for v in traced(one)),
            message=f"{names_of(services)}: clients reach only addresses that they found by asking the cluster's DNS for "
            "such a name; one that has the address from elsewhere, or from another resolver, is refused.",
            why="The source's proxy looks the name up itself, whatever was dialled. The target learns where a name leads "
            "from the answers that pass its DNS proxy.",
            advice="See that clients ask the cluster's DNS (no node-local cache, hosts file or DNS over HTTPS beside it), and "
            "that short lifetimes of records do not outrun tofqdns-min-ttl.",
            doc=DNS,
        )


def at_declared_addresses(doors: Sequence[Door]) -> Iterator[Loss]:
    """Names that the source looks up though it goes by the address too: the way out leads where it was dialled."""
    found = {
        id(d.service): d.service
        for d in doors
        if d.service is not None and not d.names and d.service.resolution.value in _LOOKED_UP
    }
    yield from by_own_look_up(tuple(found.values()))


def not_told(zones: Sequence[Zone], spent: set[int]) -> Iterator[Loss]:
    """Items of what proxies know of that nothing else speaks of."""
    words = [w for zone in zones for p in zone.policies for w in p.seen if id(w) not in spent]
    if words:
        yield Loss(
            code="MM504",
            impact=Impact.NONE,
            support=Support.PARTIAL,
            severity=Severity.INFO,
            fate=Fate.ABSORBED,
            sites=tuple(words),
            message="what proxies know of hides nothing that these clients could reach otherwise.",
            why=NO_PROXIES,
        )


def shut(found: Sequence[Shut]) -> Iterator[Loss]:
    """Routes that let nothing out any more."""
    groups: dict[str, dict[int, Shut]] = {}
    for one in found:
        groups.setdefault(one.reason, {})[id(one.table)] = one
    for reason, ones in sorted(groups.items()):
        tables = [one.table for one in ones.values()]
        yield Loss(
            code="MM525",
            impact=Impact.STRICTER,
            support=Support.NOT_YET,
            sites=tuple(value for table in tables for value in traced(table)),
            message=f"{listed([t.name.value for t in tables])}: what these routes let out is refused: {reason}.",
            advice=BY_HAND,
            doc=POLICY,
        )


def led_away(tables: Sequence[RouteTable]) -> Iterator[Loss]:
    """Routes of a network that refuses nothing, by which requests that leave go to a Service, or are answered."""
    for table in tables:
        yield Loss(
            code="MM203",
            impact=Impact.LOOSER if turns_down(table) else Impact.DIFFERENT,
            support=Support.NEVER,
            severity=Severity.HIGH,
            sites=tuple(traced(table)),
            message=f"{table.name.value}: requests that leave and that its rules lead to a Service, or answer, go where they "
            "were dialled.",
            why="A policy lets requests out or refuses them; no route is for what is outside.",
            advice="Send the clients to the Service by its name, or close the way out with a policy.",
            doc=POLICY,
        )


def needless(tables: Sequence[RouteTable]) -> Loss:
    """Routes by which nothing leaves that would not leave without them."""
    return Loss(
        code="MM504",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.INFO,
        fate=Fate.ABSORBED,
        sites=tuple(value for table in tables for value in traced(table)),
        message="routes for what leaves by a network that refuses nothing need no words: all of it passes.",
    )


def effects(values: Sequence[Traced[object]]) -> Iterator[Loss]:
    """What routes do to requests that leave, besides letting them out."""
    said = tuple(value for value in values if value.origin)
    if said:
        yield Loss(
            code="MM203",
            impact=Impact.DIFFERENT,
            support=Support.NEVER,
            severity=Severity.MEDIUM,
            sites=said,
            message="time limits, further tries and changes of headers for requests that leave are gone.",
            why="A policy lets requests out and does nothing else to them.",
            advice="Set them in the clients, or at an egress gateway.",
            doc=POLICY,
        )


def not_placed(zone: Zone, why: str) -> Loss:
    """Clients whom no policy finds."""
    return Loss(
        code="MM503",
        impact=Impact.LOOSER,
        support=Support.NEVER,
        sites=tuple(v for p in zone.policies for v in traced(p)),
        message=f"what {zone.called} may reach outside is not limited: {why}.",
        advice="Give the pods a label of their own, and select by that.",
        doc=POLICY,
    )


def without_clients(zone: Zone) -> Loss:
    """Limits of clients that have no proxy, in the source either."""
    return Loss(
        code="MM504",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.INFO,
        fate=Fate.ABSORBED,
        sites=tuple(v for p in zone.policies for v in traced(p)),
        message=f"{zone.called} have no proxy of the source, which limits nothing of theirs.",
    )


def alike(zone: Zone, ground: Ground) -> Iterator[Loss]:
    """Clients without a proxy that are limited with others, since their pods have the labels of these."""
    pods = [w for w in pods_in(zone.regions, ground.inventory) if w in ground.alike]
    for space in sorted({w.namespace for w in pods}):
        names = ", ".join(sorted(w.key for w in pods if w.namespace == space))
        yield Loss(
            code="MM524",
            impact=Impact.STRICTER,
            support=Support.NEVER,
            fate=Fate.APPROXIMATED,
            because=tuple(v for p in zone.policies for v in traced(p)),
            message=f"{names}: the source puts no proxy before these pods of {space} and limits nothing of theirs. They have "
            "the labels of others that are limited, but for those that go with the source's mesh, and are limited too.",
            why="A policy of the target selects pods by their labels.",
            advice="Give these pods a label of their own, or take away those that they share.",
        )


def beyond(names: Sequence[str], zones: Sequence[Zone]) -> Iterator[Loss]:
    """Namespaces of Kubernetes and of the mesh itself, which a policy for everybody leaves out."""
    wide = [p for zone in zones if zone.at is None for p in zone.policies]
    if names and wide:
        yield Loss(
            code="MM503",
            impact=Impact.LOOSER,
            support=Support.PARTIAL,
            fate=Fate.APPROXIMATED,
            because=tuple(v for p in wide for v in (p.trail, p.unknown) if v is not None),
            message=f"what pods in {', '.join(names)} may reach outside is not limited: what is written for the whole mesh "
            "leaves out the namespaces of Kubernetes and of the mesh itself, where the source puts no proxy beside a pod "
            "unless it is told to.",
            advice="Write an egress policy there, if pods of these namespaces have proxies.",
            doc=POLICY,
        )


def beside_networks(
    networks: Sequence[Beside], zone: Zone, inventory: Inventory, left: Zone
) -> Iterator[Loss]:
    """NetworkPolicies that close some of the clients; ``left``: the clients that none of them closes."""
    sites = () if left.regions else tuple(v for p in zone.policies for v in traced(p))
    for one in networks:
        pods = common(zone.regions, one.regions)
        if not pods:
            continue
        names = ", ".join(sorted(w.key for w in pods_in(pods, inventory)))
        yield Loss(
            code="MM481",
            impact=Impact.LOOSER if one.leads_out else Impact.NONE,
            support=Support.NOT_YET,
            severity=None if one.leads_out else Severity.INFO,
            fate=Fate.APPROXIMATED if left.regions or one.leads_out else Fate.ABSORBED,
            sites=sites,
            leaves=one.leaves,
            because=tuple(v for p in zone.policies for v in traced(p) if v.origin),
            message=f"{one.name}: what it lets out leaves, whatever the mesh declares{f' ({names})' if names else ''}: for its "
            "pods no other policy is written."
            if one.leads_out
            else f"{one.name}: it lets nothing out of the cluster, so that nothing more is to be said of its pods.",
            why="In the source what leaves had to pass the network's policies and the proxy; in the target all "
            "policies add up.",
            advice="Take out of the NetworkPolicy what the mesh refuses." if one.leads_out else "",
            doc=POLICY,
        )


def elsewhere(inventory: Inventory, zones: Sequence[Zone]) -> Iterator[Loss]:
    """Services of the cluster that lead out of it."""
    found = [
        f"{service.namespace}/{service.name}"
        for _, service in sorted(inventory.services.items())
        if service.external_name or not service.selector
    ]
    refusing = [p for zone in zones for p in zone.policies if refuses(p)]
    if found and refusing:
        yield Loss(
            code="MM525",
            impact=Impact.STRICTER,
            support=Support.NOT_YET,
            severity=Severity.MEDIUM,
            fate=Fate.APPROXIMATED,
            because=tuple(p.trail for p in refusing),
            message=f"{listed(found)}: clients whose ways out are limited reach these Services only where they lead to pods or "
            "nodes of the cluster; an ExternalName, or endpoints outside, are refused.",
            why="A policy of the target is about where a connection ends, whatever Service it was for.",
            advice="Declare the name or the addresses outside (ServiceEntry), or write an egress rule for them.",
            doc=POLICY,
        )
