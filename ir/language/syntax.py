"""Patterns as trees over bytes, whatever they were written in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from ir.language.charset import Ranges, utf8


class Dialect(StrEnum):
    """The language and anchoring of a regular expression."""

    RE2_FULL = "re2_full"
    """RE2 syntax (https://github.com/google/re2/wiki/Syntax), the whole string must match."""
    RUST_SPAN = "rust_span"
    """Rust ``regex`` syntax (https://docs.rs/regex/1/regex/#syntax); leftmost-first search, and the
    span found must be the whole string."""
    GO_SEARCH = "go_search"
    """RE2 syntax as Go's ``regexp`` has it, found anywhere in the string."""


class Edge(Enum):
    """What an assertion asks of the place between two bytes."""

    START = auto()
    END = auto()
    LINE_START = auto()
    LINE_END = auto()
    WORD_EDGE = auto()
    NO_WORD_EDGE = auto()
    WORD_START = auto()
    WORD_END = auto()
    WORD_START_HALF = auto()
    """No word character before."""
    WORD_END_HALF = auto()
    """No word character after."""


@dataclass(frozen=True, slots=True)
class Byte:
    """One byte of the set."""

    mask: int


@dataclass(frozen=True, slots=True)
class Sequence:
    """One part after the other; none at all is the empty string."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the branches, the earlier preferred; none at all never matches."""

    branches: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """``least`` to ``most`` times the part (``None``: any number); greedy ones prefer more."""

    part: Node
    least: int
    most: int | None
    greedy: bool = True


@dataclass(frozen=True, slots=True)
class Assertion:
    """The empty string, where the edge is met."""

    edge: Edge


Node = Byte | Sequence | Choice | Repeat | Assertion

EMPTY = Sequence(())
NEVER = Choice(())


def text_node(text: bytes, *, ignore_case: bool = False) -> Sequence:
    """Exactly these bytes; with ``ignore_case`` ASCII letters in either case."""
    return Sequence(tuple(Byte(_either(b) if ignore_case else 1 << b) for b in text))


def _either(byte: int) -> int:
    other = byte ^ 0x20 if chr(byte | 0x20) in "abcdefghijklmnopqrstuvwxyz" else byte
    return 1 << byte | 1 << other


def class_node(those: Ranges) -> Node:
    """One character of the set, in UTF-8."""
    return choice_of(utf8(those))


def choice_of(sequences: Iterable[tuple[int, ...]]) -> Node:
    """One of the products of byte sets."""
    branches: list[Node] = []
    for sequence in sequences:
        steps = tuple(Byte(mask) for mask in sequence)
        branches.append(steps[0] if len(steps) == 1 else Sequence(steps))
    return branches[0] if len(branches) == 1 else Choice(tuple(branches))


def has_assertions(node: Node) -> bool:
    """Whether some assertion stands in the tree."""
    match node:
        case Assertion():
            return True
        case Byte():
            return False
        case Repeat(part=part):
            return has_assertions(part)
        case Sequence(parts=parts) | Choice(branches=parts):
            return any(has_assertions(part) for part in parts)


def may_be_empty(node: Node) -> bool:
    """Whether the tree may match without a byte, were all its assertions met."""
    match node:
        case Byte():
            return False
        case Assertion():
            return True
        case Repeat(part=part, least=least):
            return least == 0 or may_be_empty(part)
        case Sequence(parts=parts):
            return all(may_be_empty(part) for part in parts)
        case Choice(branches=branches):
            return any(may_be_empty(branch) for branch in branches)


def without_ends(node: Node) -> Node | None:
    """What stands between a start and an end of the text, if the tree is that and asks for nothing else of its edges."""
    if not isinstance(node, Sequence) or len(node.parts) < 2:  # noqa: PLR2004  # two ends
        return None
    first, *between, last = node.parts
    if first != Assertion(Edge.START) or last != Assertion(Edge.END):
        return None
    inner = between[0] if len(between) == 1 else Sequence(tuple(between))
    return None if has_assertions(inner) else inner


def matches_most(node: Node) -> bool:
    """Whether the preferred match is always the longest, as is plain to see.

    So it is where characters follow each other, at most one of which may be repeated, greedily.
    """
    parts = list(node.parts) if isinstance(node, Sequence) else [node]
    repeats = [part for part in parts if isinstance(part, Repeat)]
    return (
        len(repeats) <= 1
        and all(part.greedy and _is_character(part.part) for part in repeats)
        and all(_is_character(part) for part in parts if not isinstance(part, Repeat))
    )


def _is_character(node: Node) -> bool:
    """One byte, or one of several rows of bytes of which none begins another."""
    match node:
        case Byte():
            return True
        case Choice(branches=branches):
            rows = [b.parts if isinstance(b, Sequence) else (b,) for b in branches]
            starts: dict[int, int] = {}
            for row in rows:
                if not row or not all(isinstance(part, Byte) for part in row):
                    return False
                mask = row[0].mask if isinstance(row[0], Byte) else 0
                starts[len(row)] = starts.get(len(row), 0) | mask
            return sum(mask.bit_count() for mask in starts.values()) == _bits(starts.values())
        case Sequence(parts=parts):
            return bool(parts) and all(isinstance(part, Byte) for part in parts)
        case Repeat() | Assertion():
            return False


def _bits(masks: Iterable[int]) -> int:
    found = 0
    for mask in masks:
        found |= mask
    return found.bit_count()
