"""Deterministic automata over characters instead of bytes, and the expressions read off them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from ir.language.automaton import Table, live_states, minimal, tabulate
from ir.language.charset import Ranges, members, ranges
from ir.language.errors import Opaque

_MOST_PIECES = 2_000
MOST_STATES = 300
"""States of a chart that expressions are still read off."""
_TRAIL = 64
"""Values of a continuation byte."""
_LEADS = (
    (0xC2, 0xDF, 1, 0x80),
    (0xE0, 0xEF, 2, 0x800),
    (0xF0, 0xF4, 3, 0x10000),
)
"""Lead bytes of UTF-8: first, last, how many bytes follow, the least character written so."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A minimal deterministic automaton; a symbol is a set of characters never told apart."""

    symbols: tuple[Ranges, ...]
    rows: tuple[tuple[int, ...], ...]
    accepting: tuple[bool, ...]

    @property
    def every(self) -> int:
        """All symbols, as bits."""
        return (1 << len(self.symbols)) - 1


Pieces = list[tuple[int, int, int]]
"""Ranges of characters (or of offsets) and the state that each leads to."""


def chart(table: Table, *, beyond_ascii: bool) -> Chart:
    """The automaton over whole characters, or over ASCII alone.

    Raises:
        Opaque: it tells too many characters apart.
    """
    walker = _Walker(table)
    by_state = [walker.pieces(state, beyond_ascii=beyond_ascii) for state in range(len(table.rows))]
    columns: dict[tuple[int, ...], list[tuple[int, int]]] = {}
    starts = sorted({low for pieces in by_state for low, _, _ in pieces})
    ends = sorted({high for pieces in by_state for _, high, _ in pieces})
    if len(starts) > _MOST_PIECES:
        raise Opaque("too many characters are told apart")
    cursors = [0] * len(by_state)
    bounds = sorted({*starts, *(end + 1 for end in ends)})
    for low, after in pairwise(bounds):
        column = tuple(_at(pieces, cursors, state, low) for state, pieces in enumerate(by_state))
        if -1 not in column:
            columns.setdefault(column, []).append((low, after - 1))
    rows = tuple(tuple(column[state] for column in columns) for state in range(len(by_state)))
    small = minimal(Table(tuple(range(len(columns))), rows, table.accepting))
    symbols = tuple(ranges(pairs) for pairs in columns.values())
    return _merged(Chart(symbols, small.rows, small.accepting))


def _merged(found: Chart) -> Chart:
    """Symbols that the smaller automaton no longer tells apart become one."""
    columns: dict[tuple[int, ...], Ranges] = {}
    for symbol, those in enumerate(found.symbols):
        column = tuple(row[symbol] for row in found.rows)
        columns[column] = ranges((*columns.get(column, ()), *those))
    rows = tuple(tuple(column[state] for column in columns) for state in range(len(found.rows)))
    return Chart(tuple(columns.values()), rows, found.accepting)


def _at(pieces: Pieces, cursors: list[int], state: int, point: int) -> int:
    """The target of a character, which is asked for in ascending order; -1 where there is none."""
    while cursors[state] < len(pieces) and pieces[cursors[state]][1] < point:
        cursors[state] += 1
    if cursors[state] < len(pieces) and pieces[cursors[state]][0] <= point:
        return pieces[cursors[state]][2]
    return -1


class _Walker:
    """Reads characters of several bytes in a table of bytes."""

    __slots__ = ("_known", "_symbol", "_table")

    def __init__(self, table: Table) -> None:
        self._table = table
        self._symbol = {b: n for n, mask in enumerate(table.classes) for b in members(mask)}
        self._known: dict[tuple[int, int], Pieces] = {}

    def pieces(self, state: int, *, beyond_ascii: bool) -> Pieces:
        row = self._table.rows[state]
        found: Pieces = []
        for byte in self._known_bytes(0, 0x7F):
            _append(found, byte, byte, row[self._symbol[byte]])
        if not beyond_ascii:
            return found
        for first, last, more, least in _LEADS:
            base = {1: 0xC0, 2: 0xE0, 3: 0xF0}[more]
            for lead in self._known_bytes(first, last):
                start = (lead - base) * _TRAIL**more
                for low, high, target in self._trail(row[self._symbol[lead]], more):
                    self._well_formed(found, start + low, start + high, target, least)
        return found

    def _known_bytes(self, first: int, last: int) -> Iterator[int]:
        """The bytes of a range that the table reads at all."""
        return (byte for byte in range(first, last + 1) if byte in self._symbol)

    @staticmethod
    def _well_formed(found: Pieces, low: int, high: int, target: int, least: int) -> None:
        """Adds a range, less overlong forms, surrogates and what is beyond Unicode."""
        for first, last in ((least, 0xD7FF), (0xE000, 0x10FFFF)):
            start, end = max(low, first), min(high, last)
            if start <= end:
                _append(found, start, end, target)

    def _trail(self, state: int, count: int) -> Pieces:
        """Where ``count`` continuation bytes lead, by their value."""
        if count == 0:
            return [(0, 0, state)]
        known = self._known.get((state, count))
        if known is not None:
            return known
        found: Pieces = []
        size = _TRAIL ** (count - 1)
        for byte in self._known_bytes(0x80, 0xBF):
            value = byte - 0x80
            target = self._table.rows[state][self._symbol[byte]]
            for low, high, end in self._trail(target, count - 1):
                _append(found, value * size + low, value * size + high, end)
            if len(found) > _MOST_PIECES:
                raise Opaque("too many characters are told apart")
        self._known[state, count] = found
        return found


def _append(pieces: Pieces, low: int, high: int, target: int) -> None:
    if pieces and pieces[-1][2] == target and pieces[-1][1] + 1 == low:
        pieces[-1] = (pieces[-1][0], high, target)
    else:
        pieces.append((low, high, target))


def reversed_chart(found: Chart) -> Chart:
    """The chart of the reversed strings.

    Raises:
        Opaque: it has too many states.
    """
    symbols = range(len(found.symbols))
    before = [[0] * len(found.rows) for _ in symbols]
    for state, row in enumerate(found.rows):
        for symbol, target in enumerate(row):
            before[symbol][target] |= 1 << state

    def step(states: int, symbol: int) -> int:
        reached = 0
        for state in members(states):
            reached |= before[symbol][state]
        return reached

    start = sum(1 << state for state, accepted in enumerate(found.accepting) if accepted)
    table = tabulate(
        start, tuple(symbols), step, lambda states: bool(states & 1), limit=MOST_STATES
    )
    small = minimal(table)
    return Chart(found.symbols, small.rows, small.accepting)


def only_beginning(found: Chart) -> str:
    """The longest text that all strings of the chart begin with."""
    live = live_states(found.rows, found.accepting)
    text, state = "", 0
    while not found.accepting[state] and len(text) < len(found.rows):
        onward = [n for n, target in enumerate(found.rows[state]) if live[target]]
        if len(onward) != 1:
            break
        ((low, high), *more) = found.symbols[onward[0]]
        if more or low != high:
            break
        text += chr(low)
        state = found.rows[state][onward[0]]
    return text
