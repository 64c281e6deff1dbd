"""AuthorizationPolicies together: CUSTOM, then DENY, then ALLOW; the first ALLOW closes its subject.

istio/istio pilot/pkg/security/authz/builder/builder.go, 1.31.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ir.access import AuditMark, Closed, ExternalDecision, Grant, Refusal
from ir.inventory import Inventory
from ir.match import PathForm, Unreadable, View
from ir.model import Fact, Inactive
from ir.provenance import Traced, absorb
from ir.walk import traced
from translator.api import Loss, Options
from translator.importers.istio.defaults import silence
from translator.importers.istio.link.mesh_config import mesh_config, path_form
from translator.importers.istio.link.scope import Place, places, unheeded
from translator.importers.istio.link.trust import trust_of, trusted
from translator.importers.istio.model import (
    Action,
    AuthorizationPolicy,
    AuthorizationRule,
    Statement,
)
from translator.importers.linked import Linked
from translator.report.model import Fate, Impact, Severity, Support

_REFUSED = 403


def link_access(statements: Sequence[Statement], inventory: Inventory, options: Options) -> Linked:
    """Grants, refusals and what they close. A dry run decides nothing, nor does a policy for a waypoint that is not."""
    facts: list[Fact] = []
    inactive: list[Inactive] = []
    losses: list[Loss] = []
    config = mesh_config(statements)
    trust = trust_of(config, options)
    for policy in statements:
        if not isinstance(policy, AuthorizationPolicy):
            continue
        idle = _unheeded(policy, inventory, options)
        if idle is not None:
            inactive.append(_idle(policy, idle, ""))
            if idle.endswith(_NOTHING):
                losses.append(_no_rules(policy))
            continue
        meant = trusted(policy, trust)
        for place in places(policy.meta, policy.selector, policy.targets, inventory, options):
            refused = Traced(_REFUSED, stated_by=silence(options, "AuthorizationPolicy", _DOC))
            facts.extend(_facts(meant, place, _Meaning(path_form(config), refused)))
    return Linked(tuple(facts), tuple(inactive), tuple(losses))


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What the mesh as a whole says of every rule: the form of paths, the answer of a refusal."""

    form: PathForm
    answer: Traced[int]


_DOC = "reference/config/security/authorization-policy/"
_NOTHING = "without rules matches nothing"


def _unheeded(policy: AuthorizationPolicy, inventory: Inventory, options: Options) -> str | None:
    """Why the source does not heed the policy, if it does not."""
    if policy.dry_run is not None and policy.dry_run.value:
        return "a dry run decides nothing"
    if not policy.rules and policy.action.value is not Action.ALLOW:
        return f"{policy.action.value} {_NOTHING}"
    why = [unheeded(policy.meta, target, inventory, options) for target in policy.targets]
    return why[0] if why and all(why) else None


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
    values: list[Traced[object]] = [policy.action, policy.trail]
    optional = (policy.selector, policy.dry_run, policy.provider)
    values.extend(value for value in optional if value is not None)
    for target in policy.targets:
        values.extend(v for v in (target.name, target.namespace, target.trail) if v is not None)
    for rule in policy.rules:
        values.extend(traced((rule.callers, rule.requests, rule.always, rule.trail)))
    leaves = {leaf for value in values for leaf in value.origin}
    return Inactive(leaves=tuple(sorted(leaves)), winner=winner, why=why)


def _facts(policy: AuthorizationPolicy, place: Place, meaning: _Meaning) -> Iterator[Fact]:
    extra = [v for v in (policy.dry_run, *(t.namespace for t in policy.targets)) if v is not None]
    if policy.provider is not None and policy.action.value is not Action.CUSTOM:
        extra.append(policy.provider)
    node = absorb(policy.trail, *extra)
    if policy.action.value is Action.ALLOW:
        yield Closed(
            attachment=place.attachment,
            layer=place.layer,
            answer=meaning.answer,
            trail=node,
        )
    for number, rule in enumerate(policy.rules):
        own = absorb(rule.trail, *(() if policy.action.value is Action.ALLOW else (node,)))
        name = Traced(f"{policy.meta.name.value}-{number}", (), policy.meta.because)
        yield _fact(policy, replace(rule, trail=own), place, name, meaning)


def _fact(
    policy: AuthorizationPolicy,
    rule: AuthorizationRule,
    place: Place,
    name: Traced[str],
    meaning: _Meaning,
) -> Fact:
    """What one rule says."""
    skip = _view(meaning.form, Unreadable.SKIP_RULE)
    ignore = _view(meaning.form, Unreadable.IGNORE_TEST)
    at, layer = place.attachment, place.layer
    callers, requests, always = rule.callers, rule.requests, rule.always
    match policy.action.value:
        case Action.ALLOW:
            return Grant(name=name, attachment=at, layer=layer, callers=callers, requests=requests,
                         always=always, view=skip, trail=rule.trail)  # fmt: skip
        case Action.DENY:
            return Refusal(name=name, attachment=at, layer=layer, callers=callers,
                           requests=requests, always=always, view=ignore,
                           answer=meaning.answer,
                           trail=rule.trail)  # fmt: skip
        case Action.AUDIT:
            return AuditMark(attachment=at, callers=callers, requests=requests, always=always,
                             trail=rule.trail)  # fmt: skip
        case Action.CUSTOM:
            return ExternalDecision(attachment=at, provider=policy.provider or Traced(""),
                                    callers=callers, requests=requests, always=always,
                                    view=ignore, trail=rule.trail)  # fmt: skip


def _view(form: PathForm, on_unreadable: Unreadable) -> View:
    """Paths are seen in the mesh's form and without the query, headers with all their values.

    envoy source/common/http/header_utility.cc ``getAllOfHeaderAsString``.
    """
    return View(path=form, headers_joined=True, on_unreadable=on_unreadable)
