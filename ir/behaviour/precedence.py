"""Which of several routes that match one request wins, told by numbers that depend on classes of requests only.

A regular expression or an exact path counts the whole path, a prefix its own text. A path that matches a prefix is
longer than it, but for the prefix itself: so the order of two routes is the same on all paths of a class, once the
prefixes themselves are classes of their own (:func:`stems`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ir.behaviour.stages import Condition, Way
from ir.match import Part, Pattern, PatternKind
from ir.traffic import Order

LEAST = 1
"""Characters that a route counts which asks for no path: it is taken to ask for the prefix ``/``.

Of the path ``/`` alone that is as much as an exact path or a regular expression counts, so there headers and the method
decide (linkerd2-proxy linkerd/http/route/src/http/match.rs ``RequestMatch::default``, match/path.rs, 2.20; Gateway API
``HTTPRouteMatch.path``).
"""

WHOLE = 1 << 30
"""The length of a path of which only its class is known: longer than every prefix that it has."""

ROOT = Pattern(PatternKind.EXACT, "/")

Standing = tuple[int, ...]
"""What is compared; the greater one wins, of equal ones the first in the list."""


def own_length(pattern: Pattern) -> int | None:
    """The characters that a prefix counts for; ``None`` where the pattern counts the whole."""
    match pattern.kind:
        case PatternKind.ELEMENT_PREFIX:
            return max(LEAST, len(pattern.text.rstrip("/")))
        case PatternKind.PREFIX:
            return max(LEAST, len(pattern.text))
        case _:
            return None


def stems(ways: Iterable[Way]) -> Iterator[Pattern]:
    """The paths that are no longer than a prefix which they match."""
    for way in ways:
        patterns = tuple(asked(way, Part.PATH))
        if not patterns:
            yield ROOT
        for one in patterns:
            if own_length(one) is not None:
                text = one.text.rstrip("/") if one.kind is PatternKind.ELEMENT_PREFIX else one.text
                yield Pattern(PatternKind.EXACT, text, one.ignore_case) if text else ROOT


def asked(way: Way, part: Part) -> Iterator[Pattern]:
    """The patterns that a way demands of a part."""
    for condition in way:
        if condition.part is part:
            yield from (term for term in condition.any_of if isinstance(term, Pattern))


def standing(
    order: Order, way: Way, host: tuple[int, int], lengths: tuple[int, int], *, exact: bool
) -> Standing:
    """How a route stands by one of its ways. ``exact``: the path is met by an exact pattern."""
    headers, query, method = _counts(way)
    if order is Order.SPECIFICITY:
        return (*host, int(exact), *lengths, method, headers, query)
    return (*host, *lengths, headers, query, method)


def _counts(way: Iterable[Condition]) -> tuple[int, int, int]:
    """How many headers and query parameters are asked for, and whether the method is."""
    parts = [condition.part for condition in way]
    return parts.count(Part.HEADER), parts.count(Part.QUERY), int(Part.METHOD in parts)
