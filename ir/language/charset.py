"""Sets of characters as ranges of code points, and their UTF-8 forms as rows of byte sets.

A byte set is an int: bit ``b`` stands for byte ``b``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Ranges = tuple[tuple[int, int], ...]
"""Disjoint, ascending, inclusive ranges of code points that do not touch."""

LAST = 0x10FFFF
ALL: Ranges = ((0, LAST),)
NONE: Ranges = ()
BEYOND_ASCII: Ranges = ((0x80, LAST),)
SURROGATES: Ranges = ((0xD800, 0xDFFF),)
ALL_BYTES = (1 << 256) - 1
ASCII_BYTES = (1 << 128) - 1

_FOLDS = ((0x4B, 0x6B, 0x212A), (0x53, 0x73, 0x17F))
"""All that simple case folding ties to ASCII from beyond it: the Kelvin sign and the long s."""

_CONTINUATION = (0x80, 0xBF)
_CEILINGS = (0x7F, 0x7FF, 0xFFFF, LAST)
"""The highest code point whose UTF-8 form takes 1, 2, 3 and 4 bytes."""


def byte_range(low: int, high: int) -> int:
    """The byte set of an inclusive range."""
    return (1 << high + 1) - (1 << low)


def members(mask: int) -> Iterator[int]:
    """The bytes (or bit numbers) of a set, ascending."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def ranges(pairs: Iterable[tuple[int, int]]) -> Ranges:
    """Inclusive ranges in any order as one set."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(pairs):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return tuple(merged)


def characters(text: str) -> Ranges:
    """The characters of a text."""
    return ranges((ord(c), ord(c)) for c in text)


def union(left: Ranges, right: Ranges) -> Ranges:
    """Characters of either set."""
    return ranges((*left, *right))


def complement(those: Ranges) -> Ranges:
    """All characters but those."""
    found: list[tuple[int, int]] = []
    start = 0
    for low, high in those:
        if start < low:
            found.append((start, low - 1))
        start = high + 1
    if start <= LAST:
        found.append((start, LAST))
    return tuple(found)


def intersection(left: Ranges, right: Ranges) -> Ranges:
    """Characters of both sets."""
    return complement(union(complement(left), complement(right)))


def difference(left: Ranges, right: Ranges) -> Ranges:
    """Characters of the left set alone."""
    return intersection(left, complement(right))


def holds(those: Ranges, point: int) -> bool:
    """Whether the code point is in the set."""
    return any(low <= point <= high for low, high in those)


def fold(those: Ranges) -> tuple[Ranges, bool]:
    """The set with the other cases of its characters, and whether that is all of them.

    Exact for ASCII and for what folds into it; other letters are left as they are, with ``False``
    where that may lack something.
    """
    more: list[tuple[int, int]] = []
    for low, high in those:
        for first, shift in ((0x41, 32), (0x61, -32)):
            start, end = max(low, first), min(high, first + 25)
            if start <= end:
                more.append((start + shift, end + shift))
    folded = ranges((*those, *more))
    for orbit in _FOLDS:
        if any(holds(folded, point) for point in orbit):
            folded = ranges((*folded, *((point, point) for point in orbit)))
    beyond = difference(folded, ((0, 0x7F), (0x17F, 0x17F), (0x212A, 0x212A)))
    full = difference(BEYOND_ASCII, ((0x17F, 0x17F), (0x212A, 0x212A)))
    return folded, beyond in (NONE, full)


def utf8(those: Ranges) -> Iterator[tuple[int, ...]]:
    """The UTF-8 forms of the characters as rows of byte sets, surrogates like other characters."""
    one_byte = 0
    floor = 0
    for size, ceiling in enumerate(_CEILINGS, start=1):
        for low, high in intersection(those, ((floor, ceiling),)):
            if size == 1:
                one_byte |= byte_range(low, high)
            else:
                yield from _sequences(_encode(low), _encode(high))
        if size == 1 and one_byte:
            yield (one_byte,)
        floor = ceiling + 1


def _encode(point: int) -> tuple[int, ...]:
    return tuple(chr(point).encode("utf-8", "surrogatepass"))


def _sequences(low: tuple[int, ...], high: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """The byte strings between two of one length, as products of byte ranges."""
    if len(low) == 1:
        yield (byte_range(low[0], high[0]),)
        return
    for first, last, lower, upper in _cut(low, high):
        for sequence in _sequences(lower, upper):
            yield (byte_range(first, last), *sequence)


def _cut(
    low: tuple[int, ...], high: tuple[int, ...]
) -> Iterator[tuple[int, int, tuple[int, ...], tuple[int, ...]]]:
    """The interval by first bytes: those with all of the rest, and the two ends."""
    least, most = (_CONTINUATION[0],) * (len(low) - 1), (_CONTINUATION[1],) * (len(low) - 1)
    start, end = low[0], high[0]
    if start == end:
        yield start, end, low[1:], high[1:]
        return
    if low[1:] != least:
        yield start, start, low[1:], most
        start += 1
    whole_end = end if high[1:] == most else end - 1
    if start <= whole_end:
        yield start, whole_end, least, most
    if whole_end != end:
        yield end, end, least, high[1:]
