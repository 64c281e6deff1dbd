"""Rules of Gateway API routes as those of a VirtualService: in order, with hosts for objects, defaults named.

istio/istio pilot/pkg/config/kube/gateway/conversion.go ``sortHTTPRoutes`` and ``buildHTTPDestination``, 1.31.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ir.match import Part, Pattern, PatternKind
from ir.provenance import Traced, derived, silent
from ir.traffic import Backend, Destination, FixedAnswer, Mirror, Redirect, Route, RouteMatch
from translator.api import Options
from translator.importers.istio.defaults import silence
from translator.importers.istio.model import GatewayRoute


def host_of(name: Traced[str], space: Traced[str] | None, options: Options) -> Traced[str]:
    """The name of a service as rules of a VirtualService spell it."""
    if space is None:
        return name
    return derived(f"{name.value}.{space.value}.svc.{options.cluster_domain}", (name, space))


@dataclass(frozen=True, slots=True)
class Rule:
    """A route by one of its alternatives, or one that has none."""

    route: Route
    match: RouteMatch | None
    calls: bool


def rules_of(statement: GatewayRoute, options: Options) -> Iterator[Rule]:
    """The rules of a route, one for each alternative."""
    for route in statement.routes:
        said = delivered(route, options)
        for match in route.matches or (None,):
            yield Rule(said, match, statement.meta.kind == "GRPCRoute")


def in_order_of_gateway_api(rules: Sequence[Rule]) -> Iterator[Route]:
    """The rules as ``sortHTTPRoutes`` has them; neighbours of one route stay together."""
    run: list[Rule] = []
    for rule in sorted(rules, key=_rank):
        if run and rule.route is not run[0].route:
            yield _joined(run)
            run = []
        run.append(rule)
    if run:
        yield _joined(run)


def _joined(run: Sequence[Rule]) -> Route:
    matches = tuple(rule.match for rule in run if rule.match is not None)
    return replace(run[0].route, matches=matches)


def _rank(rule: Rule) -> tuple[int, int, bool, int, int]:
    """Exact path, prefix, regular expression; longer; with a method; more headers; more parameters: lowest first.

    A request without a path to ask for has the prefix ``/`` by default; a call has none, and comes last.
    """
    tests = () if rule.match is None else rule.match.requests.tests
    parts = [test.part for test in tests]
    kind, length = (0, 0) if rule.calls else (2, 1)
    if rule.calls and rule.match is None:
        kind = -1
    for test in tests:
        for term in test.any_of if test.part is Part.PATH else ():
            if isinstance(term.value, Pattern):
                kind, length = _of_path(term.value)
    headers, query = parts.count(Part.HEADER), parts.count(Part.QUERY)
    return -kind, -length, Part.METHOD not in parts, -headers, -query


def _of_path(pattern: Pattern) -> tuple[int, int]:
    if pattern.kind is PatternKind.EXACT:
        return 3, len(pattern.text)
    if pattern.kind is PatternKind.ELEMENT_PREFIX:
        return 2, len(pattern.text.rstrip("/"))
    if pattern.kind is PatternKind.PREFIX:
        return 2, len(pattern.text)
    return 1, len(pattern.text)


_FIELD = "HTTPRoute.spec.rules[]"
_DOC = "tasks/traffic-management/ingress/gateway-api/"


def delivered(route: Route, options: Options) -> Route:
    """The route with hosts in the place of objects, and with what holds where nothing is written."""
    several = len(route.backends) > 1
    return replace(
        route,
        backends=tuple(_backend(one, options, several=several) for one in route.backends),
        mirrors=tuple(_mirror(one, options) for one in route.mirrors),
        redirect=None if route.redirect is None else _redirect(route.redirect, options),
        answer=None if route.answer is None else _answer(route.answer, options),
    )


def _backend(backend: Backend, options: Options, *, several: bool) -> Backend:
    weight = backend.weight
    if several and weight is None:
        weight = silent(1, silence(options, f"{_FIELD}.backendRefs[].weight", _DOC))
    return replace(backend, destination=_place(backend.destination, options), weight=weight)


def _mirror(mirror: Mirror, options: Options) -> Mirror:
    return replace(mirror, destination=_place(mirror.destination, options))


def _place(place: Destination, options: Options) -> Destination:
    if "." in place.name.value:
        return replace(place, namespace=None)
    return replace(place, namespace=None, name=host_of(place.name, place.namespace, options))


def _redirect(redirect: Redirect, options: Options) -> Redirect:
    status, port = redirect.status, redirect.port
    if status is not None and not status.origin:
        status = silent(status.value, silence(options, f"{_FIELD}.filters[].statusCode", _DOC))
    if port is not None and not port.origin:
        port = silent(port.value, silence(options, f"{_FIELD}.filters[].port", _DOC))
    return replace(redirect, status=status, port=port)


def _answer(answer: FixedAnswer, options: Options) -> FixedAnswer:
    status = silent(answer.status.value, silence(options, f"{_FIELD}.backendRefs", _DOC))
    return replace(answer, status=status)
