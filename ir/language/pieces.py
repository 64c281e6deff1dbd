"""A language as several regular expressions, where one alone would be larger than its reader takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from ir.language.algebra import Language
from ir.language.charset import ASCII_BYTES
from ir.language.chart import chart
from ir.language.elimination import expressions
from ir.language.errors import Opaque
from ir.language.expression import EMPTY, Cat, Chars, Expression, Or, Star, cat
from ir.language.printing import Printer
from ir.language.syntax import Dialect

MOST = 64
"""Expressions that one language may take."""

_MOST_PARTS = 2 * MOST
"""Parts that are looked at: they multiply with every choice in a row."""

_ROOM = 8192


def in_pieces(
    language: Language, dialect: Dialect, within: Language, fits: Callable[[str], bool]
) -> tuple[str, ...]:
    """Expressions that fit, which together agree with the language on all strings of ``within``.

    Raises:
        Opaque: none were found, or too many would be needed.
    """
    wanted = language & within
    beyond = bool(within.alphabet & ~ASCII_BYTES)
    found = chart(wanted.table(within.alphabet), beyond_ascii=beyond)
    for read in expressions(found, _ROOM):
        pieces = _few(_pieces(read, Printer(found.symbols), fits))
        texts = () if pieces is None else _joined(pieces, fits)
        if pieces is None or len(texts) > MOST:
            continue
        if _agree(texts, dialect, wanted, within):
            return texts
    raise Opaque("needs larger expressions than can be read")


def _few(pieces: Iterator[str | None]) -> Sequence[str] | None:
    """The pieces; nothing where one cannot be taken apart, or there are so many that few could be joined again."""
    found: list[str] = []
    for text in pieces:
        if text is None or len(found) == _MOST_PARTS:
            return None
        found.append(text)
    return found


def _joined(texts: Iterable[str], fits: Callable[[str], bool]) -> tuple[str, ...]:
    """The texts, as many of them in one as fit."""
    found: list[str] = []
    for text in texts:
        both = f"{found[-1]}|{text}" if found else text
        if found and "(?s)" not in both and fits(both):
            found[-1] = both
        else:
            found.append(text)
    return tuple(found)


def _agree(texts: tuple[str, ...], dialect: Dialect, wanted: Language, within: Language) -> bool:
    union = Language.nothing()
    for text in texts:
        union |= Language.regex(text, dialect)
    return (union & within).equals(wanted)


def _pieces(
    expression: Expression, printer: Printer, fits: Callable[[str], bool]
) -> Iterator[str | None]:
    """The texts of parts that fit; ``None`` for what cannot be taken apart."""
    text = printer.text(expression)
    if printer.needs_dot_all:
        text = f"(?s){text}"
    if fits(text):
        yield text
        return
    match expression:
        case Or(branches=branches):
            for branch in branches:
                yield from _pieces(branch, printer, fits)
        case Cat(parts=parts):
            at = next((n for n, part in enumerate(parts) if isinstance(part, Or)), None)
            if at is None:
                yield None
                return
            chosen = parts[at]
            for branch in chosen.branches if isinstance(chosen, Or) else (EMPTY,):
                yield from _pieces(cat(*parts[:at], branch, *parts[at + 1 :]), printer, fits)
        case Chars() | Star():
            yield None
