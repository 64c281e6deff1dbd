"""Routes bound to Gateways: what they say there, as far as it is known of the class that serves them.

None of it is Linkerd's, which has no gateways of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.attachment import Attachment, Audience, EnforcedAt, Reach, Scope, ServicePort, Subject
from ir.edge import Listener
from ir.match import Pattern, View
from ir.model import Fact
from ir.provenance import Assumption, Traced, Trail, absorb, derived, trail
from ir.traffic import AS_ASKED, FixedAnswer, NoMatch, Order, Redirect, RouteTable
from translator.importers.linkerd.model import HttpRoute, StreamRoute
from translator.resources.gateway_api.gateway import Gateway, bound
from translator.resources.gateway_api.isolation import ISOLATED
from translator.resources.gateway_api.read import ROUTE_GROUP, Parent
from translator.resources.kubernetes.metadata import Meta


def _nowhere(route: HttpRoute) -> FixedAnswer:
    """What a gateway answers then (apis/v1/httproute_types.go ``HTTPRouteRule.BackendRefs``, 1.4)."""
    return FixedAnswer(status=Traced(500, (), route.meta.because), trail=route.meta.fact("nowhere"))


def at_gateway(
    route: HttpRoute, parent: Parent, gateways: Sequence[Gateway]
) -> Iterator[RouteTable]:
    """The tables of the listeners to which a route binds: not Linkerd's, but those of the gateway's class."""
    rules = tuple(
        replace(
            rule,
            name=Traced(f"{route.meta.name.value}/{number}", (), route.meta.because),
            redirect=None if rule.redirect is None else _of_scheme(rule.redirect),
            answer=_nowhere(route) if not rule.backends and rule.redirect is None else None,
        )
        for number, rule in enumerate(route.routes)
    )
    for listener, hosts in _bound(gateways, parent, route.meta, route.hosts):
        yield RouteTable(
            name=Traced(route.meta.name.value, (), route.meta.because),
            home=Traced(route.meta.namespace.value, (), route.meta.because),
            attachment=_entrance(listener, parent),
            hosts=hosts,
            order=Order.SPECIFICITY,
            routes=rules,
            no_match=NoMatch.NOT_FOUND,
            view=View(authority_has_port=False),
            trail=_bound_by(route.trail, parent),
        )


def _of_scheme(redirect: Redirect) -> Redirect:
    """A redirect to another scheme, which means the port of that (apis/v1/httproute_types.go ``HTTPRequestRedirectFilter``, 1.4)."""
    kept = redirect.port is not None and redirect.port.value == AS_ASKED
    return replace(redirect, port=None) if kept and redirect.scheme is not None else redirect


def stream_at_gateway(
    stream: StreamRoute, parent: Parent, gateways: Sequence[Gateway]
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
    for listener, hosts in _bound(gateways, parent, stream.meta, names):
        yield RouteTable(
            name=name,
            home=Traced(stream.meta.namespace.value, (), stream.meta.because),
            attachment=_entrance(listener, parent),
            protocol=stream.protocol,
            hosts=hosts,
            order=Order.SPECIFICITY,
            routes=(replace(stream.route, name=name),),
            no_match=NoMatch.NOT_FOUND,
            trail=_bound_by(stream.trail, parent),
        )


def _bound(
    gateways: Sequence[Gateway], parent: Parent, meta: Meta, hosts: Sequence[Traced[Pattern]]
) -> Iterator[tuple[Listener, tuple[Traced[Pattern], ...]]]:
    if (parent.group, parent.kind) == (ROUTE_GROUP, "Gateway"):
        yield from bound(gateways, parent, meta, hosts)


def _bound_by(node: Trail, parent: Parent) -> Trail:
    parts = (parent.namespace, parent.port, parent.section)
    return absorb(node, parent.spent, *(part for part in parts if part is not None))


def _entrance(listener: Listener, parent: Parent) -> Attachment:
    """Where a route holds that is bound to a listener."""
    subject = Subject(
        scope=Scope.LISTENER,
        namespace=listener.gateway.map(lambda text: text.partition("/")[0]),
        name=parent.name,
        trail=trail("the gateway", because=parent.name.origin),
    )
    audience = Audience(
        reach=Reach.LISTENERS, listeners=(listener.gateway,), trail=trail("by the gateway")
    )
    return Attachment(
        subject=subject,
        ports=(Traced(ServicePort(listener.port.value), (), listener.port.origin),),
        audience=audience,
        enforced_at=EnforcedAt.GATEWAY,
    )


def kept_apart(
    gateways: Sequence[Gateway], facts: Sequence[Fact]
) -> tuple[tuple[RouteTable, ...], tuple[Assumption, ...]]:
    """What keeps the requests of listeners from the tables of wider ones, and what had to be taken for granted."""
    tables = [fact for fact in facts if isinstance(fact, RouteTable)]
    apart = tuple(t for gateway in gateways for t in gateway.siblings.kept_apart(tables))
    guessed = any(gateway.siblings.guessed(apart) for gateway in gateways)
    return apart, (ISOLATED,) if guessed else ()
