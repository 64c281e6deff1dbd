"""Routes that guard a port: first one wins, then its own callers come in.

The target knows no winner: all of its grants add up. So the requests of a route are granted to its callers, less what
another route that may win for the same request refuses to them. A request that no route takes is granted to nobody, and
a grant for the whole port is one for the requests that some route takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from ir.access import GuardedRoutes
from ir.behaviour.languages import language_of
from ir.behaviour.precedence import LEAST, WHOLE, own_length
from ir.match import AllOf, Part, Pattern, PatternKind, Test, View
from ir.provenance import Traced
from ir.traffic import NoMatch
from ir.walk import traced
from translator.exporters.cilium.legalise.boxes import Box, By, Cuts, touches, without
from translator.exporters.cilium.legalise.callers import Known, Unsaid, Unsayable, peers_of
from translator.exporters.cilium.legalise.reading import asked, attached
from translator.exporters.cilium.peers import EVERYONE, NOBODY, Peers

Values = tuple[Traced[object], ...]


@dataclass(frozen=True, slots=True)
class Guarded:
    """What a table comes to: boxes, values that could not be said with the reason, whether it is narrower."""

    boxes: tuple[Box, ...]
    unsaid: tuple[tuple[Values, str], ...]
    narrowed: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """One alternative of a route: its requests, its callers, and the tests that say how particular it is.

    ``blurred``: not all of its tests can be said, so that it takes some of these requests from others and lets nobody in.
    """

    box: Box
    callers: Peers
    by: Values
    tests: tuple[Test, ...]
    blurred: bool = False


def guarded(table: GuardedRoutes, whole: Sequence[Box], known: Known) -> Guarded:
    """The boxes of a table; ``whole``: what grants for its port let in."""
    unsaid: Unsaid = []
    passages = [*_passages(table, known, unsaid)]
    found: list[Box] = []
    narrowed = False
    for own in (one for one in passages if not one.blurred):
        boxes = [replace(own.box, peers=own.callers, by=replace(own.box.by, peers=own.by))]
        boxes += [both for one in whole if not (both := one & own.box).empty]
        rivals = [p for p in passages if p is not own and not _outranks(own, p)]
        for rival in rivals:
            refused = replace(rival.box, peers=EVERYONE - rival.callers)
            if any(touches(refused, box) for box in boxes):
                granted = [both for one in whole if not (both := one & rival.box).empty]
                cut = without([refused], granted, Cuts())
                boxes = without(boxes, cut, Cuts())
                narrowed = True
        found.extend(box for box in boxes if not box.empty)
    if table.no_match is NoMatch.PASS:
        taken = [replace(p.box, peers=EVERYONE) for p in passages]
        found.extend(without(whole, taken, Cuts()))
    return Guarded(tuple(found), tuple(unsaid), narrowed)


def _passages(table: GuardedRoutes, known: Known, unsaid: Unsaid) -> Iterator[Passage]:
    at = Box(ports=attached(table.attachment), by=By(ports=tuple(table.attachment.ports)))
    for route in table.routes:
        callers, by = NOBODY, list[Traced[object]]()
        for admission in route.admissions:
            if not admission.callers:
                callers = EVERYONE
            for way in admission.callers:
                values = tuple(v for t in way.tests for v in traced(t) if v is not t.trail)
                try:
                    callers = callers | peers_of(way.tests, known)
                    by.extend(values)
                except Unsayable as reason:
                    unsaid.append((tuple(traced(way)), str(reason)))
        for match in route.matches or (AllOf(trail=route.trail),):
            try:
                boxes = asked(match.tests, table.view)
                blurred = False
            except Unsayable as reason:
                unsaid.append((tuple(traced(match)), str(reason)))
                boxes, blurred = _around(match, table.view), True
            for box in boxes:
                whole = replace(at & box, http=True)
                yield Passage(whole, callers, tuple(by), match.tests, blurred)


def _around(match: AllOf, view: View) -> tuple[Box, ...]:
    """The requests that meet those tests which can be said."""
    found: tuple[Box, ...] = (Box(),)
    for test in match.tests:
        with suppress(Unsayable):
            found = tuple(one & both for one in found for both in asked((test,), view))
    return found


def _outranks(own: Passage, other: Passage) -> bool:
    """Whether it surely wins over the other: by the characters of its path alone, whatever the request.

    An exact path counts as much as a prefix that it is as long as; then headers, the method and the order of the routes
    decide (:mod:`ir.behaviour.precedence`).
    """
    return _host(own) == _host(other) and _least(own.tests) > _most(other.tests)


def _least(tests: Sequence[Test]) -> int:
    """The fewest characters for which a path that meets the tests counts."""
    pattern = _path(tests)
    if pattern is None:
        return LEAST
    if pattern.kind is PatternKind.EXACT:
        return len(pattern.text)
    return own_length(pattern) or LEAST + (not language_of(pattern).accepts("/"))


def _most(tests: Sequence[Test]) -> int:
    """The most characters for which one counts."""
    pattern = _path(tests)
    if pattern is None:
        return WHOLE if any(test.part is Part.PATH for test in tests) else LEAST
    if pattern.kind is PatternKind.EXACT:
        return len(pattern.text)
    return own_length(pattern) or WHOLE


def _path(tests: Sequence[Test]) -> Pattern | None:
    for test in tests:
        if test.part is Part.PATH and len(test.any_of) == 1:
            value = test.any_of[0].value
            return value if isinstance(value, Pattern) else None
    return None


def _host(passage: Passage) -> tuple[object, ...]:
    return tuple(term.value for t in passage.tests if t.part is Part.AUTHORITY for term in t.any_of)
