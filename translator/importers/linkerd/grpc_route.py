"""GRPCRoute of ``gateway.networking.k8s.io``, with its annotations.

linkerd2 policy-controller/k8s/index/src/outbound/index/grpc.rs and .../routes/grpc.rs, 2.20; linkerd2-proxy
linkerd/http/route/src/grpc/match.rs: an alternative is for POST alone, a rule without alternatives for every request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ir.match import AllOf, Part, Pattern, PatternKind, RegexDialect, Test
from ir.provenance import Traced, absorb, derived, trail
from ir.traffic import Protocol, Route, RouteMatch
from translator.api import Options
from translator.importers.linkerd.age import read_created
from translator.importers.linkerd.annotations import (
    RETRY,
    SINCE,
    TIMEOUT,
    read_grpc_retry,
    read_timeouts,
)
from translator.importers.linkerd.backends import read_backends
from translator.importers.linkerd.http_route import foreign, read_family, read_host
from translator.importers.linkerd.model import HttpRoute
from translator.resources.gateway_api.calls import Call, read_calls
from translator.resources.gateway_api.read import (
    ROUTE_GROUP,
    read_filters,
    read_parents,
)
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor


def grpc_route_reader(options: Options) -> Callable[[Cursor, Meta], HttpRoute]:
    """The reader of routes for the version that the options name."""

    def read_grpc_route(root: Cursor, meta: Meta) -> HttpRoute:
        spec = root.map("spec")
        spoken = options.source.at_least(SINCE)
        rules = spec.opt_list("rules")
        matches = [tuple(_matches(rule, meta)) for rule in rules]
        return HttpRoute(
            meta=meta,
            created=read_created(root),
            group=ROUTE_GROUP,
            protocol=Protocol.GRPC,
            parents=tuple(read_parents(spec, ROUTE_GROUP)),
            hosts=tuple(read_host(host) for host in spec.opt_strings("hostnames")),
            guarded=tuple(matches) or ((),),
            routes=tuple(_route(r, m, meta) for r, m in zip(rules, matches, strict=True))
            or (Route(trail=trail("the rule that is there by default", because=meta.because)),),
            retry=read_family(root, RETRY, read_grpc_retry) if spoken else None,
            timeouts=read_family(root, TIMEOUT, read_timeouts) if spoken else None,
            foreign=foreign(rules, meta),
            trail=absorb(meta.fact("GRPCRoute"), spec.empty("rules"), spec.empty("parentRefs")),
        )

    return read_grpc_route


def _route(rule: Cursor, matches: tuple[AllOf, ...], meta: Meta) -> Route:
    filters = read_filters(rule, meta.namespace)
    name = rule.opt_str("name")
    spent = [rule.here, rule.empty("matches"), rule.empty("backendRefs")]
    return Route(
        matches=tuple(RouteMatch(requests=one, trail=trail("alternative")) for one in matches),
        backends=read_backends(rule, meta.namespace),
        mirrors=filters.mirrors,
        header_edits=filters.edits,
        trail=absorb(
            trail("rule", because=meta.because), *spent, *(() if name is None else (name,))
        ),
    )


def _matches(rule: Cursor, meta: Meta) -> Iterator[AllOf]:
    for call in read_calls(rule, RegexDialect.RUST_SPAN):
        if call.kind is not None and call.kind.value is PatternKind.REGEX:
            message = (
                "expected a method of the type Exact, found RegularExpression. Linkerd refuses it."
            )
            raise rule.refuse(message)
        post = Traced(Pattern(PatternKind.EXACT, "POST"), (), meta.because)
        sent = Test(part=Part.METHOD, any_of=(post,), trail=trail("a call"))
        kind = () if call.kind is None else (call.kind,)
        yield AllOf(tests=(*_names(call), *call.headers, sent), trail=absorb(call.trail, *kind))


def _names(call: Call) -> Iterator[Test]:
    """The service and the method, which are elements of the path; what is behind them is not looked at.

    A prefix of elements is as long as its service and method together, so that it ranks as they do.
    """
    words = [word for word in (call.service, call.method) if word is not None]
    if call.service is not None:
        text = "/".join(("", *(word.value for word in words)))
        prefix = derived(Pattern(PatternKind.ELEMENT_PREFIX, text), words)
        yield Test(part=Part.PATH, any_of=(prefix,), trail=trail("a call"))
    elif call.method is not None:
        name = call.method.map(lambda text: Pattern(PatternKind.EXACT, text))
        yield Test(part=Part.RPC_METHOD, any_of=(name,), trail=trail("a method"))
