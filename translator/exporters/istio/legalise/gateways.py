"""The edge in Istio's own words: a Gateway for each gateway, and a VirtualService for the rules of each name there.

The rules of Gateway API win by specificity and those of a VirtualService by order, so all that hold for one name are one
list here (:mod:`translator.exporters.istio.legalise.order`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ir.attachment import ServicePort
from ir.edge import Listener, narrower
from ir.inventory import Inventory, equal_to
from ir.match import AllOf, Part, Test
from ir.model import Model
from ir.provenance import Assumption, derived, named
from ir.traffic import FixedAnswer, Protocol, Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.api import Loss, Options
from translator.exporters.gateways import by_gateway
from translator.exporters.gateways.binding import listeners_of
from translator.exporters.gateways.listeners import Doors
from translator.exporters.istio.legalise.gateway_findings import (
    never_reached,
    nowhere,
    secrets_needed,
    shared,
    unchosen,
    unwritten,
)
from translator.exporters.istio.legalise.gateway_hosts import (
    Name,
    check_goals,
    crowded,
    names_at,
    said,
    together,
    wider,
)
from translator.exporters.istio.legalise.gateway_objects import (
    Edge,
    Place,
    attachment_of,
    servers_for,
    written_table,
)
from translator.exporters.istio.legalise.gateway_pods import Pods
from translator.exporters.istio.legalise.gateway_servers import SELECTOR, Ports, servers_of, serves
from translator.exporters.istio.legalise.order import Unsayable
from translator.exporters.istio.legalise.routes import Scene, rules_of
from translator.exporters.istio.legalise.streams import check_shares
from translator.selectors import labels_for

PODS = Assumption(
    "gateway-pods",
    "the pods that --gateway-selector names and that are not in the input are in the root namespace",
)
SCOPE = Assumption(
    "gateway-scope",
    "Gateways choose pods of all namespaces (PILOT_SCOPE_GATEWAY_TO_NAMESPACE is not set)",
)
_NOT_FOUND = 404


def legalise_gateways(edge: Model, scene: Scene, options: Options) -> Edge:
    """The gateways of a pruned model in legal form, served by the pods that are given."""
    found = Edge()
    tables = [_as_requests(f) for f in edge.facts if isinstance(f, RouteTable)]
    pods = Pods(edge.inventory)
    ports = Ports(pods)
    written: set[int] = set()
    told: set[int] = set()
    for name, listeners in by_gateway(edge).items():
        labels = labels_for(name, options)
        if labels is None:
            found.losses.append(unchosen(name, listeners))
            continue
        home = _home_of(labels, edge.inventory, options, found)
        if home != name.partition("/")[0]:
            found.assumptions.append(SCOPE)
        doors = servers_of(listeners, labels, home, ports, options)
        found.losses.extend(doors.losses)
        kept = [one for one in listeners if not any(loss_of(one, doors))]
        found.losses.extend(secrets_needed(name, kept, home))
        place = Place(listeners[0].gateway, doors, scene, found)
        own = [*_requests(place, tables, told), *_connections(place, tables, told)]
        for source, table in own:
            written.update(map(id, source))
            found.facts.append(table)
        found.facts.extend(servers_for(place, [table for _, table in own]))
        if doors.made:
            found.assumptions.append(SELECTOR)
            pods.note(labels, listeners[0].gateway)
    found.losses.extend(shared(*one) for one in pods.shared(options))
    found.assumptions.extend(pods.assumptions())
    for table in tables:
        if id(table) not in written and id(table) not in told:
            found.losses.append(nowhere(table, held=_was_held(table, edge)))
    found.assumptions = list(dict.fromkeys(found.assumptions))
    return found


def _was_held(table: RouteTable, edge: Model) -> bool:
    """Whether the rules hold at some listener of the source."""
    ports = [port.value.port for port in table.attachment.ports]
    return any(
        listener.gateway.value in listeners_of(table)
        and (not ports or listener.port.value in ports)
        and serves(listener) is table.protocol
        for listener in edge.facts
        if isinstance(listener, Listener)
    )


def loss_of(listener: Listener, doors: Doors) -> Iterator[Loss]:
    """What says that the listener is left out."""
    for loss in doors.losses:
        if loss.code == "MM506" and any(site is listener.port for site in loss.sites):
            yield loss


def _as_requests(table: RouteTable) -> RouteTable:
    """Calls of gRPC are requests, and hold where these do."""
    return replace(table, protocol=Protocol.HTTP) if table.protocol is Protocol.GRPC else table


def _home_of(labels: Mapping[str, str], inventory: Inventory, options: Options, found: Edge) -> str:
    """The namespace of the pods that are chosen."""
    pods = list(inventory.selected(None, equal_to(dict(labels))))
    if not pods:
        found.assumptions.append(PODS)
        return options.root_namespace
    return pods[0].namespace


Made = tuple[Sequence[RouteTable], RouteTable]
"""Tables of the source, and the one that stands for them."""


# --- requests ------------------------------------------------------------------------------------


def _requests(place: Place, tables: Sequence[RouteTable], told: set[int]) -> Iterator[Made]:
    names = names_at(place.gateway.value, place.doors, tables, Protocol.HTTP)
    refused: dict[int, Name] = {}
    for name, reason in crowded(names, place.doors, Protocol.HTTP):
        for own in (name, *wider(name, names)):
            if id(own) not in refused:
                refused[id(own)] = own
                _refuse(place, [own], f"{reason}, whose requests they would get too", told)
    kept = [name for name in names if id(name) not in refused]
    for group in together(kept, lambda name: name.says):
        losses: list[Loss] = []
        try:
            rules = tuple(_rules(group, place, losses))
        except Unsayable as reason:
            _refuse(place, group, str(reason), told)
            shut = [name for name in group if wider(name, kept)]
            if shut:
                yield (), _shut_table(place, shut)
            continue
        place.edge.losses.extend(losses)
        made = written_table(place, group, rules, Protocol.HTTP)
        if not _on_all(group, place):
            made = _on_ports(made, group[0])
        yield [t for name in group for t in name.tables], made


def _refuse(place: Place, names: Sequence[Name], reason: str, told: set[int]) -> None:
    tables = list({id(t): t for name in names for t in name.tables}.values())
    told.update(map(id, tables))
    patterns = [name.pattern for name in names]
    place.edge.losses.append(unwritten(place.gateway.value, patterns, tables, reason))


def _rules(group: Sequence[Name], place: Place, losses: list[Loss]) -> Iterator[Route]:
    """The rules of names for which the same holds, port by port where not all ports have them."""
    ports = group[0].ports
    check_goals(table for tables in ports.values() for table in tables)
    if _on_all(group, place):
        yield from rules_of(next(iter(ports.values())), None, place.scene, losses)
        return
    for number, tables in sorted(ports.items()):
        yield from rules_of(tables, number, place.scene, losses)


def _on_all(group: Sequence[Name], place: Place) -> bool:
    """Whether the same holds on all ports on which requests for the names enter."""
    says = {repr(list(map(said, tables))) for tables in group[0].ports.values()}
    return len(says) == 1 and all(_has_all(name, place) for name in group)


def _on_ports(table: RouteTable, name: Name) -> RouteTable:
    """The table for those ports alone for which it has rules: at the others it counts as not there.

    istio/istio pilot/pkg/networking/core/gateway.go ``buildGatewayHTTPRouteConfig``, 1.31.
    """
    numbers = tuple(named(ServicePort(n), table.trail) for n in sorted(name.ports))
    return replace(table, attachment=replace(table.attachment, ports=numbers))


def _has_all(name: Name, place: Place) -> bool:
    """Whether each port on which requests for the name enter has rules for it."""
    return all(
        door.listener.port.value in name.ports
        for door in place.doors.made
        if door.protocol is Protocol.HTTP and narrower(name.pattern, door.pattern) is not None
    )


def _shut_table(place: Place, names: Sequence[Name]) -> RouteTable:
    """What keeps names whose rules are not written from those of wider ones."""
    reasons = [table.trail for name in names for table in name.tables]
    answer = FixedAnswer(status=named(_NOT_FOUND, *reasons), trail=named("not found", *reasons))
    rule = Route(answer=answer, trail=named("not found", *reasons))
    table = written_table(place, names, (rule,), Protocol.HTTP)
    return replace(
        table,
        name=named(table.name.value, *reasons),
        home=named(place.space, place.gateway),
        attachment=attachment_of(place, (), ()),
        hosts=tuple(named(name.pattern, name.host) for name in names),
        trail=named("not found", *reasons),
    )


# --- connections ---------------------------------------------------------------------------------


def _connections(place: Place, tables: Sequence[RouteTable], told: set[int]) -> Iterator[Made]:
    for protocol in (Protocol.TLS, Protocol.TCP):
        names = names_at(place.gateway.value, place.doors, tables, protocol)
        if protocol is Protocol.TCP:
            mixed = [name for name, _ in crowded(names, place.doors, protocol)]
            for name in mixed:
                _refuse(place, [name], "a listener with a narrower name would take them", told)
            names = [name for name in names if name not in mixed]
        winners = [one for name in names for one in _winners(name)]
        won = {id(table) for name in winners for own in name.ports.values() for table in own}
        again = {id(table) for name in winners for table in name.again}
        late = {id(t): t for name in names for t in name.tables if id(t) not in won | again}
        if late:
            told.update(late)
            place.edge.losses.append(never_reached(list(late.values())))
        for group in _by_rule(winners):
            try:
                rule = _only_rule(group, protocol)
            except Unsayable as reason:
                _refuse(place, group, str(reason), told)
                continue
            made = _on_ports(written_table(place, group, (rule,), protocol), group[0])
            yield [t for name in group for t in name.tables], made


def _winners(name: Name) -> Iterator[Name]:
    """The name by the table that has it, the oldest of each port, with the ports of that table."""
    found: dict[str, Name] = {}
    for port, tables in sorted(name.ports.items()):
        own = found.setdefault(said(tables[0]), Name(name.hosts, doors=name.doors))
        own.ports[port] = tables[:1]
        own.again.extend(t for t in name.again if said(t) == said(tables[0]) and t not in own.again)
    yield from found.values()


def _by_rule(names: Sequence[Name]) -> list[list[Name]]:
    """The names of one rule on the same ports; hosts of an object that lie within others go without saying."""
    groups: dict[str, list[Name]] = {}
    for name in names:
        groups.setdefault(repr(name.says), []).append(name)
    return list(groups.values())


def _only_rule(group: Sequence[Name], protocol: Protocol) -> Route:
    table = next(iter(group[0].ports.values()))[0]
    if len(table.routes) != 1:
        raise Unsayable("several rules are for one name")
    (route,) = table.routes
    check_shares(route)
    others = [t for name in group for t in name.tables if t is not table]
    spent = [route.trail, *traced(route.matches), *(v for t in others for v in traced(t.routes))]
    matches: tuple[RouteMatch, ...] = ()
    if protocol is Protocol.TLS:
        asked = tuple(derived(name.pattern, name.hosts) for name in group)
        test = Test(part=Part.SERVER_NAME, any_of=asked, trail=named("names", route.trail))
        requests = AllOf(tests=(test,), trail=named("requests", route.trail))
        matches = (RouteMatch(requests=requests, trail=named("match", route.trail)),)
    return replace(route, matches=matches, trail=derived(route.trail.value, spent))
