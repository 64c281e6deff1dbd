"""Routes bound to Gateways: what they say there, as far as it is known of the class that serves them.

None of it is Linkerd's, which has no gateways of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ir.match import Pattern, View
from ir.provenance import Traced, Trail, absorb, derived
from ir.traffic import AS_ASKED, FixedAnswer, NoMatch, Order, Redirect, RouteTable
from translator.importers.linkerd.model import HttpRoute, Statement, StreamRoute
from translator.importers.route_objects.link.gateways import Entrance, at_listener
from translator.importers.route_objects.model import GatewayObject, ListenerSetObject
from translator.resources.gateway_api.read import Parent


def _nowhere(route: HttpRoute) -> FixedAnswer:
    """What a gateway answers then (apis/v1/httproute_types.go ``HTTPRouteRule.BackendRefs``, 1.4)."""
    return FixedAnswer(status=Traced(500, (), route.meta.because), trail=route.meta.fact("nowhere"))


def at_gateway(route: HttpRoute, parent: Parent, entrance: Entrance) -> Iterator[RouteTable]:
    """The tables of the listeners to which a route binds: not Linkerd's, but those of the gateway's class."""
    rules = tuple(
        replace(
            rule,
            name=Traced(f"{route.meta.name.value}/{number}", (), route.meta.because),
            redirect=None if rule.redirect is None else _of_class(rule.redirect),
            answer=_nowhere(route) if not rule.backends and rule.redirect is None else None,
        )
        for number, rule in enumerate(route.routes)
    )
    for listener, hosts in entrance.bound(parent, route.meta, route.hosts):
        yield RouteTable(
            name=Traced(route.meta.name.value, (), route.meta.because),
            home=Traced(route.meta.namespace.value, (), route.meta.because),
            attachment=at_listener(listener, parent),
            hosts=hosts,
            order=Order.SPECIFICITY,
            routes=rules,
            no_match=NoMatch.NOT_FOUND,
            view=View(authority_has_port=False),
            trail=_bound_by(route.trail, parent),
        )


def _of_class(redirect: Redirect) -> Redirect:
    """A redirect by a gateway: one to another scheme means the port of that, and to another path the query stays.

    apis/v1/httproute_types.go ``HTTPRequestRedirectFilter``, 1.4.
    """
    kept = redirect.port is not None and redirect.port.value == AS_ASKED
    port = None if kept and redirect.scheme is not None else redirect.port
    return replace(redirect, port=port, drops_query=None, unless_there=None)


def stream_at_gateway(
    stream: StreamRoute, parent: Parent, entrance: Entrance
) -> Iterator[RouteTable]:
    """The same of a TLSRoute or TCPRoute."""
    names = tuple(
        derived(term.value, (term,))
        for match in stream.route.matches
        for test in match.requests.tests
        for term in test.any_of
        if isinstance(term.value, Pattern)
    )
    name = Traced(stream.meta.name.value, (), stream.meta.because)
    for listener, hosts in entrance.bound(parent, stream.meta, names):
        yield RouteTable(
            name=name,
            home=Traced(stream.meta.namespace.value, (), stream.meta.because),
            attachment=at_listener(listener, parent),
            protocol=stream.protocol,
            hosts=hosts,
            order=Order.SPECIFICITY,
            routes=(replace(stream.route, name=name),),
            no_match=NoMatch.NOT_FOUND,
            trail=_bound_by(stream.trail, parent),
        )


def _bound_by(node: Trail, parent: Parent) -> Trail:
    parts = (parent.namespace, parent.port, parent.section)
    return absorb(node, parent.spent, *(part for part in parts if part is not None))


def words_of_class(one: Statement) -> Iterator[Traced[object]]:
    """What says who serves a gateway, and with which sets of listeners."""
    if isinstance(one, GatewayObject):
        yield from (one.meta.fact("Gateway"), one.class_name, one.sets_words)
    if isinstance(one, ListenerSetObject):
        parent = one.parent
        yield from (one.meta.fact("ListenerSet"), parent.spent, parent.name)
        yield from () if parent.namespace is None else (parent.namespace,)
