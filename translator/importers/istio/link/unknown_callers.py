"""Rules that ask who calls at ports where mutual TLS is switched off: there the source knows of no caller who it is.

istio/istio pilot/pkg/networking/core/listener_inbound.go, 1.31: with the mode DISABLE a port has a chain for clear text alone,
and clients in the mesh send clear text to it; so whoever must be somebody is refused, and whoever must not be gets in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ir.access import Evidence, Grant, MtlsMode, PeerMtls, Refusal
from ir.attachment import Attachment, Scope, Subject
from ir.match import AllOf, Labels, Operator, Part, Presence, Test
from ir.model import Fact
from ir.walk import traced
from translator.api import Loss
from translator.report.model import Fate, Impact, Support

_WHO = (Part.CERTIFICATE, Part.IDENTITY, Part.NAMESPACE, Part.SERVICE_ACCOUNT, Part.TRUST_DOMAIN)


def unknown_callers(facts: Iterable[Fact]) -> Iterator[Loss]:
    """A finding for each rule that lets in where the target knows the caller, and did not where the source does not."""
    known = tuple(facts)
    clear = [f for f in known if isinstance(f, PeerMtls) and f.mode.value is MtlsMode.OFF]
    for rule in known if clear else ():
        if not isinstance(rule, (Grant, Refusal)) or rule.evidence is not Evidence.CERTIFICATE:
            continue
        if not _needs_somebody(rule):
            continue
        off = next((f for f in clear if _may_meet(f.attachment, rule.attachment)), None)
        if off is not None:
            yield _told(rule, off)


def _needs_somebody(rule: Grant | Refusal) -> bool:
    """Whether a caller who is known may get in by it, though one who is not does not."""
    asks = _asks_for_none if isinstance(rule, Refusal) else _asks_for_some
    ways: tuple[AllOf, ...] = rule.callers
    return any(asks(test) for test in (*rule.always, *(t for way in ways for t in way.tests)))


def _asks_for_some(test: Test) -> bool:
    present = test.presence is not None and test.presence.value is Presence.PRESENT
    return test.part in _WHO and (bool(test.any_of) or present)


def _asks_for_none(test: Test) -> bool:
    absent = test.presence is not None and test.presence.value is Presence.ABSENT
    return test.part in _WHO and (bool(test.none_of) or absent)


def _may_meet(one: Attachment, other: Attachment) -> bool:
    """Whether a port of a pod may be among both."""
    mine, others = ({p.value for p in a.ports} for a in (one, other))
    spared = {p.value for p in one.excluding_ports}
    if (mine and others and not mine & others) or (others and others <= spared):
        return False
    return _may_be_both(one.subject, other.subject)


def _may_be_both(one: Subject, other: Subject) -> bool:
    spaces = {s.namespace.value for s in (one, other) if s.namespace is not None}
    if len(spaces) > 1 or any(_is_within(other, less) for less in one.excluding):
        return False
    mine, others = _wanted(one), _wanted(other)
    return all(mine[key] == others[key] for key in mine.keys() & others.keys())


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


def _told(rule: Grant | Refusal, off: PeerMtls) -> Loss:
    what = "refuses whoever it does not name" if isinstance(rule, Refusal) else "lets in by name"
    leaves = {leaf for value in traced(rule.callers) for leaf in value.origin}
    return Loss(
        code="MM405",
        impact=Impact.LOOSER,
        support=Support.PARTIAL,
        fate=Fate.APPROXIMATED,
        leaves=tuple(sorted(leaves)),
        because=(off.mode,),
        message=f"a rule {what} where mutual TLS is switched off: the source knows nobody there and lets none of them in; the target "
        "knows the callers and does.",
        advice="Take the callers out of the rule if nobody is to get in, or switch mutual TLS on before the migration.",
    )
