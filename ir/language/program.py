"""From a tree to an automaton, by a program of threads.

Threads are ordered by preference as in Rust's engine (regex-automata 0.4
``nfa/thompson/compiler.rs``), so that leftmost-first search is exact: a thread that matches cuts
those behind it. Where order means nothing and no assertion stands in the way, the program *is*
Glushkov's automaton; otherwise it is made deterministic first.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto
from typing import TypeAlias

from ir.language.automaton import (
    MOST_STATES,
    Automaton,
    byte_classes,
    embed,
    minimal,
    tabulate,
)
from ir.language.charset import ALL_BYTES, byte_range
from ir.language.errors import Opaque
from ir.language.syntax import (
    Assertion,
    Byte,
    Choice,
    Edge,
    Node,
    Repeat,
    Sequence,
    has_assertions,
    matches_most,
    may_be_empty,
    without_ends,
)

_WORDS = byte_range(0x30, 0x39) | byte_range(0x41, 0x5A) | byte_range(0x61, 0x7A) | 1 << 0x5F
_NEWLINE = 1 << 0x0A
_MATCH = 0
"""The instruction at which a thread has matched."""


class Around(Enum):
    """What stands on one side of a place."""

    TEXT_END = auto()
    """The start or the end of the string."""
    NEWLINE = auto()
    WORD = auto()
    OTHER = auto()


class _Program:
    """Instructions: a byte set to read, or a fork to several targets, or an edge to meet.

    Instruction ``n`` reads ``masks[n]`` and goes to ``targets[n][0]``; with an empty mask it forks
    to all ``targets[n]``, the first preferred, if ``edges[n]`` is met where given.
    """

    __slots__ = ("edges", "masks", "start", "targets")

    def __init__(self, node: Node) -> None:
        self.masks: list[int] = []
        self.targets: list[tuple[int, ...]] = []
        self.edges: list[Edge | None] = []
        self._add(())
        self.start = self._compile(node, _MATCH)

    def _add(self, targets: tuple[int, ...], mask: int = 0, edge: Edge | None = None) -> int:
        if len(self.masks) >= MOST_STATES:
            raise Opaque(f"the pattern is larger than {MOST_STATES} positions")
        self.masks.append(mask)
        self.targets.append(targets)
        self.edges.append(edge)
        return len(self.masks) - 1

    def _compile(self, node: Node, then: int) -> int:
        """Adds instructions for the node that end in ``then``, and says where they begin."""
        match node:
            case Byte(mask=mask):
                return self._add((then,), mask) if mask else self._add(())
            case Assertion(edge=edge):
                return self._add((then,), edge=edge)
            case Sequence(parts=parts):
                for part in reversed(parts):
                    then = self._compile(part, then)
                return then
            case Choice(branches=branches):
                return self._add(tuple(self._compile(branch, then) for branch in branches))
            case Repeat():
                return self._repeat(node, then)

    def _repeat(self, node: Repeat, then: int) -> int:
        needed = node.least
        if node.most is not None:
            entry = then
            for _ in range(node.most - node.least):
                entry = self._fork(self._compile(node.part, entry), then, greedy=node.greedy)
        elif needed == 0 and not may_be_empty(node.part):
            entry = self._loop(node, then)
        elif needed == 0:
            # (x+)? and not x*: only so the order of threads is right where x may be empty.
            loop = self._loop(node, then)
            first = self.targets[loop][0 if node.greedy else 1]
            entry = self._fork(first, then, greedy=node.greedy)
        else:
            entry = self._loop(node, then)
            entry = self.targets[entry][0 if node.greedy else 1]
            needed -= 1
        for _ in range(needed):
            entry = self._compile(node.part, entry)
        return entry

    def _loop(self, node: Repeat, then: int) -> int:
        """A fork between one more of the part, which leads back to the fork, and going on."""
        fork = self._add(())
        body = self._compile(node.part, fork)
        self.targets[fork] = (body, then) if node.greedy else (then, body)
        return fork

    def _fork(self, more: int, then: int, *, greedy: bool) -> int:
        return self._add((more, then) if greedy else (then, more))

    def closure(
        self, entries: Iterable[int], before: Around, after: Around, *, cut: bool
    ) -> tuple[tuple[int, ...], bool]:
        """The reading instructions that are reached, best first, and whether a thread matched.

        ``cut``: threads behind one that matched are dropped.
        """
        reached: list[int] = []
        seen = bytearray(len(self.masks))
        matched = False
        pending = list(entries)[::-1]
        while pending:
            here = pending.pop()
            if seen[here]:
                continue
            seen[here] = 1
            edge = self.edges[here]
            if here == _MATCH:
                matched = True
                if cut:
                    break
            elif self.masks[here]:
                reached.append(here)
            elif edge is None or _met(edge, before, after):
                pending.extend(reversed(self.targets[here]))
        return tuple(reached), matched


def _met(edge: Edge, before: Around, after: Around) -> bool:  # noqa: C901, PLR0911  # one an edge
    word_before, word_after = before is Around.WORD, after is Around.WORD
    match edge:
        case Edge.START:
            return before is Around.TEXT_END
        case Edge.END:
            return after is Around.TEXT_END
        case Edge.LINE_START:
            return before in (Around.TEXT_END, Around.NEWLINE)
        case Edge.LINE_END:
            return after in (Around.TEXT_END, Around.NEWLINE)
        case Edge.WORD_EDGE:
            return word_before is not word_after
        case Edge.NO_WORD_EDGE:
            return word_before is word_after
        case Edge.WORD_START:
            return word_after and not word_before
        case Edge.WORD_END:
            return word_before and not word_after
        case Edge.WORD_START_HALF:
            return not word_before
        case Edge.WORD_END_HALF:
            return not word_after


def automaton(node: Node, *, leftmost_first: bool = False) -> Automaton:
    """The strings that the tree matches as a whole.

    ``leftmost_first``: those whose leftmost-first match is the whole string.

    Raises:
        Opaque: the automaton would be too large.
    """
    inner = without_ends(node)
    if inner is not None:  # a match from end to end: which one is preferred makes no difference
        return _positions(_Program(inner))
    program = _Program(node)
    if has_assertions(node) or (leftmost_first and not matches_most(node)):
        return _determined(program, cut=leftmost_first)
    return _positions(program)


def _positions(program: _Program) -> Automaton:
    """Each reading instruction is a position."""
    reading = [here for here, mask in enumerate(program.masks) if mask]
    bit = {here: 1 << number for number, here in enumerate(reading)}
    somewhere = Around.OTHER
    leaving: dict[int, tuple[int, bool]] = {}

    def after(entry: int) -> tuple[int, bool]:
        if entry not in leaving:
            reached, matched = program.closure((entry,), somewhere, somewhere, cut=False)
            leaving[entry] = sum(bit[here] for here in reached), matched
        return leaving[entry]

    first, nullable = after(program.start)
    follow = [after(program.targets[here][0]) for here in reading]
    return Automaton(
        symbols=tuple(program.masks[here] for here in reading),
        follow=tuple(bits for bits, _ in follow),
        first=first,
        last=sum(bit[here] for here, (_, ends) in zip(reading, follow, strict=True) if ends),
        nullable=nullable,
    )


_Threads: TypeAlias = tuple[Around, tuple[int, ...]]
"""What stands before, and the instructions that threads are at, the preferred first."""


def _determined(program: _Program, *, cut: bool) -> Automaton:
    asks = any(program.edges)
    extra = (_WORDS, _NEWLINE) if asks else ()
    classes = byte_classes((*(mask for mask in program.masks if mask), *extra), ALL_BYTES)
    kinds = [_kind(mask) if asks else Around.OTHER for mask in classes]

    known: dict[tuple[_Threads, Around], tuple[int, ...]] = {}

    def step(state: _Threads, symbol: int) -> _Threads:
        key = state, kinds[symbol]
        if key not in known:
            before, entries = state
            known[key], _ = program.closure(entries, before, kinds[symbol], cut=cut)
        reached = known[key]
        read = classes[symbol]
        onward = dict.fromkeys(
            program.targets[here][0] for here in reached if program.masks[here] & read
        )
        order = tuple(onward) if cut else tuple(sorted(onward))
        return (kinds[symbol] if order else Around.OTHER, order)

    def accepts(state: _Threads) -> bool:
        before, entries = state
        return program.closure(entries, before, Around.TEXT_END, cut=cut)[1]

    start: _Threads = (Around.TEXT_END, (program.start,))
    return embed(minimal(tabulate(start, classes, step, accepts)))


def _kind(mask: int) -> Around:
    if mask & _NEWLINE:
        return Around.NEWLINE
    return Around.WORD if mask & _WORDS else Around.OTHER
