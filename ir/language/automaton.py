"""Automata over bytes: homogeneous ones, with positions as bits of an int, and tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TypeVar

from ir.language.charset import ALL_BYTES
from ir.language.errors import Opaque

S = TypeVar("S")

MOST_STATES = 10_000
"""States that a single pattern may have."""


@dataclass(frozen=True, slots=True)
class Automaton:
    """A homogeneous automaton (Glushkov): what leads into a position reads one of its bytes.

    ``symbols`` holds each position's byte set, ``follow`` the positions that may come after it, as
    bits; ``first`` and ``last`` are the positions where a string may begin and end. ``nullable``:
    the empty string is accepted.
    """

    symbols: tuple[int, ...]
    follow: tuple[int, ...]
    first: int
    last: int
    nullable: bool

    @property
    def alphabet(self) -> int:
        """The bytes that may occur in its strings."""
        found = 0
        for mask in self.symbols:
            found |= mask
        return found


@dataclass(frozen=True, slots=True)
class Table:
    """A deterministic automaton, complete over the bytes of ``classes``; it starts in state 0."""

    classes: tuple[int, ...]
    rows: tuple[tuple[int, ...], ...]
    accepting: tuple[bool, ...]


def byte_classes(masks: Iterable[int], within: int = ALL_BYTES) -> tuple[int, ...]:
    """The coarsest split of ``within`` such that no mask cuts a class, by lowest byte."""
    blocks = [within] if within else []
    for mask in dict.fromkeys(masks):
        blocks = [part for block in blocks for part in (block & mask, block & ~mask) if part]
    return tuple(sorted(blocks, key=lambda block: block & -block))


def tabulate(
    start: S,
    classes: tuple[int, ...],
    step: Callable[[S, int], S],
    accepts: Callable[[S], bool],
    limit: int = MOST_STATES,
) -> Table:
    """The deterministic automaton that ``step`` (state, number of a class) spans.

    Raises:
        Opaque: it has more than ``limit`` states.
    """
    numbers = {start: 0}
    states = [start]
    rows: list[tuple[int, ...]] = []
    for state in states:
        row: list[int] = []
        for symbol in range(len(classes)):
            target = step(state, symbol)
            if target not in numbers:
                if len(states) >= limit:
                    raise Opaque(f"more than {limit} states")
                numbers[target] = len(states)
                states.append(target)
            row.append(numbers[target])
        rows.append(tuple(row))
    return Table(classes, tuple(rows), tuple(accepts(state) for state in states))


def minimal(table: Table) -> Table:
    """The smallest table for the same strings, states in breadth-first order (Moore)."""
    blocks: list[int] = [int(accepting) for accepting in table.accepting]
    count = len(set(blocks))
    columns = zip(*dict.fromkeys(zip(*table.rows, strict=True)), strict=True)
    onward = [itemgetter(*row, state) for state, row in enumerate(columns)]
    while True:
        numbers: dict[tuple[int, ...], int] = {}
        blocks = [numbers.setdefault(targets(blocks), len(numbers)) for targets in onward]
        if len(numbers) == count:
            break
        count = len(numbers)
    return _merged(table, blocks)


def _merged(table: Table, blocks: Sequence[int]) -> Table:
    """One state a block; what cannot be reached is left out."""
    sample: dict[int, int] = {}
    for state, block in enumerate(blocks):
        sample.setdefault(block, state)
    return tabulate(
        blocks[0],
        table.classes,
        lambda block, symbol: blocks[table.rows[sample[block]][symbol]],
        lambda block: table.accepting[sample[block]],
        limit=len(table.rows) + 1,
    )


def live_states(rows: Sequence[Iterable[int]], accepting: Sequence[bool]) -> tuple[bool, ...]:
    """For each state whether an accepting one can be reached from it."""
    before: list[list[int]] = [[] for _ in rows]
    for state, row in enumerate(rows):
        for target in dict.fromkeys(row):
            before[target].append(state)
    live = list(accepting)
    pending = [state for state, accepted in enumerate(accepting) if accepted]
    while pending:
        for state in before[pending.pop()]:
            if not live[state]:
                live[state] = True
                pending.append(state)
    return tuple(live)


def embed(table: Table) -> Automaton:
    """The table as a homogeneous automaton: a position for each state and byte set into it."""
    live = live_states(table.rows, table.accepting)
    moves = [_moves(table, state, live) for state in range(len(table.rows))]
    positions: dict[tuple[int, int], int] = {}
    for state_moves in moves:
        for move in state_moves:
            positions.setdefault(move, len(positions))
    leaving = [sum(1 << positions[move] for move in state_moves) for state_moves in moves]
    last = sum(1 << n for (target, _), n in positions.items() if table.accepting[target])
    return Automaton(
        symbols=tuple(mask for _, mask in positions),
        follow=tuple(leaving[target] for target, _ in positions),
        first=leaving[0],
        last=last,
        nullable=table.accepting[0],
    )


def _moves(table: Table, state: int, live: Sequence[bool]) -> tuple[tuple[int, int], ...]:
    """Where a state leads, each live target once with all its bytes."""
    found: dict[int, int] = {}
    for mask, target in zip(table.classes, table.rows[state], strict=True):
        if live[target]:
            found[target] = found.get(target, 0) | mask
    return tuple(found.items())
