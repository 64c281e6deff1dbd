"""TLSRoute and TCPRoute of ``gateway.networking.k8s.io``, as Istio reads them on services.

istio/istio pilot/pkg/config/kube/gateway/conversion.go ``convertTLSRoute`` and ``convertTCPRoute``, 1.31: rules become
those of a VirtualService; the names of a TLSRoute are those asked for in the TLS hello.
"""

from __future__ import annotations

from ir.match import AllOf, Part, Pattern, PatternKind, Term, Test
from ir.provenance import Traced, absorb, trail
from ir.traffic import Protocol, Route, RouteMatch
from translator.importers.istio.gateway_route import Margin, margin_of, read_shares, stated
from translator.importers.istio.model import GatewayRoute
from translator.importers.istio.virtual_service_scope import read_created
from translator.resources.gateway_api.read import ROUTE_GROUP, read_parents
from translator.resources.gateway_api.references import read_references
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

_LISTS = ("parentRefs", "hostnames", "rules")


def read_tls_route(root: Cursor, meta: Meta) -> GatewayRoute:
    """The resource as written.

    Raises:
        InputError: a field has a type or a word that the API server refuses.
    """
    return _read(root, meta, Protocol.TLS)


def read_tcp_route(root: Cursor, meta: Meta) -> GatewayRoute:
    """The resource as written; raises as :func:`read_tls_route`."""
    return _read(root, meta, Protocol.TCP)


def _read(root: Cursor, meta: Meta, protocol: Protocol) -> GatewayRoute:
    spec = root.map("spec")
    margin = margin_of(meta)
    names = spec.opt_strings("hostnames") if protocol is Protocol.TLS else ()
    rules = [_rule(item, names, margin) for item in spec.list("rules")]
    if not rules:
        raise spec.refuse("expected a rule, found none. Write one.")
    return GatewayRoute(
        meta=meta,
        created=read_created(root),
        protocol=protocol,
        alpha="alpha" in root.str("apiVersion").value,
        parents=tuple(read_parents(spec, ROUTE_GROUP)),
        routes=tuple(stated(rule, meta) for rule in rules),
        quiet=tuple(margin.quiet),
        faults=tuple(margin.faults),
        trail=absorb(meta.fact(meta.kind), *(spec.empty(key) for key in _LISTS)),
    )


def _rule(item: Cursor, names: tuple[Traced[str], ...], margin: Margin) -> Route:
    margin.note(item.opt_str("name"))
    node = absorb(trail("rule"), item.here, item.empty("backendRefs"))
    backends, node = read_shares(read_references(item, margin.home), node, margin)
    return Route(matches=_matches(names), backends=backends, trail=node)


def _matches(names: tuple[Traced[str], ...]) -> tuple[RouteMatch, ...]:
    if not names:
        return ()
    asked = tuple(_name(name) for name in names)
    test = Test(part=Part.SERVER_NAME, any_of=asked, trail=trail("names"))
    requests = AllOf(tests=(test,), trail=trail("requests"))
    return (RouteMatch(requests=requests, trail=trail("alternative")),)


def _name(name: Traced[str]) -> Traced[Term]:
    text = name.value
    if text.startswith("*."):
        return Traced(Pattern(PatternKind.SUFFIX, text[1:], ignore_case=True), name.origin)
    return Traced(Pattern(PatternKind.EXACT, text, ignore_case=True), name.origin)
