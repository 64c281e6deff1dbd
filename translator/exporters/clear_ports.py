"""Ports where only clear text is understood: the source's rules know nobody by a certificate there, the target's would.

istio/istio pilot/pkg/networking/core/listener_inbound.go, 1.31: with the mode DISABLE a port has a chain for clear text alone,
and clients in the mesh send clear text to it. So whoever must be somebody is not let in, and whoever must not be is meant: the
rules are taken apart, and where they hold for nobody they are not written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ir.access import Evidence, Grant, Layer, MtlsMode, PeerMtls, Refusal
from ir.attachment import EnforcedAt, Scope, ServicePort, Subject, WorkloadPort
from ir.behaviour.strip import PROVEN, holds_without
from ir.match import AllOf, Labels, Operator, Test
from ir.model import Fact
from ir.provenance import Traced, derived, named
from ir.walk import traced
from translator.api import Loss
from translator.report.model import Fate, Impact, Severity, Support

Rule = Grant | Refusal
Port = Traced[WorkloadPort | ServicePort]


@dataclass(slots=True)
class Known:
    """The facts with rules that know as much as the source's, and what is told of them."""

    facts: list[Fact] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)


def as_known(facts: Sequence[Fact]) -> Known:
    """The facts, where rules that go by certificates are apart from ports at which nobody shows one."""
    clear = [f for f in facts if isinstance(f, PeerMtls) and f.mode.value is MtlsMode.OFF]
    found = Known()
    for fact in facts:
        if clear and isinstance(fact, (Grant, Refusal)) and _goes_by_certificates(fact):
            _take_apart(fact, clear, found)
        else:
            found.facts.append(fact)
    return found


def _goes_by_certificates(rule: Rule) -> bool:
    tests = (*rule.always, *(test for way in rule.callers for test in way.tests))
    return (
        rule.evidence is Evidence.CERTIFICATE
        and rule.layer is not Layer.NETWORK
        and rule.attachment.enforced_at is EnforcedAt.SERVER
        and not rule.attachment.ports
        and not rule.attachment.excluding_ports
        and any(test.part in PROVEN for test in tests)
    )


def _take_apart(rule: Rule, clear: Sequence[PeerMtls], found: Known) -> None:
    """The rule where callers may be known, less what each of the clear ports takes of it, and as it holds at these."""
    known = _without(rule)
    pieces: list[Rule] = [rule]
    plain: list[Rule] = []
    for off in clear:
        at = off.attachment
        both = _both(rule.attachment.subject, at.subject)
        if both is None:
            continue
        pieces = [left for piece in pieces for left in _apart(piece, off)]
        if known is not None:
            plain.append(_at(known, both, at.ports, at.excluding_ports))
        found.losses.append(_told(rule, off, gone=known is None))
    found.facts.extend((*pieces, *plain))
    if not pieces and not plain:
        found.losses.append(_gone(rule))


def _apart(piece: Rule, off: PeerMtls) -> Iterator[Rule]:
    """What is left of a piece: for other pods, and for the same on other ports."""
    own, other = piece.attachment, off.attachment
    both = _both(own.subject, other.subject)
    if both is None:
        yield piece
        return
    if not _is_within(own.subject, other.subject):
        subject = _less(own.subject, other.subject)
        yield _at(piece, subject, own.ports, own.excluding_ports)
    if other.ports and not own.ports:
        out = _minus(other.ports, own.excluding_ports)
        yield _at(piece, both, excluding_ports=(*own.excluding_ports, *out))
        return
    wanted = own.ports or other.excluding_ports
    if other.ports:
        wanted = _minus(wanted, other.ports)
    elif own.ports:
        wanted = _minus(wanted, _minus(wanted, other.excluding_ports))
    wanted = _minus(wanted, own.excluding_ports)
    if wanted:
        yield _at(piece, both, wanted)


def _minus(ports: Sequence[Port], others: Sequence[Port]) -> tuple[Port, ...]:
    out = {port.value for port in others}
    return tuple(port for port in ports if port.value not in out)


def _at(
    rule: Rule,
    subject: Subject,
    ports: Sequence[Port] = (),
    excluding_ports: Sequence[Port] = (),
) -> Rule:
    own = [tuple(named(port.value, port) for port in each) for each in (ports, excluding_ports)]
    at = replace(rule.attachment, subject=subject, ports=own[0], excluding_ports=own[1])
    return replace(rule, attachment=at)


def _less(subject: Subject, other: Subject) -> Subject:
    return replace(subject, excluding=(*subject.excluding, _shadow(other)))


def _shadow(subject: Subject) -> Subject:
    """The subject as an exception: it is named there, its meaning stays with its own fact."""
    space, labels = subject.namespace, subject.labels
    return replace(
        subject,
        namespace=None if space is None else named(space.value, space),
        labels=None if labels is None else named(labels.value, labels),
        excluding=tuple(map(_shadow, subject.excluding)),
        trail=named("exception", subject.trail),
    )


def _both(one: Subject, other: Subject) -> Subject | None:
    """The pods of two subjects, as those of the first; ``None``: there are none."""
    spaces = {s.namespace.value for s in (one, other) if s.namespace is not None}
    mine, others = _wanted(one), _wanted(other)
    if len(spaces) > 1 or any(mine[key] != others[key] for key in mine.keys() & others.keys()):
        return None
    if any(_is_within(one, less) for less in other.excluding):
        return None
    if any(_is_within(other, less) for less in one.excluding):
        return None
    shadow = _shadow(other)
    excluding = (*one.excluding, *shadow.excluding)
    space = one.namespace or shadow.namespace
    if one.labels is None or shadow.labels is None:
        labels = one.labels or shadow.labels
    else:
        asked = (*one.labels.value.requirements, *shadow.labels.value.requirements)
        labels = derived(Labels(tuple(dict.fromkeys(asked))), (one.labels,))
    scope = Scope.WORKLOADS if labels else Scope.NAMESPACE if space else Scope.MESH
    return replace(one, scope=scope, namespace=space, labels=labels, excluding=excluding)


def _is_within(one: Subject, wider: Subject) -> bool:
    """Whether all pods of the one are of the wider, as far as that is plain."""
    if wider.excluding:
        return False
    space = None if wider.namespace is None else wider.namespace.value
    if space is not None and (one.namespace is None or one.namespace.value != space):
        return False
    if wider.scope in (Scope.MESH, Scope.NAMESPACE):
        return True
    return wider.scope is Scope.WORKLOADS and _wanted(wider).items() <= _wanted(one).items()


def _wanted(subject: Subject) -> dict[str, tuple[str, ...]]:
    labels = Labels() if subject.labels is None else subject.labels.value
    return {r.key: r.values for r in labels.requirements if r.operator is Operator.IN}


def _without(rule: Rule) -> Rule | None:
    """The rule as it holds for whoever shows no certificate; ``None``: it never does."""
    if not all(holds_without(test) for test in rule.always if test.part in PROVEN):
        return None
    held = [
        way
        for way in rule.callers
        if all(holds_without(test) for test in way.tests if test.part in PROVEN)
    ]
    if rule.callers and not held:
        return None
    ways = tuple(replace(way, tests=tuple(_others(way.tests))) for way in held)
    gone: list[AllOf | Test] = [way for way in rule.callers if way not in held]
    gone.extend(test for way in held for test in way.tests if test.part in PROVEN)
    gone.extend(test for test in rule.always if test.part in PROVEN)
    spent = [v for part in gone for v in traced(part)]
    if any(not way.tests for way in ways):
        spent.extend(v for way in ways for v in traced(way))
        ways = ()
    node = derived(rule.trail.value, (rule.trail, *spent))
    return replace(rule, callers=ways, always=tuple(_others(rule.always)), trail=node)


def _others(tests: Iterable[Test]) -> Iterator[Test]:
    return (test for test in tests if test.part not in PROVEN)


def _told(rule: Rule, off: PeerMtls, *, gone: bool) -> Loss:
    lets = "lets nobody in" if isinstance(rule, Grant) else "refuses nobody"
    what = f"it {lets}" if gone else "it holds whoever calls, and is written so"
    return Loss(
        code="MM405",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.ABSORBED,
        because=(*traced(rule.callers), off.mode),
        message=f"{rule.trail.value}: where mutual TLS is switched off the source knows nobody, so that a rule which asks who calls says "
        f"something else there: {what}.",
        advice="Switch mutual TLS on before the migration if the callers that it names are to be told apart.",
    )


def _gone(rule: Rule) -> Loss:
    return Loss(
        code="MM405",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.ABSORBED,
        sites=tuple(traced(rule)),
        message=f"{rule.trail.value}: mutual TLS is switched off at all of its ports, so that it holds for nobody: nothing is to be "
        "written.",
    )
