"""The rules of one port, flattened: who, which paths, which methods.

Everything here is about one port of one workload, so tests on the port are decided on the spot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ir.access import Grant, Refusal
from ir.language import Dialect, Language
from ir.match import CALLER_PARTS, HTTP_PARTS, AllOf, Part, Pattern, PatternKind, RegexDialect, Test
from ir.provenance import Traced

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
"""The methods that a route of the target can name (Gateway API HTTPMethod)."""

OTHER = "*"
"""Every method that is not one of :data:`METHODS`."""

EVERY_METHOD = frozenset((*METHODS, OTHER))


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to be granted or refused on the port: callers AND path AND method."""

    callers: tuple[AllOf, ...]
    paths: tuple[tuple[Language, bool], ...]
    """Languages that the path must be in (``True``) or outside of (``False``)."""
    patterns: tuple[Pattern, ...]
    """The patterns that those languages are made of."""
    methods: frozenset[str]


@dataclass(frozen=True, slots=True)
class PortView:
    """How the port is seen: ``readable`` is false where connections are not HTTP."""

    port: int
    readable: bool


def flatten(fact: Grant | Refusal, view: PortView) -> Iterator[Rule]:
    """The rules that a grant or a refusal comes to on this port.

    Where the port is not HTTP a grant with a test on HTTP grants nothing, and a refusal loses the test
    (``View.on_unreadable`` of the facts).
    """
    always = tuple(t for t in fact.always if t.part not in CALLER_PARTS)
    of_callers = tuple(t for t in fact.always if t.part in CALLER_PARTS)
    callers = _with(fact.callers, of_callers, fact.trail)
    if not view.readable and isinstance(fact, Grant) and _asks_http(fact):
        return
    for alternative in fact.requests or (AllOf(trail=fact.trail),):
        tests = [*alternative.tests, *always]
        if not view.readable:
            tests = [t for t in tests if t.part not in HTTP_PARTS]
        if all(_on_port(t, view.port) for t in tests if t.part is Part.PORT):
            methods = _methods(tests, isinstance(fact, Refusal))
            yield Rule(callers, tuple(_paths(tests)), _patterns(tests), methods)


def _asks_http(fact: Grant | Refusal) -> bool:
    tests = [t for a in (*fact.requests, *fact.callers) for t in a.tests]
    return any(t.part in HTTP_PARTS for t in (*tests, *fact.always))


def _with(
    callers: Sequence[AllOf], tests: tuple[Test, ...], trail: Traced[str]
) -> tuple[AllOf, ...]:
    if not tests:
        return tuple(callers)
    whole = callers or (AllOf(trail=trail),)
    return tuple(replace(c, tests=(*c.tests, *tests)) for c in whole)


def _on_port(test: Test, port: int) -> bool:
    def named(terms: Iterable[Traced[object]]) -> bool:
        return any(isinstance(t.value, Pattern) and t.value.text == str(port) for t in terms)

    return (not test.any_of or named(test.any_of)) and not named(test.none_of)


def _paths(tests: Iterable[Test]) -> Iterator[tuple[Language, bool]]:
    for test in tests:
        if test.part is Part.PATH:
            if test.any_of:
                yield union(language(t.value) for t in test.any_of), True
            if test.none_of:
                yield union(language(t.value) for t in test.none_of), False


def _patterns(tests: Iterable[Test]) -> tuple[Pattern, ...]:
    found = (term.value for t in tests if t.part is Part.PATH for term in (*t.any_of, *t.none_of))
    return tuple(value for value in found if isinstance(value, Pattern))


def _methods(tests: Iterable[Test], refuses: bool) -> frozenset[str]:  # noqa: FBT001  # which side to err on
    """Methods that pass; of the unnamed ones a grant takes only what it surely takes, a refusal all it might."""
    left = set(EVERY_METHOD)
    for test in tests:
        if test.part is Part.METHOD:
            if test.any_of:
                left &= _named(test.any_of, refuses)
            if test.none_of:
                left -= _named(test.none_of, not refuses)
    return frozenset(left)


def _named(terms: Sequence[Traced[object]], generous: bool) -> set[str]:  # noqa: FBT001
    found: set[str] = set()
    for term in terms:
        if not isinstance(term.value, Pattern):
            continue
        accepted = language(term.value)
        found.update(m for m in METHODS if accepted.accepts(m))
        if term.value.kind is PatternKind.NON_EMPTY or (
            generous and not (term.value.kind is PatternKind.EXACT and term.value.text in METHODS)
        ):
            found.add(OTHER)
    return found


def union(languages: Iterable[Language]) -> Language:
    """Strings that are in any of the languages."""
    whole = Language.nothing()
    for one in languages:
        whole = whole | one
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
