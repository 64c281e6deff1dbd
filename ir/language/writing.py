"""Languages as regular expressions: made in several ways, and the shortest right one wins.

Right means: read again by our own parser, it agrees with the language on all strings of the domain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from ir.language.algebra import Language
from ir.language.charset import ASCII_BYTES
from ir.language.chart import Chart, chart, only_beginning, reversed_chart
from ir.language.elimination import expressions
from ir.language.errors import Opaque
from ir.language.expression import Expression
from ir.language.printing import NOTHING, Printer, escaped
from ir.language.syntax import Dialect

_UTF8 = Language.regex("(?s:.*)", Dialect.RUST_SPAN)
_ALL = (".*", "(?s).*")
_ROOM = 2
"""How much larger an expression may be than its text while it is built."""


ENOUGH = 400
"""Characters below which nothing shorter is looked for, unless the set is small."""

SMALL = 8
"""States of an automaton from which an expression is soon read off."""


def write_regex(
    language: Language,
    dialect: Dialect,
    limit: int,
    within: Language | None,
    hints: Sequence[str] = (),
) -> str:
    """A regular expression that agrees with the language within the domain.

    ``hints`` are tried first: texts that somebody who knows how the language was made thinks right. One of them, or what
    the author wrote, is good enough.

    Raises:
        Opaque: none of at most ``limit`` characters was found, or the language is not known.
    """
    domain = _UTF8 if within is None else within
    wanted = language & domain
    if wanted.is_empty():
        return NOTHING
    best: str | None = None
    said = tuple(_said(language))
    everything = _ALL if (domain - wanted).is_empty() else ()
    ways = (hints, everything, said, _framed(wanted), _united(language))
    for candidates in chain(ways, _variants(language, domain, limit)):
        for text in sorted(dict.fromkeys(candidates), key=len):
            for form in _forms(text, dialect):
                longer = best is not None and len(form) >= len(best)
                if longer or len(form) > limit:
                    continue
                if not _agrees(form, dialect, wanted, domain):
                    break
                best = form
        if best is not None and (
            candidates is said or candidates is hints or _enough(best, wanted)
        ):
            return best
    if best is None:
        raise Opaque(f"needs more than {limit} characters")
    return best


def _enough(text: str, wanted: Language) -> bool:
    """Whether looking for something shorter would take longer than it is worth."""
    return len(text) <= ENOUGH and len(wanted.table().rows) > SMALL


def _forms(text: str, dialect: Dialect) -> tuple[str, ...]:
    """The text, anchored where the dialect searches, and then without that where it is short enough to be read.

    Rust may cut its match short then; without ends it never accepts what it does not accept with them.
    """
    match dialect:
        case Dialect.RE2_FULL:
            return (text,)
        case Dialect.RUST_SPAN:
            anchored = f"^(?:{text})$"
            return (anchored, text) if len(text) <= ENOUGH else (anchored,)
        case Dialect.GO_SEARCH:
            return (f"^(?:{text})$",)


def _agrees(text: str, dialect: Dialect, wanted: Language, domain: Language) -> bool:
    try:
        return (Language.regex(text, dialect) & domain).equals(wanted)
    except Opaque:
        return False


def _said(language: Language) -> Iterator[str]:
    """How the author put it, where the language is a single pattern."""
    if language.said is not None:
        yield language.said
        yield f"(?s){language.said}"


def _variants(language: Language, domain: Language, limit: int) -> Iterator[Iterator[str]]:
    """Texts for the language in several ways, one way at a time; which are right is seen later."""
    for variant in (language & domain, language, language | ~domain):
        found = _charted(variant, domain)
        if found is not None:
            yield _read_off(found, limit)


def _framed(wanted: Language) -> Iterator[str]:
    """What all strings begin and end with, and anything in between."""
    found = _charted(wanted, wanted)
    if found is None:
        return
    try:
        end = only_beginning(reversed_chart(found))[::-1]
    except Opaque:
        end = ""
    start = only_beginning(found)
    yield escaped(start)
    for middle in (".*", ".+"):
        text = f"{escaped(start)}{middle}{escaped(end)}"
        yield text
        yield f"(?s){text}"


def _charted(language: Language, domain: Language) -> Chart | None:
    """The language over the characters of the domain; ``None`` where that is too large."""
    beyond = bool(domain.alphabet & ~ASCII_BYTES)
    try:
        return chart(language.table(domain.alphabet), beyond_ascii=beyond)
    except Opaque:
        return None


def _united(language: Language) -> Iterator[str]:
    """A union of single patterns, as the author put them."""
    branches = language.branches()
    texts = [branch.said for branch in branches if branch.said is not None]
    if len(texts) < len(branches):
        return
    text = "|".join(texts)
    yield text
    yield f"(?s){text}"


def _read_off(found: Chart, limit: int) -> Iterator[str]:
    for read in expressions(found, _ROOM * limit):
        yield _printed(found, read)


def _printed(found: Chart, read: Expression) -> str:
    printer = Printer(found.symbols)
    text = printer.text(read)
    return f"(?s){text}" if printer.needs_dot_all else text
