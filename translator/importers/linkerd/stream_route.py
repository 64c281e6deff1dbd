"""TLSRoute and TCPRoute of ``gateway.networking.k8s.io``: where connections go.

linkerd2 policy-controller/k8s/index/src/outbound/index/{tls,tcp}.rs, 2.20: both have exactly one rule, and a TLSRoute
must name hosts.
"""

from __future__ import annotations

from collections.abc import Callable

from ir.match import AllOf, Part, Pattern, PatternKind, Term, Test
from ir.provenance import Traced, absorb, trail
from ir.traffic import Protocol, Route, RouteMatch
from translator.api import Options
from translator.importers.linkerd.age import read_created
from translator.importers.linkerd.backends import read_backends
from translator.importers.linkerd.model import StreamRoute
from translator.resources.gateway_api.read import ROUTE_GROUP, read_parents
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor
from translator.target import EDGE


def stream_route_reader(
    protocol: Protocol, options: Options
) -> Callable[[Cursor, Meta], StreamRoute]:
    """The reader of routes of one kind. From edge-26.8.2 on a rule without backends cannot be read (linkerd2 pull 15567)."""
    strict = options.source.at_least(EDGE)

    def read_stream_route(root: Cursor, meta: Meta) -> StreamRoute:
        spec = root.map("spec")
        rules = spec.list("rules")
        if len(rules) != 1:
            raise spec.refuse(f"expected exactly one rule, found {len(rules)}.")
        names = spec.opt_strings("hostnames")
        backends = read_backends(rules[0], meta.namespace)
        node = absorb(trail("rule"), rules[0].here, rules[0].opt_str("name") or trail(""))
        return StreamRoute(
            meta=meta,
            created=read_created(root),
            protocol=protocol,
            parents=tuple(read_parents(spec, ROUTE_GROUP)),
            route=Route(
                matches=_matches(names),
                backends=backends,
                trail=node,
            ),
            heeded=(protocol is Protocol.TCP or bool(names)) and (bool(backends) or not strict),
            trail=absorb(meta.fact(root.str("kind").value), spec.empty("parentRefs")),
        )

    return read_stream_route


def _matches(names: tuple[Traced[str], ...]) -> tuple[RouteMatch, ...]:
    if not names:
        return ()
    test = Test(
        part=Part.SERVER_NAME, any_of=tuple(_name(name) for name in names), trail=trail("names")
    )
    requests = AllOf(tests=(test,), trail=trail("match"))
    return (RouteMatch(requests=requests, trail=trail("alternative")),)


def _name(name: Traced[str]) -> Traced[Term]:
    text = name.value
    if text.startswith("*."):
        return Traced(Pattern(PatternKind.SUFFIX, text[1:], ignore_case=True), name.origin)
    return Traced(Pattern(PatternKind.EXACT, text, ignore_case=True), name.origin)
