"""Conditions on a path with its query, as conditions on the path alone."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from ir.behaviour.languages import before_a_query, language_of
from ir.language import PATH, Dialect, Language, Opaque
from ir.match import AllOf, Part, Pattern, PatternKind, RegexDialect, Term, Test
from ir.provenance import Traced

LIMIT = 1024
"""Characters of an expression that is made."""

_QUERIES = Language.regex(r"/[!\"$->@-~]*\?[!-~]*", Dialect.RE2_FULL)
"""Paths with a query."""


def without_query(way: AllOf) -> AllOf | None:
    """The alternative for the paths for which it holds whatever the query is; ``None``: there are none."""
    tests: list[Test] = []
    for test in way.tests:
        if test.part is not Part.PATH:
            tests.append(test)
            continue
        terms = tuple(said for term in test.any_of if (said := _narrowed(term)) is not None)
        if not terms:
            return None
        tests.append(replace(test, any_of=terms))
    return replace(way, tests=tuple(tests))


def _narrowed(term: Traced[Term]) -> Traced[Term] | None:
    value = term.value
    found = _whatever_the_query(value) if isinstance(value, Pattern) else None
    if found is None:
        return None
    made: Term = found
    return term.derive(made)


@lru_cache(maxsize=2048)
def _whatever_the_query(pattern: Pattern) -> Pattern | None:
    """The paths that are covered alone and with every query; ``None``: there are none, or they are not known."""
    try:
        language = language_of(pattern)
        left_out = before_a_query(_QUERIES - language)
        paths = (language & PATH) - left_out
        if paths.is_empty():
            return None
        hints = (pattern.text,)
        text = paths.to_regex(Dialect.RE2_FULL, limit=LIMIT, within=PATH, hints=hints)
    except Opaque:
        return None
    return Pattern(PatternKind.REGEX, text, dialect=RegexDialect.RE2_FULL)
