"""Expressions as the text of a regular expression that RE2, Go and Rust read alike."""

from __future__ import annotations

from ir.language.charset import LAST, Ranges, complement, intersection, ranges
from ir.language.expression import EMPTY, NEVER, Cat, Chars, Expression, Or, Star, parts_of

_SPECIAL = frozenset("\\.+*?()|[]{}^$")
_CLASS_SPECIAL = frozenset("\\[]^-&~")
NOTHING = "[^\\x00-\\x{10FFFF}]"
"""A regular expression that never matches, in all dialects."""
_NEWLINE = 10


def escaped(text: str) -> str:
    """The text as a literal in a regular expression."""
    return "".join(_letter(ord(letter), _SPECIAL) for letter in text)


def _letter(point: int, special: frozenset[str]) -> str:
    letter = chr(point)
    if letter in special:
        return f"\\{letter}"
    if 0x20 <= point <= 0x7E:  # noqa: PLR2004  # visible ASCII and the space
        return letter
    return f"\\x{point:02X}" if point <= 0x7F else f"\\x{{{point:X}}}"  # noqa: PLR2004  # ASCII


class Printer:
    """Prints expressions over these symbols; characters in none of them do not matter.

    ``needs_dot_all`` is set once a dot was printed that has to match a newline.
    """

    __slots__ = ("_classes", "_every", "_free", "_newline", "_symbols", "needs_dot_all")

    def __init__(self, symbols: tuple[Ranges, ...]) -> None:
        self._symbols = symbols
        self._every = (1 << len(symbols)) - 1
        self._free = complement(ranges(pair for symbol in symbols for pair in symbol))
        self._newline = not intersection(self._free, ((_NEWLINE, _NEWLINE),))
        self._classes: dict[int, str] = {}
        self.needs_dot_all = False

    def text(self, expression: Expression) -> str:
        """The expression as text, not yet in a group."""
        match expression:
            case Chars(mask=mask):
                return self._class(mask)
            case Star(part=part):
                return f"{self._single(part)}*"
            case Cat(parts=parts):
                return self._row(parts)
            case Or():
                return self._branches(expression)

    def _row(self, parts: tuple[Expression, ...]) -> str:
        found: list[str] = []
        at = 0
        while at < len(parts):
            size = _plus(parts, at)
            if size:
                loop = parts[at + size]
                found.append(f"{self._single(loop.part)}+" if isinstance(loop, Star) else "")
                at += size + 1
            else:
                inner = self.text(parts[at])
                grouped = isinstance(parts[at], Or) and not _optional(parts[at])
                found.append(f"(?:{inner})" if grouped else inner)
                at += 1
        return "".join(found)

    def _branches(self, expression: Or) -> str:
        if expression == NEVER:
            return NOTHING
        rest = tuple(branch for branch in expression.branches if branch != EMPTY)
        if len(rest) == len(expression.branches):
            return "|".join(self.text(branch) for branch in rest)
        return f"{self._single(Or(rest) if len(rest) > 1 else rest[0])}?"

    def _single(self, expression: Expression) -> str:
        text = self.text(expression)
        return text if isinstance(expression, Chars) else f"(?:{text})"

    def _class(self, mask: int) -> str:
        if mask not in self._classes:
            self._classes[mask] = self._print_class(mask)
        return self._classes[mask]

    def _print_class(self, mask: int) -> str:
        if mask == self._every:
            self.needs_dot_all = self.needs_dot_all or self._newline
            return "."
        inside = self._union(mask)
        outside = self._union(self._every & ~mask)
        if len(inside) == 1 and inside[0][0] == inside[0][1]:
            return _letter(inside[0][0], _SPECIAL)
        positive = f"[{_items(_widened(inside, outside))}]"
        negative = f"[^{_items(_widened(outside, inside))}]"
        return min(positive, negative, key=len)

    def _union(self, mask: int) -> Ranges:
        return ranges(
            pair for n, symbol in enumerate(self._symbols) if mask >> n & 1 for pair in symbol
        )


def _plus(parts: tuple[Expression, ...], at: int) -> int:
    """How many parts from here on are repeated by the star that follows them; 0: none."""
    for end in range(at + 1, len(parts)):
        loop = parts[end]
        if isinstance(loop, Star) and parts_of(loop.part) == parts[at:end]:
            return end - at
    return 0


def _optional(expression: Expression) -> bool:
    return isinstance(expression, Or) and EMPTY in expression.branches


def _widened(wanted: Ranges, unwanted: Ranges) -> Ranges:
    """The wanted ranges, joined where nothing unwanted is in between, or up to the very end."""
    joined: list[tuple[int, int]] = []
    for low, high in wanted:
        if joined and not intersection(((joined[-1][1], low),), unwanted):
            joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    if joined and joined[-1][1] > 0x7F and not intersection(((joined[-1][0], LAST),), unwanted):  # noqa: PLR2004
        joined[-1] = (joined[-1][0], LAST)
    return tuple(joined)


def _items(those: Ranges) -> str:
    found: list[str] = []
    for low, high in those:
        first, last = (_letter(point, _CLASS_SPECIAL) for point in (low, high))
        if low == high:
            found.append(first)
        elif low + 1 == high:
            found.append(first + last)
        else:
            found.append(f"{first}-{last}")
    return "".join(found)
