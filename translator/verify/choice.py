"""The winner among routes, for all requests at once: sets of requests are peeled off from the best route down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ir.access import Evidence
from ir.behaviour.precedence import LEAST, WHOLE, Standing, asked, own_length, standing
from ir.behaviour.stages import Way
from ir.match import Part, Pattern, PatternKind, View
from ir.traffic import Order
from translator.verify.frame import AUTHORITY, PATH, Frame
from translator.verify.space import Sure, bits

_CALLS = (Part.RPC_SERVICE, Part.RPC_METHOD)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A route by one of its ways. ``number``: of the route; ``hosts``: those of its table."""

    number: int
    way: Way
    view: View
    hosts: tuple[Pattern, ...] = ()
    within: int = -1
    """The requests that its table is about."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The requests that each route wins, those that none matches, and those where that is in doubt."""

    won: dict[int, int]
    unmatched: int
    doubt: int


def choose(order: Order, candidates: Sequence[Candidate], frame: Frame) -> Choice:
    """Who wins where; the candidates are in list order."""
    matched = [_matched(one, frame) for one in candidates]
    doubt = 0
    for one in matched:
        doubt |= one.doubt
    doubt |= _open_contests(order, candidates, matched)
    rest = frame.space.full & ~doubt
    won: dict[int, int] = {}
    for number, cells in _in_order(order, candidates, matched, frame):
        taken = cells & rest
        if taken:
            won[number] = won.get(number, 0) | taken
            rest &= ~taken
    return Choice(won, rest, doubt)


def _matched(one: Candidate, frame: Frame) -> Sure:
    held = frame.way(one.way, one.view, Evidence.CERTIFICATE)
    return Sure(held.must & one.within, held.may & one.within)


def _open_contests(order: Order, candidates: Sequence[Candidate], matched: Sequence[Sure]) -> int:
    """Requests for which specificity does not say where a regular expression stands.

    An exact path goes before it; of paths that are the same word for word the path decides nothing.
    """
    if order is not Order.SPECIFICITY:
        return 0
    by_path: dict[tuple[PatternKind, str], int] = {}
    for one, held in zip(candidates, matched, strict=True):
        for path in list(asked(one.way, Part.PATH)) or [_EVERY]:
            if path.kind is not PatternKind.EXACT:
                key = path.kind, path.text
                by_path[key] = by_path.get(key, 0) | held.may
    once = twice = by_regex = 0
    for (kind, _), cells in by_path.items():
        twice |= once & cells
        once |= cells
        if kind is PatternKind.REGEX:
            by_regex |= cells
    return twice & by_regex


_EVERY = Pattern(PatternKind.ELEMENT_PREFIX, "/")


def _in_order(
    order: Order, candidates: Sequence[Candidate], matched: Sequence[Sure], frame: Frame
) -> Iterator[tuple[int, int]]:
    """Routes with requests that they match, the best standing first."""
    if order is Order.LIST:
        yield from ((one.number, held.must) for one, held in zip(candidates, matched, strict=True))
        return
    ranked: list[tuple[Standing, int, int]] = []
    for place, (one, held) in enumerate(zip(candidates, matched, strict=True)):
        for stands, cells in _standings(order, one, frame):
            if cells & held.must:
                ranked.append((stands, place, cells & held.must))
    ranked.sort(key=lambda item: (tuple(-n for n in item[0]), item[1]))
    yield from ((candidates[place].number, cells) for _, place, cells in ranked)


def _standings(order: Order, one: Candidate, frame: Frame) -> Iterator[tuple[Standing, int]]:
    """How a route stands, and for which requests."""
    hosts = (*one.hosts, *asked(one.way, Part.AUTHORITY))
    for host, of_host in host_ranks(hosts, one.view, frame).items():
        for (lengths, exact), of_path in _lengths(one, frame).items():
            stands = standing(order, one.way, host, lengths, exact=exact)
            yield stands, frame.space.lift(AUTHORITY, of_host) & frame.space.lift(PATH, of_path)


def host_ranks(patterns: Sequence[Pattern], view: View, frame: Frame) -> dict[tuple[int, int], int]:
    """2 for a whole name that is asked for, 1 for a part of one, with its length; by atoms of the authority."""
    found: dict[tuple[int, int], int] = {}
    for atom in range(frame.space.sizes[AUTHORITY]):
        ranks = [
            (2 if p.kind is PatternKind.EXACT else 1, len(p.text))
            for p in patterns
            if atom and frame.hosts.covered.get((p, view.authority_has_port), 0) >> atom & 1
        ]
        best = max(ranks, default=(0, 0))
        found[best] = found.get(best, 0) | 1 << atom
    return found


def _lengths(one: Candidate, frame: Frame) -> dict[tuple[tuple[int, int], bool], int]:
    """Characters matched, and whether by an exact path; by atoms of the path."""
    everything = (1 << len(frame.paths.atoms)) - 1
    if any(condition.part in _CALLS for condition in one.way):
        service, method = (
            max((len(p.text) for p in asked(one.way, part)), default=0) for part in _CALLS
        )
        return {((service, method), False): everything}
    patterns = list(asked(one.way, Part.PATH))
    if not patterns:
        return {((LEAST, 0), False): everything}
    found: dict[tuple[tuple[int, int], bool], int] = {}
    whole = _whole(one.view, frame)
    for atom in bits(everything):
        met = [p for p in patterns if frame.paths.covered[p, one.view.path] >> atom & 1]
        own = [own_length(p) for p in met]
        longest = max((whole.get(atom, WHOLE) if n is None else n for n in own), default=0)
        key = (longest, 0), any(p.kind is PatternKind.EXACT for p in met)
        found[key] = found.get(key, 0) | 1 << atom
    return found


def _whole(view: View, frame: Frame) -> dict[int, int]:
    """Lengths of the paths that are classes of their own, by atom."""
    return {
        atom: len(pattern.text)
        for (pattern, form), covered in frame.paths.covered.items()
        if form is view.path and pattern.kind is PatternKind.EXACT
        for atom in bits(covered)
    }
