"""Who gets the requests of a rule that is left out: the rules after it, nobody, or the service itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ir.language import Language, Opaque
from ir.match import Part
from ir.traffic import NoMatch, Order, Route, RouteMatch, RouteTable
from translator.api import Loss
from translator.exporters.routes.languages import union
from translator.report.model import Impact

_ERROR = 400
OR_PASSED = ", or to the service"
"""What becomes of requests that no rule matches, where nothing else is known."""

_NEXT = " Its requests go to the next rule that matches; where none does they are not found."
_PASSED = " Its requests go to the next rule that matches, or to the service."
_NOBODY = " No other rule that is written takes its requests: they are not found."


def harm_of_rule(
    route: Route, table: RouteTable, kept: Sequence[Route], *, leaks: bool = False
) -> tuple[Impact, str]:
    """What becomes of the requests of a rule that goes, in ``table``, of which ``kept`` are written; and the words for it.

    ``leaks``: what no rule of the table matches goes by other tables in the target.
    """
    others = [one for one in _after(route, table) if any(one is own for own in kept)]
    if not rejects(route):
        return _handed_on(route, table), _PASSED if _passes(table) else _NEXT
    if (
        kept
        and not leaks
        and not _passes(table)
        and not _is_by_port(table)
        and not any(_may_meet(route, other) for other in others)
    ):
        return Impact.DIFFERENT, _NOBODY
    return Impact.LOOSER, _PASSED


def harm_of_match(route: Route, table: RouteTable) -> Impact:
    """What becomes of the requests of one alternative of a rule that goes."""
    if not rejects(route):
        return _handed_on(route, table)
    taken = _passes(table) or any(_may_meet(route, other) for other in _after(route, table))
    taken = taken or _is_by_port(table)
    return Impact.LOOSER if taken else Impact.DIFFERENT


def told_of_rest(loss: Loss, route: Route, table: RouteTable) -> Loss:
    """The loss of a rule, or of an alternative of it, with what becomes of its requests.

    Where it says what becomes of them, it says it by :data:`OR_PASSED`.
    """
    if loss.impact is Impact.NONE:
        return loss
    message = loss.message
    if not _are_taken(route, table):
        message = message.replace(OR_PASSED, "; where none does they are not found")
    impact = harm_of_match(route, table)
    severity = None if impact is Impact.LOOSER else loss.severity
    return replace(loss, impact=impact, message=message, severity=severity)


def refuses(table: RouteTable) -> bool:
    """Whether a rule of the table turns requests away itself."""
    return any(map(rejects, table.routes))


def rejects(route: Route) -> bool:
    """Whether the rule answers every request with an error, or fails it."""
    fails = route.fault is not None and route.fault.answers_all
    return fails or (route.answer is not None and route.answer.status.value >= _ERROR)


def turns_away(common: Iterable[RouteTable]) -> bool:
    """Whether some request may find no rule in tables for all clients, or one that answers it itself."""
    return any(
        any(route.answer is not None or rejects(route) for route in one.routes)
        or (not _passes(one) and all(r.matches or _is_of_nobody(r) for r in one.routes))
        for one in common
    )


def _passes(table: RouteTable) -> bool:
    """Whether requests that no rule matches go to the service."""
    return table.no_match is NoMatch.PASS


def _is_by_port(table: RouteTable) -> bool:
    """Whether it has rules for some ports: where none of them is left for a port, all that comes there passes."""
    matches = (match for route in table.routes for match in route.matches)
    return any(test.part is Part.SERVICE_PORT for m in matches for test in m.requests.tests)


def _handed_on(route: Route, table: RouteTable) -> Impact:
    """Different where another rule or the service takes all that is left over.

    Stricter where some may find none, or one that answers them itself.
    """
    answered = any(one.answer is not None or rejects(one) for one in _after(route, table))
    return Impact.DIFFERENT if _are_taken(route, table) and not answered else Impact.STRICTER


def _are_taken(route: Route, table: RouteTable) -> bool:
    """Whether another rule or the service takes whatever is left over."""
    return _passes(table) or any(
        not one.matches and one.answer is None and not _is_of_nobody(one)
        for one in _after(route, table)
    )


def _is_of_nobody(route: Route) -> bool:
    """Whether nothing says what its destinations are, subsets all of them: no target has words for such a rule."""
    places = [backend.destination for backend in route.backends]
    return bool(places) and all(p.subset is not None and p.labels is None for p in places)


def _after(route: Route, table: RouteTable) -> list[Route]:
    """The rules that may take what another leaves: those after it, or all others where the order is not that of the list."""
    place = next((n for n, one in enumerate(table.routes) if one is route), -1)
    if table.order is Order.LIST:
        return list(table.routes[place + 1 :])
    return [one for one in table.routes if one is not route]


def _may_meet(one: Route, other: Route) -> bool:
    """Whether some request may be for both rules, as far as their paths say."""
    try:
        return not _paths(one).disjoint(_paths(other))
    except Opaque:
        return True


def _paths(route: Route) -> Language:
    found = Language.nothing()
    for match in route.matches:
        found |= _path(match)
    return found if route.matches else Language.anything()


def _path(match: RouteMatch) -> Language:
    found = Language.anything()
    for test in match.requests.tests:
        if test.part is Part.PATH and test.any_of:
            found &= union(tuple(term.value for term in test.any_of))
    return found
