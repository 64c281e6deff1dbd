"""Routes with admissions as grants: each route lets in at what it wins.

The target has no routes in its authorization, so the winner is said by what a rule leaves out: a rule for a route excludes
what a route before it takes, unless the same callers are admitted there. What cannot be said is left out of what is let in,
and counted in full where it is taken away: never more passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ir.access import Grant, GuardedRoutes
from ir.behaviour.precedence import LEAST
from ir.language import Language, Opaque
from ir.match import AllOf, Part, Pattern, PatternKind, Presence, Term, Test
from ir.provenance import Traced, bare, derived
from translator.exporters.routes.languages import language

_MOST = 16
"""Pieces into which what a route wins is cut."""

_LIKE_A_STAR = "*{}"
"""Characters that mean something else in the target's paths."""

Key = tuple[Part, str]


@dataclass(frozen=True, slots=True)
class Way:
    """One alternative of one route with those who are admitted there; ``anyone``: without a condition."""

    route: int
    place: int
    match: AllOf
    callers: tuple[AllOf, ...]
    anyone: bool
    trail: Traced[str]


@dataclass(frozen=True, slots=True)
class Piece:
    """Requests that a way wins: its tests, less those of others."""

    tests: tuple[Test, ...]
    less: tuple[Test, ...] = ()


@dataclass(slots=True)
class Opened:
    """What is let in, and the ways that are not said whole."""

    pieces: list[tuple[Piece, tuple[AllOf, ...], Way]] = field(default_factory=list)
    """Requests, their callers (none: anyone), and the way that says so."""
    unsaid: list[Way] = field(default_factory=list)
    widened: list[Way] = field(default_factory=list)
    """Ways that others lose more to than they should."""
    crowded: list[Way] = field(default_factory=list)
    """Ways that let some callers in nowhere, since others take too many parts of their requests."""


def opened(guarded: GuardedRoutes, grants: Sequence[Grant]) -> Opened:
    """The requests that pass, and for whom; ``grants``: those that open every route."""
    ways = list(_ways(guarded, grants))
    found = Opened()
    for way in ways:
        if not all(map(_sayable, way.match.tests)):
            found.unsaid.append(way)
            continue
        groups: dict[str, tuple[list[Piece], list[AllOf]]] = {}
        for caller in (None,) if way.anyone else way.callers:
            rivals = [one for one in ways if _takes(one, way, caller)]
            found.widened.extend(one for one in rivals if not all(map(_sayable, one.match.tests)))
            pieces = _less(way, rivals)
            if pieces is None:
                found.crowded.append(way)
                continue
            own = groups.setdefault(str([bare(_facet(p)) for p in pieces]), (pieces, []))
            own[1].extend(() if caller is None else (caller,))
        for pieces, callers in groups.values():
            found.pieces.extend((piece, tuple(callers), way) for piece in pieces)
    return found


def _facet(piece: Piece) -> tuple[Test, ...]:
    return (*piece.tests, *piece.less)


def _ways(guarded: GuardedRoutes, grants: Sequence[Grant]) -> Iterator[Way]:
    place = 0
    for number, route in enumerate(guarded.routes):
        doors = [(a.callers, a.trail) for a in route.admissions]
        doors += [(g.callers, g.trail) for g in grants]
        callers = tuple(one for found, _ in doors for one in found)
        for match in route.matches or (AllOf(trail=derived("any request", (route.trail,))),):
            yield Way(
                number, place, match, callers, any(not found for found, _ in doors), route.trail
            )
            place += 1


def _takes(one: Way, way: Way, caller: AllOf | None) -> bool:
    """Whether a way may win requests of another, and does not let in this caller."""
    if one.route == way.route or one.anyone:
        return False
    if caller is not None and any(bare(c.tests) == bare(caller.tests) for c in one.callers):
        return False
    return _may_beat(one, way) and not _apart(one, way)


def _may_beat(one: Way, other: Way) -> bool:
    """Whether the first wins some request that both match: by the host, then by the path; in doubt yes."""
    ranks = [
        (_host_rank(mine), _host_rank(theirs))
        for mine in _hosts(one)
        for theirs in _hosts(other)
        if mine is None or theirs is None or _meet(mine, theirs)
    ]
    return any(mine > theirs for mine, theirs in ranks) or (
        any(mine == theirs for mine, theirs in ranks) and _beats_by_path(one, other)
    )


def _hosts(way: Way) -> list[Pattern | None]:
    """The hosts that it asks for; ``None``: any."""
    terms = [term.value for test in _named(way, Part.AUTHORITY) for term in test.any_of]
    return [term if isinstance(term, Pattern) else None for term in terms] or [None]


def _host_rank(host: Pattern | None) -> tuple[int, int]:
    """A whole name counts more than the end of one, that more than none; then its length."""
    if host is None:
        return 0, 0
    return (2 if host.kind is PatternKind.EXACT else 1), len(host.text)


def _meet(one: Pattern, other: Pattern) -> bool:
    try:
        return not language(one).disjoint(language(other))
    except Opaque:
        return True


def _beats_by_path(one: Way, other: Way) -> bool:
    """Whether the first may win by its path and what else it asks for, where the hosts are one."""
    mine, theirs = _length(one), _length(other)
    equals = (_counts(one), -one.place) > (_counts(other), -other.place)
    match mine, theirs:
        case None, None:
            return equals
        case None, int():
            exact = _exact_path(one)
            return equals if exact is not None and len(exact) <= theirs else True
        case int(), None:
            exact = _exact_path(other)
            return equals and (exact is None or len(exact) <= mine)
        case _:
            return (mine or 0) > (theirs or 0) or (mine == theirs and equals)


def _length(way: Way) -> int | None:
    """The characters that a prefix counts for; ``None`` where the whole path counts."""
    terms = _named(way, Part.PATH)
    if not terms:
        return LEAST
    pattern = terms[0].any_of[0].value if terms[0].any_of else None
    if isinstance(pattern, Pattern) and pattern.kind is PatternKind.ELEMENT_PREFIX:
        return max(LEAST, len(pattern.text.rstrip("/")))
    return None


def _exact_path(way: Way) -> str | None:
    terms = _named(way, Part.PATH)
    pattern = terms[0].any_of[0].value if terms and terms[0].any_of else None
    exact = isinstance(pattern, Pattern) and pattern.kind is PatternKind.EXACT
    return pattern.text if exact and isinstance(pattern, Pattern) else None


def _counts(way: Way) -> tuple[int, int, int]:
    parts = [test.part for test in way.match.tests]
    return parts.count(Part.HEADER), parts.count(Part.QUERY), int(Part.METHOD in parts)


def _named(way: Way, part: Part) -> list[Test]:
    return [test for test in way.match.tests if test.part is part]


def _apart(one: Way, other: Way) -> bool:
    """Whether no request meets both by its path and its method."""
    return any(
        _disjoint(mine, theirs)
        for part in (Part.PATH, Part.METHOD)
        for mine in _named(one, part)
        for theirs in _named(other, part)
    )


def _accepted(test: Test) -> Language | None:
    """The strings that a test accepts; ``None`` where they have no exact language."""
    try:
        whole = Language.nothing()
        for term in test.any_of:
            whole = whole | language(term.value)
    except Opaque:
        return None
    return whole


def _disjoint(one: Test, other: Test) -> bool:
    mine, theirs = _accepted(one), _accepted(other)
    return mine is not None and theirs is not None and mine.disjoint(theirs)


def _within(one: Test, other: Test) -> bool:
    if bare(one) == bare(other):
        return True
    if one.part not in (Part.PATH, Part.METHOD):
        return False
    mine, theirs = _accepted(one), _accepted(other)
    return mine is not None and theirs is not None and mine.issubset(theirs)


def _less(way: Way, rivals: Sequence[Way]) -> list[Piece] | None:
    """What is left of a way without the requests of others; ``None`` where it would take too many pieces."""
    pieces = [Piece(way.match.tests)]
    for rival in rivals:
        tests = [test for test in rival.match.tests if _sayable(test)]
        pieces = [left for piece in pieces for left in _without(piece, tests)]
        if len(pieces) > _MOST:
            return None
    return pieces


def _without(piece: Piece, tests: Sequence[Test]) -> Iterator[Piece]:
    """The piece without what meets all tests: it fails one of them."""
    for test in tests:
        own = [one for one in piece.tests if _key(one) == _key(test)]
        if any(_disjoint(one, test) for one in own if one.part in (Part.PATH, Part.METHOD)):
            yield piece
            return
    for test in tests:
        own = [one for one in piece.tests if _key(one) == _key(test)]
        if not any(_within(one, test) for one in own):
            yield replace(piece, less=(*piece.less, test))


def _key(test: Test) -> Key:
    return test.part, "" if test.name is None else test.name.value.lower()


def _sayable(test: Test) -> bool:
    """Whether a rule can ask for it, and exclude it."""
    if test.none_of:
        return False
    if not test.any_of:
        shown = test.presence is not None and test.presence.value is Presence.PRESENT
        return test.part is Part.HEADER and shown
    return all(_term_is_sayable(test.part, term) for term in test.any_of)


def _term_is_sayable(part: Part, term: Traced[Term]) -> bool:
    pattern = term.value
    if not isinstance(pattern, Pattern):
        return False
    plain = not any(letter in pattern.text for letter in _LIKE_A_STAR)
    match part:
        case Part.PATH:
            kinds = (PatternKind.EXACT, PatternKind.ELEMENT_PREFIX)
            return pattern.kind in kinds and plain and not pattern.ignore_case
        case Part.METHOD | Part.AUTHORITY:
            return pattern.kind is PatternKind.EXACT and plain
        case Part.HEADER:
            return pattern.kind is PatternKind.EXACT and plain and bool(pattern.text)
        case _:
            return False


def asked(piece: Piece, way: Way) -> tuple[tuple[Test, ...], tuple[Test, ...]]:
    """The tests of an ``operation`` and those of ``when``, in the target's words.

    A route is for requests of HTTP: where it asks for nothing else, for any path.
    """
    parts: dict[Key, list[Test]] = {}
    for test in piece.tests:
        parts.setdefault(_key(test), []).append(_positive(test))
    for test in piece.less:
        parts.setdefault(_key(test), []).append(_negative(test))
    merged = [test for found in parts.values() for test in _merged(found)]
    if not merged:
        term: Traced[Term] = derived(Pattern(PatternKind.PREFIX, "/"), (way.trail,))
        merged = [Test(part=Part.PATH, any_of=(term,), trail=derived("any path", (way.trail,)))]
    of_request = tuple(t for t in merged if t.part is not Part.HEADER)
    return of_request, tuple(t for t in merged if t.part is Part.HEADER)


def _positive(test: Test) -> Test:
    if not test.any_of and test.presence is not None:
        there: Traced[Term] = test.presence.derive(Pattern(PatternKind.PREFIX, ""))
        return replace(test, any_of=(there,), presence=None)
    terms = tuple(one for term in test.any_of for one in _spelled(test.part, term))
    return replace(test, any_of=terms)


def _negative(test: Test) -> Test:
    return replace(test, any_of=(), none_of=_positive(test).any_of, presence=None)


def _spelled(part: Part, term: Traced[Term]) -> Iterator[Traced[Term]]:
    """A term as texts with a star at an end, which is all that the target knows."""
    pattern = term.value
    if not isinstance(pattern, Pattern):
        raise TypeError(term)
    if part is Part.PATH and pattern.kind is PatternKind.ELEMENT_PREFIX:
        stem = pattern.text.rstrip("/")
        if stem:
            yield term.derive(Pattern(PatternKind.EXACT, stem))
        yield term.derive(Pattern(PatternKind.PREFIX, f"{stem}/"))
    elif part is Part.AUTHORITY:
        for name in (pattern.text, f"{pattern.text}."):  # the source takes both for the same
            yield term.derive(Pattern(PatternKind.EXACT, name, ignore_case=True))
            yield term.derive(Pattern(PatternKind.PREFIX, f"{name}:", ignore_case=True))
    else:
        yield term


def _merged(tests: Sequence[Test]) -> Iterator[Test]:
    """One test for one positive and all negative ones on the same part."""
    first = next((test for test in tests if test.any_of), None)
    less = tuple(term for test in tests for term in test.none_of)
    if first is None:
        yield replace(tests[0], none_of=less)
        return
    yield replace(first, none_of=less)
    yield from (test for test in tests if test.any_of and test is not first)
