"""CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy (cilium.io/v2): one a policy of the legal form.

One item for each kind of peer (an item may not have two), namespaces always named (an absent one is that of the policy),
ports as strings with their protocol (what is not said is ANY, which rules for HTTP refuse), at most 40 ports an item:
cilium/cilium pkg/policy/api/rule_validation.go, 1.20.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ir.access import Closed, Grant, Refusal
from ir.attachment import Scope, Subject, WorkloadPort
from ir.match import AllOf, Cidr, Labels, Operator, Part, Pattern, PatternKind, Requirement, Test
from ir.provenance import Traced
from translator.api import Manifest, Said, Tree
from translator.exporters.cilium.legalise.words import with_query

API = "cilium.io/v2"
NAMESPACE = "k8s:io.kubernetes.pod.namespace"
ACCOUNT = "k8s:io.cilium.k8s.policy.serviceaccount"
MOST_PORTS = 40
_LAST = 65535
Values = tuple[Traced[object], ...]


@dataclass(slots=True)
class Policy:
    """The facts of one policy."""

    subject: Subject
    closed: Closed | None = None
    grants: list[Grant] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


def write_policies(facts: Sequence[Closed | Grant | Refusal]) -> Iterator[Manifest]:
    """A manifest for each policy, in the order of the facts."""
    found: dict[tuple[str, str], Policy] = {}
    for fact in facts:
        subject = fact.attachment.subject
        if subject.name is None:
            raise TypeError(fact)
        space = "" if subject.namespace is None else subject.namespace.value
        policy = found.setdefault((space, subject.name.value), Policy(subject))
        match fact:
            case Closed():
                policy.closed, policy.subject = fact, subject
            case Grant():
                policy.grants.append(fact)
            case Refusal():
                policy.refusals.append(fact)
    for (_, name), policy in found.items():
        yield _manifest(name, policy)


def _manifest(name: str, policy: Policy) -> Manifest:
    space = policy.subject.namespace
    node: Values = tuple(
        fact.trail for fact in (policy.closed, *policy.refusals) if fact is not None
    )
    spec: dict[str, Tree] = {"endpointSelector": selector(policy.subject, node)}
    if policy.closed is not None:
        items = [item for grant in policy.grants for item in _items(grant)]
        spec["ingress"] = list(items) or [{}]
        if not items:
            spec["description"] = Said("lets nobody in", node)
    if policy.refusals:
        spec["ingressDeny"] = [item for one in policy.refusals for item in _items(one)]
        if policy.closed is None:
            spec["enableDefaultDeny"] = {"ingress": Said(value=False, by=node)}
    clusterwide = space is None
    return Manifest(
        api_version=API,
        kind="CiliumClusterwideNetworkPolicy" if clusterwide else "CiliumNetworkPolicy",
        namespace=None if space is None else space.value,
        name=name,
        tree={"metadata": {} if space is None else {"namespace": space}, "spec": spec},
        purpose=node,
    )


# --- whom it is about ----------------------------------------------------------------------------


def selector(subject: Subject, node: Values) -> dict[str, Tree]:
    """The pods of a subject; those of a policy for all namespaces less the namespaces that it leaves out."""
    tree: dict[str, Tree] = {}
    if subject.labels is not None:
        tree = _requirements(subject.labels.value.requirements, (subject.labels,))
    if subject.scope is Scope.MESH or subject.namespace is None:
        names = [one.namespace for one in subject.excluding if one.namespace is not None]
        if names:
            values: list[Tree] = [Said(one.value, (one, *node)) for one in names]
            own: dict[str, Tree] = {
                "key": Said(NAMESPACE, node),
                "operator": Said(Operator.NOT_IN.value, node),
                "values": values,
            }
            more = tree.get("matchExpressions")
            tree["matchExpressions"] = [*(more if isinstance(more, list) else []), own]
    return tree


def _requirements(wanted: Sequence[Requirement], by: Values, prefix: str = "") -> dict[str, Tree]:
    """A label selector; equal labels go under ``matchLabels``, where each key has one value."""
    equal: dict[str, Tree] = {}
    other: list[Tree] = []
    for one in wanted:
        key = f"{prefix}{one.key}"
        if one.operator is Operator.IN and len(one.values) == 1 and key not in equal:
            equal[key] = Said(one.values[0], by)
            continue
        item: dict[str, Tree] = {"key": Said(key, by), "operator": Said(one.operator.value, by)}
        if one.values:
            item["values"] = [Said(value, by) for value in one.values]
        other.append(item)
    tree: dict[str, Tree] = {}
    if equal:
        tree["matchLabels"] = equal
    if other:
        tree["matchExpressions"] = other
    return tree


# --- rules ---------------------------------------------------------------------------------------


def _items(fact: Grant | Refusal) -> Iterator[dict[str, Tree]]:
    """The items of one rule: one for each kind of peer, and for each 40 ports."""
    rules = _rules(fact)
    for peers in _peers(fact):
        ports = _ports(fact, http=rules is not None)
        if not ports:
            yield peers
        for start in range(0, len(ports), MOST_PORTS):
            chunk: list[Tree] = [*ports[start : start + MOST_PORTS]]
            item: dict[str, Tree] = {"ports": chunk}
            if rules is not None:
                item["rules"] = {"http": rules}
            yield {**peers, "toPorts": [item]}


def _peers(fact: Grant | Refusal) -> Iterator[dict[str, Tree]]:
    if not fact.callers:
        yield {"fromEntities": [Said("all", (fact.trail,))]}
        return
    endpoints: list[Tree] = []
    blocks: list[Tree] = []
    entities: list[Tree] = []
    for way in fact.callers:
        parts = {test.part: test for test in way.tests}
        if Part.PEER_ADDRESS in parts:
            blocks.extend(map(block, parts[Part.PEER_ADDRESS].any_of))
        elif Part.ENTITY in parts:
            entities.extend(term.derive(text_of(term)) for term in parts[Part.ENTITY].any_of)
        else:
            endpoints.append(endpoint(way))
    for key, found in (
        ("fromEndpoints", endpoints),
        ("fromCIDRSet", blocks),
        ("fromEntities", entities),
    ):
        if found:
            yield {key: found}


def block(term: Traced[object]) -> dict[str, Tree]:
    """A block of addresses less others."""
    if not isinstance(term.value, Cidr):
        raise TypeError(term)
    tree: dict[str, Tree] = {"cidr": term.derive(term.value.block)}
    if term.value.excluding:
        tree["except"] = [term.derive(block) for block in term.value.excluding]
    return tree


def text_of(term: Traced[object]) -> str:
    """The text of a pattern."""
    if not isinstance(term.value, Pattern):
        raise TypeError(term)
    return term.value.text


def endpoint(way: AllOf) -> dict[str, Tree]:
    """Labels of pods: those of the identity, and their own."""
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
            case Part.WORKLOAD_LABELS:
                for term in test.any_of:
                    if isinstance(term.value, Labels):
                        more = _requirements(term.value.requirements, (term,))
                        labels, expressions = more.get("matchLabels"), more.get("matchExpressions")
                        equal.update(labels if isinstance(labels, dict) else {})
                        other.extend(expressions if isinstance(expressions, list) else [])
            case _:
                raise TypeError(test)
    one = _single(other, equal)
    tree: dict[str, Tree] = {}
    if equal:
        tree["matchLabels"] = equal
    if one:
        tree["matchExpressions"] = one
    return tree


def _is_pair(test: Test) -> bool:
    return len(test.any_of) == 1 and not text_of(test.any_of[0]).startswith("/")


def _expression(key: str, test: Test) -> Tree:
    terms = test.any_of or test.none_of
    if not terms:
        presence = test.presence or test.trail
        return {
            "key": Said(key, (presence, test.trail)),
            "operator": Said(Operator.EXISTS.value, (presence, test.trail)),
        }
    operator = Operator.IN if test.any_of else Operator.NOT_IN
    return {
        "key": Said(key, tuple(terms)),
        "operator": Said(operator.value, tuple(terms)),
        "values": [term.derive(text_of(term).removeprefix("/")) for term in terms],
    }


def _single(expressions: Sequence[Tree], equal: dict[str, Tree]) -> list[Tree]:
    """The expressions; one that asks for a single value goes to the equal labels."""
    left: list[Tree] = []
    for one in expressions:
        if not isinstance(one, dict):
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


# --- ports and requests --------------------------------------------------------------------------


def _ports(fact: Grant | Refusal, *, http: bool) -> list[Tree]:
    """The ports as items; none where all are meant and no rule for HTTP stands beside them."""
    at = fact.attachment
    if at.ports:
        return [_port(_number(port), None, (port,)) for port in at.ports]
    if not at.excluding_ports and not http:
        return []
    out = sorted((_number(port), port) for port in at.excluding_ports)
    by: Values = tuple(port for _, port in out) or (fact.trail,)
    found: list[Tree] = []
    start = 1
    for number in (*(number for number, _ in out), _LAST + 1):
        if start < number:
            found.append(_port(start, number - 1, by))
        start = number + 1
    return found


def _number(port: Traced[object]) -> int:
    value = port.value.port if isinstance(port.value, WorkloadPort) else 0
    if not isinstance(value, int) or not value:  # "0" would be every port
        raise TypeError(port)
    return value


def _port(number: int, last: int | None, by: Values) -> dict[str, Tree]:
    tree: dict[str, Tree] = {"port": Said(str(number), by)}
    if last is not None and last != number:
        tree["endPort"] = Said(last, by)
    tree["protocol"] = Said("TCP", by)
    return tree


def _rules(fact: Grant | Refusal) -> list[Tree] | None:
    if not fact.requests:
        return None
    return [_request(way) for way in fact.requests]


def _request(way: AllOf) -> Tree:
    tree: dict[str, Tree] = {}
    headers: list[dict[str, Tree]] = []
    for test in way.tests:
        match test.part:
            case Part.PATH:
                tree["path"] = _asked(test, path=True)
            case Part.METHOD if test.any_of:
                tree["method"] = _asked(test)
            case Part.METHOD:
                pass  # every request that is read as HTTP
            case Part.AUTHORITY:
                tree["host"] = _asked(test)
            case Part.HEADER if test.name is not None:
                header: dict[str, Tree] = {"name": test.name}
                for term in test.any_of:
                    header["value"] = term.derive(text_of(term))
                headers.append(header)
            case _:
                raise TypeError(test)
    if not tree and not headers:
        return Said({}, (way.trail,))
    _mark(tree or headers[0], way.trail)
    if headers:
        tree["headerMatches"] = list(headers)
    return tree


def _mark(fields: dict[str, Tree], trail: Traced[str]) -> None:
    """Lets the first of the fields say what the request comes from and none of them repeats."""
    first, leaf = next(iter(fields.items()))
    if isinstance(leaf, Traced):
        fields[first] = Said(leaf.value, (leaf, trail))


def _asked(test: Test, *, path: bool = False) -> Tree:
    (term,) = test.any_of
    value = term.value
    if not isinstance(value, Pattern):
        raise TypeError(test)
    if path:
        return term.derive(with_query(value))
    if value.kind is not PatternKind.REGEX:
        raise TypeError(test)
    return term.derive(value.text)
