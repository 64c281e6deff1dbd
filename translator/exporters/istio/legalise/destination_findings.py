"""What is told of rules about the endpoints of services."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.provenance import Traced
from ir.resilience import Outliers, RetryBudget, SessionAffinity
from ir.walk import traced
from translator.api import Beside, Loss
from translator.exporters.istio.legalise.goals import Key, spoken
from translator.report.model import Fate, Impact, Severity, Support

DOC = "https://istio.io/latest/docs/reference/config/networking/destination-rule/"


def _subject(fact: Outliers | RetryBudget | SessionAffinity) -> str:
    subject = fact.attachment.subject
    name = "" if subject.name is None else subject.name.value
    return name if subject.namespace is None else f"Service/{subject.namespace.value}/{name}"


def no_outliers(fact: Outliers, reason: str) -> Iterator[Loss]:
    """A rule that stands nowhere; nothing is told of one without a word of the source."""
    if any(value.origin for value in traced(fact)):
        yield Loss(
            code="MM331",
            impact=Impact.DIFFERENT,
            support=Support.PARTIAL,
            sites=tuple(traced(fact)),
            message=f"failing endpoints of {_subject(fact)} are not left out: {reason}.",
            advice="Set outlierDetection in the DestinationRule that holds for the host, if it is right for all clients.",
            doc=DOC,
        )


def theirs_too(key: Key, fact: Outliers, chosen: Outliers) -> Loss:
    """Clients or endpoints that the rule is not for in the source, where nothing is written for them."""
    audience = fact.attachment.audience
    spaces = () if audience is None else audience.namespaces
    who = f"clients in {', '.join(s.value for s in spaces)}" if spaces else "some clients or ports"
    return Loss(
        code="MM331",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        fate=Fate.APPROXIMATED,
        sites=(chosen.trail,),
        message=f"the rule about failing endpoints of {spoken(key)} holds for {who} too, who have another in the source.",
        advice="Write a DestinationRule with exportTo for them.",
        doc=DOC,
    )


def other_rule(way: Key, goal: Key, rule: Outliers | None, chosen: Outliers) -> Loss:
    """Those who address a service and are sent to endpoints whose rule is another than theirs in the source."""
    before = "none is left out" if rule is None else "they are left out by another rule"
    known = (chosen,) if rule is None else (rule, chosen)
    return Loss(
        code="MM331",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.LOW if rule is None else None,
        fate=Fate.APPROXIMATED,
        sites=tuple(fact.trail for fact in known),
        message=f"requests to {spoken(way)} that are sent to {spoken(goal)}: failing endpoints are left out by the rule of "
        f"{_subject(chosen)}; in the source {before}.",
        why="The target has one rule for the endpoints of a Service, whatever service was addressed; the source has one for "
        "each service that clients address.",
        advice="Give all services that lead to the same endpoints the same rule.",
        doc=DOC,
    )


def clients_of_their_own(name: str, site: Traced[object], rule: Beside, code: str) -> Loss:
    """Clients for whom a DestinationRule of their own namespace holds in the place of the new one."""
    return Loss(
        code=code,
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        fate=Fate.APPROXIMATED,
        sites=(site,),
        message=f"clients in {rule.namespace} go by {rule.key} of the input instead of what is written for {name}.",
        why="A DestinationRule in the client's namespace goes before that of the service's; they are not merged.",
        advice=f"Take {rule.key} away, or say the same in it.",
        doc=DOC,
    )


def manner(fact: Outliers, goal: Key) -> Loss:
    """What else is other about the target's rule than its numbers."""
    sites = tuple(v for v in (fact.consecutive_errors, fact.ejection_time) if v is not None)
    return Loss(
        code="MM304",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=sites,
        because=(fact.trail,),
        message=f"failing endpoints of {spoken(goal)} come back to their full share when their time is over, and are out again "
        "after as many failures, each time for that much longer; in the source one request tries them first, and the time "
        "doubles and is drawn at random around that.",
        why="gRPC: PERMISSION_DENIED counts no more and UNIMPLEMENTED does, by the status of HTTP that each stands for. The "
        "target looks for endpoints whose time is over once in the length of that time, and all may be out as in the source.",
        advice="Watch the share of failures after the change.",
        doc=f"{DOC}#OutlierDetection",
    )


def whose_count(fact: Outliers, goal: Key) -> Loss:
    """Whose failures are counted together."""
    sites = tuple(v for v in (fact.consecutive_errors, fact.ejection_time) if v is not None)
    return Loss(
        code="MM304",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=sites,
        because=(fact.trail,),
        message=f"failing endpoints of {spoken(goal)} are counted by the proxy of each client; in the source by that of a node, "
        "for all clients on it.",
        advice="Lower the number of failures, if each client sends few requests.",
        doc=f"{DOC}#OutlierDetection",
    )


def longest_time(fact: Outliers, goal: Key, bound: float) -> Loss:
    """For how long an endpoint is out at most: the target has a bound of its own."""
    longest = fact.longest_ejection
    was = "" if longest is None else f" instead of {longest.value:g} s"
    return Loss(
        code="MM334",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.LOW,
        sites=() if longest is None else (longest,),
        because=(fact.trail,),
        message=f"an endpoint of {spoken(goal)} that fails again and again is out for {bound:g} s at most{was}.",
        why="DestinationRule has no word for max_ejection_time of Envoy, which is 300 s, or the first time where that is "
        "longer.",
        advice="Watch endpoints that come and go.",
        doc=f"{DOC}#OutlierDetection",
    )


def bytes_too(fact: Outliers, goal: Key, ports: Sequence[int]) -> Loss:
    """Ports that are passed on as bytes, where failed connections count in the target."""
    return Loss(
        code="MM331",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=(fact.trail,),
        message=f"endpoints of {spoken(goal)} to which connections fail are left out on ports that are not HTTP too: "
        f"{', '.join(map(str, ports))}; in the source they are not.",
        advice="Give these ports portLevelSettings without outlierDetection if that matters.",
        doc=f"{DOC}#OutlierDetection",
    )


def heeded_instead(fact: Outliers, way: Key, goal: Key, there: Beside) -> Loss:
    """A rule of the input that is heeded where a new one would be written."""
    return Loss(
        code="MM331",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        fate=Fate.APPROXIMATED,
        sites=(fact.trail,),
        message=f"requests to {spoken(way)} that are sent to {spoken(goal)}: the input has {there.key} for the host, and what it "
        "says of failing endpoints holds instead; nothing is written beside it.",
        why="Of several rules for a host one traffic policy counts, by namespace and by age; they are not merged.",
        advice=f"Set outlierDetection in {there.key}.",
        doc=DOC,
    )


def no_budget(fact: RetryBudget, reason: str) -> Loss:
    """A budget that stands nowhere."""
    return Loss(
        code="MM302",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        sites=tuple(traced(fact)),
        message=f"a budget for further tries to {_subject(fact)} is not written: {reason}.",
        advice="Set retryBudget in the DestinationRule that holds for the host.",
        doc=DOC,
    )


def counted_at_once(fact: RetryBudget, key: Key) -> Loss:
    """What the target counts of a budget."""
    sites = tuple(v for v in (fact.at_least, fact.percent, fact.interval) if v is not None)
    return Loss(
        code="MM302",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=sites,
        because=(fact.trail,),
        message=f"{spoken(key)}: of the further tries that are always allowed so many may be under way at once; the source counts "
        "those of a second.",
        why="Envoy compares further tries under way with the requests under way and those of the interval, for each proxy.",
        advice="Lower minRetryConcurrency if the service answers slowly.",
        doc=DOC,
    )


def more_tries(least: Traced[int], key: Key) -> Loss:
    """A budget without a number that is always allowed."""
    return Loss(
        code="MM302",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=(least,),
        message=f"{spoken(key)}: one further try is allowed at any time; in the source none is beyond the share.",
        why="minRetryConcurrency 0 is as if nothing were written, which is 3.",
        doc=DOC,
    )


def no_session(fact: SessionAffinity, reason: str) -> Loss:
    """Sessions that go anywhere."""
    return Loss(
        code="MM306",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        sites=tuple(traced(fact)),
        message=f"requests of one session to {_subject(fact)} do not keep to one endpoint: {reason}.",
        advice="Keep the state of sessions outside the application, or set consistentHash in a DestinationRule by hand.",
        doc=DOC,
    )


def soft_session(fact: SessionAffinity, key: Key) -> Loss:
    """Sessions by hash instead of by the endpoint's name in the cookie."""
    return Loss(
        code="MM306",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        fate=Fate.APPROXIMATED,
        sites=(fact.key,),
        message=f"sessions of {spoken(key)} are kept by the hash of their cookie: some go to another endpoint when endpoints come "
        "or go; endpoints are picked by hash instead of by load, for all "
        "requests to the Service.",
        why="GEP-1619 keeps a session with its endpoint as long as that is there.",
        advice="Keep the state of sessions outside the application.",
        doc=DOC,
    )


def unended(fact: SessionAffinity, key: Key) -> Loss:
    """Sessions that end by themselves in the source."""
    return Loss(
        code="MM306",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.LOW,
        sites=fact.ends,
        message=f"sessions of {spoken(key)} do not end by themselves: {'; '.join(end.value for end in fact.ends)}.",
        advice="Let the application end them.",
        doc=DOC,
    )
