"""Tests of a rule in the words of Gateway API: exact texts and regular expressions."""

from __future__ import annotations

from dataclasses import replace

from ir.language import HEADER_VALUE, Dialect
from ir.match import Part, Pattern, PatternKind, RegexDialect, Test
from ir.provenance import Traced, derived
from ir.traffic import RouteMatch
from ir.walk import traced
from translator.exporters.routes.alternatives import Ask
from translator.exporters.routes.expressions import say


def spent_by(match: RouteMatch) -> list[Traced[object]]:
    """What a match says beside its tests: its nodes, its audience, its port, tests that hold always."""
    values: list[Traced[object]] = [match.trail, match.requests.trail]
    if match.audience is not None:
        values.extend(traced(match.audience))
    for test in match.requests.tests:
        values.append(test.trail)
        if test.part in (Part.SERVICE_PORT, Part.PATH):
            values.extend(test.any_of)
    return values


def said_test(ask: Ask, dialect: RegexDialect = RegexDialect.RUST_SPAN) -> Test:
    """The test in the target's kinds of pattern; ``dialect`` is how it reads regular expressions."""
    test = ask.test
    kinds = [t.value.kind for t in test.any_of if isinstance(t.value, Pattern)]
    direct = all(k in (PatternKind.EXACT, PatternKind.REGEX) for k in kinds)
    if not test.any_of:
        term = Pattern(PatternKind.REGEX, ".*", dialect=dialect)
        shown = (test.presence,) if test.presence is not None else (test.trail,)
        return replace(test, any_of=(derived(term, shown),), presence=None)
    if direct and len(test.any_of) == 1 and _same_dialect(test.any_of[0].value, dialect):
        return test
    regex = _say(ask)
    term = Pattern(PatternKind.REGEX, regex, dialect=dialect)
    return replace(test, any_of=(derived(term, test.any_of),), presence=None)


def _same_dialect(term: object, dialect: RegexDialect) -> bool:
    if not isinstance(term, Pattern) or term.ignore_case:
        return False
    return term.kind is PatternKind.EXACT or term.dialect is dialect


def _say(ask: Ask) -> str:
    if ask.test.part is Part.PATH:
        return say(ask.accepted)
    return ask.accepted.to_regex(Dialect.RUST_SPAN, within=HEADER_VALUE)
