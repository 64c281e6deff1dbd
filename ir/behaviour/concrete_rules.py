"""Whether a request is one that a rule of access speaks of, decided naively."""

from __future__ import annotations

from dataclasses import replace

from ir.access import Direction, Evidence, Grant, Refusal, TokenCheck
from ir.behaviour.concrete_match import Sight, any_holds, holds, query_of, rule_holds
from ir.behaviour.concrete_regex import Unsupported
from ir.behaviour.request import Caller, Request
from ir.inventory import Inventory, Workload
from ir.match import AllOf, Part

_ADDRESSES = frozenset((Part.PEER_ADDRESS, Part.DESTINATION_ADDRESS))


def speaks_of(
    rule: Grant | Refusal, request: Request, workload: Workload, inventory: Inventory
) -> bool:
    """Whether the rule is about the request to the workload; outbound, its callers are who is called.

    Raises:
        Unsupported: that cannot be told.
    """
    if rule.direction is Direction.OUTBOUND:
        return _lets_out(rule, request, workload, inventory)
    sight = Sight(request=request, view=rule.view, evidence=rule.evidence, inventory=inventory)
    return rule_holds(sight, rule.callers, rule.requests, rule.always)


def _lets_out(
    rule: Grant | Refusal, request: Request, other: Workload, inventory: Inventory
) -> bool:
    space = inventory.namespaces.get(other.namespace)
    called = Caller(
        namespace=other.namespace,
        service_account=other.service_account,
        labels=other.labels,
        mtls=False,
        namespace_labels={} if space is None else space.labels,
    )
    reached = Sight(
        request=replace(request, caller=called), evidence=Evidence.LABEL, inventory=inventory
    )
    sight = Sight(request=request, view=rule.view, evidence=rule.evidence)
    ways = tuple(way for way in rule.callers if not _fails(way, reached))
    if rule.callers and not ways:
        return False
    if any(test.part in _ADDRESSES for way in ways for test in way.tests):
        message = "the address of a pod is not known"
        raise Unsupported(message)
    return any_holds(ways, reached) and rule_holds(sight, (), rule.requests, rule.always)


def _fails(way: AllOf, reached: Sight) -> bool:
    """Whether a test fails that looks at more than an address."""
    return any(not holds(t, reached) for t in way.tests if t.part not in _ADDRESSES)


def carries_token(check: TokenCheck, request: Request) -> bool:
    """Whether the request holds something where the check looks for tokens."""
    carried = [name.lower() for name in request.headers] + [name for name, _ in query_of(request)]
    places = [place.value.lower() for place in check.locations]
    if not places:
        return request.http and ("authorization" in carried or "access_token" in carried)
    return request.http and any(name in place for name in carried for place in places)
