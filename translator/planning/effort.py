"""What the work takes, in hours: guesses to begin with, then what it took.

The units are guesses of ours, to be replaced by a file of actuals: rows of ``unit``, ``count`` and ``hours``. A unit with
actuals takes their mean; how far low and high lie from it stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from translator.report.plan import Effort, Work

UNITS: Mapping[str, Effort] = {
    "wave": Effort(1, 2, 4),
    "namespace": Effort(0.5, 1, 2),
    "workload": Effort(0.1, 0.25, 0.5),
    "gateway": Effort(1, 3, 8),
    "manifest": Effort(0.02, 0.05, 0.1),
    "allowance": Effort(0.1, 0.25, 0.75),
    "decision": Effort(0.5, 2, 8),
    "finding to look at": Effort(0.1, 0.25, 1),
}
"""Hours for one of each."""


@dataclass(frozen=True, slots=True)
class Actual:
    """What some work took."""

    unit: str
    count: float
    hours: float


def recalibrated(actuals: Iterable[Actual]) -> dict[str, Effort]:
    """The units after some work was done."""
    units = dict(UNITS)
    sums: dict[str, tuple[float, float]] = {}
    for one in actuals:
        count, hours = sums.get(one.unit, (0.0, 0.0))
        sums[one.unit] = count + one.count, hours + one.hours
    for unit, (count, hours) in sums.items():
        guess = units[unit]
        factor = hours / count / guess.likely
        units[unit] = Effort(guess.low * factor, hours / count, guess.high * factor)
    return units


def work(counts: Mapping[str, int], units: Mapping[str, Effort]) -> tuple[Work, ...]:
    """The work in each unit that occurs, in the order of the units."""
    return tuple(
        Work(
            unit,
            counts[unit],
            Effort(*(round(v * counts[unit], 2) for v in (e.low, e.likely, e.high))),
        )
        for unit, e in units.items()
        if counts.get(unit)
    )
