"""Order as rank: the first rule that matches must stay the winner on every request.

The source takes the first in the list. The target compares, in this order, the length of the path that matched (exact
paths and regular expressions count the whole path, no path at all counts one), the number of headers, the number of query parameters, and whether
a method is named; equals go by place in the list (linkerd2-proxy linkerd/http/route, 2.20). Here every path is exact or
a regular expression, so paths never decide, and a later rule wins wrongly only where it has more headers, parameters or
a method. Then either its paths are made to exclude the earlier rule's, or the earlier rule is stated once more with the
later one's conditions added. What was done is proved again, pair by pair, with exact languages.

Rules may be spread over several objects of one service. Between those, equals go by age and then by name, which nobody
can foresee; so across objects the earlier rule must outrank the later one outright.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from translator.exporters.routes.alternatives import (
    Alternative,
    Contradiction,
    both,
    implied,
    meet,
    only,
    reached,
    within_both,
)

ROUNDS = 64
"""Repairs after which a table is given up."""
ROUNDS_APART = 24
"""Repairs after which no winner between objects is sought any more that does not depend on their age."""


Objects = Mapping[int, int]
"""The number of the object in which the rules of a route stand, by the route's place; none: all in one."""


def in_rank_order(
    alternatives: Sequence[Alternative], objects: Objects | None = None
) -> tuple[Alternative, ...]:
    """The alternatives that are ever reached, repaired so that rank decides as the list did.

    Raises:
        Contradiction: it does not come out in a bounded number of repairs.
        ir.language.Opaque: a pattern has no exact language.
    """
    apart = {} if objects is None else objects
    left = reached(alternatives)
    for _ in range(ROUNDS if len(set(apart.values())) <= 1 else ROUNDS_APART):
        clash = _first_clash(left, apart)
        if clash is None:
            return tuple(left)
        _repair(left, *clash, apart)
    message = "the order of these rules contradicts the target's rank too often"
    raise Contradiction(message)


def _repair(left: list[Alternative], first: int, second: int, apart: Objects) -> None:
    one, other = left[first], left[second]
    if one.plain and other.path is None and not _are_apart(one, other, apart):
        # said once more with what the other asks: a path and a header instead of all paths but some
        left.insert(first, both(one, other))
        return
    if one.plain or (one.rank == other.rank and implied(one, other)):
        rest = other.paths - one.paths
        if rest.is_empty():
            del left[second]
        else:
            left[second] = only(other, rest, one)
        return
    again = both(one, other)
    if again.rank < other.rank or (again.rank == other.rank and _are_apart(one, other, apart)):
        message = "rules of one rank in several objects meet"
        raise Contradiction(message)
    left.insert(first, again)


def _are_apart(first: Alternative, second: Alternative, apart: Objects) -> bool:
    return apart.get(first.route) != apart.get(second.route)


def _first_clash(left: Sequence[Alternative], apart: Objects) -> tuple[int, int] | None:
    for second in range(len(left)):
        for first in range(second):
            if not beats(left[first], left[second], apart) and not _stated_before(
                left, first, second, apart
            ):
                return first, second
    return None


def beats(first: Alternative, second: Alternative, apart: Objects) -> bool:
    """Whether ``first``, standing before ``second``, wins every request that both match (or the route is the same)."""
    if first.route == second.route or first.rank > second.rank:
        return True
    longer = second.everything and not first.paths.accepts("/")
    if first.rank == second.rank and (longer or not _are_apart(first, second, apart)):
        return True
    return not meet(first, second)


def _stated_before(left: Sequence[Alternative], first: int, second: int, apart: Objects) -> bool:
    """Whether the requests that both match are already taken by a repeated statement of the first one's route."""
    mine, rival = left[first].route, left[second]
    strict = _are_apart(left[first], rival, apart)
    return any(
        left[n].route == mine
        and (left[n].rank > rival.rank or (not strict and left[n].rank == rival.rank))
        and within_both(left[n], left[first], rival)
        for n in range(second)
    )
