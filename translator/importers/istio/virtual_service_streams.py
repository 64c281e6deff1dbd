"""``tls`` and ``tcp`` of a VirtualService: where connections go that are not read as HTTP.

istio/istio pilot/pkg/networking/core/tls.go ``matchTLS`` and ``matchTCP``, 1.31.
"""

from __future__ import annotations

from ir.match import AllOf, Cidr, Part, Pattern, PatternKind, Term, Test
from ir.provenance import Traced, absorb
from ir.traffic import Route, RouteMatch
from translator.importers.istio.virtual_service_action import read_shares
from translator.importers.istio.virtual_service_match import read_clients, read_port
from translator.importers.istio.virtual_service_scope import Margin, empties
from translator.source.cursor import Cursor

_COLLECTIONS = ("sniHosts", "destinationSubnets", "sourceLabels", "gateways")


def read_streams(spec: Cursor, field: str, margin: Margin) -> tuple[Route, ...]:
    """The rules of ``tls`` or ``tcp``."""
    found: list[Route] = []
    for item in spec.opt_list(field):
        shares = read_shares(item, margin) if item.opt_list("route") else None
        if shares is None:
            margin.drop("a rule needs a route, and weights must not be negative, nor all 0", item)
            continue
        matches = tuple(_match(place, margin) for place in item.opt_list("match"))
        if field == "tls" and not matches:
            margin.drop("a rule for TLS needs a match with the names asked for", item)
            continue
        node = empties(absorb(margin.meta.fact(item.path), shares.spent), item, "match")
        found.append(Route(matches=matches, backends=shares.backends, trail=node))
    return tuple(found)


def _match(item: Cursor, margin: Margin) -> RouteMatch:
    """One alternative: all its fields must hold; ``sourceSubnet`` counts for nothing."""
    meta = margin.meta
    margin.note(item.opt_str("sourceSubnet"))
    node = empties(absorb(meta.fact(f"match {item.path}"), item.here), item, *_COLLECTIONS)
    tests: list[Test] = []
    names = item.opt_strings("sniHosts")
    if names:
        asked = tuple(_server_name(name) for name in names)
        tests.append(Test(part=Part.SERVER_NAME, any_of=asked, trail=meta.fact("sniHosts")))
    blocks = item.opt_strings("destinationSubnets")
    if blocks:
        wanted: tuple[Traced[Term], ...] = tuple(block.map(Cidr) for block in blocks)
        tests.append(Test(part=Part.DESTINATION_ADDRESS, any_of=wanted, trail=meta.fact("subnets")))
    port, node = read_port(item, meta, node)
    tests.extend(port)
    audience, node = read_clients(item, meta, node)
    return RouteMatch(
        requests=AllOf(tests=tuple(tests), trail=meta.fact("requests")),
        audience=audience,
        trail=node,
    )


def _server_name(name: Traced[str]) -> Traced[Term]:
    """``*.example.com`` covers every name below, at any depth (Envoy ``server_names``)."""
    text = name.value
    if text.startswith("*"):
        return Traced(Pattern(PatternKind.SUFFIX, text[1:], ignore_case=True), name.origin)
    return Traced(Pattern(PatternKind.EXACT, text, ignore_case=True), name.origin)
