"""Destinations that cannot be written: the smallest part goes, and it is said what becomes of its requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ir.traffic import RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.handed_on import harm_of_match
from translator.exporters.routes.destinations import Gap, Subsets, Unreachable
from translator.report.model import Fate, Impact, Severity, Support


@dataclass(slots=True)
class Told:
    """What is known of the routes of one table while its objects are made, for all clients and ports.

    ``reached``: routes by their number and alternatives by their identity that get requests. ``gone``: routes without a
    destination that can be written; ``gaps``: destinations of other routes, by their identity.
    """

    reached: set[int] = field(default_factory=set)
    gone: dict[int, Unreachable] = field(default_factory=dict)
    gaps: dict[int, Gap] = field(default_factory=dict)

    def writable(self, table: RouteTable, numbers: Iterable[int], trial: Subsets) -> set[int]:
        """The routes of a table that have a destination that can be written."""
        found: set[int] = set()
        for number in sorted(numbers):
            try:
                _, gaps = trial.partly(table.routes[number], table)
            except Unreachable as reason:
                self.gone.setdefault(number, reason)
            else:
                found.add(number)
                self.gaps.update({id(gap.backend): gap for gap in gaps})
        return found


def left_out(table: RouteTable, host: str, told: Told) -> Iterator[Loss]:
    """The findings for what is not written of a table that is written otherwise."""
    for number, reason in sorted(told.gone.items()):
        if number >= len(table.routes):  # the rule that was added for the rest
            continue
        route, elsewhere = table.routes[number], number in told.reached
        for_some = " for some clients or ports" if elsewhere else ""
        yield Loss(
            code=reason.code,
            impact=harm_of_match(route, table),
            support=Support.PARTIAL,
            severity=Severity.HIGH,
            fate=Fate.APPROXIMATED if elsewhere else Fate.LOST,
            sites=(route.trail,) if elsewhere else tuple(traced(route)),
            message=f"a rule of {host} is not written{for_some}: {reason}. Its requests go to the next rule that matches "
            "them; where none does they are not found.",
            advice=reason.advice,
        )
    for gap in told.gaps.values():
        yield Loss(
            code=gap.reason.code,
            impact=Impact.DIFFERENT,
            support=Support.PARTIAL,
            severity=Severity.HIGH,
            sites=tuple(traced(gap.backend)),
            message=f"a destination of a rule of {host} is not written: {gap.reason}. Its share of the requests goes to the "
            "rule's other destinations.",
            advice=gap.reason.advice,
        )
