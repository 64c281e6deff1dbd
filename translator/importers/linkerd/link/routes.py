"""Routes on Services: one table for each route and parent; the tables of one Service compete by rank.

linkerd2 policy-controller/k8s/index/src/outbound/index.rs, 2.20: a route of another namespace than its Service is for
the clients of its own namespace only, **beside** the Service's own routes. Hosts are compared without the port
(linkerd2-proxy linkerd/http/route/src/http/match/host.rs), and where a Service has routes a request that none of them
matches is not found: a host is therefore a test of each rule, not a reason for the whole table to stand aside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.attachment import Attachment, Audience, EnforcedAt, Reach, Scope, ServicePort, Subject
from ir.inventory import Inventory
from ir.match import AllOf, Part, Test, View
from ir.model import Fact, Inactive
from ir.opaque import Column, Opaque
from ir.provenance import Traced, absorb, named, trail
from ir.traffic import (
    AS_DIALLED,
    Backend,
    Destination,
    NoMatch,
    Order,
    Protocol,
    Route,
    RouteMatch,
    RouteTable,
)
from ir.walk import traced
from translator.api import Options
from translator.importers.linked import Linked, of_nobody
from translator.importers.linkerd.age import oldest_first
from translator.importers.linkerd.authorization_policy import CORE
from translator.importers.linkerd.backends import OWN_GROUP, onwards, served
from translator.importers.linkerd.http_route import said_of_requests, with_effects
from translator.importers.linkerd.link.calls import first_kinds
from translator.importers.linkerd.link.claims import OUTRANKED, Claims, leaves_of
from translator.importers.linkerd.link.deeds import KEPT_OUT, idle_for_clients, is_kept_out
from translator.importers.linkerd.link.entrances import at_gateway, stream_at_gateway
from translator.importers.linkerd.link.opaque_ports import (
    lists_outside,
    where_heeded,
    where_heeded_outside,
)
from translator.importers.linkerd.link.services import (
    idle_outside,
    inherited_outside,
    left_outside,
    service_facts,
    with_inherited,
)
from translator.importers.linkerd.model import EgressNetwork, HttpRoute, Statement, StreamRoute
from translator.importers.linkerd.services import Spoken
from translator.importers.route_objects.link.gateways import Entrance
from translator.resources.gateway_api.owners import GATEWAYS
from translator.resources.gateway_api.read import Parent
from translator.resources.kubernetes.metadata import Meta

_OPAQUE = "Linkerd reads the port as bytes, where it heeds no such route"
_ANNOTATED = "an annotation of the route outranks the limits of its rules"
_UNBOUND = "the route is bound to nothing that takes it"
_FOREIGN = "filters of what implements a gateway"
_IGNORED = "Linkerd heeds no parent of this kind"


def link_routes(
    statements: Sequence[Statement],
    inventory: Inventory,
    options: Options,
    spoken: Spoken,
    entrance: Entrance,
) -> Linked:
    """Tables of clients, with what Services say of their requests, and parents and ports on which nobody heeds them."""
    found = _tables(statements, entrance)
    tables: list[Fact] = []
    inactive = list(found.inactive)
    outside_of = [s for s in statements if isinstance(s, EgressNetwork)]
    lists = lists_outside(outside_of)
    for fact in found.facts:
        heeded: Fact | None = fact
        why = _OPAQUE
        if isinstance(fact, RouteTable) and fact.attachment.enforced_at is EnforcedAt.CLIENT:
            fact = _served(fact, inventory)  # noqa: PLW2901  # the same table
            heeded = fact
            outside = fact.attachment.subject.scope is Scope.EGRESS
            if nobody := of_nobody(fact.attachment, inventory):
                heeded, why = None, nobody
            elif outside:
                heeded = where_heeded_outside(fact, lists)
            else:
                heeded = where_heeded(fact, inventory, options.source)
        if heeded is None:
            leaves = tuple(sorted({leaf for value in traced(fact) for leaf in value.origin}))
            inactive.append(Inactive(leaves=leaves, winner="", why=why))
        else:
            own = inherited_outside(heeded, outside_of) if isinstance(heeded, RouteTable) else None
            tables.append(heeded if own is None else with_inherited(own, spoken))
    tables.extend((*_foreign(statements, inactive), *left_outside(outside_of)))
    tables, lower = first_kinds(tables)
    inactive.extend(lower)
    inactive.extend(idle_outside(outside_of, tables))
    tables.extend(service_facts(spoken, tables, inventory, options))
    apart, granted = entrance.kept_apart(tables)
    return Linked(facts=(*tables, *apart), inactive=tuple(inactive), assumptions=granted)


def _foreign(statements: Sequence[Statement], inactive: list[Inactive]) -> Iterator[Opaque]:
    """Filters that are not known, where a gateway may know them; elsewhere they are inactive.

    What such a filter decides it decides of requests that enter by the gateway, and of no others.
    """
    entrance = Attachment(
        subject=Subject(scope=Scope.LISTENER, trail=trail("a gateway")),
        enforced_at=EnforcedAt.GATEWAY,
    )
    for route in statements:
        if not isinstance(route, HttpRoute) or not route.foreign:
            continue
        if any(parent.kind in GATEWAYS for parent in route.parents):
            columns = (Column.ACCESS, Column.ROUTING, Column.HEADERS, Column.RESILIENCE)
            node = trail(_FOREIGN, *route.foreign)
            yield Opaque(attachment=entrance, kind=_FOREIGN, may_touch=columns, trail=node)
        else:
            inactive.append(Inactive(leaves=route.foreign, winner="", why=KEPT_OUT))


def _served(table: RouteTable, inventory: Inventory) -> RouteTable:
    """The table with the share of Services that are not there as one of nobody."""
    routes = tuple(
        replace(route, backends=tuple(served(backend, inventory) for backend in route.backends))
        for route in table.routes
    )
    return replace(table, routes=routes)


def _tables(statements: Sequence[Statement], entrance: Entrance) -> Linked:
    routes = sorted((s for s in statements if isinstance(s, HttpRoute)), key=oldest_first)
    tables: list[RouteTable] = []
    inactive: list[Inactive] = []
    claims = Claims(statements)
    for route in routes:
        before = len(tables)
        for parent in route.parents:
            served = parent.kind == "Service" and parent.group in CORE
            if rival := claims.against(route, parent):
                inactive.append(Inactive(leaves=leaves_of(parent), winner="", why=rival))
            elif (served or leaves_by(parent)) and not is_kept_out(route):
                tables.append(_table(route, parent))
            elif entered := tuple(at_gateway(route, parent, entrance)):
                tables.extend(entered)
            elif (parent.group, parent.kind) != (OWN_GROUP, "Server"):
                leaves = leaves_of(parent)
                why = KEPT_OUT if served else _IGNORED
                inactive.append(Inactive(leaves=leaves, winner="", why=why))
        if len(tables) > before:
            inactive.extend(_outranked_limits(route))
        of_servers = [parent for parent in route.parents if parent.kind == "Server"]
        if len(tables) == before and not of_servers:
            inactive.append(Inactive(leaves=said_of_requests(route), winner="", why=_UNBOUND))
        elif len(tables) == before and len(of_servers) < len(route.parents):
            inactive.extend(idle_for_clients(route))
    inactive.extend(_streams(statements, entrance, tables, claims))
    return Linked(facts=tuple(tables), inactive=tuple(inactive))


def _streams(
    statements: Sequence[Statement], entrance: Entrance, tables: list[RouteTable], claims: Claims
) -> Iterator[Inactive]:
    """Adds the tables of connections to those of requests; what nobody heeds is inactive."""
    streams = sorted((s for s in statements if isinstance(s, StreamRoute)), key=oldest_first)
    for kind in (Protocol.TLS, Protocol.TCP):
        for stream in (one for one in streams if one.protocol is kind):
            for parent in stream.parents:
                made = _stream_table(stream, parent)
                if entered := tuple(stream_at_gateway(stream, parent, entrance)):
                    tables.extend(entered)
                elif made is not None and stream.heeded and not claims.against(stream, parent):
                    tables.append(made)
                else:
                    origins = {leaf for t in traced(made or parent.name) for leaf in t.origin}
                    leaves = tuple(sorted(origins))
                    yield Inactive(leaves=leaves, winner="", why=OUTRANKED)


def _outranked_limits(route: HttpRoute) -> Iterator[Inactive]:
    """The limits of rules where an annotation of the route says another; gateways heed no annotation."""
    if route.timeouts is None or route.timeouts.request is None:
        return
    if any(parent.kind in GATEWAYS for parent in route.parents):
        return
    limits = (rule.timeouts.request for rule in route.routes if rule.timeouts is not None)
    leaves = tuple(leaf for limit in limits if limit is not None for leaf in limit.origin)
    if leaves:
        yield Inactive(leaves=leaves, winner="", why=_ANNOTATED)


def _stream_table(stream: StreamRoute, parent: Parent) -> RouteTable | None:
    outside = leaves_by(parent)
    if not outside and (parent.kind != "Service" or parent.group not in CORE):
        return None
    home = stream.meta.namespace if parent.namespace is None else parent.namespace
    return RouteTable(
        name=Traced(stream.meta.name.value, (), stream.meta.because),
        attachment=_attachment(home, stream.meta.namespace, parent),
        protocol=stream.protocol,
        order=Order.RANK,
        routes=(
            replace(
                stream.route,
                name=Traced(stream.meta.name.value, (), stream.meta.because),
                backends=_sent(stream.route.backends, home, stream.meta, parent),
            ),
        ),
        no_match=NoMatch.PASS if outside else NoMatch.NOT_FOUND,
        object=stream.meta.key,
        trail=absorb(stream.trail, parent.spent),
    )


def _attachment(home: Traced[str], own: Traced[str], parent: Parent) -> Attachment:
    outside = leaves_by(parent)
    subject = Subject(
        scope=Scope.EGRESS if outside else Scope.SERVICE,
        namespace=home,
        name=parent.name,
        trail=trail("the network" if outside else "the service", because=parent.name.origin),
    )
    audience = None
    if home.value != own.value:
        audience = Audience(reach=Reach.NAMESPACES, namespaces=(own,), trail=trail("clients"))
    return Attachment(
        subject=subject,
        ports=() if parent.port is None else (parent.port.map(ServicePort),),
        audience=audience,
        enforced_at=EnforcedAt.CLIENT,
    )


def _table(route: HttpRoute, parent: Parent) -> RouteTable:
    home = route.meta.namespace if parent.namespace is None else parent.namespace
    return RouteTable(
        name=Traced(route.meta.name.value, (), route.meta.because),
        attachment=_attachment(home, route.meta.namespace, parent),
        protocol=route.protocol,
        order=Order.RANK,
        routes=tuple(_routes(route, home, parent)),
        no_match=NoMatch.PASS if leaves_by(parent) else NoMatch.NOT_FOUND,
        view=View(authority_has_port=False),
        object=route.meta.key,
        trail=absorb(route.trail, parent.spent),
    )


def _routes(route: HttpRoute, home: Traced[str], parent: Parent) -> Iterator[Route]:
    for number, rule in enumerate(route.routes):
        made = with_effects(rule, route)
        backends = _sent(made.backends, home, route.meta, parent)
        if made.redirect is not None and leaves_by(parent):
            made = replace(made, redirect=replace(made.redirect, unless_there=None))
        if not backends and made.redirect is None:
            backends = (_itself(home, parent),)
        yield replace(
            made,
            name=Traced(f"{route.meta.name.value}/{number}", (), route.meta.because),
            backends=backends,
            matches=_with_hosts(made.matches, route),
        )


def _sent(
    backends: Sequence[Backend], home: Traced[str], meta: Meta, parent: Parent
) -> tuple[Backend, ...]:
    """Where requests go. A backend that names no namespace is looked for in that of the parent (``convert_route``).

    A single one takes all of them, whatever its weight is (linkerd2-proxy
    linkerd/app/outbound/src/http/logical/policy/router.rs, 2.20).
    """
    found = []
    for backend in backends:
        place, weight = backend.destination, backend.weight
        if len(backends) == 1 and weight is not None and weight.value == 0:
            spent = absorb(backend.trail, weight)
            backend = replace(backend, weight=None, trail=spent)  # noqa: PLW2901  # the same one
        if place.namespace is meta.namespace:
            place = replace(place, namespace=named(home.value, home))
            backend = replace(backend, destination=place)  # noqa: PLW2901
        found.append(onwards(backend, home, parent) if leaves_by(parent) else backend)
    return tuple(found)


def leaves_by(parent: Parent) -> bool:
    """Whether the route is for what leaves by an egress network."""
    return (parent.group, parent.kind) == (OWN_GROUP, "EgressNetwork") and parent.port is not None


def _itself(home: Traced[str], parent: Parent) -> Backend:
    """Where requests go that a rule without backends takes: to its parent."""
    node = trail("the network itself" if leaves_by(parent) else "the service itself")
    said = named(home.value, home), named(parent.name.value, parent.name)
    destination = (
        Destination(namespace=None, name=named(AS_DIALLED, *said), trail=node)
        if leaves_by(parent)
        else Destination(namespace=said[0], name=said[1], trail=node)
    )
    return Backend(destination=destination, trail=node)


def _with_hosts(matches: tuple[RouteMatch, ...], route: HttpRoute) -> tuple[RouteMatch, ...]:
    if not route.hosts:
        return matches
    test = Test(part=Part.AUTHORITY, any_of=route.hosts, trail=trail("hosts"))
    if not matches:
        return (
            RouteMatch(
                requests=AllOf(tests=(test,), trail=trail("match")), trail=trail("alternative")
            ),
        )
    return tuple(
        replace(match, requests=replace(match.requests, tests=(*match.requests.tests, test)))
        for match in matches
    )
