"""Where a condition holds in one dimension."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ir.access import Evidence
from ir.behaviour.languages import language_of
from ir.behaviour.stages import Condition
from ir.match import Pattern, Presence, Term, View
from translator.verify.callers import World
from translator.verify.space import lowest

Seen = tuple[Condition, View, Evidence]
"""A condition as an enforcement point sees it, which knows callers by some evidence."""


def holding(
    condition: Condition, everything: int, absent: int, covered: Callable[[Term], int]
) -> int:
    """The atoms for which the condition holds; ``absent`` is the one of requests that lack the part."""

    def covering(terms: Iterable[Term]) -> int:
        found = 0
        for term in terms:
            found |= covered(term) & ~absent
            if condition.missing_is_empty and _covers_empty(term):
                found |= absent
        return found

    found = covering(condition.any_of) if condition.any_of else everything
    found &= everything & ~covering(condition.none_of)
    if condition.presence is Presence.PRESENT:
        return found & ~absent
    return found & absent if condition.presence is Presence.ABSENT else found


def _covers_empty(term: Term) -> bool:
    return isinstance(term, Pattern) and language_of(term).accepts("")


def callers_meeting(condition: Condition, evidence: Evidence, world: World) -> int:
    """The callers for whom the condition holds."""
    part = condition.part
    absent = world.everybody & ~world.having(part, evidence)
    return holding(
        condition, world.everybody, absent, lambda term: world.meeting(part, term, evidence)
    )


def classes(asked: Iterable[Seen], audiences: Iterable[int], world: World) -> tuple[int, ...]:
    """Groups of callers that no condition tells apart, the most ordinary first."""
    groups = [part for part in (world.everybody & ~world.certified, world.certified) if part]
    groups = [part for group in groups for part in _split(group, world.probes)]
    sets = (callers_meeting(condition, evidence, world) for condition, _, evidence in asked)
    for held in (*audiences, *sets):
        groups = [part for group in groups for part in _split(group, held)]
    return tuple(sorted(groups, key=lowest))


def _split(group: int, by: int) -> list[int]:
    return [part for part in (group & by, group & ~by) if part]
