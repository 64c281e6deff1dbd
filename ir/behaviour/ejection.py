"""Which endpoints that fail are left out for a client, and when: what decides between facts about one service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ir.attachment import Reach, Scope, ServicePort
from ir.behaviour.concrete_place import reaches
from ir.behaviour.concrete_trail import leaves_of
from ir.behaviour.request import Caller
from ir.match import Labels
from ir.provenance import Traced
from ir.resilience import AppliesTo, Outliers

_WIDTH = (Reach.EVERYONE, Reach.NAMESPACES, Reach.WORKLOADS)


@dataclass(frozen=True, slots=True)
class Part:
    """Endpoints of a service on one of its ports: all of them, or those with the labels of a subset."""

    namespace: str | None
    name: str
    port: int
    labels: Labels | None = None


@dataclass(frozen=True, slots=True)
class Ejection:
    """After which failures an endpoint is out, and for how long, spelt out.

    ``longest``: for how long at most, where it fails again and again. ``manner``: how failures are looked at besides, and
    how many may be out. ``leaves``: of the fact that says so.
    """

    rule: tuple[str, ...] = ()
    longest: str = ""
    manner: tuple[str, ...] = ()
    leaves: tuple[int, ...] = ()


NONE = Ejection()
"""No endpoint is ever left out."""


def ejections(facts: Iterable[Outliers]) -> Mapping[tuple[str | None, str], tuple[Outliers, ...]]:
    """The facts by the service that they are about."""
    found: dict[tuple[str | None, str], list[Outliers]] = {}
    for fact in facts:
        subject = fact.attachment.subject
        if subject.scope is Scope.SERVICE and subject.name is not None:
            space = None if subject.namespace is None else subject.namespace.value
            found.setdefault((space, subject.name.value), []).append(fact)
    return {key: tuple(facts) for key, facts in found.items()}


def ejection_of(
    about: Mapping[tuple[str | None, str], Sequence[Outliers]],
    caller: Caller,
    addressed: Part,
    sent_to: Part,
) -> Ejection:
    """What holds for requests of a caller to ``addressed`` that are sent to the endpoints ``sent_to``."""
    candidates = [
        fact
        for part, whose in ((sent_to, AppliesTo.DESTINATION), (addressed, AppliesTo.ADDRESS))
        for fact in about.get((part.namespace, part.name), ())
        if fact.applies_to is whose
        and reaches(fact.attachment.audience, caller)
        and _on(fact, part.port)
        and (fact.labels is None or fact.labels.value == part.labels)
    ]
    if not candidates:
        return NONE
    fact = max(candidates, key=_narrowness)
    counts = _counts(fact)
    if not counts:
        return NONE
    return Ejection(
        rule=(counts[0], _span("out for", fact.ejection_time)),
        longest=_span("at most for", fact.longest_ejection),
        manner=(*counts[1:], *_manner(fact)),
        leaves=leaves_of(fact),
    )


def _narrowness(fact: Outliers) -> tuple[int, bool, bool]:
    audience = fact.attachment.audience
    width = 0 if audience is None else _WIDTH.index(audience.reach)
    return width, fact.labels is not None, bool(fact.attachment.ports)


def _on(fact: Outliers, port: int) -> bool:
    here = ServicePort(port)
    if any(own.value == here for own in fact.attachment.excluding_ports):
        return False
    return not fact.attachment.ports or any(own.value == here for own in fact.attachment.ports)


def _counts(fact: Outliers) -> tuple[str, ...]:
    """What is counted, the most usual first; nothing where the fact only says that nothing is."""
    counts = (
        ("errors", fact.consecutive_errors),
        ("gateway errors", fact.consecutive_gateway_errors),
        ("failed connections", fact.consecutive_local_errors),
    )
    return tuple(f"after {n.value} {what}" for what, n in counts if n is not None and n.value)


def _span(what: str, seconds: Traced[float] | None) -> str:
    return "" if seconds is None else f"{what} {seconds.value:g} s"


def _manner(fact: Outliers) -> Iterator[str]:
    if fact.error_codes:
        yield f"errors are {', '.join(str(code.value) for code in fact.error_codes)}"
    local = fact.consecutive_local_errors
    if local is not None and not local.value:
        yield "failed connections are not counted"
    if fact.interval is not None:
        yield f"looked at every {fact.interval.value:g} s"
    shares = (
        ("at most", fact.max_ejection_percent),
        ("unless no more are well than", fact.min_health_percent),
    )
    for what, share in shares:
        if share is not None and (share.value or share is fact.max_ejection_percent):
            yield f"{what} {share.value} %"
