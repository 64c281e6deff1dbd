"""Which policies are of no use: the answers of another analyser, against the exact comparison of ours.

np-guard/network-config-analyzer, tests/, nca/NetworkConfig/NetworkConfigQuery.py, 2.1.0. A configuration is *vacuous* if all
its policies together change nothing; a policy, or a rule of one that is of use itself, is *redundant* if nothing changes
without it, among the policies of its kind; two configurations are *strongly equivalent* if their policies have the same
names and each alone does the same; a policy is *empty* if it selects no pod, a rule if it has no peer. All of it is asked of
``verify`` with trees from which the policy or the rule is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from typing import Any

import yaml

from tests.peers.test_semantics import (
    ADDRESSES,
    POLICIES,
    SCHEMES,
    Scheme,
    Tree,
    Unasked,
    model_of,
    needs_pairs,
    told,
)

KINDS = (("NetworkPolicy",), ("AuthorizationPolicy", "Sidecar"))
"""Kinds of policies among which one is redundant."""

RULES = ("ingress", "egress", "rules")


def alike(one: Sequence[Tree], other: Sequence[Tree]) -> bool:
    """Whether two sets of objects let the same pass."""
    found = told(model_of(one), model_of(other))
    return not (found.more or found.less)


def without(objects: Sequence[Tree], *gone: Tree, put: Sequence[Tree] = ()) -> list[Tree]:
    """The objects with some in the place of others."""
    return [*(one for one in objects if not any(one is other for other in gone)), *put]


def policies_of(objects: Sequence[Tree]) -> list[Tree]:
    return [one for one in objects if one["kind"] in POLICIES]


def spelt_out(one: Tree) -> Tree:
    """A policy that says which way it closes, so that it still does once rules are taken out."""
    told = deepcopy(one)
    if told["kind"] == "NetworkPolicy":
        ways = ["Ingress", *(["Egress"] if "egress" in told["spec"] else [])]
        told["spec"].setdefault("policyTypes", ways)
    return told


def with_rules(policy: Tree, part: str, rules: list[Any]) -> Tree:
    changed = deepcopy(policy)
    changed["spec"][part] = rules
    return changed


def rules_of(policy: Tree) -> Iterator[tuple[str, int]]:
    """The rules of a policy by their place; a Sidecar has none."""
    spec = policy.get("spec") or {}
    for part in RULES if policy["kind"] != "Sidecar" else ():
        yield from ((part, number) for number in range(len(spec.get(part) or [])))


def vacuity(objects: list[Tree]) -> int:
    """1 if the policies change nothing."""
    return int(alike(objects, without(objects, *policies_of(objects))))


def redundancy(objects: list[Tree]) -> int:
    """Policies, and rules of the other policies, without which nothing changes."""
    return sum(_redundant_among(objects, kinds) for kinds in KINDS)


def _redundant_among(objects: list[Tree], kinds: tuple[str, ...]) -> int:
    around = [one for one in objects if one["kind"] not in POLICIES]
    policies = [spelt_out(one) for one in objects if one["kind"] in kinds]
    whole = [*around, *policies]
    useless = [p for p in policies if len(policies) > 1 and alike(whole, without(whole, p))]
    found = len(useless)
    for policy in (p for p in policies if not any(p is one for one in useless)):
        for part, number in rules_of(policy):
            rules = policy["spec"][part]
            less = with_rules(policy, part, rules[:number] + rules[number + 1 :])
            found += alike(whole, without(whole, policy, put=[less]))
    return found


def emptiness(objects: list[Tree]) -> int:
    """Policies that select no pod: if they let nothing pass nothing changes; and rules that let nobody pass."""
    around = without(objects, *policies_of(objects))
    return sum(_empty(spelt_out(one), around) for one in policies_of(objects))


def _empty(policy: Tree, around: list[Tree]) -> int:
    ways = {"policyTypes": ["Ingress", "Egress"], "ingress": [], "egress": []}
    shut = deepcopy(policy)
    shut["spec"].update(ways)
    if alike(around, [*around, shut]):
        return 1
    found = 0
    for part, number in rules_of(policy):
        rule = {k: v for k, v in policy["spec"][part][number].items() if k != "ports"}
        one_way = {"policyTypes": [part.capitalize()], "ingress": [], "egress": []}
        only = deepcopy(shut)
        only["spec"].update({**one_way, "podSelector": {}, part: [rule]})
        none = with_rules(only, part, [])
        by_address = any("ipBlock" in peer for peer in (rule.get("from") or rule.get("to") or ()))
        found += not by_address and alike([*around, only], [*around, none])
    return found


def strongly(one: list[Tree], other: list[Tree]) -> int:
    """1 if the policies are not the same ones, or one of them does something else."""
    named = [{_name(policy): policy for policy in policies_of(side)} for side in (one, other)]
    if named[0].keys() != named[1].keys():
        return 1
    rest = [without(side, *policies_of(side)) for side in (one, other)]
    return int(
        any(
            not alike([*rest[0], policy], [*rest[1], named[1][name]])
            for name, policy in named[0].items()
        )
    )


def _name(policy: Tree) -> tuple[str, str, str]:
    meta = policy["metadata"]
    return policy["kind"], meta.get("namespace", "default"), meta["name"]


def each(query: Callable[[list[Tree]], int]) -> Callable[[list[list[Tree]]], int]:
    """The answers for all configurations together."""
    return lambda configs: sum(map(query, configs))


QUERIES: dict[str, Callable[[list[list[Tree]]], int]] = {
    "vacuity": each(vacuity),
    "redundancy": each(redundancy),
    "emptiness": each(emptiness),
    "strongEquivalence": lambda configs: strongly(configs[0], configs[1]),
}

ON_PURPOSE = {
    ("withIpBlock2-scheme", "no_vacuity"): (1, ADDRESSES),
}
"""Our answer where it differs on purpose, with the reason."""

OPEN = {
    ("typoNotInTests-scheme", "emptiness_ghe"),
    ("typoNotInTests-scheme", "redundancy_ghe"),
    ("withIpBlock2-scheme", "redundancy_in_specific_policies"),
    ("withIpBlock2-scheme", "redundancy_between_configs"),
}
"""Queries that stay open: on files that are not here, and whether pods are within blocks that their callers may reach."""


@needs_pairs
def test_queries_about_single_policies_are_answered_as_they_expect() -> None:
    wrong: dict[tuple[str, str], int] = {}
    undecided: set[tuple[str, str]] = set()
    answered = 0
    for path in SCHEMES:
        scheme = Scheme(path, yaml.safe_load(path.read_text()))
        for query in scheme.tree["queries"]:
            for kind in QUERIES.keys() & query.keys():
                try:
                    found = QUERIES[kind]([scheme.objects(name) for name in query[kind]])
                except Unasked:
                    undecided.add((path.stem, query["name"]))
                    continue
                answered += 1
                if found != query.get("expected", 0):
                    wrong[path.stem, query["name"]] = found
    assert wrong == {key: answer for key, (answer, _) in ON_PURPOSE.items()}
    assert undecided == OPEN
    assert answered >= 35


SETTINGS = {
    "name",
    "expected",
    "expectedOutput",
    "expectedNotExecuted",
    "expectedWarnings",
    "outputConfiguration",
}
"""What a query has beside what it asks."""

ELSEWHERE = {
    "equivalence",
    "containment",
    "twoWayContainment",
    "semanticDiff",
    "connectivityMap",
}
"""Kinds of queries that ``test_semantics`` and ``test_connection_maps`` answer."""

_CAPTURED = "it is about connections that a policy names itself, apart from those of pods that it does not select"
NOT_ASKED = {
    "permits": _CAPTURED,
    "forbids": _CAPTURED,
    "interferes": _CAPTURED,
    "pairwiseInterferes": _CAPTURED,
    "sanity": "it is vacuity, redundancy and emptiness at once, which are asked one by one",
}
"""Kinds of queries that are put to nobody here, with the reason: ``verify`` compares all that may connect on two sides."""


@needs_pairs
def test_each_kind_of_query_is_answered_or_named() -> None:
    trees = [yaml.safe_load(path.read_text()) for path in SCHEMES]
    kinds = {kind for tree in trees for query in tree["queries"] for kind in query}
    assert kinds - SETTINGS == QUERIES.keys() | ELSEWHERE | NOT_ASKED.keys()
