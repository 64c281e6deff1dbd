"""From a table to the alternatives that routes have to ask for, no more than tell requests apart.

A route that asks for a host wins over one that asks for none, a longer path over a shorter one, more headers over fewer,
a method over none (linkerd2-proxy linkerd/http/route/src/lib.rs, 2.20). So an alternative for each combination of
options on each set of paths says exactly who may come; where an option changes nothing it is not asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from ir.match import Pattern
from translator.exporters.linkerd.callers import Callers
from translator.exporters.linkerd.legalise.axes import HOST
from translator.exporters.linkerd.legalise.cells import Cell, Combination, Table
from translator.exporters.linkerd.legalise.rules import METHODS, OTHER


@dataclass(frozen=True, slots=True)
class Ask:
    """Requests for ``host`` (absent: any other) to the paths of the cell, with these headers and this method."""

    host: Pattern | None
    cell: Cell
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
        for cell in table.cells:
            yield from _of_cell(table, cell, number)


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


def _of_cell(table: Table, cell: Cell, host: int) -> Iterator[Ask]:
    plain = base(table, host)
    kept = [_kept(table, cell, plain, place) for place in range(len(table.axes))]
    wanted = list(product(*kept))
    if not any(callers for c in wanted for _, callers in cell.methods(c)):
        return
    for combination in wanted:
        headers = tuple(
            (axis.key, pattern)
            for axis, number in zip(table.axes, combination, strict=True)
            if axis.key != HOST and (pattern := axis.options[number].pattern) is not None
        )
        rest = cell.callers(combination, OTHER)
        for method in METHODS:
            callers = cell.callers(combination, method)
            if callers != rest:
                yield Ask(host_of(table, host), cell, headers, method, callers)
        if rest or combination != plain:
            yield Ask(host_of(table, host), cell, headers, None, rest)


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
