"""``networking.k8s.io`` NetworkPolicy: a layer of its own, enforced by the network whatever mesh there is.

The documents are carried: both before and after they are one more gate that a connection must pass, so facts made here
bear their leaves as reasons only. Forms and their empty cases: kubernetes/api networking/v1/types.go, 1.31. What a fact
cannot say exactly is an :class:`~ir.opaque.Opaque` that may touch access.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_network

from ir.access import Closed, Evidence, Grant, Layer
from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.inventory import Inventory, meets
from ir.match import (
    AllOf,
    Cidr,
    Labels,
    Operator,
    Part,
    Pattern,
    PatternKind,
    Requirement,
    Term,
    Test,
)
from ir.model import Fact
from ir.opaque import Column, Intent, Opaque
from ir.provenance import Traced, trail
from translator.source.leaves import Resource, leaves_below, plain

GROUP = "networking.k8s.io"
NAME_LABEL = "kubernetes.io/metadata.name"
"""The label that every namespace has."""

MOST_PORTS = 256
"""Ports of a range that are written out."""

Json = object


class Inexact(Exception):  # noqa: N818  # carries a reason upwards
    """A part of a policy has no exact form among facts."""


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    """A policy as written; ``labels`` select its pods."""

    key: str
    namespace: str
    labels: Labels
    ingress: bool
    rules: tuple[Json, ...]
    leaves: tuple[int, ...]


def read_network_policies(
    resources: Sequence[Resource], namespace: str
) -> tuple[NetworkPolicy, ...]:
    """The policies of the input; ``namespace`` is that of objects that name none.

    One that the API server would refuse is in force nowhere and left out.
    """
    found = []
    for resource in resources:
        if resource.kind == "NetworkPolicy" and resource.api_version.startswith(f"{GROUP}/"):
            with suppress(ValueError):
                found.append(_policy(resource, resource.namespace or namespace))
    return tuple(found)


def _policy(resource: Resource, namespace: str) -> NetworkPolicy:
    value = plain(resource.node)
    spec = value.get("spec") if isinstance(value, dict) else None
    given = spec if isinstance(spec, dict) else {}
    types = given.get("policyTypes")
    listed = types if isinstance(types, list) and types else None
    rules = given.get("ingress")
    return NetworkPolicy(
        key=f"NetworkPolicy/{namespace}/{resource.name}",
        namespace=namespace,
        labels=_selector(given.get("podSelector")),
        ingress="Ingress" in listed if listed else True,
        rules=tuple(rules) if isinstance(rules, list) else (),
        leaves=leaves_below(resource),
    )


def _selector(value: Json) -> Labels:
    given = value if isinstance(value, dict) else {}
    found: list[Requirement] = []
    equal = given.get("matchLabels")
    for key, word in sorted(equal.items()) if isinstance(equal, dict) else ():
        found.append(Requirement(str(key), Operator.IN, (str(word),)))
    expressions = given.get("matchExpressions")
    for one in expressions if isinstance(expressions, list) else ():
        if isinstance(one, dict):
            words = one.get("values")
            values = tuple(map(str, words)) if isinstance(words, list) else ()
            found.append(
                Requirement(str(one.get("key")), Operator(str(one.get("operator"))), values)
            )
    return Labels(tuple(found))


def network_facts(policies: Sequence[NetworkPolicy], inventory: Inventory) -> Iterator[Fact]:
    """What the policies say of who may connect: they add up, and the first closes its pods."""
    for policy in policies:
        if policy.ingress:
            node = trail(policy.key, because=policy.leaves)
            at = Attachment(subject=_subject(policy), enforced_at=EnforcedAt.NODE)
            try:
                grants = [_grant(policy, rule, at, inventory) for rule in policy.rules]
            except (Inexact, ValueError):
                yield Opaque(
                    attachment=at,
                    kind=policy.key,
                    intent=Intent.ACCESS_RULES,
                    may_touch=(Column.ACCESS,),
                    trail=node,
                )
                continue
            yield Closed(attachment=at, layer=Layer.NETWORK, trail=node)
            yield from grants
            yield _from_its_node(policy, at)


def _subject(policy: NetworkPolicy) -> Subject:
    space = Traced(policy.namespace, (), policy.leaves)
    node = trail(f"pods of {policy.key}", because=policy.leaves)
    if not policy.labels.requirements:
        return Subject(scope=Scope.NAMESPACE, namespace=space, trail=node)
    labels = Traced(policy.labels, (), policy.leaves)
    return Subject(scope=Scope.WORKLOADS, namespace=space, labels=labels, trail=node)


def _from_its_node(policy: NetworkPolicy, at: Attachment) -> Grant:
    """A pod is always reached from its own node: health checks come from there."""
    host = _test(policy, Part.ENTITY, Pattern(PatternKind.EXACT, "host"))
    return _granted(policy, at, (_all(policy, host),), ())


def _grant(policy: NetworkPolicy, rule: Json, at: Attachment, inventory: Inventory) -> Grant:
    given = rule if isinstance(rule, dict) else {}
    peers, ports = given.get("from"), given.get("ports")
    callers = (
        tuple(_peer(policy, one, inventory) for one in peers) if isinstance(peers, list) else ()
    )
    numbers = tuple(_ports(policy, ports, inventory)) if isinstance(ports, list) and ports else ()
    if isinstance(ports, list) and ports and not numbers:  # none of them is a TCP port
        numbers = ("0",)
    terms = tuple(Pattern(PatternKind.EXACT, number) for number in numbers)
    requests = (_all(policy, _test(policy, Part.PORT, *terms)),) if terms else ()
    return _granted(policy, at, callers, requests)


def _granted(
    policy: NetworkPolicy, at: Attachment, callers: tuple[AllOf, ...], requests: tuple[AllOf, ...]
) -> Grant:
    return Grant(
        attachment=at,
        layer=Layer.NETWORK,
        callers=callers,
        requests=requests,
        evidence=Evidence.LABEL,
        trail=trail(f"rule of {policy.key}", because=policy.leaves),
    )


def _all(policy: NetworkPolicy, *tests: Test) -> AllOf:
    return AllOf(tests=tests, trail=trail("peer", because=policy.leaves))


def _test(policy: NetworkPolicy, part: Part, *terms: Term) -> Test:
    return Test(
        part=part,
        any_of=tuple(Traced(term, (), policy.leaves) for term in terms),
        trail=trail(part.value, because=policy.leaves),
    )


def _peer(policy: NetworkPolicy, peer: Json, inventory: Inventory) -> AllOf:
    given = peer if isinstance(peer, dict) else {}
    block = given.get("ipBlock")
    if isinstance(block, dict):
        out = block.get("except")
        excluded = tuple(map(_network, out)) if isinstance(out, list) else ()
        cidr = Cidr(_network(block.get("cidr")), excluded)
        return _all(policy, _test(policy, Part.PEER_ADDRESS, cidr))
    if not any(given.get(key) is not None for key in ("namespaceSelector", "podSelector")):
        raise Inexact("a peer that names nobody")
    tests: list[Test] = []
    spaces = given.get("namespaceSelector")
    names: tuple[str, ...] | None = (policy.namespace,)
    if spaces is not None:
        names = _namespaces(_selector(spaces), inventory)
    if names is not None:
        patterns = tuple(Pattern(PatternKind.EXACT, name) for name in names)
        tests.append(_test(policy, Part.NAMESPACE, *patterns))
    tests.append(_test(policy, Part.WORKLOAD_LABELS, _selector(given.get("podSelector"))))
    return _all(policy, *tests)


def _network(block: Json) -> str:
    """A block of addresses.

    Raises:
        Inexact: it is none, as where a template was given no value; the API server refuses such a policy.
    """
    try:
        return str(ip_network(str(block), strict=False))
    except ValueError:
        raise Inexact(f"{block!r}, which is no block of addresses") from None


def _namespaces(selector: Labels, inventory: Inventory) -> tuple[str, ...] | None:
    """Names of the namespaces selected; ``None`` for all of them.

    Raises:
        Inexact: namespaces that the input does not list may be selected too.
    """
    if not selector.requirements:
        return None
    for one in selector.requirements:
        if (
            one.key == NAME_LABEL
            and one.operator is Operator.IN
            and len(selector.requirements) == 1
        ):
            return one.values
    if not inventory.complete:
        raise Inexact("labels of namespaces that are not in the input")
    found = tuple(
        name
        for name, space in sorted(inventory.namespaces.items())
        if meets({**space.labels, NAME_LABEL: name}, selector)
    )
    return found or ("",)


def _ports(policy: NetworkPolicy, ports: list[Json], inventory: Inventory) -> Iterator[str]:
    for one in ports:
        given = one if isinstance(one, dict) else {}
        if given.get("protocol", "TCP") != "TCP":
            continue
        port, end = given.get("port"), given.get("endPort")
        if port is None:
            raise Inexact("a protocol without a port")
        if isinstance(port, str) and not port.isdigit():
            yield from _named(policy, port, inventory)
            continue
        first = int(str(port))
        last = int(str(end)) if end is not None else first
        if last - first >= MOST_PORTS:
            raise Inexact("a long range of ports")
        yield from (str(number) for number in range(first, last + 1))


def _named(policy: NetworkPolicy, name: str, inventory: Inventory) -> Iterator[str]:
    """The number of a named port, which must be the same for all pods of the policy."""
    pods = inventory.selected(policy.namespace, policy.labels)
    numbers = {w.port_number(name) for w in pods}
    if len(numbers) != 1 or None in numbers:
        raise Inexact("a named port that is another number on each pod")
    yield from (str(number) for number in sorted(n for n in numbers if n is not None))
