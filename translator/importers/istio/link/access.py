"""AuthorizationPolicies together: CUSTOM, then DENY, then ALLOW; the first ALLOW closes its subject.

istio/istio pilot/pkg/security/authz/builder/builder.go, 1.31.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.access import AuditMark, Closed, ExternalDecision, Grant, Layer, Refusal
from ir.attachment import Attachment, EnforcedAt
from ir.inventory import Inventory
from ir.match import PathForm, Unreadable, View
from ir.model import Fact, Inactive
from ir.provenance import Traced, absorb, silent
from ir.walk import traced
from translator.api import Loss, Options
from translator.importers.istio.defaults import silence
from translator.importers.istio.link.mesh_config import mesh_config, path_form
from translator.importers.istio.link.scope import subject_of
from translator.importers.istio.link.trust import trust_of, trusted
from translator.importers.istio.model import Action, AuthorizationPolicy, Statement
from translator.importers.linked import Linked
from translator.report.model import Fate, Impact, Severity, Support

_REFUSED = 403


def link_access(statements: Sequence[Statement], inventory: Inventory, options: Options) -> Linked:
    """Grants, refusals and what they close. A policy for a waypoint or a dry run decides nothing at a sidecar."""
    del inventory
    facts: list[Fact] = []
    inactive: list[Inactive] = []
    losses: list[Loss] = []
    config = mesh_config(statements)
    form, trust = path_form(config), trust_of(config, options)
    for policy in statements:
        if not isinstance(policy, AuthorizationPolicy):
            continue
        if policy.targets is not None:
            losses.append(_for_waypoint(policy))
            inactive.append(_idle(policy, "it is for a waypoint or a gateway", policy.meta.key))
        elif policy.dry_run is not None and policy.dry_run.value:
            inactive.append(_idle(policy, "a dry run decides nothing", policy.meta.key))
        elif not policy.rules and policy.action.value is not Action.ALLOW:
            losses.append(_no_rules(policy))
            inactive.append(
                _idle(policy, f"{policy.action.value} without rules matches nothing", "")
            )
        else:
            facts.extend(_facts(trusted(policy, trust), form, options))
    return Linked(tuple(facts), tuple(inactive), tuple(losses))


def _for_waypoint(policy: AuthorizationPolicy) -> Loss:
    return Loss(
        code="MM401",
        impact=Impact.LOOSER,
        support=Support.NOT_YET,
        leaves=policy.targets.origin if policy.targets else (),
        message=f"{policy.meta.key} is for a waypoint or a gateway (targetRefs), which is not translated yet.",
        advice="Write the policy for the target's proxies by hand before traffic moves.",
    )


def _no_rules(policy: AuthorizationPolicy) -> Loss:
    return Loss(
        code="MM106",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        fate=Fate.INERT,
        leaves=policy.action.origin,
        message=f"{policy.meta.key} has no rules: the source's webhook refuses it, its proxies never match it.",
        advice="Remove the policy, or write the rules that are missing.",
    )


def _idle(policy: AuthorizationPolicy, why: str, winner: str) -> Inactive:
    values = [*traced(policy.rules), policy.action, policy.trail]
    optional = (policy.selector, policy.targets, policy.dry_run, policy.provider)
    values.extend(value for value in optional if value is not None)
    for rule in policy.rules:
        values.extend(traced((rule.callers, rule.requests, rule.always, rule.trail)))
    leaves = {leaf for value in values for leaf in value.origin}
    return Inactive(leaves=tuple(sorted(leaves)), winner=winner, why=why)


def _facts(policy: AuthorizationPolicy, form: PathForm, options: Options) -> Iterator[Fact]:
    attachment = Attachment(
        subject=subject_of(policy.meta, policy.selector, options), enforced_at=EnforcedAt.SERVER
    )
    node = policy.trail
    if policy.dry_run is not None:
        node = absorb(node, policy.dry_run)
    name = Traced(policy.meta.name.value, (), policy.meta.because)
    if policy.action.value is Action.ALLOW:
        yield Closed(
            attachment=attachment,
            layer=Layer.MESH_REQUEST,
            answer=silent(_REFUSED, silence(options, "AuthorizationPolicy")),
            trail=node,
        )
    for number, rule in enumerate(policy.rules):
        own = absorb(rule.trail, *(() if policy.action.value is Action.ALLOW else (node,)))
        label = name.derive(f"{policy.meta.name.value}-{number}")
        match policy.action.value:
            case Action.ALLOW:
                yield Grant(
                    name=label,
                    attachment=attachment,
                    layer=Layer.MESH_REQUEST,
                    callers=rule.callers,
                    requests=rule.requests,
                    always=rule.always,
                    view=_view(form, Unreadable.SKIP_RULE),
                    trail=own,
                )
            case Action.DENY:
                yield Refusal(
                    name=label,
                    attachment=attachment,
                    layer=Layer.MESH_REQUEST,
                    callers=rule.callers,
                    requests=rule.requests,
                    always=rule.always,
                    view=_view(form, Unreadable.IGNORE_TEST),
                    answer=silent(_REFUSED, silence(options, "AuthorizationPolicy")),
                    trail=own,
                )
            case Action.AUDIT:
                yield AuditMark(
                    attachment=attachment,
                    callers=rule.callers,
                    requests=rule.requests,
                    always=rule.always,
                    trail=own,
                )
            case Action.CUSTOM:
                yield ExternalDecision(
                    attachment=attachment,
                    provider=policy.provider or Traced(""),
                    callers=rule.callers,
                    requests=rule.requests,
                    always=rule.always,
                    view=_view(form, Unreadable.IGNORE_TEST),
                    trail=own,
                )


def _view(form: PathForm, on_unreadable: Unreadable) -> View:
    """Paths are seen in the mesh's form and without the query."""
    return View(path=form, path_has_query=False, on_unreadable=on_unreadable)
