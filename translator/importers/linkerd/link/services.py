"""What Services say by their annotations: for routes that say nothing of it, and where there are no routes.

linkerd2 policy-controller/grpc/src/outbound/http.rs ``convert_outbound_route``, 2.20: retries and time limits are
inherited a family at a time. A port without any route has a default route to the Service itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.attachment import Scope
from ir.edge import UnknownEgress
from ir.inventory import Inventory
from ir.match import View
from ir.model import Fact, Inactive
from ir.opaque import Column, Opaque
from ir.provenance import named, trail
from ir.resilience import Retry
from ir.traffic import Backend, Destination, NoMatch, Order, Protocol, Route, RouteTable
from ir.walk import traced
from translator.api import Options
from translator.importers.linkerd.link.opaque_ports import where_heeded
from translator.importers.linkerd.model import EgressNetwork
from translator.importers.linkerd.services import ServiceWords, Spoken

_REFUSED = "the network has no route that takes it, and refuses the rest"
_OUTSIDE = "retries and time limits of what leaves by a network and takes none of its routes"


def with_inherited(table: RouteTable, spoken: Spoken) -> RouteTable:
    """The table with what its Service says where its routes say nothing."""
    words = next((w for w in spoken.values() if _is_of(table, w)), None)
    if words is None or table.protocol not in (Protocol.HTTP, Protocol.GRPC):
        return table
    retry = words.retry if table.protocol is Protocol.HTTP else words.grpc_retry
    return replace(table, routes=tuple(_inherits(r, retry, words) for r in table.routes))


def _inherits(route: Route, retry: Retry | None, words: ServiceWords | EgressNetwork) -> Route:
    if route.redirect is not None:
        return route
    return replace(route, retry=route.retry or retry, timeouts=route.timeouts or words.timeouts)


def inherited_outside(table: RouteTable, networks: Sequence[EgressNetwork]) -> RouteTable:
    """The table with what its network outside says where its routes say nothing."""
    subject = table.attachment.subject
    for one in networks:
        if (
            subject.scope is Scope.EGRESS
            and subject.namespace is not None
            and subject.name is not None
            and subject.namespace.value == one.meta.namespace.value
            and subject.name.value == one.meta.name.value
            and table.protocol in (Protocol.HTTP, Protocol.GRPC)
        ):
            retry = one.retry if table.protocol is Protocol.HTTP else one.grpc_retry
            return replace(table, routes=tuple(_inherits(r, retry, one) for r in table.routes))
    return table


def left_outside(networks: Sequence[EgressNetwork]) -> Iterator[Opaque]:
    """What networks outside say of requests that none of their routes takes, and that go on."""
    for one in networks:
        said = [part for part in (one.retry, one.grpc_retry, one.timeouts) if part is not None]
        if said and one.policy.value is UnknownEgress.PASS:
            leaves = {leaf for part in said for value in traced(part) for leaf in value.origin}
            yield Opaque(
                kind=_OUTSIDE,
                may_touch=(Column.RESILIENCE,),
                trail=trail(_OUTSIDE, *leaves, because=one.meta.because),
            )


def idle_outside(networks: Sequence[EgressNetwork], tables: Sequence[Fact]) -> Iterator[Inactive]:
    """What networks that refuse all else say, where none of their routes inherits it."""
    heeded = {leaf for table in tables for value in traced(table) for leaf in value.origin}
    for one in networks:
        if one.policy.value is UnknownEgress.REFUSE:
            said = [part for part in (one.retry, one.grpc_retry, one.timeouts) if part is not None]
            leaves = {leaf for value in traced(tuple(said)) for leaf in value.origin} - heeded
            if leaves:
                yield Inactive(leaves=tuple(sorted(leaves)), winner="", why=_REFUSED)


def service_facts(
    spoken: Spoken, tables: Sequence[Fact], inventory: Inventory, options: Options
) -> Iterator[Fact]:
    """Failing endpoints, and the default routes of ports without routes."""
    for words in spoken.values():
        mine = [t for t in tables if isinstance(t, RouteTable) and _is_of(t, words)]
        default = where_heeded(_default(words), inventory, options.source)
        if words.outliers is not None and default is not None:
            at = replace(
                words.outliers.attachment, excluding_ports=default.attachment.excluding_ports
            )
            yield replace(words.outliers, attachment=at)
        yield from words.opaque
        if (words.retry is not None or words.timeouts is not None) and default is not None:
            yield from _where_unrouted(default, mine, words)


def _is_of(table: RouteTable, words: ServiceWords) -> bool:
    subject = table.attachment.subject
    return (
        subject.scope is Scope.SERVICE
        and subject.namespace is not None
        and subject.name is not None
        and (subject.namespace.value, subject.name.value) == (words.namespace, words.name)
    )


def _where_unrouted(
    default: RouteTable, mine: Sequence[RouteTable], words: ServiceWords
) -> Iterator[Fact]:
    """The default route on the ports that no route is about.

    Where only clients of some namespaces have routes, those of the others have the default route: no table says
    "all but these", so it is kept as what is not understood.
    """
    for table in mine:
        if table.attachment.audience is not None:
            yield Opaque(
                attachment=default.attachment,
                kind="annotations of a Service beside routes for some clients",
                may_touch=(Column.ROUTING,),
                trail=trail("default route", because=words.place.because),
            )
            return
    if any(not table.attachment.ports for table in mine):
        return
    taken = tuple(port for table in mine for port in table.attachment.ports)
    excluded = tuple(named(port.value, port) for port in taken)
    at = default.attachment
    yield replace(default, attachment=replace(at, excluding_ports=(*at.excluding_ports, *excluded)))


def _default(words: ServiceWords) -> RouteTable:
    """The default route of a Service: every request, to itself."""
    node = trail(f"default route of {words.place.value}", because=words.place.because)
    itself = Destination(
        namespace=named(words.namespace, words.place),
        name=named(words.name, words.place),
        trail=node,
    )
    route = Route(
        name=named("default", words.place),
        backends=(Backend(destination=itself, trail=node),),
        retry=words.retry,
        timeouts=words.timeouts,
        trail=node,
    )
    return RouteTable(
        name=named(words.name, words.place),
        attachment=words.attachment,
        order=Order.RANK,
        routes=(route,),
        no_match=NoMatch.NOT_FOUND,
        view=View(authority_has_port=False),
        object=words.place.value,
        trail=node,
    )
