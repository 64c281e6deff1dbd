"""A rule of a route in the target's words: matches with exact paths and regular expressions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ir.language import HEADER_VALUE, PATH, Dialect
from ir.match import AllOf, Part, Pattern, PatternKind, RegexDialect, Test
from ir.provenance import Traced, derived, named, trail
from ir.traffic import Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.exporters.linkerd.legalise.paths import say
from translator.exporters.linkerd.legalise.rank import Alternative, Ask

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


def spent_by(match: RouteMatch) -> list[Traced[object]]:
    """What a match says beside its tests: its nodes, its audience, its port, tests that hold always."""
    values: list[Traced[object]] = [match.trail, match.requests.trail]
    if match.audience is not None:
        values.extend(traced(match.audience))
    for test in match.requests.tests:
        values.append(test.trail)
        if test.part in (Part.SERVICE_PORT, Part.PATH):
            values.extend(test.any_of)
    return values


def _anything(ask: Ask, one: Alternative) -> bool:
    """A path test that every path meets says nothing, where nothing else is asked either."""
    return ask is one.path and one.plain and _every_path(one)


def _every_path(one: Alternative) -> bool:
    return (PATH - one.paths).is_empty()


def _any_path(one: Alternative, table: RouteTable) -> Test:
    """Every path, said as a regular expression so that the path counts in full."""
    term = Pattern(PatternKind.REGEX, "/.*", dialect=RegexDialect.RUST_SPAN)
    node = one.source.trail if isinstance(one.source, RouteMatch) else table.trail
    return Test(part=Part.PATH, any_of=(named(term, node),), trail=named("any path", node))


def said_test(ask: Ask) -> Test:
    """The test in the target's kinds of pattern."""
    test = ask.test
    kinds = [t.value.kind for t in test.any_of if isinstance(t.value, Pattern)]
    direct = all(k in (PatternKind.EXACT, PatternKind.REGEX) for k in kinds)
    if not test.any_of:
        term = Pattern(PatternKind.REGEX, ".*", dialect=RegexDialect.RUST_SPAN)
        shown = (test.presence,) if test.presence is not None else (test.trail,)
        return replace(test, any_of=(derived(term, shown),), presence=None)
    if direct and len(test.any_of) == 1 and _same_dialect(test.any_of[0].value):
        return test
    regex = _say(ask)
    term = Pattern(PatternKind.REGEX, regex, dialect=RegexDialect.RUST_SPAN)
    return replace(test, any_of=(derived(term, test.any_of),), presence=None)


def _same_dialect(term: object) -> bool:
    if not isinstance(term, Pattern) or term.ignore_case:
        return False
    return term.kind is PatternKind.EXACT or term.dialect is RegexDialect.RUST_SPAN


def _say(ask: Ask) -> str:
    if ask.test.part is Part.PATH:
        return say(ask.accepted)
    return ask.accepted.to_regex(Dialect.RUST_SPAN, within=HEADER_VALUE)
