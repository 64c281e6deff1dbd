"""Routes whose parent is a Service (GAMMA, sigs.k8s.io/gateway-api geps/gep-1294 and gep-1426, 1.6).

A route in the service's own namespace is for all clients (producer route), one in another namespace is for the clients
there and takes the place of the others for them (consumer route). ``hostnames`` carry no meaning. On one port a GRPCRoute
goes before an HTTPRoute, that before a TLSRoute, that before a TCPRoute; the losers hold nowhere. A request that no rule
matches is not found. No ReferenceGrant is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.attachment import Attachment, Audience, EnforcedAt, Reach, Scope, ServicePort, Subject
from ir.inventory import Inventory
from ir.match import AllOf, Part, Test, View
from ir.model import Fact, Inactive
from ir.opaque import Column, Intent, Opaque
from ir.provenance import Traced, absorb, trail
from ir.resilience import SessionAffinity
from ir.traffic import NoMatch, Order, Protocol, Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.api import Options
from translator.importers.linked import Linked, of_nobody
from translator.importers.route_objects.grants import Grants
from translator.importers.route_objects.link.age import oldest_first
from translator.importers.route_objects.link.backends import Scene, routes_of
from translator.importers.route_objects.model import RouteObject, Rule, Statement
from translator.resources.gateway_api.read import Parent

SERVICE = ("", "Service")
_GROUPS = ("", "core")
_OUTRANKED = "a route of a kind that goes before is for this port"
_HOSTS = "the host names of a route on a service carry no meaning"
_REQUESTS = (Column.ACCESS, Column.ROUTING, Column.HEADERS)


def is_service(parent: Parent) -> bool:
    """Whether the parent is a Service."""
    return parent.kind == "Service" and parent.group in _GROUPS


def link_mesh(
    statements: Sequence[Statement], inventory: Inventory, grants: Grants, options: Options
) -> Linked:
    """The tables of services, in the order of age, and what goes with them."""
    scene = Scene(inventory, grants, options, granted=False)
    routes = sorted((s for s in statements if isinstance(s, RouteObject)), key=oldest_first)
    pairs = [(r, p) for r in routes for p in r.parents if is_service(p)]
    facts: list[Fact] = []
    inactive: list[Inactive] = []
    for route, parent in pairs:
        place = _attachment(route, parent, inventory)
        winner = _winner(route, place, pairs, inventory)
        nobody = of_nobody(place, inventory)
        if winner is not None or nobody is not None:
            leaves = _leaves(absorb(parent.spent, parent.name, *_words(parent)))
            whole = _leaves(route.trail, *route.hosts, *map(_all, route.rules))
            alone = len(route.parents) == 1
            inactive.append(
                Inactive(
                    leaves=tuple(sorted({*leaves, *(whole if alone else ())})),
                    winner=winner.meta.key if winner and nobody is None else "",
                    why=nobody or _OUTRANKED,
                )
            )
            continue
        facts.extend(_facts(route, parent, place, scene))
        if route.hosts and route.protocol is Protocol.HTTP:
            hosts = tuple(leaf for host in route.hosts for leaf in host.origin)
            inactive.append(Inactive(leaves=hosts, winner="", why=_HOSTS))
    return Linked(facts=tuple(facts), inactive=tuple(inactive))


def _facts(route: RouteObject, parent: Parent, place: Attachment, scene: Scene) -> Iterator[Fact]:
    node = absorb(route.trail, parent.spent, *_section(parent))
    if route.protocol is Protocol.UDP:
        values = [v for rule in route.rules for v in traced(_all(rule))]
        yield Opaque(
            attachment=place,
            kind="UDPRoute",
            intent=Intent.ROUTE,
            may_touch=(Column.ROUTING,),
            trail=absorb(node, *values, *_words(parent)),
        )
        return
    yield RouteTable(
        name=Traced(route.meta.name.value, (), route.meta.because),
        home=Traced(route.meta.namespace.value, (), route.meta.because),
        attachment=place,
        protocol=route.protocol,
        order=Order.SPECIFICITY,
        routes=tuple(_asked(routes_of(route, scene), route)),
        no_match=NoMatch.NOT_FOUND,
        view=View(authority_has_port=False),
        trail=node,
    )
    for rule in route.rules:
        for extension in rule.extensions:
            yield Opaque(
                attachment=place,
                kind=extension.kind,
                intent=extension.intent,
                may_touch=_REQUESTS,
                trail=route.meta.fact(extension.kind, *extension.leaves),
            )
        if rule.session is not None:
            yield SessionAffinity(
                attachment=place,
                key=rule.session.key,
                ends=rule.session.ends,
                trail=route.meta.fact("sessionPersistence"),
            )


def _asked(routes: Sequence[Route], statement: RouteObject) -> Iterator[Route]:
    """The rules; those of a TLSRoute for the names that it asks for, and each with a name of its own."""
    for number, route in enumerate(routes):
        name = route.name or Traced(
            f"{statement.meta.name.value}/{number}", (), statement.meta.because
        )
        if statement.protocol is not Protocol.TLS or not statement.hosts:
            yield replace(route, name=name)
            continue
        test = Test(part=Part.SERVER_NAME, any_of=statement.hosts, trail=trail("names"))
        requests = AllOf(tests=(test,), trail=trail("requests"))
        match = RouteMatch(requests=requests, trail=trail("alternative"))
        yield replace(route, name=name, matches=(match,))


def _attachment(route: RouteObject, parent: Parent, inventory: Inventory) -> Attachment:
    own = route.meta.namespace
    home = own if parent.namespace is None else parent.namespace
    subject = Subject(
        scope=Scope.SERVICE,
        namespace=home,
        name=parent.name,
        trail=trail("the service", because=parent.name.origin),
    )
    audience = None
    if home.value != own.value:
        audience = Audience(reach=Reach.NAMESPACES, namespaces=(own,), trail=trail("clients"))
    return Attachment(
        subject=subject,
        ports=_ports(parent, home.value, inventory),
        audience=audience,
        enforced_at=EnforcedAt.CLIENT,
    )


def _ports(parent: Parent, space: str, inventory: Inventory) -> tuple[Traced[ServicePort], ...]:
    """The port by its number, or by its name where the service is listed."""
    if parent.port is not None:
        return (parent.port.map(ServicePort),)
    if parent.section is None:
        return ()
    service = inventory.service(space, parent.name.value)
    for port in () if service is None else service.ports:
        if port.name == parent.section.value:
            because = Traced("", (), port.leaves)
            return (parent.section.derive(ServicePort(port.number)).chosen_by(because),)
    return ()


def _section(parent: Parent) -> tuple[Traced[object], ...]:
    return () if parent.section is None else (parent.section,)


def _words(parent: Parent) -> tuple[Traced[object], ...]:
    given = (parent.namespace, parent.port, parent.section)
    return tuple(one for one in given if one is not None)


def _leaves(*values: object) -> tuple[int, ...]:
    return tuple(sorted({leaf for value in traced(values) for leaf in value.origin}))


def _all(rule: Rule) -> tuple[object, ...]:
    said = () if rule.session is None else (rule.session.key, *rule.session.ends)
    return (rule.route, *said, *(one.backend for one in rule.references))


def _winner(
    route: RouteObject,
    place: Attachment,
    pairs: Sequence[tuple[RouteObject, Parent]],
    inventory: Inventory,
) -> RouteObject | None:
    """A route of a kind that goes before, for the same clients and for all ports of this one."""
    for other, parent in pairs:
        if _kind_rank(other) < _kind_rank(route):
            theirs = _attachment(other, parent, inventory)
            if _same(theirs, place) and _covers(theirs, place):
                return other
    return None


def _kind_rank(route: RouteObject) -> int:
    order = (Protocol.HTTP, Protocol.TLS, Protocol.TCP)
    if route.protocol is Protocol.UDP:
        return -1
    return 0 if route.calls else 1 + order.index(route.protocol)


def _same(one: Attachment, other: Attachment) -> bool:
    return _key(one) == _key(other)


def _key(one: Attachment) -> tuple[str, str, tuple[str, ...]]:
    space, name = one.subject.namespace, one.subject.name
    clients = () if one.audience is None else tuple(s.value for s in one.audience.namespaces)
    return ("" if space is None else space.value, "" if name is None else name.value, clients)


def _covers(wide: Attachment, narrow: Attachment) -> bool:
    theirs, mine = ({port.value for port in a.ports} for a in (wide, narrow))
    return not theirs or (bool(mine) and mine <= theirs)
