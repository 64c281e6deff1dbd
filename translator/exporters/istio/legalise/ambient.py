"""Rules as the agent of a node holds them: it knows callers, addresses and ports, and reads no HTTP.

istio/istio pilot/pkg/serviceregistry/ambient/authorization.go ``handleRule``, 1.31: a rule that lets in and asks for
something of HTTP is left out whole; of one that refuses what it does not read is left out, and a list in which nothing is
left makes the rule one for nothing. So neither is written: what lets in loses its alternatives on requests, and what refuses
refuses more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ir.access import Closed, Direction, Grant, Refusal
from ir.attachment import EnforcedAt
from ir.match import HTTP_PARTS, AllOf, Part, Pattern, PatternKind, Test
from ir.membership import Enrolment
from ir.model import Fact
from ir.walk import traced
from translator.api import Loss
from translator.exporters.istio.legalise.callers import as_identity
from translator.report.model import SPELLING, Fate, Impact, Severity, Support

DOC = "https://istio.io/latest/docs/ambient/usage/l4-policy/"
_UNREAD = HTTP_PARTS | {
    Part.CLIENT_ADDRESS,
    Part.SERVER_NAME,
    Part.SERVICE_ACCOUNT,
    Part.TRUST_DOMAIN,
}
_GLOB = (PatternKind.GLOB, PatternKind.TEMPLATE)


@dataclass(slots=True)
class Seen:
    """The facts that agents hold, and what was lost."""

    facts: list[Fact] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)


def at_agents(facts: Sequence[Fact]) -> Seen:
    """The facts with rules on connections alone; what is at waypoints stays as it is."""
    seen = Seen()
    for fact in facts:
        match fact:
            case Grant() if fact.attachment.enforced_at is EnforcedAt.SERVER:
                seen.facts.extend(_granted(fact, seen.losses))
            case Refusal() if fact.attachment.enforced_at is EnforcedAt.SERVER:
                seen.facts.append(_refused(fact, seen.losses))
            case _:
                seen.facts.append(fact)
    return seen


def by_identity(facts: Sequence[Fact]) -> list[Fact]:
    """The facts with service accounts as the end of an identity, of whatever trust domain.

    The same callers are meant, and agents read that at every version (``stringToMatch``).
    """
    return [
        replace(fact, callers=tuple(map(as_identity, fact.callers)))
        if isinstance(fact, (Grant, Refusal))
        else fact
        for fact in facts
    ]


def reads(test: Test) -> bool:
    """Whether the agent of a node reads what the test asks."""
    terms = (*test.any_of, *test.none_of)
    return test.part not in _UNREAD and not any(
        isinstance(t.value, Pattern) and t.value.kind in _GLOB for t in terms
    )


def is_plain(rule: Grant | Refusal) -> bool:
    """Whether the agent of a node reads all that the rule asks."""
    return all(map(reads, _tests(rule)))


def still_true(losses: Sequence[Loss], facts: Sequence[Fact]) -> list[Loss]:
    """What was lost before, less what is about paths where no rule that is left compares any."""
    rules = (f for f in facts if isinstance(f, (Grant, Refusal)))
    by_path = any(test.part is Part.PATH for rule in rules for test in _tests(rule))
    return [loss for loss in losses if by_path or loss.code != SPELLING]


def _tests(rule: Grant | Refusal) -> Iterator[Test]:
    yield from rule.always
    for one in (*rule.callers, *rule.requests):
        yield from one.tests


def _granted(rule: Grant, losses: list[Loss]) -> Iterator[Grant]:
    kept = plain_part(rule)
    if kept is None:
        losses.append(_not_let_in(rule))
        return
    whole, left = (*rule.callers, *rule.requests), (*kept.callers, *kept.requests)
    lost = [one for one in whole if all(one is not other for other in left)]
    if lost:
        losses.append(_not_let_in(*lost))
    yield kept


def plain_part(rule: Grant) -> Grant | None:
    """The alternatives of a rule of which the agent of a node reads all; ``None`` where there are none."""
    callers, requests = _readable(rule.callers), _readable(rule.requests)
    gone = (rule.callers and not callers) or (rule.requests and not requests)
    if gone or not all(map(reads, rule.always)):
        return None
    return replace(rule, callers=callers, requests=requests)


def _readable(alternatives: Sequence[AllOf]) -> tuple[AllOf, ...]:
    return tuple(one for one in alternatives if all(map(reads, one.tests)))


def _refused(rule: Refusal, losses: list[Loss]) -> Refusal:
    """The rule less what is not read: it refuses more."""
    lost = [test for test in _tests(rule) if not reads(test)]
    if not lost:
        return rule
    losses.append(
        Loss(
            code="MM403",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            severity=Severity.HIGH,
            sites=tuple(traced(tuple(lost))),
            message="a refusal holds whatever the request is: the agent of a node reads no HTTP, and knows callers, "
            "addresses and ports alone.",
            advice="Bind an AuthorizationPolicy with this rule to a waypoint, and let the waypoint alone in to the pods.",
            doc=DOC,
        )
    )
    return replace(
        rule,
        callers=_wide(rule.callers),
        requests=_wide(rule.requests),
        always=tuple(filter(reads, rule.always)),
    )


def _wide(alternatives: Sequence[AllOf]) -> tuple[AllOf, ...]:
    """The alternatives less what is not read; none where one of them holds for everything then."""
    kept = tuple(replace(one, tests=tuple(filter(reads, one.tests))) for one in alternatives)
    return kept if all(one.tests for one in kept) else ()


def _not_let_in(*parts: object) -> Loss:
    return Loss(
        code="MM402",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        sites=tuple(traced(parts)),
        message="what lets in by parts of requests is left out, and its requests are refused: the agent of a node reads no "
        "HTTP.",
        advice="Use --profile sidecar, or bind an AuthorizationPolicy with this rule to a waypoint and let the waypoint alone "
        "in to the pods.",
        doc=DOC,
    )


def remarks(facts: Sequence[Fact], network: Sequence[Fact]) -> Iterator[Loss]:
    """What differs for pods though nothing of it is written: policies of the network that stay, and when pods are taken.

    cni/pkg/iptables/iptables.go and cni/pkg/util/podutil.go, 1.31.
    """
    if any(isinstance(f, Closed) and f.direction is Direction.INBOUND for f in network):
        yield Loss(
            code="MM530",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            severity=Severity.HIGH,
            message="NetworkPolicies stay, and see port 15008 in the place of the ports of the pods: what comes from other "
            "pods of the ambient mesh is refused where they do not let that port in.",
            advice="Let in TCP port 15008 from the same peers, and 169.254.7.127/32 for health checks.",
            doc="https://istio.io/latest/docs/ambient/usage/networkpolicy/",
        )
    joins = [f for f in facts if isinstance(f, Enrolment) and f.enrolled.value]
    if not joins and any(isinstance(f, Closed) for f in facts):
        yield Loss(
            code="MM601",
            impact=Impact.NONE,
            support=Support.PARTIAL,
            severity=Severity.HIGH,
            message="nothing of the input says which workloads join the mesh, and no label is written: policies hold for pods "
            "once they have joined, and until then for nobody.",
            advice="Set istio.io/dataplane-mode: ambient on the namespaces of the policies, and of those who call, before the "
            "source's policies go.",
            doc="https://istio.io/latest/docs/ambient/usage/add-workloads/",
        )
    if joins:
        yield Loss(
            code="MM531",
            impact=Impact.NONE,
            support=Support.PARTIAL,
            severity=Severity.MEDIUM,
            fate=Fate.APPROXIMATED,
            sites=tuple(f.enrolled for f in joins),
            message="running pods are taken by the agent of their node as soon as the label is there, while the proxies of the "
            f"source are still in them: {', '.join(dict.fromkeys(f.object for f in joins))}.",
            advice="Take out the proxies of the source and restart the workloads before the label is set.",
            doc="https://istio.io/latest/docs/ambient/usage/add-workloads/",
        )
