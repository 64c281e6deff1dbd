"""Tables for connections to a service that are not read as HTTP: a TLSRoute for each rule, or one TCPRoute.

sigs.k8s.io/gateway-api apis/v1/tlsroute_types.go and geps/gep-1294, 1.6: a TLSRoute chooses by the name in the TLS
hello, the most particular first; of a service's port GRPCRoutes come before HTTPRoutes, TLSRoutes and TCPRoutes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.attachment import ServicePort
from ir.inventory import Service
from ir.language import Language
from ir.match import Part, Pattern
from ir.provenance import Traced, derived, named
from ir.traffic import Order, Protocol, Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.gateways.binding import KINDS
from translator.exporters.route_objects.scene import Scene
from translator.exporters.routes.connections import (
    Slot,
    check_names,
    fits,
    language_of_names,
    never_reached,
    place_of,
    slots_of_host,
    slots_of_service,
    spaces_of,
    spent_on,
    titles,
)
from translator.exporters.routes.destinations import Unreachable
from translator.exporters.routes.everybody import for_everybody
from translator.exporters.routes.slots import service_ports
from translator.exporters.routes.viewers import Viewer, audiences, clients_of, sees, settled


def connection_objects(
    table: RouteTable,
    service: Service | None,
    rivals: Sequence[RouteTable],
    scene: Scene,
    losses: list[Loss],
    *,
    beside_http: bool,
) -> tuple[RouteTable, ...]:
    """The legal tables of one: each has a single rule. ``beside_http``: the service has HTTP routes too.

    Raises:
        Unreachable: it has no form.
    """
    if table.protocol not in scene.edition.service_versions:
        raise scene.edition.missing(table.protocol, on_service=True)
    table, lost = settled(table, scene.inventory)
    if not table.routes:
        losses.extend(lost)
        raise Unreachable("MM208", "none of its rules is left for clients of the mesh")
    replaced = [space.value for other in rivals for space in spaces_of(other)]
    if not scene.edition.consumer_routes:
        table, more = for_everybody(table)
        lost.extend(more)
        replaced = []
    who = audiences(table, scene.inventory, replaced, alone=len(rivals) <= 1)
    if not who.viewers:
        raise Unreachable("MM208", who.reason or "none of its rules is for clients of the mesh")
    lost.extend(who.losses)
    found: list[RouteTable] = []
    reached: set[int] = set()
    for viewer in who.viewers:
        for slot in _slots(table, service, lost, beside_http=beside_http):
            attachment = replace(table.attachment, ports=() if slot is None else (slot,))
            seen = replace(table, attachment=attachment)
            rules = _rules(seen, viewer, slot, scene, reached)
            found.extend(_finished(seen, rules, viewer, service, scene))
    if not found:
        raise Unreachable("MM213", "none of its rules is left for clients of the mesh")
    lost.extend(never_reached(table, reached))
    losses.extend(lost)
    return tuple(found)


def _slots(
    table: RouteTable, service: Service | None, losses: list[Loss], *, beside_http: bool
) -> tuple[Slot, ...]:
    """The ports that need routes: those that are not taken for HTTP, on which HTTPRoutes would outrank them."""
    if service is None:
        said = {port.value.port: port for port in service_ports(table.attachment.ports)}
        if said and not beside_http:
            return tuple(said.values())
        return slots_of_host(table, losses, beside_http=beside_http)
    own = [port.value for port in table.attachment.ports]
    ports = [p for p in service.ports if not own or ServicePort(p.number) in own]
    return slots_of_service(table, service, ports, losses, beside_http=beside_http)


def _rules(
    table: RouteTable,
    viewer: Viewer,
    slot: Slot,
    scene: Scene,
    reached: set[int],
) -> list[tuple[Route, tuple[Traced[Pattern], ...]]]:
    """The rules of one port that are ever reached, in order, with their names."""
    found: list[tuple[Route, tuple[Traced[Pattern], ...]]] = []
    taken = Language.nothing()
    for number, route in enumerate(table.routes):
        matches = [m for m in route.matches if sees(m, viewer) and fits(m, slot)]
        if viewer.passes or (route.matches and not matches):
            continue
        made = _plain(scene.subsets.route(route, table), matches)
        if table.protocol is not Protocol.TLS:
            reached.add(number)
            return [(made, ())]
        names = _names(matches)
        own = language_of_names(names)
        if own.issubset(taken):
            continue
        check_names(names, taken, own)
        reached.add(number)
        taken = taken | own
        found.append((made, names))
    return found


def _names(matches: Sequence[RouteMatch]) -> tuple[Traced[Pattern], ...]:
    found: dict[tuple[str, str], Traced[Pattern]] = {}
    for match in matches:
        for test in match.requests.tests:
            for term in test.any_of if test.part is Part.SERVER_NAME else ():
                if isinstance(term.value, Pattern):
                    key = (term.value.kind, term.value.text)
                    known = [found[key]] if key in found else []
                    found[key] = derived(term.value, (*known, term))
    return tuple(found.values())


def _plain(route: Route, matches: Sequence[RouteMatch]) -> Route:
    """The rule without its matches, whose names the object says, and without its name."""
    said = [] if route.name is None else [route.name]
    spent = [*spent_on(route, matches), *said]
    return replace(route, name=None, matches=(), trail=derived(route.trail.value, spent))


def _finished(
    table: RouteTable,
    rules: Sequence[tuple[Route, tuple[Traced[Pattern], ...]]],
    viewer: Viewer,
    service: Service | None,
    scene: Scene,
) -> Iterator[RouteTable]:
    """A table for each rule, with a name and the names in the hello."""
    kind, where = KINDS[table.protocol], place_of(table, viewer)
    kept = scene.keeps(kind, where, table.name.value)
    stated: list[Traced[object]] = [table.trail, table.name, *table.hosts]
    if table.attachment.audience is not None:
        stated.extend(traced(table.attachment.audience))
    for (rule, names), title in zip(
        rules, titles(table, len(rules), service, kept=kept), strict=True
    ):
        name = scene.names.take(kind, where, title)
        yield replace(
            table,
            trail=derived(table.trail.value, stated),
            name=named(name, table.name),
            attachment=replace(table.attachment, audience=clients_of(viewer)),
            hosts=names,
            order=Order.SPECIFICITY,
            routes=(rule,),
        )
