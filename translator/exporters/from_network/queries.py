"""Conditions on a path with its query, as conditions on the path alone."""

from __future__ import annotations

from dataclasses import replace

from ir.behaviour.languages import language_of
from ir.language import PATH, Dialect, Language, Opaque
from ir.match import AllOf, Part, Pattern, PatternKind, RegexDialect, Term, Test
from ir.provenance import Traced

_ANY_QUERY = r"(?:\?[!-~]*)?"


def without_query(ways: tuple[AllOf, ...]) -> tuple[tuple[AllOf, ...], tuple[AllOf, ...]]:
    """The alternatives by the paths that they hold for whatever the query is, and those that lose something by it."""
    kept: list[AllOf] = []
    lost: list[AllOf] = []
    for way in ways:
        said = _said(way)
        lost.append(way)
        if said is not None:
            kept.append(said)
    return tuple(kept), tuple(lost)


def _said(way: AllOf) -> AllOf | None:
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
    """The paths that are covered with every query; ``None``: none are, as far as can be told from the text."""
    value = term.value
    if not isinstance(value, Pattern) or value.kind is not PatternKind.REGEX:
        return None
    for tail in (".*", r"(\?.*)?", r"(?:\?.*)?"):
        head = value.text.removesuffix(tail)
        if head != value.text and _exact(head, value):
            whole: Term = Pattern(PatternKind.REGEX, head, dialect=RegexDialect.RE2_FULL)
            return term.derive(whole)
    return None


def _exact(head: str, value: Pattern) -> bool:
    """Whether the paths of ``head`` are covered by the pattern, alone and with every query."""
    try:
        alone = Language.regex(head, Dialect.RE2_FULL) & PATH
        lifted = Language.regex(f"(?:{head}){_ANY_QUERY}", Dialect.RE2_FULL)
        return not (alone & PATH).is_empty() and lifted.issubset(language_of(value))
    except Opaque:
        return False
