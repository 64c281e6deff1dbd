"""What is told of rules about failing endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ir.attachment import Subject
from ir.inventory import Service
from ir.match import Labels
from ir.resilience import Outliers
from ir.walk import traced
from translator.api import Loss
from translator.report.model import Fate, Impact, Severity, Support

Key = tuple[str, str]
Goal = tuple[Key, Labels | None]
"""A service, or the part of it with this selector."""

_DOC = "https://linkerd.io/2/reference/circuit-breaking/"


def name_of(subject: Subject) -> str:
    """A subject of a client's fact for a message."""
    name = "" if subject.name is None else subject.name.value
    return name if subject.namespace is None else f"Service/{subject.namespace.value}/{name}"


def off(fact: Outliers) -> bool:
    """Whether it only says that nothing is counted, without a word of the source."""
    errors = fact.consecutive_errors
    return errors is not None and not errors.value and not errors.origin


def not_written(fact: Outliers, reason: str) -> Iterator[Loss]:
    """A rule that stands nowhere; nothing is told of one without a word of the source."""
    if any(value.origin for value in traced(fact)):
        yield Loss(
            code="MM331",
            impact=Impact.DIFFERENT,
            support=Support.PARTIAL,
            sites=tuple(traced(fact)),
            message=f"failing endpoints of {name_of(fact.attachment.subject)} are not left out: {reason}.",
            advice="Set balancer.linkerd.io/failure-accrual on the Service that clients dial, if it is right for all of "
            "them.",
            doc=_DOC,
        )


def on_all_ports(fact: Outliers, service: Service, others: Iterable[int]) -> Loss:
    """A rule for some ports, written for all of them."""
    numbers = ", ".join(str(number) for number in sorted(others))
    return Loss(
        code="MM331",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=(fact.trail,),
        message=f"failing endpoints of {service.key} are left out on all its ports, on {numbers} too.",
        advice="Split the Service by its ports if that matters.",
        doc=_DOC,
    )


def not_on_bytes(fact: Outliers, service: Service, ports: Iterable[int]) -> Loss:
    """A rule that holds on the HTTP ports alone."""
    numbers = ", ".join(str(number) for number in sorted(ports))
    return Loss(
        code="MM331",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=(fact.trail,),
        message=f"failing endpoints of {service.key} are not left out on {numbers}: only failures of HTTP are counted.",
        why="The source counts connections that fail there; the target takes these ports for bytes.",
        advice="Let clients of these ports reconnect to another endpoint themselves.",
        doc=_DOC,
    )


def sent_elsewhere(
    service: Service, goal: Goal, rule: Outliers | None, own: Outliers | None
) -> Loss:
    """Requests to a service that are sent to endpoints with another rule."""
    (space, name), selector = goal
    part = "" if selector is None else " (a part of it)"
    sites = tuple(fact.trail for fact in (rule, own) if fact is not None)
    then = "left out by the rule for all endpoints" if own is not None else "not left out"
    return Loss(
        code="MM331",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        fate=Fate.APPROXIMATED,
        sites=sites,
        message=f"requests to {service.key} that are sent to Service/{space}/{name}{part}: failing endpoints are {then}; "
        "the target has one rule for each Service that clients address, whatever its routes lead to.",
        advice="Give all endpoints that one Service leads to the same rule.",
        doc=_DOC,
    )


def for_nobody(key: Key, fact: Outliers) -> Loss:
    """A rule for endpoints to which no request is sent: routes send all that is addressed to them elsewhere."""
    return Loss(
        code="MM331",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        sites=tuple(traced(fact)),
        message=f"no request is sent to the endpoints of Service/{key[0]}/{key[1]}, in the source neither: its routes lead "
        "elsewhere. The rule about its failing endpoints is not written.",
        doc=_DOC,
    )


def other_for_some(ways: Sequence[Key], fact: Outliers, usual: Outliers) -> Loss:
    """Clients who have another rule in the source than the one that is written for all."""
    audience = fact.attachment.audience
    spaces = () if audience is None else audience.namespaces
    who = f"clients in {', '.join(s.value for s in spaces)}" if spaces else "some clients"
    names = ", ".join(f"Service/{space}/{name}" for space, name in ways)
    bare = not any(value.origin for value in traced(fact))
    before = "leave out none" if off(fact) else "have a rule of their own"
    return Loss(
        code="MM331",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        fate=Fate.APPROXIMATED if bare else Fate.LOST,
        sites=(usual.trail,) if bare else tuple(traced(fact)),
        message=f"{who} {before} of the failing endpoints of {names} in the source; in the target the "
        "rule for all clients is theirs too.",
        advice="Give all clients of the Service the same rule.",
        doc=_DOC,
    )


def counted_otherwise(fact: Outliers) -> Loss:
    """What the target counts, and how long it waits, is its own; without numbers of the input it is about its subject."""
    sites = tuple(v for v in (fact.consecutive_errors, fact.ejection_time) if v is not None)
    unsaid = not any(value.origin for value in sites)
    return Loss(
        code="MM304",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=sites,
        because=tuple(traced(fact.attachment)) if unsaid else (),
        message="failing endpoints are left out by the target's own rule: after so many failures in a row, for a "
        "time that doubles with each trial that fails (in the source it grows by the same amount each time).",
        why="gRPC errors and broken streams count as failures too; there is no share of endpoints that stays in.",
        advice="Watch the share of failures after the change.",
        doc=_DOC,
    )
