"""The rules of one port, flattened: who, which paths, which methods.

Everything here is about one port of one workload, so tests on the port are decided on the spot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ir.access import Grant, Refusal
from ir.language import Language
from ir.match import (
    CALLER_PARTS,
    HTTP_PARTS,
    AllOf,
    Part,
    Pattern,
    PatternKind,
    Presence,
    Term,
    Test,
)
from ir.provenance import Traced
from translator.exporters.routes.languages import METHODS, language, union

OTHER = "*"
"""Every method that is not one of :data:`METHODS`."""

EVERY_METHOD = frozenset((*METHODS, OTHER))


@dataclass(frozen=True, slots=True)
class HeaderTest:
    """The header must have a value in the language (``wanted``), or must have none in it."""

    name: str
    language: Language
    wanted: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to be granted or refused on the port: callers AND path AND method AND headers AND host."""

    callers: tuple[AllOf, ...]
    paths: tuple[tuple[Language, bool], ...]
    """Languages that the path must be in (``True``) or outside of (``False``)."""
    patterns: tuple[Pattern, ...]
    """The patterns that those languages are made of."""
    methods: frozenset[str]
    headers: tuple[HeaderTest, ...] = ()
    hosts: tuple[tuple[Language, bool], ...] = ()
    host_patterns: tuple[Pattern, ...] = ()
    plain: bool = False
    """Whether what it is made of asks for nothing of HTTP, so that it holds for every connection."""


@dataclass(frozen=True, slots=True)
class PortView:
    """How the port is seen: by which numbers rules may call it; ``readable`` is false where connections are not HTTP."""

    ports: tuple[int, ...]
    readable: bool


def flatten(fact: Grant | Refusal, view: PortView) -> Iterator[Rule]:
    """The rules that a grant or a refusal comes to on this port.

    Where the port is not HTTP a grant with a test on HTTP grants nothing, and a refusal loses the test
    (``View.on_unreadable`` of the facts).
    """
    always = tuple(t for t in fact.always if t.part not in CALLER_PARTS)
    of_callers = tuple(t for t in fact.always if t.part in CALLER_PARTS)
    callers = _with(fact.callers, of_callers, fact.trail)
    asks = asks_http(fact)
    if not view.readable and isinstance(fact, Grant) and asks:
        return
    for alternative in fact.requests or (AllOf(trail=fact.trail),):
        tests = [*alternative.tests, *always]
        if not view.readable:
            tests = [t for t in tests if t.part not in HTTP_PARTS]
        refuses = isinstance(fact, Refusal)
        if _on_ports([t for t in tests if t.part is Part.PORT], view.ports, refuses):
            methods = _methods(tests, refuses)
            yield Rule(
                callers=callers,
                paths=tuple(_languages(tests, Part.PATH)),
                patterns=_patterns(tests, Part.PATH),
                methods=methods,
                headers=tuple(_headers(tests)),
                hosts=tuple(_languages(tests, Part.AUTHORITY)),
                host_patterns=_patterns(tests, Part.AUTHORITY),
                plain=not (asks and view.readable),
            )


def asks_http(fact: Grant | Refusal) -> bool:
    """Whether some test of it looks at HTTP."""
    tests = [t for a in (*fact.requests, *fact.callers) for t in a.tests]
    return any(t.part in HTTP_PARTS for t in (*tests, *fact.always))


def _with(
    callers: Sequence[AllOf], tests: tuple[Test, ...], trail: Traced[str]
) -> tuple[AllOf, ...]:
    if not tests:
        return tuple(callers)
    whole = callers or (AllOf(trail=trail),)
    return tuple(replace(c, tests=(*c.tests, *tests)) for c in whole)


def _on_ports(tests: Sequence[Test], ports: Sequence[int], refuses: bool) -> bool:  # noqa: FBT001  # which side to err on
    """Whether the tests hold by the numbers that the port has: a grant must hold by all of them, a refusal by any."""
    held = [all(_on_port(t, port) for t in tests) for port in ports]
    return any(held) if refuses else all(held)


def _on_port(test: Test, port: int) -> bool:
    def named(terms: Iterable[Traced[object]]) -> bool:
        return any(isinstance(t.value, Pattern) and t.value.text == str(port) for t in terms)

    return (not test.any_of or named(test.any_of)) and not named(test.none_of)


def _languages(tests: Iterable[Test], part: Part) -> Iterator[tuple[Language, bool]]:
    for test in tests:
        if test.part is part:
            if test.any_of:
                yield union(_patterns_of(test.any_of)), True
            if test.none_of:
                yield union(_patterns_of(test.none_of)), False


def _headers(tests: Iterable[Test]) -> Iterator[HeaderTest]:
    for test in tests:
        if test.part is Part.HEADER and test.name is not None:
            name = test.name.value.lower()
            for language, wanted in _languages((test,), Part.HEADER):
                yield HeaderTest(name, language, wanted)
            if test.presence is not None and test.presence.value is not Presence.EITHER:
                there = test.presence.value is Presence.PRESENT
                yield HeaderTest(name, Language.anything(), there)


def _patterns_of(terms: Iterable[Traced[Term]]) -> tuple[Pattern, ...]:
    return tuple(term.value for term in terms if isinstance(term.value, Pattern))


def _patterns(tests: Iterable[Test], part: Part) -> tuple[Pattern, ...]:
    found = (term for t in tests if t.part is part for term in (*t.any_of, *t.none_of))
    return _patterns_of(found)


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
