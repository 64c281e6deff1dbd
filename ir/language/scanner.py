"""Where a parser stands in its text, and in which mood."""

from __future__ import annotations

from dataclasses import dataclass

from ir.language.charset import (
    Ranges,
    difference,
    fold,
    intersection,
    union,
)
from ir.language.errors import BadPattern, Opaque
from ir.language.syntax import Dialect

_ASCII = ((0, 0x7F),)


@dataclass(frozen=True, slots=True)
class Flags:
    """What ``(?flags)`` may switch."""

    ignore_case: bool = False
    dot_all: bool = False
    multi_line: bool = False
    swap_greed: bool = False
    unicode: bool = True


class Scanner:
    """The text of a pattern, read from left to right.

    ``vague`` is set once something was read of which only the ASCII members are known.
    """

    __slots__ = ("at", "dialect", "flags", "text", "vague")

    def __init__(self, text: str, dialect: Dialect, flags: Flags) -> None:
        self.text = text
        self.dialect = dialect
        self.flags = flags
        self.at = 0
        self.vague: str | None = None

    @property
    def rust(self) -> bool:
        """Whether the syntax is that of Rust's ``regex``."""
        return self.dialect is Dialect.RUST_SPAN

    @property
    def more(self) -> bool:
        """Whether text is left."""
        return self.at < len(self.text)

    def sees(self, text: str) -> bool:
        """Whether this text comes next."""
        return self.text.startswith(text, self.at)

    def skip(self, text: str) -> bool:
        """Steps over this text if it comes next."""
        if not self.sees(text):
            return False
        self.at += len(text)
        return True

    def take(self) -> str:
        """The next character.

        Raises:
            BadPattern: there is none.
        """
        if not self.more:
            raise self.bad("ends too early")
        self.at += 1
        return self.text[self.at - 1]

    def until(self, end: str) -> str:
        """The text before the next ``end``, which is stepped over too."""
        found = self.text.find(end, self.at)
        if found < 0:
            raise self.bad(f"lacks a closing {end}")
        text = self.text[self.at : found]
        self.at = found + len(end)
        return text

    def bad(self, what: str) -> BadPattern:
        """The error that the pattern is none."""
        return BadPattern(f"the regular expression {self.text!r} {what} (at character {self.at})")

    def opaque(self, what: str) -> Opaque:
        """The error that the pattern is not understood."""
        return Opaque(f"the regular expression {self.text!r} uses {what}")

    def note_vague(self, what: str) -> None:
        """Records that only the ASCII part of what was read is known."""
        self.vague = self.vague or f"the regular expression {self.text!r} uses {what}"

    def cased(self, those: Ranges) -> Ranges:
        """The set with both cases, where case is ignored."""
        if not self.flags.ignore_case:
            return those
        folded, exact = fold(those)
        if not self.flags.unicode:
            return union(intersection(folded, _ASCII), difference(those, _ASCII))
        if not exact:
            self.note_vague("letters beyond ASCII in either case")
        return folded
