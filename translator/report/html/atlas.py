"""The map of who calls whom: one sheet where few are on it, else one of the namespaces and one for each of them.

Few ways are drawn from box to box; many would be a tangle, and stand in a grid: callers at the side, callees above.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from translator.report.exhibits import Exhibits
from translator.report.html.graph import (
    MOST,
    Drawing,
    Way,
    Ways,
    busiest,
    drawn,
    fitted,
    in_order,
    joined,
    ways_of,
)
from translator.report.model import Report

FEW = 20
"""Names that one sheet shows one by one; where there are more, each namespace is one."""
FEW_WAYS = 40
"""Ways that are drawn; more stand in a grid."""
MOST_SHEETS = 60
"""Namespaces that have a sheet of their own, those with the most changes first."""
MOST_ROWS = 400
"""Rows of the table of ways."""

_CELL, _EDGE, _LETTER, _SLANT = 26, 8, 8, 6
"""Sizes in pixels: of a cell, of an edge, and of a letter, level and at a slant."""


@dataclass(frozen=True, slots=True)
class Label:
    """A caller at the side or a callee above."""

    name: str
    shown: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Cell:
    """A way in the grid, with the number of its changes."""

    way: Way
    x: int
    y: int

    @property
    def number(self) -> int:
        """How many changes the proof found on it."""
        return sum(self.way.changes.values())


@dataclass(frozen=True, slots=True)
class Grid:
    """Callers at the side, callees above, and a cell where one calls another."""

    callers: tuple[Label, ...]
    callees: tuple[Label, ...]
    cells: tuple[Cell, ...]
    right: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """A part of the map: a drawing or a grid."""

    name: str
    drawing: Drawing | None
    grid: Grid | None
    ways: tuple[Way, ...]

    @property
    def changes(self) -> int:
        """How many changes the proof found on it."""
        return sum(sum(way.changes.values()) for way in self.ways)


@dataclass(frozen=True, slots=True)
class Atlas:
    """The whole map; ``sheets`` show one namespace each, where ``whole`` shows namespaces."""

    whole: Sheet
    sheets: tuple[Sheet, ...]
    ways: tuple[Way, ...]
    unlisted: int
    """Ways that the table has no room for."""

    @property
    def by_namespace(self) -> bool:
        """Whether the first sheet shows namespaces."""
        return bool(self.sheets)


def atlas(report: Report, exhibits: Exhibits) -> Atlas:
    """The map of a run."""
    found = ways_of(report, exhibits)
    names = {name for pair in found for name in pair}
    whole: Ways = found
    sheets: tuple[Sheet, ...] = ()
    if len(names) > FEW:
        whole = joined(found, space_of)
        sheets = _sheets(found)
    listed = sorted(in_order(found), key=lambda way: not way.changes)
    return Atlas(
        _sheet("", whole), sheets, tuple(listed[:MOST_ROWS]), max(0, len(listed) - MOST_ROWS)
    )


def space_of(name: str) -> str:
    """The namespace of a name."""
    space, slash, _ = name.partition("/")
    return space if slash else "no namespace"


def _sheets(found: Ways) -> tuple[Sheet, ...]:
    """One sheet for each namespace: its own names one by one, those beyond by their namespaces."""
    by_space: dict[str, dict[tuple[str, str], Way]] = {}
    for pair, way in found.items():
        for space in {space_of(name): None for name in pair}:
            by_space.setdefault(space, {})[pair] = way
    sheets = [
        _sheet(space, joined(ways, partial(_near, own=space))) for space, ways in by_space.items()
    ]
    sheets.sort(key=lambda sheet: (-sheet.changes, sheet.name))
    return tuple(sheets[:MOST_SHEETS])


def _near(name: str, own: str) -> str:
    space = space_of(name)
    return name if space == own or "/" not in name else f"all of {space}"


def _sheet(name: str, found: Ways) -> Sheet:
    if len({one for pair in found for one in pair}) > MOST:
        found = joined(found, busiest(found))
    if len(found) > FEW_WAYS:
        return Sheet(name, None, _grid(found, name), in_order(found))
    return Sheet(name, drawn(found), None, in_order(found))


def _grid(found: Ways, own: str) -> Grid:
    """Names by their own order, those of the namespace ``own`` without it."""
    callers = sorted({way.caller for way in found.values()})
    callees = sorted({way.callee for way in found.values()})
    shown = {name: fitted(name.removeprefix(f"{own}/")) for name in (*callers, *callees)}
    side = 2 * _EDGE + _LETTER * max(len(shown[name]) for name in callers)
    above = 2 * _EDGE + _SLANT * max(len(shown[name]) for name in callees)
    rows = {name: above + number * _CELL for number, name in enumerate(callers)}
    columns = {name: side + number * _CELL for number, name in enumerate(callees)}
    return Grid(
        callers=tuple(Label(name, shown[name], side - _EDGE, y) for name, y in rows.items()),
        callees=tuple(Label(name, shown[name], x, above - _EDGE) for name, x in columns.items()),
        cells=tuple(Cell(way, columns[way.callee], rows[way.caller]) for way in in_order(found)),
        right=side + len(callees) * _CELL,
        width=side + len(callees) * _CELL + above,
        height=above + len(callers) * _CELL + _EDGE,
    )
