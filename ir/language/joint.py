"""Many automata run as one: every position of every pattern is a bit of a single int.

A state is the set of positions that the strings read so far may end at, so that one breadth-first
search decides any boolean combination of the patterns, and the first string that reaches a state is
a shortest one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from ir.language.automaton import Automaton, byte_classes
from ir.language.charset import ALL_BYTES, members
from ir.language.errors import Opaque

READABLE = "abcdefghijklmnopqrstuvwxyz0123456789/-_.ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""Characters in the order in which witnesses prefer them."""


class Joint:
    """The joint automaton of some patterns over the bytes of ``alphabet``.

    ``required``: numbers of patterns that every string of interest is in; the search leaves out
    what can no longer be in them.
    """

    __slots__ = ("_classes", "_finals", "_follow", "_owners", "_required", "_start")

    def __init__(
        self,
        patterns: Sequence[Automaton],
        alphabet: int = ALL_BYTES,
        required: Sequence[int] = (),
        prefer: str = READABLE,
    ) -> None:
        symbols: list[int] = []
        self._follow: list[int] = []
        self._owners: dict[int, int] = {}
        self._required: list[int] = []
        self._finals = 0
        self._start = 0
        for number, pattern in enumerate(patterns):
            offset = len(symbols)
            self._start |= 1 << offset
            symbols.extend((0, *(mask & alphabet for mask in pattern.symbols)))
            self._follow.append(pattern.first << offset + 1)
            self._follow.extend(bits << offset + 1 for bits in pattern.follow)
            finals = pattern.last << offset + 1 | int(pattern.nullable) << offset
            self._finals |= finals
            for position in members(finals):
                self._owners[1 << position] = 1 << number
            if number in required:
                self._required.append((1 << len(symbols)) - (1 << offset))
        self._classes = _classes(symbols, alphabet, prefer)

    def signature(self, state: int) -> int:
        """The patterns that hold the strings which lead to the state, as bits."""
        found = 0
        rest = state & self._finals
        while rest:
            lowest = rest & -rest
            found |= self._owners[lowest]
            rest ^= lowest
        return found

    def read(self, text: bytes) -> int:
        """The patterns that hold the text, as bits."""
        state = self._start
        for byte in text:
            here = next((mask for whole, mask, _ in self._classes if whole >> byte & 1), 0)
            state = self._after(state) & here
        return self.signature(state)

    def _after(self, state: int) -> int:
        found = 0
        follow = self._follow
        while state:
            lowest = state & -state
            found |= follow[lowest.bit_length() - 1]
            state ^= lowest
        return found

    def explore(self, cap: int) -> Iterator[tuple[int, bytes]]:
        """Each signature that occurs, once, with a shortest string that has it; short ones first.

        Raises:
            Opaque: there are more than ``cap`` states.
        """
        known: dict[int, bool] = {}
        for state, word in self._states(cap):
            relevant = state & self._finals
            if relevant not in known:
                known[relevant] = True
                yield self.signature(state), word

    def _states(self, cap: int) -> Iterator[tuple[int, bytes]]:
        steps = [(mask, sample) for _, mask, sample in self._classes]
        required = self._required
        seen = {self._start}
        queue = [(self._start, b"")]
        yield queue[0]
        for state, word in queue:
            onward = self._after(state)
            for mask, sample in steps:
                target = onward & mask
                if target in seen:
                    continue
                seen.add(target)
                if required and not all(target & bits for bits in required):
                    continue
                if len(queue) >= cap:
                    raise Opaque(f"more than {cap} states have to be told apart")
                reached = (target, word + sample)
                queue.append(reached)
                yield reached

    def table(self, cap: int) -> tuple[tuple[int, ...], list[list[int]], list[int]]:
        """The deterministic automaton: classes of bytes, rows of states, and their signatures.

        Raises:
            Opaque: there are more than ``cap`` states.
        """
        numbers = {self._start: 0}
        rows: list[list[int]] = []
        order = [self._start]
        for state in order:
            onward = self._after(state)
            row: list[int] = []
            for _, mask, _ in self._classes:
                target = onward & mask
                if target not in numbers:
                    if len(order) >= cap:
                        raise Opaque(f"more than {cap} states have to be told apart")
                    numbers[target] = len(order)
                    order.append(target)
                row.append(numbers[target])
            rows.append(row)
        return (
            tuple(whole for whole, _, _ in self._classes),
            rows,
            [self.signature(state) for state in order],
        )


def _classes(symbols: Sequence[int], alphabet: int, prefer: str) -> list[tuple[int, int, bytes]]:
    """For each class of bytes that no pattern tells apart: itself, its positions, its best byte."""
    places: dict[int, int] = {}
    for number, mask in enumerate(symbols):
        places[mask] = places.get(mask, 0) | 1 << number
    found: list[tuple[int, int, bytes]] = []
    for whole, best in _told_apart(frozenset(places), alphabet, prefer):
        positions = 0
        for mask, there in places.items():
            if mask & best:
                positions |= there
        found.append((whole, positions, bytes((best.bit_length() - 1,))))
    return found


@lru_cache(maxsize=4096)
def _told_apart(masks: frozenset[int], alphabet: int, prefer: str) -> tuple[tuple[int, int], ...]:
    """The classes of bytes that no mask cuts, each with its best byte as a set; the best of all comes first."""
    rank = {ord(letter): number for number, letter in enumerate(prefer)}
    found: list[tuple[tuple[int, int], int]] = []
    for whole in byte_classes(masks, alphabet):
        best = min(members(whole), key=lambda byte: (rank.get(byte, _rank(byte)), byte))
        found.append(((rank.get(best, _rank(best)), best), whole))
    return tuple((whole, 1 << best) for (_, best), whole in sorted(found))


def _rank(byte: int) -> int:
    """Bytes without a preference: visible ASCII, then other ASCII, then the rest."""
    visible = 0x21 <= byte <= 0x7E  # noqa: PLR2004  # visible ASCII
    return 1000 if visible else 1001 + (byte > 0x7F)  # noqa: PLR2004  # ASCII
