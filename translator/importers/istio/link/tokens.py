"""RequestAuthentications together: all that are in scope hold, none replaces another.

istio/istio pilot/pkg/model/authentication.go ``GetJwtPoliciesForWorkload``, 1.31. Where they are enforced is as for
AuthorizationPolicies; a token that is missing is never refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.access import TokenCheck
from ir.inventory import Inventory
from ir.model import Fact, Inactive
from ir.provenance import Traced, absorb
from ir.walk import traced
from translator.api import Options
from translator.importers.istio.link.scope import places, unheeded
from translator.importers.istio.model import JwtRule, RequestAuthentication, Statement
from translator.importers.linked import Linked

_UNHEEDED = "the control plane hands this field to no proxy"


def link_tokens(statements: Sequence[Statement], inventory: Inventory, options: Options) -> Linked:
    """One fact for each rule of each policy, at each place where it is enforced."""
    facts: list[Fact] = []
    inactive: list[Inactive] = []
    for policy in statements:
        if not isinstance(policy, RequestAuthentication):
            continue
        why = _idle(policy, inventory, options)
        if why:
            inactive.append(Inactive(leaves=_leaves(policy), winner="", why=why))
            continue
        facts.extend(_facts(policy, inventory, options))
        unheeded = tuple(leaf for rule in policy.rules for leaf in rule.unheeded)
        if unheeded:
            inactive.append(Inactive(leaves=unheeded, winner="", why=_UNHEEDED))
    return Linked(tuple(facts), tuple(inactive))


def _idle(policy: RequestAuthentication, inventory: Inventory, options: Options) -> str:
    if not policy.rules:
        return "without rules no token is looked at"
    why = [unheeded(policy.meta, target, inventory, options) for target in policy.targets]
    return why[0] if why and all(why) else ""


def _leaves(policy: RequestAuthentication) -> tuple[int, ...]:
    values: list[Traced[object]] = [policy.trail]
    if policy.selector is not None:
        values.append(policy.selector)
    for target in policy.targets:
        values.extend(v for v in (target.name, target.namespace, target.trail) if v is not None)
    leaves = {leaf for value in values for leaf in value.origin}
    for rule in policy.rules:
        leaves.update(rule.unheeded, rule.trail.origin)
        leaves.update(leaf for value in _values(rule) for leaf in value.origin)
    return tuple(sorted(leaves))


def _values(rule: JwtRule) -> Iterator[Traced[object]]:
    yield from traced((rule.audiences, rule.locations, rule.told, rule.lists))
    for value in (rule.issuer, rule.keys, rule.forwards, rule.fetch_time):
        if value is not None:
            yield value


def _facts(
    policy: RequestAuthentication, inventory: Inventory, options: Options
) -> Iterator[TokenCheck]:
    spaces = [t.namespace for t in policy.targets if t.namespace is not None]
    node = absorb(policy.trail, *spaces)
    for place in places(policy.meta, policy.selector, policy.targets, inventory, options):
        for rule in policy.rules:
            yield TokenCheck(
                attachment=place.attachment,
                issuer=rule.issuer,
                audiences=rule.audiences,
                keys=rule.keys,
                locations=rule.locations,
                forwards=rule.forwards,
                told=rule.told,
                lists=rule.lists,
                fetch_time=rule.fetch_time,
                trail=absorb(rule.trail, node),
            )
