"""Leaves of statements, and what of them the mesh does not heed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ir.model import Inactive
from ir.provenance import Traced
from ir.walk import traced
from translator.importers.istio.model import DestinationRule, Policy, Subset, VirtualService


@dataclass(frozen=True, slots=True)
class Idle:
    """Leaves that are not heeded, unless something else uses them; ``winner`` is heeded instead."""

    leaves: tuple[int, ...]
    why: str
    winner: str = ""


def leaves_in(*values: object) -> frozenset[int]:
    """All leaves whose meaning stands in facts, or in values of facts."""
    return frozenset(leaf for value in values for found in traced(value) for leaf in found.origin)


def in_order(leaves: Iterable[int]) -> tuple[int, ...]:
    """Each leaf once, in input order."""
    return tuple(sorted(set(leaves)))


def origins(*values: Traced[object]) -> tuple[int, ...]:
    """The leaves of some values."""
    return in_order(leaf for value in values for leaf in value.origin)


def of_service(service: VirtualService) -> tuple[int, ...]:
    """All leaves of a VirtualService that were read."""
    names = (service.hosts, service.gateways, service.export_to)
    rules = (service.http, service.tls, service.tcp)
    return in_order(leaves_in(*names, *rules, service.quiet, service.trail))


def of_policy(policy: Policy | None) -> tuple[int, ...]:
    """All leaves of a traffic policy."""
    if policy is None:
        return ()
    ports = (leaf for own in policy.ports for leaf in of_policy(own))
    own = leaves_in(*policy.blocks, policy.port or (), policy.quiet, policy.trail)
    return in_order((*own, *ports))


def of_subset(subset: Subset) -> tuple[int, ...]:
    """All leaves of a subset, its own policy with them."""
    own = leaves_in(subset.name, subset.labels, subset.trail)
    return in_order((*own, *of_policy(subset.policy)))


def of_rule(rule: DestinationRule) -> tuple[int, ...]:
    """All leaves of a DestinationRule that were read."""
    own = leaves_in(rule.host, rule.export_to, rule.selector or (), rule.trail)
    subsets = (leaf for subset in rule.subsets for leaf in of_subset(subset))
    return in_order((*own, *of_policy(rule.policy), *subsets))


def inactive(idles: Iterable[Idle], used: frozenset[int]) -> tuple[Inactive, ...]:
    """What is idle and not used anyway; each leaf once, for the first reason that is given."""
    told = set(used)
    found: list[Inactive] = []
    for idle in idles:
        rest = in_order(leaf for leaf in idle.leaves if leaf not in told)
        if rest:
            told.update(rest)
            found.append(Inactive(leaves=rest, winner=idle.winner, why=idle.why))
    return tuple(found)
