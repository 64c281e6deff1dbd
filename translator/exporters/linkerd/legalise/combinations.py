"""From a table to the alternatives that routes have to ask for, no more than tell requests apart.

A route that asks for a host wins over one that asks for none, a longer path over a shorter one, more headers over fewer,
a method over none (linkerd2-proxy linkerd/http/route/src/lib.rs, 2.20). So an alternative for each combination of
options on each set of paths says exactly who may come; where an option changes nothing it is not asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from ir.language import Language
from ir.match import Pattern
from translator.exporters.linkerd.callers import Callers
from translator.exporters.linkerd.legalise.axes import HOST
from translator.exporters.linkerd.legalise.door import Cell, Combination, Table
from translator.exporters.linkerd.legalise.rules import OTHER
from translator.exporters.routes.languages import METHODS


@dataclass(frozen=True, slots=True)
class Ask:
    """Requests for ``host`` (absent: any other) to the paths, with these headers and this method.

    ``paths`` absent: all that no other alternative names; ``patterns``: what they are made of.
    """

    host: Pattern | None
    paths: Language | None
    patterns: tuple[Pattern, ...]
    headers: tuple[tuple[str, Pattern], ...]
    method: str | None
    callers: Callers


def flat(table: Table) -> bool:
    """Whether every request has the same callers."""
    if len(table.cells) != 1:
        return False
    return len({c for _, methods in table.cells[0].row for _, c in methods}) == 1


def asks(table: Table) -> Iterator[Ask]:
    """All alternatives; those whose callers are nobody stand in the way of wider ones."""
    for number in hosts(table):
        guarding = any(c.paths is None and _lets_in(c, table, number) for c in table.cells)
        for cell in table.cells:
            if guarding or _lets_in(cell, table, number):
                for paths in cell.paths or (None,):
                    yield from _of_cell(table, cell, paths, number, guarding=guarding)


def _lets_in(cell: Cell, table: Table, host: int) -> bool:
    """Whether anybody comes in with some method and some headers."""
    has_host = bool(table.axes) and table.axes[0].key == HOST
    return any(
        callers
        for combination, methods in cell.row
        if not has_host or combination[0] == host
        for _, callers in methods
    )


def hosts(table: Table) -> tuple[int, ...]:
    """The options of the host that have to be asked for; 0 alone where the host changes nothing."""
    if not table.axes or table.axes[0].key != HOST:
        return (0,)
    rows = {
        tuple(
            methods
            for cell in table.cells
            for combination, methods in cell.row
            if combination[0] == number
        )
        for number in range(len(table.axes[0].options))
    }
    return (0,) if len(rows) == 1 else tuple(range(len(table.axes[0].options)))


def host_of(table: Table, number: int) -> Pattern | None:
    """The pattern of an option of the host."""
    return table.axes[0].options[number].pattern if number else None


def base(table: Table, host: int) -> Combination:
    """The combination that asks for no header."""
    has_host = bool(table.axes) and table.axes[0].key == HOST
    return tuple(host if n == 0 and has_host else 0 for n in range(len(table.axes)))


def _of_cell(
    table: Table, cell: Cell, paths: Language | None, host: int, *, guarding: bool
) -> Iterator[Ask]:
    """``guarding``: the rest lets somebody in, so what refuses everybody has to be said."""
    plain = base(table, host)
    kept = [_kept(table, cell, plain, place) for place in range(len(table.axes))]
    for combination in product(*kept):
        headers = tuple(
            (axis.key, pattern)
            for axis, number in zip(table.axes, combination, strict=True)
            if axis.key != HOST and (pattern := axis.options[number].pattern) is not None
        )
        rest = cell.callers(combination, OTHER)
        for method in METHODS:
            callers = cell.callers(combination, method)
            if callers != rest if cell.only is None else method in cell.only:
                yield Ask(host_of(table, host), paths, cell.patterns, headers, method, callers)
        if cell.only is not None:
            continue
        if rest or combination != plain or (guarding and paths is not None):
            yield Ask(host_of(table, host), paths, cell.patterns, headers, None, rest)


def _kept(table: Table, cell: Cell, plain: Combination, place: int) -> tuple[int, ...]:
    """The options of an axis that change something in the cell, for the host of ``plain``."""
    axis = table.axes[place]
    if axis.key == HOST:
        return (plain[place],)
    others = [c for c, _ in cell.row if c[place] == 0 and _same_host(table, c, plain)]

    def changes(number: int) -> bool:
        return any(
            cell.methods(c) != cell.methods((*c[:place], number, *c[place + 1 :])) for c in others
        )

    return (0, *(n for n in range(1, len(axis.options)) if changes(n)))


def _same_host(table: Table, one: Combination, other: Combination) -> bool:
    return table.axes[0].key != HOST or one[0] == other[0]
