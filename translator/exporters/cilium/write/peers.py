"""The peers of an item: who is at the other end. An item may not have two kinds of them.

Namespaces are always named: an absent one is that of the policy (cilium/cilium pkg/k8s/apis/cilium.io/utils/utils.go, 1.20).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ir.access import Direction, Grant, Refusal
from ir.match import (
    INSIDE,
    AllOf,
    Cidr,
    Labels,
    Operator,
    Part,
    Pattern,
    PatternKind,
    Presence,
    Requirement,
    Test,
)
from ir.provenance import Traced
from translator.api import Said, Tree
from translator.resources.kubernetes.host_names import spelt

NAMESPACE = "k8s:io.kubernetes.pod.namespace"
ACCOUNT = "k8s:io.cilium.k8s.policy.serviceaccount"
SPACE_LABELS = "k8s:io.cilium.k8s.namespace.labels."
RESERVED = "reserved:"
ENTITIES = frozenset(
    (
        "all", "world", *INSIDE, "host", "init", "ingress", "unmanaged", "remote-node", "health", "none",
        "kube-apiserver",
    )
)  # fmt: skip
"""Words that the schema of policies takes; others are labels of identities (pkg/policy/api/entity.go, 1.20)."""

Values = tuple[Traced[object], ...]


def text_of(term: Traced[object]) -> str:
    """The text of a pattern."""
    if not isinstance(term.value, Pattern):
        raise TypeError(term)
    return term.value.text


def peers(fact: Grant | Refusal) -> Iterator[dict[str, Tree]]:
    """The peers, one kind after the other; none where a rule is for everybody on some ports."""
    way = "from" if fact.direction is Direction.INBOUND else "to"
    if not fact.callers:
        some = fact.attachment.ports or fact.always or fact.requests
        yield {} if some else {f"{way}Entities": [Said("all", (fact.trail,))]}
        return
    found: dict[str, list[Tree]] = {
        kind: [] for kind in ("Endpoints", "CIDRSet", "Entities", "FQDNs", "Services")
    }
    for one in fact.callers:
        kind, listed = _peer(one)
        found[kind].extend(listed)
    for kind, listed in found.items():
        if listed:
            yield {f"{way}{kind}": listed}


def _peer(way: AllOf) -> tuple[str, list[Tree]]:
    """One alternative: the kind of peers that it is, and the entries that it has there."""
    parts = {test.part: test for test in way.tests}
    if Part.DNS_NAME in parts:
        return "FQDNs", [host_name(term) for term in parts[Part.DNS_NAME].any_of]
    if Part.PEER_ADDRESS in parts:
        return "CIDRSet", [block(term) for term in parts[Part.PEER_ADDRESS].any_of]
    if Part.SERVICE in parts:
        return "Services", [_service(term) for term in parts[Part.SERVICE].any_of]
    if set(parts) == {Part.ENTITY} and _are_words(parts[Part.ENTITY]):
        return "Entities", [term.derive(text_of(term)) for term in parts[Part.ENTITY].any_of]
    return "Endpoints", [endpoint(way)]


def _are_words(test: Test) -> bool:
    return bool(test.any_of) and all(text_of(term) in ENTITIES for term in test.any_of)


def host_name(term: Traced[object]) -> dict[str, Tree]:
    """A name of a host, or a pattern for names."""
    if not isinstance(term.value, Pattern):
        raise TypeError(term)
    exact = term.value.kind is PatternKind.EXACT
    return {"matchName" if exact else "matchPattern": term.derive(spelt(term.value))}


def block(term: Traced[object]) -> dict[str, Tree]:
    """A block of addresses less others."""
    if not isinstance(term.value, Cidr):
        raise TypeError(term)
    tree: dict[str, Tree] = {"cidr": term.derive(term.value.block)}
    if term.value.excluding:
        tree["except"] = [term.derive(block) for block in term.value.excluding]
    return tree


def _service(term: Traced[object]) -> Tree:
    space, _, name = text_of(term).partition("/")
    return {"k8sService": {"serviceName": term.derive(name), "namespace": term.derive(space)}}


# --- label selectors -----------------------------------------------------------------------------


def requirements(wanted: Sequence[Requirement], by: Values, prefix: str = "") -> dict[str, Tree]:
    """A label selector; equal labels go under ``matchLabels``, where each key has one value."""
    equal: dict[str, Tree] = {}
    other: list[Tree] = []
    _require(wanted, by, prefix, equal, other)
    return _selector(equal, other)


def _selector(equal: dict[str, Tree], other: list[Tree]) -> dict[str, Tree]:
    tree: dict[str, Tree] = {}
    if equal:
        tree["matchLabels"] = equal
    if other:
        tree["matchExpressions"] = other
    return tree


def _require(
    wanted: Sequence[Requirement],
    by: Values,
    prefix: str,
    equal: dict[str, Tree],
    other: list[Tree],
) -> None:
    for one in wanted:
        key = f"{prefix}{one.key}"
        if one.operator is Operator.IN and len(one.values) == 1 and key not in equal:
            equal[key] = Said(one.values[0], by)
            continue
        item: dict[str, Tree] = {"key": Said(key, by), "operator": Said(one.operator.value, by)}
        if one.values:
            item["values"] = [Said(value, by) for value in one.values]
        other.append(item)


def endpoint(way: AllOf) -> dict[str, Tree]:
    """Labels of identities: those that say where they are and as whom they run, and their own."""
    equal: dict[str, Tree] = {}
    other: list[Tree] = []
    for test in way.tests:
        match test.part:
            case Part.SERVICE_ACCOUNT if _is_pair(test):
                (term,) = test.any_of
                space, _, account = text_of(term).partition("/")
                equal[NAMESPACE] = term.derive(space)
                equal[ACCOUNT] = term.derive(account)
            case Part.SERVICE_ACCOUNT | Part.NAMESPACE:
                key = NAMESPACE if test.part is Part.NAMESPACE else ACCOUNT
                other.append(_expression(key, test))
            case Part.ENTITY:
                other.extend(_reserved(test))
            case Part.WORKLOAD_LABELS | Part.NAMESPACE_LABELS if not test.none_of:
                prefix = SPACE_LABELS if test.part is Part.NAMESPACE_LABELS else ""
                for term in test.any_of:
                    if isinstance(term.value, Labels):
                        _require(term.value.requirements, (term,), prefix, equal, other)
            case _:
                raise TypeError(test)
    return _selector(equal, _single(other, equal))


def _is_pair(test: Test) -> bool:
    return len(test.any_of) == 1 and not text_of(test.any_of[0]).startswith("/")


def _expression(key: str, test: Test) -> Tree:
    terms = test.any_of or test.none_of
    if not terms:
        presence = test.presence or test.trail
        absent = test.presence is not None and test.presence.value is Presence.ABSENT
        operator = Operator.DOES_NOT_EXIST if absent else Operator.EXISTS
        return {
            "key": Said(key, (presence, test.trail)),
            "operator": Said(operator.value, (presence, test.trail)),
        }
    operator = Operator.IN if test.any_of else Operator.NOT_IN
    return {
        "key": Said(key, tuple(terms)),
        "operator": Said(operator.value, tuple(terms)),
        "values": [term.derive(text_of(term).removeprefix("/")) for term in terms],
    }


def _reserved(test: Test) -> Iterator[Tree]:
    """Parts of the cluster, by the labels of their identities."""
    for operator, terms in (
        (Operator.EXISTS, test.any_of),
        (Operator.DOES_NOT_EXIST, test.none_of),
    ):
        for term in terms:
            key = term.derive(f"{RESERVED}{text_of(term)}")
            yield {"key": key, "operator": term.derive(operator.value)}


def _single(expressions: Sequence[Tree], equal: dict[str, Tree]) -> list[Tree]:
    """The expressions; one that asks for a single value goes to the equal labels."""
    left: list[Tree] = []
    for one in expressions:
        if not isinstance(one, Mapping):
            raise TypeError(one)
        key, operator, values = one["key"], one["operator"], one.get("values")
        if (
            isinstance(key, Said)
            and isinstance(operator, Said)
            and operator.value == Operator.IN.value
            and isinstance(values, list)
            and len(values) == 1
            and str(key.value) not in equal
        ):
            equal[str(key.value)] = values[0]
        else:
            left.append(one)
    return left
