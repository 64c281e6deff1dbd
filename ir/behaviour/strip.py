"""Rules without their trails, on one port: tests on the port and on the transport are decided on the spot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.access import Evidence, ExternalDecision, Grant, GuardedRoutes, Refusal
from ir.behaviour.languages import language_of
from ir.behaviour.request import TCP
from ir.behaviour.stages import Condition, Rule, Way
from ir.match import HTTP_PARTS, AllOf, Part, Pattern, Presence, Test
from ir.provenance import Traced

_SHOWN = frozenset((Part.CERTIFICATE, Part.IDENTITY))
"""What a caller's certificate says and nothing else does."""
PROVEN = _SHOWN | {Part.NAMESPACE, Part.SERVICE_ACCOUNT, Part.TRUST_DOMAIN}
"""What it says where a rule goes by certificates."""
_NONE: frozenset[Part] = frozenset()


def tests_of(fact: object) -> Iterator[Test]:
    """All tests of a rule or of guarded routes."""
    if isinstance(fact, (Grant, Refusal, ExternalDecision)):
        yield from (t for way in (*fact.callers, *fact.requests) for t in way.tests)
        yield from fact.always
    elif isinstance(fact, GuardedRoutes):
        for route in fact.routes:
            yield from (t for way in route.matches for t in way.tests)
            yield from (t for a in route.admissions for way in a.callers for t in way.tests)


def rule_of(
    fact: Grant | Refusal | ExternalDecision,
    port: int,
    transport: str = TCP,
    *,
    clear: bool = False,
) -> Rule | None:
    """The rule on this port; ``None`` where it can never hold there. ``clear``: no caller shows a certificate there."""
    evidence = Evidence.CERTIFICATE if isinstance(fact, ExternalDecision) else fact.evidence
    unknown = (_SHOWN if evidence is Evidence.LABEL else PROVEN) if clear else _NONE
    callers = ways_of(fact.callers, port, transport, unknown)
    requests = ways_of(fact.requests, port, transport, unknown)
    always = _way(fact.always, port, transport, unknown)
    if callers is None or requests is None or always is None:
        return None
    return Rule(
        callers=callers,
        requests=requests,
        always=always,
        view=fact.view,
        evidence=Evidence.LABEL if evidence is Evidence.LABEL else Evidence.CERTIFICATE,
        asks_http=any(t.part in HTTP_PARTS for t in tests_of(fact)),
    )


def alternatives_of(ways: tuple[AllOf, ...], port: int) -> tuple[Way, ...]:
    """The alternatives that can hold on the port, each of which may win by its own conditions."""
    if not ways:
        return ((),)
    return tuple(way for one in ways if (way := _way(one.tests, port)) is not None)


def ways_of(
    ways: tuple[AllOf, ...], port: int, transport: str = TCP, unknown: frozenset[Part] = _NONE
) -> tuple[Way, ...] | None:
    """The alternatives that can hold on the port; ``()``: every request; ``None``: none can.

    ``unknown``: what no request has there.
    """
    if not ways:
        return ()
    found = [way for one in ways if (way := _way(one.tests, port, transport, unknown)) is not None]
    if any(not way for way in found):
        return ()
    return tuple(dict.fromkeys(found)) or None


def _way(
    tests: Sequence[Test], port: int, transport: str = TCP, unknown: frozenset[Part] = _NONE
) -> Way | None:
    """The conditions besides those that are decided on the port; ``None`` where one of these fails."""
    decided: dict[Part, str | None] = {Part.PORT: str(port), Part.TRANSPORT: transport}
    decided.update((part, None) for part in unknown)
    if not all(_is(test, decided[test.part]) for test in tests if test.part in decided):
        return None
    return tuple(condition(test) for test in tests if test.part not in decided)


def _is(test: Test, text: str | None) -> bool:
    """Whether the test holds for a part with this text; ``None``: for one that is not there."""
    presence = Presence.EITHER if test.presence is None else test.presence.value
    if text is None and not test.missing_is_empty:
        return presence is not Presence.PRESENT and not test.any_of
    spelt = text or ""

    def among(terms: tuple[Traced[object], ...]) -> bool:
        return any(
            isinstance(t.value, Pattern) and language_of(t.value).accepts(spelt) for t in terms
        )

    return (
        presence is not (Presence.PRESENT if text is None else Presence.ABSENT)
        and not among(test.none_of)
        and (not test.any_of or among(test.any_of))
    )


def holds_without(test: Test) -> bool:
    """Whether the test holds where nothing is known of the part that it looks at."""
    return _is(test, None)


def condition(test: Test) -> Condition:
    """The test without its trails."""
    name = "" if test.name is None else test.name.value
    header = test.part is Part.HEADER
    return Condition(
        part=test.part,
        name=name.lower() if header else name,
        any_of=tuple(dict.fromkeys(t.value for t in test.any_of)),
        none_of=tuple(dict.fromkeys(t.value for t in test.none_of)),
        presence=Presence.EITHER if test.presence is None else test.presence.value,
        missing_is_empty=test.missing_is_empty,
    )
