"""Tests on the method in the target's words: one of nine by name (Gateway API HTTPMethod)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ir.language import HEADER_VALUE
from ir.match import Part, Pattern, PatternKind, Test
from ir.provenance import Traced, absorb, derived
from ir.traffic import Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.handed_on import OR_PASSED, told_of_rest
from translator.exporters.routes.alternatives import accepted
from translator.exporters.routes.languages import METHODS, union
from translator.report.model import Fate, Impact, Support


def by_method(table: RouteTable) -> tuple[RouteTable, list[Loss]]:
    """The table with a match for each method that is asked for; methods without a name in the target are lost."""
    losses: list[Loss] = []
    routes: list[Route] = []
    for route in table.routes:
        lost: list[Loss] = []
        matches = tuple(m for match in route.matches for m in _spelt(match, lost))
        if matches or not route.matches:
            routes.append(replace(route, matches=matches))
            losses.extend(told_of_rest(one, route, table) for one in lost)
        else:
            losses.append(told_of_rest(_gone(tuple(traced(route))), route, table))
    return replace(table, routes=tuple(routes)), losses


def _spelt(match: RouteMatch, losses: list[Loss]) -> Iterator[RouteMatch]:
    asked = [test for test in match.requests.tests if test.part is Part.METHOD]
    if not asked or all(_plain(test) for test in asked):
        yield match
        return
    names = [m for m in METHODS if all(accepted(test).accepts(m) for test in asked)]
    rest = tuple(test for test in match.requests.tests if test.part is not Part.METHOD)
    spent = [value for test in asked for value in traced(test)]
    if all((HEADER_VALUE - accepted(test)).is_empty() for test in asked):
        node = absorb(match.trail, *spent)
        kept = replace(match.requests, tests=rest)
        yield replace(match, requests=kept, trail=derived(node.value, (match.trail, *spent)))
        return
    if not names:
        losses.append(_gone(tuple(traced(match))))
        return
    if not any(_names_only(test) for test in asked):
        losses.append(_others(spent))
    terms = [term for test in asked for term in (*test.any_of, *test.none_of)]
    for name in names:
        term: Traced[Pattern] = derived(Pattern(PatternKind.EXACT, name), terms)
        test = replace(asked[0], any_of=(term,), none_of=())
        yield replace(match, requests=replace(match.requests, tests=(*rest, test)))


def _plain(test: Test) -> bool:
    """Whether the test asks for one method that the target can name."""
    terms = [term.value for term in test.any_of]
    return len(terms) == 1 and not test.none_of and _is_name(terms[0])


def _names_only(test: Test) -> bool:
    """Whether the test accepts nothing but methods that the target has."""
    named = tuple(Pattern(PatternKind.EXACT, name) for name in METHODS)
    return (accepted(test) - union(named)).is_empty()


def _is_name(term: object) -> bool:
    exact = isinstance(term, Pattern) and term.kind is PatternKind.EXACT and not term.ignore_case
    return exact and isinstance(term, Pattern) and term.text in METHODS


def _gone(sites: tuple[Traced[object], ...]) -> Loss:
    return Loss(
        code="MM201",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        sites=sites,
        message=f"the target can ask for the methods {', '.join(METHODS)} only: the rule is left out, and its "
        f"requests go to the next rule that matches{OR_PASSED}.",
    )


def _others(sites: list[Traced[object]]) -> Loss:
    return Loss(
        code="MM201",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        fate=Fate.APPROXIMATED,
        sites=tuple(sites),
        message=f"the rule is written for the methods {', '.join(METHODS)} only: requests with other methods that "
        f"it takes in the source go to the next rule that matches{OR_PASSED}.",
    )
