"""Sets of requests as single ints: one bit for each combination of one atom from every dimension."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ir.language import Opaque

MOST_CELLS = 1 << 22
"""Combinations that one comparison may have; beyond, the verdict is ``UNKNOWN``."""


@dataclass(frozen=True, slots=True)
class Sure:
    """A set that is known between two bounds: ``must`` is surely in it, what is not in ``may`` surely is not."""

    must: int
    may: int

    def __and__(self, other: Sure) -> Sure:
        return Sure(self.must & other.must, self.may & other.may)

    def __or__(self, other: Sure) -> Sure:
        return Sure(self.must | other.must, self.may | other.may)

    def outside(self, everything: int) -> Sure:
        """What is not in it."""
        return Sure(everything & ~self.may, everything & ~self.must)

    @property
    def doubt(self) -> int:
        """What may or may not be in it."""
        return self.may & ~self.must


def sure(bits: int) -> Sure:
    """A set that is known exactly."""
    return Sure(bits, bits)


class Space:
    """The product of some dimensions, the last of which changes fastest."""

    def __init__(self, sizes: Sequence[int]) -> None:
        """Sizes of the dimensions.

        Raises:
            Opaque: there are more than :data:`MOST_CELLS` combinations.
        """
        self.sizes = tuple(sizes)
        self.cells = 1
        strides: list[int] = []
        for size in reversed(self.sizes):
            strides.append(self.cells)
            self.cells *= size
        if self.cells > MOST_CELLS:
            raise Opaque(f"more than {MOST_CELLS} kinds of requests have to be told apart")
        self.strides = tuple(reversed(strides))
        self.full = (1 << self.cells) - 1
        self._lifted: dict[tuple[int, int], int] = {}
        self._again: dict[int, int] = {}

    def lift(self, dimension: int, atoms: int) -> int:
        """The combinations whose atom of that dimension is among ``atoms``."""
        key = dimension, atoms
        found = self._lifted.get(key)
        if found is None:
            found = self._lifted[key] = self._lift(dimension, atoms)
        return found

    def _lift(self, dimension: int, atoms: int) -> int:
        size, stride = self.sizes[dimension], self.strides[dimension]
        if atoms == (1 << size) - 1:
            return self.full
        run = (1 << stride) - 1
        period = sum(run << atom * stride for atom in bits(atoms))
        width = size * stride
        if width not in self._again:
            self._again[width] = self.full // ((1 << width) - 1)
        return period * self._again[width]

    def coordinates(self, cell: int) -> tuple[int, ...]:
        """The atom of each dimension of a combination."""
        return tuple(
            cell // stride % size for size, stride in zip(self.sizes, self.strides, strict=True)
        )

    def shadow(self, cells: int, dimension: int) -> int:
        """The atoms of a dimension that occur among some combinations."""
        return sum(
            1 << atom
            for atom in range(self.sizes[dimension])
            if cells & self.lift(dimension, 1 << atom)
        )


def bits(number: int) -> Iterator[int]:
    """Numbers of the bits that are set, ascending."""
    digits = bin(number)[:1:-1]  # in time that grows with the length alone
    place = digits.find("1")
    while place >= 0:
        yield place
        place = digits.find("1", place + 1)


def lowest(number: int) -> int:
    """The number of the lowest bit that is set."""
    return (number & -number).bit_length() - 1
