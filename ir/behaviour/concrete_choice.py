"""Which of several routes that match one request wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ir.behaviour.concrete_match import Sight, holds, pattern_matches, seen_authority, texts_of
from ir.behaviour.concrete_regex import Unsupported
from ir.match import Part, Pattern, PatternKind, Test
from ir.traffic import Order

T = TypeVar("T")

_ANY_HOST = (0, 0)

_LEAST = 1
"""Characters of the prefix ``/``, which a route that asks for no path stands for (:mod:`ir.behaviour.precedence`)."""


@dataclass(frozen=True, slots=True)
class Candidate(Generic[T]):
    """A route by one of its alternatives that holds: tests, hosts, sight of the request."""

    route: T
    tests: tuple[Test, ...]
    hosts: tuple[Pattern, ...]
    sight: Sight


def winner(order: Order, candidates: Sequence[Candidate[T]]) -> T | None:
    """The route that wins among ``candidates``, which are in list order; the first of equals.

    Raises:
        Unsupported: specificity leaves open where a regular expression stands among others.
    """
    match order:
        case Order.LIST:
            return candidates[0].route if candidates else None
        case Order.RANK:
            best = max(candidates, key=_rank, default=None)
        case Order.SPECIFICITY:
            _refuse_open_contests(candidates)
            best = max(candidates, key=_specificity, default=None)
    return None if best is None else best.route


def _refuse_open_contests(candidates: Sequence[Candidate[T]]) -> None:
    """An exact path goes before a regular expression; of one path word for word the path decides nothing."""
    paths = {
        (p.kind, p.text)
        for c in candidates
        for p in (_paths(c) or [_EVERY])
        if p.kind is not PatternKind.EXACT
    }
    if len(paths) > 1 and any(kind is PatternKind.REGEX for kind, _ in paths):
        message = "specificity does not say where a regular expression on the path stands"
        raise Unsupported(message)


_EVERY = Pattern(PatternKind.ELEMENT_PREFIX, "/")


def _paths(candidate: Candidate[T]) -> list[Pattern]:
    return [p for t in candidate.tests if t.part is Part.PATH for p in _texts(t)]


def _rank(candidate: Candidate[T]) -> tuple[int, ...]:
    headers, query, method = _counts(candidate)
    return (*host_rank(candidate), *_lengths(candidate), headers, query, method)


def _specificity(candidate: Candidate[T]) -> tuple[int, ...]:
    headers, query, method = _counts(candidate)
    exact = int(any(p.kind is PatternKind.EXACT for p in _met(candidate, Part.PATH)))
    return (*host_rank(candidate), exact, *_lengths(candidate), method, headers, query)


def host_rank(candidate: Candidate[T]) -> tuple[int, int]:
    """2 for a whole name, 1 for a part of one, with its length; zeros without a host."""
    authority = seen_authority(candidate.sight.request.authority, candidate.sight.view)
    asked = [host for host in candidate.hosts if authority and pattern_matches(host, authority)]
    asked += _met(candidate, Part.AUTHORITY) + _met(candidate, Part.SERVER_NAME)
    ranks = [(2 if host.kind is PatternKind.EXACT else 1, len(host.text)) for host in asked]
    return max(ranks, default=_ANY_HOST)


def _lengths(candidate: Candidate[T]) -> tuple[int, int]:
    """Characters matched: of the path, or of the service and the method of a remote call."""
    if any(test.part in {Part.RPC_SERVICE, Part.RPC_METHOD} for test in candidate.tests):
        return _longest(candidate, Part.RPC_SERVICE), _longest(candidate, Part.RPC_METHOD)
    return max(_LEAST, _longest(candidate, Part.PATH)), 0


def _longest(candidate: Candidate[T], part: Part) -> int:
    tests = (test for test in candidate.tests if test.part is part)
    whole = max((len(t) for test in tests for t in texts_of(test, candidate.sight)), default=0)
    return max((_length(pattern, whole) for pattern in _met(candidate, part)), default=0)


def _length(pattern: Pattern, whole: int) -> int:
    match pattern.kind:
        case PatternKind.ELEMENT_PREFIX:
            return len(pattern.text.rstrip("/"))
        case PatternKind.PREFIX:
            return len(pattern.text)
        case _:
            return whole


def _counts(candidate: Candidate[T]) -> tuple[int, int, int]:
    """How many headers and query parameters are tested, and whether the method is."""
    parts = [test.part for test in candidate.tests]
    return parts.count(Part.HEADER), parts.count(Part.QUERY), int(Part.METHOD in parts)


def _met(candidate: Candidate[T], part: Part) -> list[Pattern]:
    """The patterns on that part which the request meets."""
    return [
        pattern
        for test in candidate.tests
        if test.part is part and holds(test, candidate.sight)
        for pattern in _texts(test)
        if any(pattern_matches(pattern, text) for text in texts_of(test, candidate.sight))
    ]


def _texts(test: Test) -> list[Pattern]:
    return [term.value for term in test.any_of if isinstance(term.value, Pattern)]
