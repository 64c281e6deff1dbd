"""The account as bars: of all leaves, and of each resource."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from translator.report.model import Fate, Report

_ORDER = (
    Fate.PLACED,
    Fate.CARRIED,
    Fate.ABSORBED,
    Fate.INERT,
    Fate.APPROXIMATED,
    Fate.LOST,
    Fate.UNREAD,
    Fate.DROPPED,
    Fate.STRANDED,
)
"""From what stays to what goes, so that the end of a bar is what to look at."""
_WIDTH = 1000.0
MOST = 200
"""Resources that have a bar of their own."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar; ``left`` and ``width`` in thousandths."""

    fate: str
    count: int
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Account:
    """The leaves of one resource; ``gone`` are those lost, unread, dropped or stranded."""

    resource: str
    file: str
    leaves: int
    gone: int
    parts: tuple[Part, ...]


def bar(fates: Mapping[str, int], leaves: int) -> tuple[Part, ...]:
    """The parts of a bar; they add up to ``leaves``."""
    parts: list[Part] = []
    left = 0.0
    for fate in _ORDER:
        count = fates.get(fate.value, 0)
        if count:
            width = _WIDTH * count / leaves
            parts.append(Part(fate.value, count, round(left, 2), round(width, 2)))
            left += width
    return tuple(parts)


def accounts(report: Report) -> tuple[Account, ...]:
    """The account of each resource, those that lose most first; what is beyond the most as one."""
    counted: dict[tuple[str, str], Counter[str]] = {}
    for row in report.ledger:
        counted.setdefault((row.resource, row.file), Counter())[row.fate.value] += 1
    found = [
        Account(resource, file, fates.total(), _gone(fates), bar(fates, fates.total()))
        for (resource, file), fates in counted.items()
    ]
    found.sort(key=lambda one: (-one.gone, one.file, one.resource))
    rest = Counter[str]()
    for one in found[MOST:]:
        rest.update({part.fate: part.count for part in one.parts})
    if rest:
        name = f"{len(found) - MOST} more resources"
        found[MOST:] = [Account(name, "", rest.total(), _gone(rest), bar(rest, rest.total()))]
    return tuple(found)


def _gone(fates: Counter[str]) -> int:
    return sum(fates[f.value] for f in (Fate.LOST, Fate.UNREAD, Fate.DROPPED, Fate.STRANDED))
