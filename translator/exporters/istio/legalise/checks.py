"""Tokens that are checked, services outside that are asked and marks for an audit log, in the form of a policy of pods.

istio/istio pilot/pkg/security/authn/policy_applier.go and pilot/pkg/security/authz/builder/builder.go, 1.31. Agents of nodes
look into no request: in the ambient form all are a waypoint's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ir.access import AuditMark, ExternalDecision, TokenCheck
from ir.attachment import Attachment, Scope
from ir.match import Labels, Operator
from ir.model import Fact
from ir.provenance import Traced
from ir.walk import traced
from translator.api import AMBIENT, Loss, Options
from translator.report.model import Impact, Support

INTO = " in "
"""Between a claim and the header into which it is put."""

_SCOPES = (Scope.MESH, Scope.NAMESPACE, Scope.WORKLOADS)
Check = TokenCheck | ExternalDecision | AuditMark
_HARMS = {
    AuditMark: ("MM409", "requests are not marked for an audit log", "no decision changes"),
    TokenCheck: ("MM406", "tokens are not checked", "requests with a bad token pass"),
    ExternalDecision: ("MM407", "nobody is asked", "requests that the service would refuse pass"),
}


def legalise_checks(facts: Iterable[Fact], options: Options) -> tuple[list[Fact], list[Loss]]:
    """The facts without the checks that no policy of pods can say, and the losses of those."""
    kept: list[Fact] = []
    losses: list[Loss] = []
    for fact in facts:
        if not isinstance(fact, Check):
            kept.append(fact)
            continue
        reason = _unwritten(fact.attachment, options)
        if reason:
            losses.append(_lost(fact, reason))
        else:
            kept.append(_told(fact, losses) if isinstance(fact, TokenCheck) else fact)
    return kept, losses


def _unwritten(at: Attachment, options: Options) -> str:
    if options.profile == AMBIENT:
        return "it takes a waypoint, and rules of this kind are not written for one yet"
    if at.subject.scope not in _SCOPES or at.subject.excluding:
        return "it is for no pods that labels select"
    if at.ports or at.excluding_ports:
        return "it is for some ports only"
    labels = at.subject.labels
    return "" if labels is None or _are_equal(labels.value) else "its labels are not equalities"


def _are_equal(labels: Labels) -> bool:
    return all(one.operator is Operator.IN and len(one.values) == 1 for one in labels.requirements)


def _told(check: TokenCheck, losses: list[Loss]) -> TokenCheck:
    """The check with the claims of which both name and header are known."""
    losses.extend(map(_nowhere, (told for told in check.told if INTO not in told.value)))
    return replace(check, told=tuple(told for told in check.told if INTO in told.value))


def _nowhere(told: Traced[str]) -> Loss:
    return Loss(
        code="MM406",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        sites=(told,),
        message=f'"{told.value}" is put into no header: a claim and a header are to be named.',
    )


def _lost(fact: Check, reason: str) -> Loss:
    code, what, then = _HARMS[type(fact)]
    return Loss(
        code=code,
        impact=Impact.NONE if isinstance(fact, AuditMark) else Impact.LOOSER,
        support=Support.NOT_YET,
        sites=tuple(traced(fact)),
        message=f"{what}: {reason}; {then}.",
        advice="Write the policy by hand, for the waypoint or the gateway that the requests pass.",
    )
