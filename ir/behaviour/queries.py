"""Patterns on a path with its query that say the same whatever the query is."""

from __future__ import annotations

from functools import lru_cache

from ir.behaviour.languages import language_of, with_any_query
from ir.language import PATH, Dialect, Language
from ir.match import Pattern

_QUERY = Language.regex(r"/[!\"$->@-~]*\?[!-~]*", Dialect.RE2_FULL)
"""Paths with a query."""


@lru_cache(maxsize=2048)
def whatever_the_query(pattern: Pattern) -> bool:
    """Whether the pattern covers a path with any query exactly where it covers the path alone.

    Raises:
        ir.language.Opaque: the pattern is not known exactly.
    """
    language = language_of(pattern)
    alone = language & PATH
    lifted = with_any_query(alone)
    return (language & _QUERY).issubset(lifted) and (lifted & _QUERY).issubset(language)
