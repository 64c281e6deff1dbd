"""Which requests a route takes, as the node's proxy compares them: one value a test, one route an alternative.

envoyproxy/envoy api/envoy/config/route/v3/route_components.proto ``RouteMatch``, 1.37: a prefix is one of text or of path
elements; a regular expression is RE2 and for the whole path, without its query.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from ir.language import HEADER_VALUE, PATH, Dialect, Language, Opaque
from ir.match import Part, Pattern, PatternKind, RegexDialect, Term, Test
from ir.provenance import Traced, derived
from ir.traffic import RouteMatch
from ir.walk import traced
from translator.exporters.routes.languages import language

MOST = 64
"""Routes that one alternative may become."""
_LIMIT = 1024
_PATHS = (PatternKind.EXACT, PatternKind.PREFIX, PatternKind.ELEMENT_PREFIX)
_VALUES = (PatternKind.EXACT, PatternKind.PREFIX, PatternKind.SUFFIX, PatternKind.CONTAINS)


class Unsayable(Exception):  # noqa: N818  # it carries a reason upwards
    """The proxy compares nothing of the kind."""


def alternatives(match: RouteMatch) -> Iterator[RouteMatch]:
    """The match with one value in each of its tests; the port of the Service is no longer asked for.

    Raises:
        Unsayable: a test has no form.
    """
    asked = [t for t in match.requests.tests if t.part is not Part.SERVICE_PORT]
    spent = [t for t in match.requests.tests if t.part is Part.SERVICE_PORT]
    if sum(test.part is Part.PATH for test in asked) > 1:
        raise Unsayable("it asks for two things of the path")
    choices = [tuple(_choices(test)) for test in asked]
    count = 1
    for one in choices:
        count *= len(one)
    if count > MOST:
        raise Unsayable(f"it has more than {MOST} combinations of values")
    node = derived(
        match.trail.value,
        (match.trail, match.requests.trail, *(v for t in spent for v in traced(t)))
        + (() if match.audience is None else tuple(traced(match.audience))),
    )
    for tests in product(*choices):
        requests = replace(match.requests, tests=tests)
        yield replace(match, requests=requests, audience=None, trail=node)


def path_of(match: RouteMatch) -> Pattern | None:
    """The pattern of the path; ``None`` where any will do."""
    for test in match.requests.tests:
        if test.part is Part.PATH:
            (term,) = test.any_of
            return term.value if isinstance(term.value, Pattern) else None
    return None


def _choices(test: Test) -> Iterator[Test]:
    if test.none_of:
        raise Unsayable("it asks for what must not be")
    if not test.any_of:
        if test.presence is None:
            raise Unsayable("it asks for nothing")
        yield test
        return
    for term in test.any_of:
        said = _path(term) if test.part is Part.PATH else _value(term)
        yield replace(test, any_of=(said,), presence=None, missing_is_empty=False)


def _path(term: Traced[Term]) -> Traced[Term]:
    value = term.value
    if not isinstance(value, Pattern):
        raise Unsayable("it compares the path with something else")
    if value.kind in _PATHS and not value.ignore_case and not set("?#") & set(value.text):
        if value.kind is not PatternKind.ELEMENT_PREFIX:
            return term
        stem = value.text.rstrip("/")
        kind = PatternKind.ELEMENT_PREFIX if stem else PatternKind.PREFIX
        return term.derive(Pattern(kind, stem or "/"))
    return _regex(term, value, PATH)


def _value(term: Traced[Term]) -> Traced[Term]:
    value = term.value
    if not isinstance(value, Pattern):
        raise Unsayable("it compares a value with something else")
    if value.kind is PatternKind.EXACT and not value.text:
        raise Unsayable("it asks for an empty value")
    if value.kind in _VALUES and value.text and not value.ignore_case:
        return term
    return _regex(term, value, HEADER_VALUE)


def _regex(term: Traced[Term], value: Pattern, within: Language) -> Traced[Term]:
    plain = value.kind is PatternKind.REGEX and not value.ignore_case
    if plain and value.dialect in (None, RegexDialect.RE2_FULL):
        return term
    try:
        text = language(value).to_regex(Dialect.RE2_FULL, limit=_LIMIT, within=within)
    except Opaque as reason:
        message = f'"{value.text}" cannot be said as a regular expression of RE2: {reason}'
        raise Unsayable(message) from None
    return term.derive(Pattern(PatternKind.REGEX, text, dialect=RegexDialect.RE2_FULL))
