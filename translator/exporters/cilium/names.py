"""Sets of names or numbers: those that are listed, or all but those."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T", str, int)


@dataclass(frozen=True, slots=True)
class Names(Generic[T]):
    """What is ``listed``, or with ``but`` everything else."""

    listed: frozenset[T] = frozenset()
    but: bool = False

    @staticmethod
    def of(*items: T) -> Names[T]:
        """Exactly these."""
        return Names(frozenset(items))

    def __invert__(self) -> Names[T]:
        return Names(self.listed, not self.but)

    def __and__(self, other: Names[T]) -> Names[T]:
        if self.but and other.but:
            return Names(self.listed | other.listed, but=True)
        if self.but:
            return Names(other.listed - self.listed)
        if other.but:
            return Names(self.listed - other.listed)
        return Names(self.listed & other.listed)

    def __or__(self, other: Names[T]) -> Names[T]:
        return ~(~self & ~other)

    def __sub__(self, other: Names[T]) -> Names[T]:
        return self & ~other

    @property
    def empty(self) -> bool:
        """Whether nothing is in it."""
        return not self.but and not self.listed

    @property
    def everything(self) -> bool:
        """Whether all is in it."""
        return self.but and not self.listed

    def holds(self, item: T) -> bool:
        """Whether it is in it."""
        return (item in self.listed) is not self.but

    def within(self, other: Names[T]) -> bool:
        """Whether all of it is in the other."""
        return (self - other).empty

    def ordered(self) -> tuple[T, ...]:
        """What is listed, in order."""
        return tuple(sorted(self.listed))


def united(sets: Iterable[Names[T]]) -> Names[T]:
    """All of them together."""
    whole: Names[T] = Names()
    for one in sets:
        whole = whole | one
    return whole
