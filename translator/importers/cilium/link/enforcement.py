"""What the agent does with all pods and all policies: closes them whatever is written, or heeds none."""

from __future__ import annotations

from collections.abc import Iterator

from ir.access import Closed, Direction, Evidence, Grant, Layer
from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.match import AllOf, Part, Pattern, PatternKind, Term, Test
from ir.provenance import Traced, trail
from translator.api import Loss, Options
from translator.importers.cilium.agent import Agent
from translator.report.model import Fate, Impact, Severity, Support

SWITCHED_OFF = "the agent enforces no policy (enable-policy, policy-audit-mode)"
HOST_BY_RULE = "1.20"
"""Since when the node of a pod gets in by a rule that stands only where some policy selects the pod
(cilium/cilium pkg/policy/repository.go; issue 48444)."""

_DOC = "https://docs.cilium.io/en/v1.20/security/policy/intro/#policy-enforcement-modes"


def closed(agent: Agent, options: Options) -> Iterator[Closed | Grant]:
    """With ``always`` every pod is closed in both directions, until rules open it; in the same network it goes on to do so."""
    mode = agent.enforcement
    said = () if options.source.mesh == options.target.mesh else mode.origin
    at = Attachment(
        subject=Subject(scope=Scope.MESH, trail=trail("every pod", because=mode.origin)),
        enforced_at=EnforcedAt.NODE,
    )
    for direction in Direction:
        node = trail(f"{agent.key} enable-policy", *said, because=mode.origin)
        yield Closed(attachment=at, direction=direction, layer=Layer.NETWORK, trail=node)
    if agent.localhost and not options.source.at_least(HOST_BY_RULE):
        host: Traced[Term] = Traced(Pattern(PatternKind.EXACT, "host"), (), mode.origin)
        node = trail("host", because=mode.origin)
        yield Grant(
            name=Traced("host", (), mode.origin),
            attachment=at,
            layer=Layer.NETWORK,
            callers=(
                AllOf(tests=(Test(part=Part.ENTITY, any_of=(host,), trail=node),), trail=node),
            ),
            evidence=Evidence.LABEL,
            trail=node,
        )


def switched_off(key: str, by: Traced[object]) -> Loss:
    """No policy is in force."""
    return Loss(
        code="MM484",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        fate=Fate.CARRIED,
        leaves=by.origin,
        message=f"{key}: the agent enforces no policy, so none of them is in force and none is translated.",
        why="enable-policy is never, or policy-audit-mode lets through what policies refuse.",
        advice="Switch the policies on and see that nothing breaks, then translate again.",
        doc=_DOC,
    )


def stays_closed(key: str, by: Traced[str]) -> Loss:
    """The agent goes on closing pods once its policies are gone."""
    return Loss(
        code="MM484",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        fate=Fate.APPROXIMATED,
        leaves=by.origin,
        message=f"{key}: the agent closes every pod that no rule of its own opens, and goes on to do so when its policies are "
        "deleted.",
        why="enable-policy is always.",
        advice="Set enable-policy to default in the step that deletes the policies.",
        doc=_DOC,
    )
