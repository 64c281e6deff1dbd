"""Regular expressions for the sets of paths that policies are mostly made of, put together by hand.

They are guesses with a good chance: whoever uses one proves first that it says what is wanted. Without them the general
way takes up to a second for a set; with them a few milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from ir.language import Language
from ir.match import Pattern, PatternKind
from translator.exporters.routes.expressions import escaped

_DOT = r"(?:\.|%2[eE])"
_CHAR = r"(?:[^/\\%]|%[0-9A-Fa-f]{2})"
_NOT_DOT = r"(?:[^/\\%.]|%(?:[013-9A-Fa-f][0-9A-Fa-f]|2[0-9A-DFa-df]))"
ELEMENT = f"(?:{_DOT}{{0,2}}{_NOT_DOT}{_CHAR}*|{_DOT}{{3}}{_CHAR}*)?"
"""A path element that is neither ``.`` nor ``..``, however spelt; it may be empty."""

_KEPT = r"%(?:[0189A-Fa-f][0-9A-Fa-f]|2[0-9A-CFa-cf]|3[A-Fa-f]|[46]0|5[B-Eb-e]|7[B-DFb-df])"
"""An escape that stands in a path in normal form: of a character that is not unreserved."""

_NORMAL_CHAR = rf"(?:[^/\\%]|{_KEPT})"
_NORMAL_HEAD = rf"(?:[^/\\%.]|{_KEPT}|\.(?:[^/\\%.]|{_KEPT}|\.{_NORMAL_CHAR}))"
NORMAL_ELEMENT = f"(?:{_NORMAL_HEAD}{_NORMAL_CHAR}*)?"
"""An element of a path in normal form; it may be empty."""

_PLAIN = re.compile(r"/(?:[A-Za-z0-9_~-]+/)*\Z")
_WORD = re.compile(r"[A-Za-z0-9_~-]+\Z")
_MOST = 8
"""Patterns of which all combinations are still few."""


def phrases(paths: Language, patterns: Sequence[Pattern]) -> tuple[str, ...]:
    """Texts that may say ``paths``, a set made of these patterns."""
    if len(patterns) > _MOST:
        return ()
    pieces = [list(dict.fromkeys(_pieces(p, patterns))) for p in patterns]
    wanted = [
        found for p, found in zip(patterns, pieces, strict=True) if found and _touches(p, paths)
    ]
    return tuple("|".join(choice) for choice in product(*wanted))[: 4**3] if wanted else ()


def _touches(pattern: Pattern, paths: Language) -> bool:
    if pattern.kind is PatternKind.EXACT:
        return paths.accepts(pattern.text)
    return paths.accepts(pattern.text) or paths.accepts(f"{pattern.text}a")


def _pieces(pattern: Pattern, patterns: Sequence[Pattern]) -> Iterator[str]:
    """Ways to say what a pattern adds to the set: all of it, or all but what a longer prefix takes out."""
    text = escaped(pattern.text)
    if pattern.kind is PatternKind.EXACT:
        yield text
    elif pattern.kind is PatternKind.PREFIX and _PLAIN.match(pattern.text):
        yield f"{text}{ELEMENT}(?:/{ELEMENT})*"
        yield f"{text}{NORMAL_ELEMENT}(?:/{NORMAL_ELEMENT})*"
        for word in _words(pattern, patterns):
            yield f"{text}{_but(word)}"


def _words(pattern: Pattern, patterns: Iterable[Pattern]) -> Iterator[str]:
    """Elements right below a prefix that other prefixes name."""
    for other in patterns:
        if other.kind is PatternKind.PREFIX and other.text.startswith(pattern.text):
            word = other.text[len(pattern.text) :].removesuffix("/")
            if other.text.endswith("/") and _WORD.match(word):
                yield word


def _but(word: str) -> str:
    """Normal paths below a prefix that do not go on with ``word`` and a slash."""
    part = ""
    for letter in reversed(word[:-1]):
        part = f"(?:{letter}{part})?"
    other = rf"{word[-1]}[^/\\%]"
    for position in range(len(word) - 1, -1, -1):
        first = "." if position == 0 else ""
        tail = other if position == len(word) - 1 else f"{word[position]}(?:{other})"
        other = rf"[^{word[position]}/\\%{first}]|{tail}"
    whole = f"(?:{word[0]}{_nested(word[1:])})?"
    dots = rf"\.(?:[^/\\%.]|{_KEPT}|\.{_NORMAL_CHAR})"
    head = f"(?:{other}|{whole}{_KEPT}|{dots}){_NORMAL_CHAR}*"
    return f"(?:(?:{part}|{head})(?:/{NORMAL_ELEMENT})*|{word})"


def _nested(rest: str) -> str:
    text = ""
    for letter in reversed(rest):
        text = f"(?:{letter}{text})?"
    return text
