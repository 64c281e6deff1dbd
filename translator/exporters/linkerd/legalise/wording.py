"""A rule of a route in the target's words: matches with exact paths and regular expressions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ir.language import PATH
from ir.match import AllOf, Part, Pattern, PatternKind, RegexDialect, Test
from ir.provenance import Traced, derived, named, trail
from ir.traffic import Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.exporters.routes.alternatives import Alternative, Ask
from translator.exporters.routes.wording import said_test, spent_by

MAX_MATCHES = 8
"""Matches that one rule may have (Gateway API HTTPRouteRule.matches until 1.2; newer ones take 64)."""


def worded(
    ordered: Sequence[Alternative], routes: Mapping[int, Route], table: RouteTable
) -> tuple[Route, ...]:
    """The rules of one object: runs of alternatives of one route, each within the limit."""
    return tuple(_route(routes[number], group, table) for number, group in _grouped(ordered))


def _grouped(ordered: Sequence[Alternative]) -> Iterator[tuple[int, list[Alternative]]]:
    """Runs of alternatives of one route become one rule, or several where it would have too many matches."""
    run: list[Alternative] = []
    for one in ordered:
        if run and (run[-1].route != one.route or len(run) == MAX_MATCHES):
            yield run[0].route, run
            run = []
        run.append(one)
    if run:
        yield run[0].route, run


def _route(route: Route, group: Sequence[Alternative], table: RouteTable) -> Route:
    matches = tuple(_match(one, table) for one in group)
    if all(m.requests.tests for m in matches):
        return replace(route, matches=matches, name=None, trail=_with_name(route, ()))
    spent = [value for match in matches for value in traced(match)]
    return replace(route, matches=(), name=None, trail=_with_name(route, spent))


def _with_name(route: Route, spent: Sequence[Traced[object]]) -> Traced[str]:
    """The trail of a rule with its name, which the target has no place for, and what else was spent on it."""
    own = () if route.name is None else (route.name,)
    return derived(route.trail.value, (route.trail, *own, *spent))


def _match(one: Alternative, table: RouteTable) -> RouteMatch:
    """An alternative as tests that the target has: exact paths and regular expressions."""
    asks = [one.path, one.method, *(a for _, a in one.headers), *(a for _, a in one.query)]
    tests = tuple(said_test(ask) for ask in asks if ask is not None and not _anything(ask, one))
    if tests and not any(t.part is Part.PATH for t in tests):
        tests = (_any_path(one, table), *tests)
    source = one.source
    node = (
        source.trail
        if isinstance(source, RouteMatch)
        else trail("match", because=table.trail.because)
    )
    spent = [node] if not isinstance(source, RouteMatch) else spent_by(source)
    return RouteMatch(
        requests=AllOf(tests=tests, trail=named("requests", node)),
        trail=derived("match", spent),
    )


def _anything(ask: Ask, one: Alternative) -> bool:
    """A path test that every path meets says nothing, where nothing else is asked either."""
    return ask is one.path and one.plain and _every_path(one)


def _every_path(one: Alternative) -> bool:
    return (PATH - one.paths).is_empty()


def _any_path(one: Alternative, table: RouteTable) -> Test:
    node = one.source.trail if isinstance(one.source, RouteMatch) else table.trail
    return _every(node)


def _every(node: Traced[object]) -> Test:
    """Every path, said as a regular expression so that the path counts in full."""
    term = Pattern(PatternKind.REGEX, "/.*", dialect=RegexDialect.RUST_SPAN)
    return Test(part=Part.PATH, any_of=(named(term, node),), trail=named("any path", node))


def any_match(node: Traced[str]) -> RouteMatch:
    """An alternative that every request meets, for rules that must name a path."""
    requests = AllOf(tests=(_every(node),), trail=named("requests", node))
    return RouteMatch(requests=requests, trail=named("match", node))
