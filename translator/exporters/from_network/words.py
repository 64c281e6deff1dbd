"""Regular expressions that are plain words: for targets that compare texts whole or by their beginning."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from ir.behaviour.languages import language_of
from ir.language import PATH, Language, Opaque
from ir.match import AllOf, Part, Pattern, PatternKind, Term, Test
from ir.provenance import Traced

_LITERAL = re.compile(r"(?:[A-Za-z0-9_/~%&=@:,;' -]|\\[^A-Za-z0-9])*\Z")
_ENDS = (
    (".*", (PatternKind.PREFIX,)),
    ("(/.*)?", (PatternKind.EXACT, None)),
    ("(?:/.*)?", (PatternKind.EXACT, None)),
    (r"(\?.*)?", (PatternKind.EXACT,)),
    (r"(?:\?.*)?", (PatternKind.EXACT,)),
    ("", (PatternKind.EXACT,)),
)
"""How an expression may end, and what the words before it are then; ``None``: a prefix with a slash."""


def in_words(way: AllOf) -> AllOf | None:
    """The alternative without regular expressions; ``None``: some of them is no list of words."""
    tests: list[Test] = []
    for test in way.tests:
        terms: list[Traced[Term]] = []
        for term in test.any_of:
            found = _words_of(term.value, path=test.part is Part.PATH)
            if found is None:
                return None
            terms.extend(term if one == term.value else term.derive(one) for one in found)
        if any(
            isinstance(t.value, Pattern) and t.value.kind is PatternKind.REGEX for t in test.none_of
        ):
            return None
        tests.append(replace(test, any_of=tuple(terms)))
    return replace(way, tests=tuple(tests))


@lru_cache(maxsize=4096)
def _words_of(term: Term, *, path: bool) -> tuple[Term, ...] | None:
    if not isinstance(term, Pattern) or term.kind is not PatternKind.REGEX:
        return (term,)
    found: list[Pattern] = []
    for part in term.text.split("|"):
        words = _word(part)
        if words is None:
            return None
        found.extend(words)
    try:
        said = Language.nothing()
        for one in found:
            said = said | language_of(one)
        wanted = language_of(term)
        if path:
            said, wanted = said & PATH, wanted & PATH
        same = said.issubset(wanted) and wanted.issubset(said)
    except Opaque:
        return None
    return tuple(found) if same else None


def _word(text: str) -> list[Pattern] | None:
    for end, kinds in _ENDS:
        head = text.removesuffix(end)
        if (head != text or not end) and _LITERAL.match(head):
            plain = re.sub(r"\\(.)", r"\1", head)
            return [
                Pattern(PatternKind.PREFIX, f"{plain}/") if kind is None else Pattern(kind, plain)
                for kind in kinds
            ]
    return None
