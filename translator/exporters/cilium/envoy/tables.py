"""The routes of one Service as the node's proxy takes them: one list, the first that matches holds.

cilium/cilium pkg/ciliumenvoyconfig/controller.go ``processCEC``, 1.20: of one Service one listener counts, so a
configuration is for one of its ports that are read as HTTP. A request that no route takes is not found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ir.attachment import Attachment, EnforcedAt, Scope, ServicePort, Subject
from ir.inventory import Inventory, Service
from ir.match import Part, PathForm, Pattern, View
from ir.provenance import Traced, Trail, derived, named
from ir.resilience import Retry
from ir.traffic import Backend, Mirror, NoMatch, Order, Protocol, Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.cilium.envoy import findings
from translator.exporters.cilium.envoy.choice import Key, Setting, Wanted
from translator.exporters.cilium.envoy.effects import in_proxy_words
from translator.exporters.cilium.envoy.matches import Unsayable, alternatives
from translator.exporters.route_objects.scene import Scene
from translator.exporters.routes.destinations import Subsets, Unreachable, to_itself
from translator.exporters.routes.everybody import for_everybody
from translator.exporters.routes.gaps import Told, left_out
from translator.exporters.routes.redirects import Redirects, in_target_redirects
from translator.exporters.routes.rivals import host_of
from translator.exporters.routes.slots import is_on, service_ports
from translator.exporters.routes.viewers import settled

_REDIRECTS = Redirects(statuses=(301, 302, 303, 307, 308), strips_query=True)
_FORMS = {PathForm.DECODED_AND_MERGED: PathForm.MERGED}
"""What is done to paths that is not written yet, with what comes next to it."""


class Unwritable(Exception):  # noqa: N818  # it carries a reason upwards
    """The Service has no configuration."""


@dataclass(frozen=True, slots=True)
class Front:
    """A Service and its port for which a configuration is."""

    service: Service
    port: Traced[ServicePort]

    @property
    def number(self) -> int:
        """The port."""
        return self.port.value.port


def front_of(own: Wanted, inventory: Inventory, scene: Scene) -> Front:
    """The Service and the port.

    Raises:
        Unwritable: it has no address that requests could be led from, or several ports are meant.
    """
    service = inventory.service(*own.key)
    if service is None:
        raise Unwritable("the Service is not in the input, so its ports are not known")
    if service.headless or service.external_name:
        raise Unwritable("the Service has no address of its own, from which requests could be led")
    places = [fact.attachment for fact in (*own.tables, *own.settings)]
    http = [port.number for port in scene.read(service)]
    meant = [n for n in http if any(is_on(place, n) for place in places)]
    if not meant:
        raise Unwritable("no port of the Service that is read as HTTP is meant")
    if len(meant) > 1:
        raise Unwritable(
            f"it is for several ports ({', '.join(map(str, meant))}), and of one Service one listener counts"
        )
    said = [p for at in places for p in service_ports(at.ports) if p.value.port == meant[0]]
    known = Traced("", (), service.leaves)
    port = derived(said[0].value, said) if said else named(ServicePort(meant[0]), known)
    return Front(service, port)


def table_of(
    own: Wanted, front: Front, subsets: Subsets, pinned: Retry | None
) -> tuple[RouteTable, list[Loss]]:
    """The legal table of a Service; without routes of its own all requests go to the Service itself.

    Raises:
        Unwritable: its routes have no form, or come from several lists.
    """
    here = [table for table in own.tables if is_on(table.attachment, front.number)]
    if any(table.protocol is not Protocol.HTTP for table in here):
        raise Unwritable("it has routes for connections or calls")
    if len(here) > 1 or any(table.order is not Order.LIST for table in here):
        raise Unwritable("several lists of routes hold for it")
    table = here[0] if here else _plain(own.settings[0])
    table, losses = settled(table, subsets.inventory)
    table, more = for_everybody(table)
    losses.extend(more)
    table, more = in_target_redirects(table, _REDIRECTS)
    losses.extend(more)
    seen = _seen(table, front)
    told = Told()
    routes = tuple(_routes(seen, front, subsets, told, pinned, losses))
    if not routes:
        for gone in told.gone.values():
            raise Unwritable(str(gone))
        raise Unwritable("none of its rules is left")
    losses.extend(left_out(table, host_of(table), told))
    return backed(replace(seen, routes=routes)), losses


def backed(table: RouteTable) -> RouteTable:
    """The table with a trail, where it and its routes have none, that leads to the Service that it is for."""
    subject = table.attachment.subject
    names = [name for name in (subject.namespace, subject.name) if name is not None]
    node = _backed(table.trail, *names, *table.attachment.ports)
    routes = tuple(replace(one, trail=_backed(one.trail, node)) for one in table.routes)
    return replace(table, routes=routes, trail=node)


def _backed(trail: Trail, *reasons: Traced[object]) -> Trail:
    return trail if trail.origin or trail.because else named(trail.value, trail, *reasons)


def plain_table(key: Key, front: Front, node: Traced[object]) -> RouteTable:
    """All requests to a Service go to itself."""
    subject = Subject(
        scope=Scope.SERVICE,
        namespace=named(key[0], node),
        name=named(key[1], node),
        trail=named("the service", node),
    )
    table = RouteTable(
        name=named(key[1], node),
        attachment=Attachment(subject=subject, ports=(front.port,), enforced_at=EnforcedAt.CLIENT),
        order=Order.LIST,
        routes=(),
        no_match=NoMatch.NOT_FOUND,
        view=View(headers_joined=True),
        trail=named("requests to the service itself", node),
    )
    itself = to_itself(table)
    to = replace(itself[0].destination, port=named(front.port.value, node))
    route = Route(backends=(replace(itself[0], destination=to),), trail=table.trail)
    return backed(replace(table, routes=(route,)))


def _plain(fact: Setting) -> RouteTable:
    """No routes: requests go to the Service."""
    subject = fact.attachment.subject
    node = named("the endpoints", *traced(fact))
    if subject.name is None or subject.namespace is None:
        raise TypeError(fact)
    return RouteTable(
        name=named(subject.name.value, node),
        attachment=Attachment(
            subject=Subject(
                scope=Scope.SERVICE,
                namespace=named(subject.namespace.value, node),
                name=named(subject.name.value, node),
                trail=named("the service", node),
            ),
            enforced_at=EnforcedAt.CLIENT,
        ),
        order=Order.LIST,
        routes=(),
        no_match=NoMatch.PASS,
        trail=named("requests to the service itself", node),
    )


def _seen(table: RouteTable, front: Front) -> RouteTable:
    """The table on its port, with a rule for what no other takes where that goes to the Service."""
    at = table.attachment
    stated: list[Traced[object]] = [table.trail, table.name, *table.hosts, *at.excluding_ports]
    stated.extend(p for p in at.ports if p.value != front.port.value)
    if at.audience is not None:
        stated.extend(traced(at.audience))
    if table.home is not None:
        stated.append(table.home)
    own = replace(
        table,
        name=named(front.service.name, table.name),
        home=None,
        attachment=replace(at, ports=(front.port,), excluding_ports=(), audience=None),
        hosts=(),
        no_match=NoMatch.NOT_FOUND,
        view=replace(
            table.view, path=_FORMS.get(table.view.path, table.view.path), headers_joined=True
        ),
        trail=derived(table.trail.value, stated),
    )
    if table.no_match is not NoMatch.PASS:
        return own
    rest = Route(backends=to_itself(own), trail=named("to the service itself", table.trail))
    return replace(own, routes=(*own.routes, rest))


def _routes(
    table: RouteTable,
    front: Front,
    subsets: Subsets,
    told: Told,
    pinned: Retry | None,
    losses: list[Loss],
) -> Iterator[Route]:
    numbers = [n for n, r in enumerate(table.routes) if not r.matches or any(_here(r, front))]
    writable = told.writable(table, numbers, subsets.trial())
    for number, route in enumerate(table.routes):
        if number not in numbers:
            losses.append(findings.never_reached(route))
            continue
        if number not in writable:
            continue
        told.reached.add(number)
        here = list(_here(route, front))
        elsewhere = [m for m in route.matches if not any(m is one for one in here)]
        losses.extend(map(findings.never_reached, elsewhere))
        matches = tuple(_matches(route, here, table, losses))
        if route.matches and not matches:
            continue
        made = _delivered(replace(route, matches=matches), table, subsets, losses)
        try:
            yield in_proxy_words(made, pinned, losses)
        except Unsayable as reason:
            message = f"one of its rules has no form: {reason}"
            raise Unwritable(message) from None


def _here(route: Route, front: Front) -> Iterator[RouteMatch]:
    """The alternatives that are for the port."""
    for match in route.matches:
        asked = [t for t in match.requests.tests if t.part is Part.SERVICE_PORT]
        texts = [{v.value.text for v in t.any_of if isinstance(v.value, Pattern)} for t in asked]
        if all(str(front.number) in numbers for numbers in texts):
            yield match


def _matches(
    route: Route, here: Sequence[RouteMatch], table: RouteTable, losses: list[Loss]
) -> Iterator[RouteMatch]:
    gone: list[tuple[RouteMatch, str]] = []
    for match in here:
        try:
            yield from alternatives(match)
        except Unsayable as reason:
            gone.append((match, str(reason)))
    whole = bool(gone) and len(gone) == len(route.matches)
    for match, why in gone[:1] if whole else gone:
        losses.append(findings.unasked(route if whole else match, route, table, why))


def _delivered(route: Route, table: RouteTable, subsets: Subsets, losses: list[Loss]) -> Route:
    """The route with destinations that can be written; a copy that has none is left out."""
    made = subsets.partly(route, table)[0]
    mirrors: list[Mirror] = []
    for mirror in route.mirrors:
        copy = Backend(destination=mirror.destination, trail=mirror.trail)
        try:
            (found,) = subsets.route(replace(route, backends=(copy,)), table).backends
        except Unreachable as reason:
            losses.append(findings.unsent(tuple(traced(mirror)), str(reason)))
        else:
            mirrors.append(replace(mirror, destination=found.destination))
    return replace(made, mirrors=tuple(mirrors))
