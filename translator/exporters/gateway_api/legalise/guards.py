"""What guards servers has no word in Gateway API: it goes aloud, and something else must guard before requests pass.

sigs.k8s.io/gateway-api geps/gep-3779, 1.6: authorization is provisional and in no release. Routes decide where a request
goes, never whether it may: so each loss of something that refuses is a blocker.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.access import (
    AuditMark,
    Bypass,
    Closed,
    Direction,
    ExternalDecision,
    Grant,
    GuardedRoutes,
    Layer,
    MtlsMode,
    PeerMtls,
    Probes,
    Refusal,
    TokenCheck,
)
from ir.attachment import Scope, Subject
from ir.coverage import covers, may_meet
from ir.inventory import Inventory
from ir.match import Labels, Operator
from ir.model import Fact, Model
from ir.provenance import Traced
from ir.resilience import RateLimit
from ir.walk import traced
from translator.api import Loss
from translator.report.model import Fate, Impact, Severity, Support

Guard = Closed | Grant | Refusal | GuardedRoutes
_RULES = (Closed, Grant, Refusal, GuardedRoutes)
_REFUSING = (Closed, Refusal, GuardedRoutes)
_OTHERS = (
    PeerMtls,
    TokenCheck,
    ExternalDecision,
    AuditMark,
    Probes,
    Bypass,
    RateLimit,
)
_TAKE_OVER = (
    "Let what implements the routes guard it before requests take them: an AuthorizationPolicy of Istio where Istio stays, "
    "a Server with AuthorizationPolicies for Linkerd, a CiliumNetworkPolicy for Cilium (translate to that mesh to have them "
    "written)."
)


def without_guards(model: Model) -> tuple[Model, tuple[Loss, ...]]:
    """The model without what guards servers, and a loss for each place that was guarded."""
    kept: list[Fact] = []
    rules: dict[tuple[object, ...], list[Guard]] = {}
    losses: list[Loss] = []
    for fact in model.facts:
        if isinstance(fact, _RULES):
            rules.setdefault(_place(fact.attachment.subject), []).append(fact)
        elif isinstance(fact, _OTHERS):
            losses.append(_other(fact))
        else:
            kept.append(fact)
    losses.extend(loss for group in rules.values() for loss in _rules(group))
    return replace(model, facts=tuple(kept)), tuple(losses)


def beside_network(
    guards: Sequence[Fact], network: Sequence[Fact], inventory: Inventory
) -> Iterator[Loss]:
    """NetworkPolicies stay and close pods: what other policies of the network let in or out there is refused without them."""
    for way, out in (("in", False), ("out", True)):
        own = Direction.OUTBOUND if out else Direction.INBOUND
        closed = [f for f in network if isinstance(f, Closed) and f.direction is own]
        grants = [
            f
            for f in guards
            if isinstance(f, Grant) and f.layer is Layer.NETWORK and f.direction is own
            and any(may_meet(f.attachment.subject, c.attachment.subject) for c in closed)
        ]  # fmt: skip
        shut = [
            c for c in closed
            if any(may_meet(f.attachment.subject, c.attachment.subject) for f in grants)
        ]  # fmt: skip
        if grants:
            subjects = [c.attachment.subject for c in shut]
            pods = {
                w.key for w in inventory.workloads if any(covers(s, w, inventory) for s in subjects)
            }
            spaces = {s.namespace.value for s in subjects if s.namespace is not None}
            yield Loss(
                code="MM478",
                impact=Impact.STRICTER,
                support=Support.NEVER,
                sites=tuple(value for fact in grants for value in traced(fact)),
                because=tuple(fact.trail for fact in shut),
                message=f"NetworkPolicies of the namespace {', '.join(sorted(spaces))} close these pods and stay in force. In the "
                f"source all policies of the network add up; what the others alone let {way} is refused without them: "
                f"{', '.join(sorted(pods)) or 'pods that are not listed'}.",
                advice=f"Let the NetworkPolicies let {way} what the other policies did, before these are deleted.",
            )


def _place(subject: Subject) -> tuple[object, ...]:
    namespace, name, labels = (
        None if part is None else part.value
        for part in (subject.namespace, subject.name, subject.labels)
    )
    return subject.scope, namespace, name, labels


def spoken(subject: Subject) -> str:
    """The servers of a subject in a few words."""
    space = "" if subject.namespace is None else subject.namespace.value
    match subject.scope:
        case Scope.MESH:
            return "every workload"
        case Scope.NAMESPACE:
            return f"the workloads of {space}"
        case Scope.WORKLOADS if subject.labels is not None:
            return f"the workloads {_labels(subject.labels.value)} of {space or 'any namespace'}"
        case Scope.LISTENER if not space and subject.name is not None:
            return f"the gateways of class {subject.name.value}"
        case _:
            name = "" if subject.name is None else subject.name.value
            return name if not space or "/" in name else f"{space}/{name}"


def _labels(labels: Labels) -> str:
    words = [
        f"{one.key}={one.values[0]}"
        if one.operator is Operator.IN and len(one.values) == 1
        else f"{one.key} {one.operator} {', '.join(one.values)}".rstrip()
        for one in labels.requirements
    ]
    return ", ".join(words)


def _rules(group: Sequence[Guard]) -> Iterator[Loss]:
    """One loss for all rules of one place."""
    refuses = any(isinstance(fact, _REFUSING) for fact in group)
    where = spoken(group[0].attachment.subject)
    names = list(
        dict.fromkeys(
            fact.name.value
            for fact in group
            if isinstance(fact, (Grant, Refusal)) and fact.name is not None
        )
    )
    told = f" ({', '.join(names)})" if names else ""
    yield Loss(
        code="MM460",
        impact=Impact.LOOSER if refuses else Impact.NONE,
        support=Support.NEVER,
        severity=None if refuses else Severity.LOW,
        sites=tuple(value for fact in group for value in traced(fact)),
        message=f"who may call {where} is not limited any more: {_counted(group)}{told} cannot be said."
        if refuses
        else f"what lets callers in at {where}{told} cannot be said, and nothing refuses them there.",
        why="Gateway API says where requests go, not whether they may.",
        advice=_TAKE_OVER if refuses else "",
    )


def _counted(group: Sequence[Guard]) -> str:
    grants = sum(isinstance(fact, Grant) for fact in group)
    refusals = sum(isinstance(fact, Refusal) for fact in group)
    parts = [f"{n} {word}{'s' * (n != 1)}" for n, word in ((grants, "rule that lets in"),
             (refusals, "rule that refuses")) if n]  # fmt: skip
    return " and ".join(parts).replace("rule that lets ins", "rules that let in").replace(
        "rule that refusess", "rules that refuse"
    ) or "that it is closed"  # fmt: skip


def _other(
    fact: PeerMtls | TokenCheck | ExternalDecision | AuditMark | Probes | Bypass | RateLimit,
) -> Loss:
    where = spoken(fact.attachment.subject)
    sites = tuple(traced(fact))
    if isinstance(fact, (TokenCheck, ExternalDecision, RateLimit)):
        code, message = _refusing(fact, where)
        return _loss(code, sites, message)
    match fact:
        case PeerMtls():
            return _mtls(fact, where)
        case AuditMark():
            return _harmless(
                "MM409", sites, f"requests to {where} cannot be marked for an audit log."
            )
        case Probes():
            return replace(
                _harmless("MM404", sites, "health checks are no concern of routes."),
                fate=Fate.ABSORBED,
            )
        case Bypass():
            return Loss(
                code="MM603",
                impact=Impact.DIFFERENT,
                support=Support.NEVER,
                severity=Severity.MEDIUM,
                sites=sites,
                message=f"which ports of {where} pass by the proxy is for what implements the routes to say.",
            )


def _refusing(fact: TokenCheck | ExternalDecision | RateLimit, where: str) -> tuple[str, str]:
    """Code and message of the loss of what refuses some requests."""
    match fact:
        case TokenCheck():
            return "MM406", f"tokens are not looked at by {where}: requests with a bad token pass."
        case ExternalDecision():
            told = f"no service outside is asked about requests to {where}: what it would refuse passes."
            return "MM407", told
        case RateLimit():
            return "MM542", f"requests to {where} are not limited."


def _loss(code: str, sites: tuple[Traced[object], ...], message: str) -> Loss:
    return Loss(
        code=code,
        impact=Impact.LOOSER,
        support=Support.NEVER,
        sites=sites,
        message=message,
        why="Gateway API says where requests go, not whether they may.",
        advice=_TAKE_OVER,
    )


def _harmless(code: str, sites: tuple[Traced[object], ...], message: str) -> Loss:
    return replace(
        _loss(code, sites, message), impact=Impact.NONE, severity=Severity.LOW, why="", advice=""
    )


def _mtls(fact: PeerMtls, where: str) -> Loss:
    if fact.mode.value is MtlsMode.DEMANDED:
        return _loss("MM461", tuple(traced(fact)),
                     f"a connection to {where} without a certificate of the mesh is refused no more.")  # fmt: skip
    return Loss(
        code="MM461",
        impact=Impact.NONE,
        support=Support.NEVER,
        severity=Severity.LOW,
        sites=tuple(traced(fact)),
        message=f"what proof of identity {where} may be shown is for what implements the routes to say; none is demanded.",
    )
