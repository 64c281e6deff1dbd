"""Boolean combinations laid out flat, so that a whole set of signatures is decided in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from ir.language.automaton import Automaton


class Operation(Enum):
    """How a language is made."""

    LEAF = auto()
    NOT = auto()
    AND = auto()
    OR = auto()


class Expressed(Protocol):
    """A language, as far as its making goes."""

    @property
    def operation(self) -> Operation:
        """How it is made of its parts."""

    @property
    def parts(self) -> Sequence[Expressed]:
        """What it is made of; nothing for a leaf."""

    @property
    def leaf(self) -> Automaton | None:
        """The pattern of a leaf."""


@dataclass(frozen=True, slots=True)
class Formula:
    """Languages laid out for evaluation: each step after those it needs."""

    steps: tuple[tuple[Operation, tuple[int, ...]], ...]
    roots: tuple[int, ...]
    leaves: tuple[Automaton, ...]

    @staticmethod
    def of(roots: Sequence[Expressed]) -> Formula:
        """The form of some languages; what they share stands in it once."""
        numbers: dict[int, int] = {}
        steps: list[tuple[Operation, tuple[int, ...]]] = []
        leaves: list[Automaton] = []
        pending: list[Expressed] = list(reversed(roots))
        while pending:
            language = pending[-1]
            missing = [part for part in language.parts if id(part) not in numbers]
            if missing:
                pending.extend(missing)
                continue
            pending.pop()
            if id(language) in numbers:
                continue
            numbers[id(language)] = len(steps)
            if language.leaf is not None:
                steps.append((Operation.LEAF, (len(leaves),)))
                leaves.append(language.leaf)
            else:
                needed = tuple(numbers[id(part)] for part in language.parts)
                steps.append((language.operation, needed))
        return Formula(tuple(steps), tuple(numbers[id(root)] for root in roots), tuple(leaves))

    def required(self, root: int) -> tuple[int, ...]:
        """Leaves that hold every member of a root."""
        found: list[int] = []
        pending = [self.roots[root]]
        while pending:
            operation, needed = self.steps[pending.pop()]
            if operation is Operation.LEAF:
                found.append(needed[0])
            elif operation is Operation.AND:
                pending.extend(needed)
        return tuple(dict.fromkeys(found))

    def evaluate(self, signatures: Sequence[int]) -> list[int]:
        """For each root the signatures that it holds, as bits."""
        everything = (1 << len(signatures)) - 1
        values: list[int] = []
        for operation, needed in self.steps:
            if operation is Operation.LEAF:
                leaf = needed[0]
                bits = "".join("1" if s >> leaf & 1 else "0" for s in reversed(signatures))
                values.append(int(bits or "0", 2))
            elif operation is Operation.NOT:
                values.append(everything & ~values[needed[0]])
            elif operation is Operation.AND:
                values.append(values[needed[0]] & values[needed[1]])
            else:
                values.append(values[needed[0]] | values[needed[1]])
        return [values[root] for root in self.roots]

    def hits(self, found: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
        """What is in the first root, in order; asked in growing portions, for long formulas."""
        portion: list[tuple[int, bytes]] = []
        size = 1
        for one in found:
            portion.append(one)
            if len(portion) >= size:
                yield from self._chosen(portion)
                portion, size = [], size * 2
        yield from self._chosen(portion)

    def _chosen(self, portion: Sequence[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
        bits = self.evaluate([signature for signature, _ in portion])[0]
        return (one for number, one in enumerate(portion) if bits >> number & 1)
