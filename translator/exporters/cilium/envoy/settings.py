"""What is said of the endpoints of a Service, as far as its cluster in the node's proxy says it.

envoyproxy/envoy api/envoy/config/cluster/v3/{circuit_breaker,outlier_detection}.proto, 1.37. The state is that of the node's
proxy (:data:`ir.resilience.StateScope.NODE`), which all clients on the node share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ir.attachment import Attachment, EnforcedAt, Reach, Scope, Subject
from ir.provenance import Traced, derived, named
from ir.resilience import (
    AppliesTo,
    ConnectionLimits,
    LoadBalancing,
    Outliers,
    RetryBudget,
    StateScope,
)
from ir.walk import traced
from translator.api import Loss
from translator.exporters.cilium.envoy import findings
from translator.exporters.cilium.envoy.choice import Key, Setting
from translator.exporters.cilium.envoy.tables import Front
from translator.exporters.routes.slots import is_on

ALGORITHMS = {
    "round_robin": "ROUND_ROBIN",
    "least_request": "LEAST_REQUEST",
    "random": "RANDOM",
}
"""Ways to pick an endpoint, in the proxy's words."""
_USUAL, _SHORTEST, _ALL, _NEVER = 30.0, 0.001, 100, 0
_KINDS: tuple[type, ...] = (Outliers, ConnectionLimits, RetryBudget, LoadBalancing)
_ELSEWHERE = "it is about no endpoints of a port that the configuration is for"


@dataclass(slots=True)
class Treated:
    """The legal settings of a cluster. ``spent``: values of those of which nothing is left that it could say."""

    kept: list[Setting] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    spent: list[Traced[object]] = field(default_factory=list)


def settings_of(
    key: Key,
    front: Front,
    facts: Sequence[Setting],
    part: str | None,
    *,
    alone: bool,
) -> Treated:
    """The legal settings of the cluster ``key``; ``part``: the labels of the part of the Service that it is.

    ``alone``: only requests that are addressed to the Service are sent to its endpoints, and to no others.
    """
    found = Treated()
    for kind in _KINDS:
        fitting: list[Setting] = []
        for fact in facts:
            labels = fact.labels
            if not isinstance(fact, kind) or (labels is not None and str(labels.value) != part):
                continue
            reason = _why_not(fact, front, alone=alone)
            if not reason:
                fitting.append(fact)
            elif part is None or labels is not None:
                found.losses.append(findings.not_set(fact, key, reason))
        if not fitting:
            continue
        best = max(fitting, key=lambda one: (one.labels is not None, bool(one.attachment.ports)))
        _say(best, key, front, found)
        if part is None:
            others = (one for one in fitting if one is not best)
            found.losses.extend(
                findings.not_set(one, key, "another rule is for the port alone") for one in others
            )
    return found


def _why_not(fact: Setting, front: Front, *, alone: bool) -> str:
    """Why a fact is not written for all endpoints of the Service; empty where it is."""
    at = fact.attachment
    if at.audience is not None and at.audience.reach is not Reach.EVERYONE:
        return "it is for some clients only, and the proxy of a node serves all of them"
    if not is_on(at, front.number):
        return _ELSEWHERE
    if isinstance(fact, Outliers) and fact.applies_to is AppliesTo.ADDRESS and not alone:
        return "it is for requests that are addressed to the Service, some of which are sent to other endpoints"
    return ""


def _say(fact: Setting, key: Key, front: Front, found: Treated) -> None:
    """The fact at the cluster, with what is told of it."""
    said = _said(fact)
    if said is None and isinstance(fact, LoadBalancing) and fact.algorithm is not None:
        reason = f"the proxy does not pick them by {fact.algorithm.value}"
        found.losses.append(findings.not_set(fact, key, reason))
        return
    if said is None:
        found.spent.extend(traced(fact))
        return
    if not isinstance(said, LoadBalancing):
        found.losses.append(findings.of_the_node(fact, key))
    if isinstance(fact, Outliers) and fact.interval is None:
        found.losses.append(findings.manner(fact, key))
    found.kept.append(_at(said, key, front))


def _at(fact: Setting, key: Key, front: Front) -> Setting:
    """The fact for the cluster, whatever of the Service it was for."""
    at = fact.attachment
    spent = [fact.trail, *at.ports, *at.excluding_ports, *traced(at.subject)]
    if at.audience is not None:
        spent.extend(traced(at.audience))
    if fact.labels is not None:
        spent.append(fact.labels)
    node = derived(fact.trail.value, spent)
    if not node.origin and not node.because:
        node = named(node.value, *traced(fact))
    subject = Subject(
        scope=Scope.SERVICE,
        namespace=named(key[0], node),
        name=named(key[1], node),
        trail=named("the service", node),
    )
    here = Attachment(
        subject=subject, ports=(named(front.port.value, node),), enforced_at=EnforcedAt.CLIENT
    )
    return replace(fact, attachment=here, labels=None, trail=node)


def _said(fact: Setting) -> Setting | None:
    """What of the fact the cluster says; ``None`` where that is nothing."""
    match fact:
        case Outliers():
            return _outliers(fact)
        case ConnectionLimits():
            limits = [v for v in _bounds(fact) if v is not None]
            return replace(fact, scope=StateScope.NODE) if limits else None
        case RetryBudget():
            return fact if fact.percent is not None or fact.at_least is not None else None
        case LoadBalancing():
            word = fact.algorithm
            return fact if word is not None and word.value in ALGORITHMS else None


def _outliers(fact: Outliers) -> Outliers:
    """A number of 0 is that nothing is counted, which is said of errors and of connections: of gateway errors by silence.

    Where the source knows no time to look and no share, all may be out, and their time is looked at as long as it lasts.
    However few endpoints are left, those that are out get no requests, unless the source says so.
    """
    gateway = fact.consecutive_gateway_errors
    none = gateway is not None and not gateway.value
    node = derived(fact.trail.value, (fact.trail, gateway)) if none and gateway else fact.trail
    base = fact.ejection_time or Traced(_USUAL)
    return replace(
        fact,
        applies_to=AppliesTo.DESTINATION,
        interval=fact.interval or named(max(_SHORTEST, base.value), base, *traced(fact)),
        max_ejection_percent=fact.max_ejection_percent or named(_ALL, *traced(fact)),
        consecutive_gateway_errors=None if none else gateway,
        min_health_percent=fact.min_health_percent or named(_NEVER, *traced(fact)),
        scope=StateScope.NODE,
        trail=node,
    )


def _bounds(fact: ConnectionLimits) -> tuple[Traced[int] | Traced[float] | None, ...]:
    return (
        fact.max_connections,
        fact.max_pending_requests,
        fact.max_requests,
        fact.max_retries,
        fact.connect_timeout,
    )
