"""What is told of configurations of the node's proxy."""

from __future__ import annotations

from collections.abc import Sequence

from ir.provenance import Traced
from ir.resilience import (
    ConnectionLimits,
    LoadBalancing,
    Outliers,
    Retry,
    RetryBudget,
    RetryCondition,
)
from ir.traffic import EndpointSubset, HeaderEdit, Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.cilium.envoy.choice import Key, Setting
from translator.exporters.handed_on import harm_of_match
from translator.report.model import Fate, Impact, Severity, Support

DOC = "https://docs.cilium.io/en/v1.20/network/servicemesh/l7-traffic-management/"
_LOST: dict[type, tuple[str, str]] = {
    Outliers: ("MM380", "endpoints that fail stay in"),
    ConnectionLimits: ("MM305", "connections and requests are not limited"),
    RetryBudget: ("MM302", "further tries are not limited as a share of all requests"),
    LoadBalancing: ("MM306", "endpoints are picked for each connection by the node"),
}


def service(key: Key) -> str:
    """For messages."""
    return f"Service/{key[0]}/{key[1]}"


def not_set(fact: Setting, key: Key, reason: str) -> Loss:
    """What is said of endpoints and stands nowhere."""
    code, what = _LOST[type(fact)]
    return Loss(
        code=code,
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        sites=tuple(traced(fact)),
        message=f"{service(key)}: {what}: {reason}.",
        advice="Write a CiliumEnvoyConfig for the Service by hand, if it is right for all clients.",
        doc=DOC,
    )


def no_configuration(key: Key, tables: Sequence[RouteTable], reason: str) -> Loss:
    """Routes that would need a configuration, and go by what Gateway API says of them."""
    return Loss(
        code="MM302",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.INFO,
        fate=Fate.APPROXIMATED,
        because=tuple(table.trail for table in tables),
        message=f"the routes of {service(key)} are written as those of Gateway API, and what these cannot say of tries and of "
        f"endpoints is told: {reason}.",
        doc=DOC,
    )


def by_other_routes(key: Key, tables: Sequence[RouteTable], goal: Key, code: str) -> Loss:
    """A Service without a configuration whose routes lead to endpoints of which one has something to say."""
    return Loss(
        code=code,
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        fate=Fate.APPROXIMATED,
        sites=tuple(table.trail for table in tables),
        message=f"requests to {service(key)} that are sent to {service(goal)}: what is said of its endpoints does not hold for "
        "them, since they go by routes of Gateway API.",
        advice="Let clients address the Service itself.",
        doc=DOC,
    )


def part_of_its_own(part: EndpointSubset, whole: Key) -> Loss:
    """A part of the endpoints that is a Service now, with a configuration of its own."""
    key = part.namespace.value, part.name.value
    return Loss(
        code="MM229",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.INFO,
        fate=Fate.APPROXIMATED,
        sites=(part.selector,),
        because=(part.trail,),
        message=f"{service(key)} is new, for a part of the endpoints of {service(whole)}: requests to it go by a configuration of "
        "the proxy too, where what is said of these endpoints stands.",
        doc=DOC,
    )


def from_outside(key: Key, table: RouteTable) -> Loss:
    """A Service with addresses outside of the cluster, requests to which are led through the proxy too.

    cilium/cilium pkg/ciliumenvoyconfig/testdata/shared_cluster.txtar (frontends of every kind are redirected) and
    cec_resource_parser.go ``getBPFMetadataListenerFilter`` (their source becomes the ingress of the node), 1.20.
    """
    return Loss(
        code="MM228",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.MEDIUM,
        fate=Fate.APPROXIMATED,
        sites=(table.trail,),
        message=f"{service(key)} has addresses outside the cluster: requests by these go by its routes too, and policies see them "
        "as those of an ingress (fromEntities: [ingress]), not as those of the world.",
        advice="Let the ingress in where policies name who may call, or give clients outside a Service of their own.",
        doc=DOC,
    )


def at_gateways(goal: Key, sites: tuple[Traced[object], ...], code: str) -> Loss:
    """Requests that enter by a Gateway go by its own clusters."""
    return Loss(
        code=code,
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.MEDIUM,
        fate=Fate.APPROXIMATED,
        sites=sites,
        message=f"requests to {service(goal)} by a Gateway: what is said of its endpoints does not hold for them.",
        why="A Gateway has clusters of its own, of which no object says how endpoints are treated.",
        advice="Watch these endpoints from the application, or send such requests through a Service of the cluster.",
        doc=DOC,
    )


def of_the_node(fact: Setting, key: Key) -> Loss:
    """Whose state it is: of the node's proxy, for all clients on the node together."""
    code, what = {
        Outliers: ("MM304", "failures are counted"),
        ConnectionLimits: ("MM305", "connections and requests are limited"),
        RetryBudget: ("MM302", "further tries are limited"),
    }[type(fact)]
    own = {id(value) for value in traced(fact.attachment)}
    return Loss(
        code=code,
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=tuple(v for v in traced(fact) if id(v) not in own and v is not fact.trail),
        because=(fact.trail,),
        message=f"{service(key)}: {what} by the proxy of each node, for all clients on it together.",
        why="Clients have no proxies of their own.",
        advice="Look at the numbers again: of many clients on a node each had its own.",
        doc=DOC,
    )


def manner(fact: Outliers, key: Key) -> Loss:
    """What else is other about the proxy's rule than its numbers, where the source has no time to look."""
    return Loss(
        code="MM304",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=tuple(v for v in (fact.consecutive_errors, fact.ejection_time) if v is not None),
        because=(fact.trail,),
        message=f"failing endpoints of {service(key)} come back to their full share when their time is over, and are out again "
        "after as many failures, each time for that much longer; in the source one request tries them first, and the time "
        "doubles and is drawn at random around that.",
        why="The proxy looks for endpoints whose time is over once in the length of that time, and all may be out as in the "
        "source.",
        advice="Watch the share of failures after the change.",
        doc=DOC,
    )


# --- routes ----------------------------------------------------------------------------------------


def unasked(part: Route | RouteMatch, route: Route, table: RouteTable, reason: str) -> Loss:
    """A rule, or one of its alternatives, that has no form; what it refuses is refused no more."""
    impact = harm_of_match(route, table)
    return Loss(
        code="MM201",
        impact=impact,
        support=Support.PARTIAL,
        severity=None if impact is Impact.LOOSER else Severity.HIGH,
        sites=tuple(traced(part)),
        message=f"a match is left out: {reason}. Its requests go to the next rule that matches, or are not found.",
        advice="Write the rule with other conditions.",
        doc=DOC,
    )


def never_reached(part: Route | RouteMatch) -> Loss:
    """A rule for another port than the Service has."""
    return Loss(
        code="MM107",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        fate=Fate.ABSORBED,
        sites=tuple(traced(part)),
        message="no request gets as far as this rule: it is for another port.",
    )


def unedited(edit: HeaderEdit, reason: str) -> Loss:
    """An edit of a header that has no form."""
    return Loss(
        code="MM205",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.HIGH,
        sites=tuple(traced(edit)),
        message=f"an edit of a header is left out: {reason}.",
        advice="Let the application do it.",
    )


def no_body(body: Traced[str]) -> Loss:
    """An answer that is longer than the proxy gives."""
    return Loss(
        code="MM204",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.MEDIUM,
        sites=(body,),
        message="the answer has no text: it is longer than 4096 bytes, which is as much as the proxy answers by itself.",
        advice="Let a small backend answer.",
    )


def rounded(percent: Traced[float]) -> Loss:
    """A share that is smaller than one in a million."""
    return Loss(
        code="MM206",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.INFO,
        fate=Fate.APPROXIMATED,
        sites=(percent,),
        message=f"of the requests {percent.value:g} % are mirrored to the nearest millionth.",
    )


def unsent(sites: tuple[Traced[object], ...], reason: str) -> Loss:
    """A copy that goes nowhere."""
    return Loss(
        code="MM206",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        sites=sites,
        message=f"a mirror is left out: {reason}.",
    )


# --- tries -----------------------------------------------------------------------------------------


def also_without_answer(condition: Traced[RetryCondition]) -> Loss:
    """``5xx`` is more than the answers."""
    return Loss(
        code="MM302",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=(condition,),
        message="answers of 500 and above are tried again, and so are requests that get no answer at all, which the source "
        "does not try again.",
        why='retry_on "5xx" means both.',
        advice="List the statuses (retriable_status_codes) where this matters.",
    )


def no_such_try(condition: Traced[RetryCondition]) -> Loss:
    """An occasion that is not written."""
    return Loss(
        code="MM302",
        impact=Impact.DIFFERENT,
        support=Support.NOT_YET,
        severity=Severity.MEDIUM,
        sites=(condition,),
        message=f"retries on {condition.value.value} are not written yet.",
        advice="Add the word to retry_on by hand.",
    )


def never_again(retry: Retry) -> Loss:
    """Tries on no occasion that could be said."""
    return Loss(
        code="MM302",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        sites=tuple(traced(retry)),
        message="a request is not tried again: none of the occasions can be said.",
    )
