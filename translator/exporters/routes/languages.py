"""The strings that patterns accept."""

from __future__ import annotations

from functools import lru_cache

from ir.language import Dialect, Language
from ir.match import (
    Pattern,
    PatternKind,
    RegexDialect,
)

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")


"""The methods that a route of the target can name (Gateway API HTTPMethod)."""


@lru_cache(maxsize=4096)
def union(patterns: tuple[Pattern, ...]) -> Language:
    """Strings that any of the patterns accepts; one and the same object for the same patterns."""
    whole = Language.nothing()
    for one in patterns:
        whole = whole | language(one)
    return whole


def language(term: object) -> Language:  # noqa: C901, PLR0911  # one return a kind of pattern
    """The strings that a pattern accepts.

    Raises:
        ir.language.Opaque: the pattern has no exact language here.
    """
    if not isinstance(term, Pattern):
        message = f"{term!r} is no pattern of strings"
        raise TypeError(message)
    fold = term.ignore_case
    match term.kind:
        case PatternKind.EXACT:
            return Language.exact(term.text, ignore_case=fold)
        case PatternKind.PREFIX:
            return Language.prefix(term.text, ignore_case=fold)
        case PatternKind.SUFFIX:
            return Language.suffix(term.text, ignore_case=fold)
        case PatternKind.CONTAINS:
            return Language.contains(term.text, ignore_case=fold)
        case PatternKind.ELEMENT_PREFIX:
            return Language.element_prefix(term.text)
        case PatternKind.TEMPLATE:
            return Language.template(term.text)
        case PatternKind.NON_EMPTY:
            return Language.non_empty()
        case PatternKind.REGEX:
            dialect = Dialect((term.dialect or RegexDialect.RE2_FULL).value)
            return Language.regex(term.text, dialect, ignore_case=fold)
        case PatternKind.GLOB:
            return _glob(term.text)


def _glob(text: str) -> Language:
    """``*`` stands for any text."""
    special = "".join(f"\\{c}" if c in r"\.+*?()|[]{}^$" else c for c in text.replace("*", "\0"))
    return Language.regex(special.replace("\0", "(?s:.*)"), Dialect.RE2_FULL)
