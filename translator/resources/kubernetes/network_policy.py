"""``networking.k8s.io`` NetworkPolicy: a layer of its own, enforced by the network whatever mesh there is.

The documents are carried: both before and after they are one more gate that a connection must pass, so facts made here
bear their leaves as reasons only. Forms and their empty cases: kubernetes/api networking/v1/types.go, 1.31. What a fact
cannot say exactly is an :class:`~ir.opaque.Opaque` that may touch access.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network, ip_network

from ir.access import Closed, Direction, Evidence, Grant, Layer
from ir.attachment import Attachment, EnforcedAt, Scope, Subject, WorkloadPort
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
from translator.resources.kubernetes.networks import CLUSTER_NETWORKS
from translator.source.leaves import Resource, leaves_below, plain

GROUP = "networking.k8s.io"
NAME_LABEL = "kubernetes.io/metadata.name"
"""The label that every namespace has."""

Json = object

_WORDS = {
    Direction.INBOUND: ("Ingress", "ingress", "from"),
    Direction.OUTBOUND: ("Egress", "egress", "to"),
}
"""The word of a direction among ``policyTypes``, the field of its rules, and that of their peers."""


class Inexact(Exception):  # noqa: N818  # carries a reason upwards
    """A part of a policy has no exact form among facts."""


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    """A policy as written; ``labels`` select its pods."""

    key: str
    namespace: str
    labels: Labels
    rules: Mapping[Direction, tuple[Json, ...]]
    """By the directions that it closes."""
    leaves: tuple[int, ...]
    beside: tuple[Direction, ...] = ()
    """Directions that it has rules for and is not for: Kubernetes does not heed them, some networks do."""
    inside: tuple[str, ...] = CLUSTER_NETWORKS
    """The networks of the cluster: what is outside of them is no pod."""


def read_network_policies(
    resources: Sequence[Resource], namespace: str, inside: Sequence[str] = ()
) -> tuple[NetworkPolicy, ...]:
    """The policies of the input; ``namespace`` is that of objects that name none, ``inside`` are the cluster's networks.

    One that the API server would refuse is in force nowhere and left out.
    """
    found = []
    for resource in resources:
        if resource.kind == "NetworkPolicy" and resource.api_version.startswith(f"{GROUP}/"):
            with suppress(ValueError):
                policy = _policy(resource, resource.namespace or namespace)
                found.append(replace(policy, inside=tuple(inside) or CLUSTER_NETWORKS))
    return tuple(found)


def _policy(resource: Resource, namespace: str) -> NetworkPolicy:
    value = plain(resource.node)
    spec = value.get("spec") if isinstance(value, dict) else None
    given = spec if isinstance(spec, dict) else {}
    rules = dict(_directions(given))
    return NetworkPolicy(
        key=f"NetworkPolicy/{namespace}/{resource.name}",
        namespace=namespace,
        labels=_selector(given.get("podSelector")),
        rules=rules,
        leaves=leaves_below(resource),
        beside=tuple(
            d for d, (_, field, _) in _WORDS.items() if d not in rules and given.get(field)
        ),
    )


def _directions(given: Mapping[str, Json]) -> Iterator[tuple[Direction, tuple[Json, ...]]]:
    """The directions that are closed, with their rules: without a word, ingress, and egress where it has rules."""
    types = given.get("policyTypes")
    listed = types if isinstance(types, list) and types else ["Ingress"]
    for direction, (word, field, _) in _WORDS.items():
        rules = given.get(field)
        own = tuple(rules) if isinstance(rules, list) else ()
        if word in listed or (own and listed is not types):
            yield direction, own


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


def network_facts(policies: Sequence[NetworkPolicy]) -> Iterator[Fact]:
    """What the policies say of who may connect: they add up, and the first closes its pods."""
    for policy in policies:
        for direction, rules in policy.rules.items():
            yield from _facts(policy, direction, rules)
        for direction in policy.beside:
            yield _doubt(policy, direction)


def _doubt(policy: NetworkPolicy, direction: Direction) -> Opaque:
    """That it is not known what the policy says of one direction.

    Of rules that its types leave out: they close and open all the same where Cilium is the network (cilium/cilium
    pkg/k8s/network_policy.go ``ParseNetworkPolicy``, 1.20).
    """
    at = Attachment(subject=_subject(policy), enforced_at=EnforcedAt.NODE)
    return Opaque(
        attachment=at if direction is Direction.INBOUND else None,
        kind=policy.key,
        intent=Intent.ACCESS_RULES,
        may_touch=(Column.ACCESS,),
        trail=trail(policy.key, because=policy.leaves),
    )


ORDERED = ("policy.networking.k8s.io",)
"""Groups of policies with an order among them, which are not read: AdminNetworkPolicy, ClusterNetworkPolicy and such."""


def network_of(
    resources: Sequence[Resource], namespace: str, inside: Sequence[str] = ()
) -> Iterator[Fact]:
    """What all policies of the network say of who may connect; ``inside``: the networks of the cluster."""
    yield from network_facts(read_network_policies(resources, namespace, inside))
    yield from ordered_policies(resources)


def ordered_policies(resources: Sequence[Resource]) -> Iterator[Opaque]:
    """Policies of the cluster's administrators: they stay in force, and what they say of who connects is in doubt."""
    for resource in resources:
        if resource.api_version.rpartition("/")[0] in ORDERED:
            yield Opaque(
                kind=f"{resource.kind}//{resource.name}",
                intent=Intent.ACCESS_RULES,
                may_touch=(Column.ACCESS,),
                trail=trail(resource.kind, because=leaves_below(resource)),
            )


def _facts(policy: NetworkPolicy, direction: Direction, rules: Sequence[Json]) -> Iterator[Fact]:
    node = trail(policy.key, because=policy.leaves)
    at = Attachment(subject=_subject(policy), enforced_at=EnforcedAt.NODE)
    try:
        grants = [grant for rule in rules for grant in _grants(policy, rule, at, direction)]
    except (Inexact, ValueError):
        yield _doubt(policy, direction)
        return
    yield Closed(attachment=at, direction=direction, layer=Layer.NETWORK, trail=node)
    yield from grants
    if direction is Direction.INBOUND:
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
    return _granted(policy, at, (_all(policy, host),))


def _grants(
    policy: NetworkPolicy, rule: Json, at: Attachment, direction: Direction
) -> Iterator[Grant]:
    """What a rule lets pass: one grant for each transport that its ports are of."""
    given = rule if isinstance(rule, dict) else {}
    peers, ports = given.get(_WORDS[direction][2]), given.get("ports")
    callers = tuple(_peer(policy, one) for one in peers) if isinstance(peers, list) else ()
    if direction is Direction.OUTBOUND:
        callers = tuple(_placed(policy, one) for one in callers)
    grant = replace(_granted(policy, at, callers), direction=direction)
    if not isinstance(ports, list) or not ports:
        yield grant
        return
    for protocol, own in _by_protocol(ports).items():
        test = _test(policy, Part.TRANSPORT, Pattern(PatternKind.EXACT, protocol))
        named_ports = [None if p is None else Traced(p, (), policy.leaves) for p in own]
        held = () if None in named_ports else tuple(p for p in named_ports if p is not None)
        yield replace(grant, attachment=replace(at, ports=held), always=(test,))


def _granted(policy: NetworkPolicy, at: Attachment, callers: tuple[AllOf, ...]) -> Grant:
    return Grant(
        attachment=at,
        layer=Layer.NETWORK,
        callers=callers,
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


def _peer(policy: NetworkPolicy, peer: Json) -> AllOf:
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
    if spaces is None:
        home = Pattern(PatternKind.EXACT, policy.namespace)
        tests.append(_test(policy, Part.NAMESPACE, home))
    else:
        tests.extend(_spaces(policy, _selector(spaces)))
    tests.append(_test(policy, Part.WORKLOAD_LABELS, _selector(given.get("podSelector"))))
    return _all(policy, *tests)


def _placed(policy: NetworkPolicy, way: AllOf) -> AllOf:
    """The peer, known to be outside of the cluster where none of its addresses is one of the cluster's networks."""
    blocks = [t.value for test in way.tests for t in test.any_of if isinstance(t.value, Cidr)]
    inside = [ip_network(text, strict=False) for text in policy.inside]
    if not blocks or any(_meets(block, inside) for block in blocks):
        return way
    world = _test(policy, Part.ENTITY, Pattern(PatternKind.EXACT, "world"))
    return replace(way, tests=(world, *way.tests))


def _meets(block: Cidr, inside: Sequence[IPv4Network | IPv6Network]) -> bool:
    """Whether a block, less its exceptions, has addresses of the networks."""
    own = ip_network(block.block, strict=False)
    out = [ip_network(text, strict=False) for text in block.excluding]
    return any(
        own.version == network.version
        and own.overlaps(network)
        and not any(less.version == network.version and _is_in(network, less) for less in out)
        for network in inside
    )


def _is_in(one: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> bool:
    first, last = int(other[0]), int(other[-1])
    return one.version == other.version and first <= int(one[0]) and int(one[-1]) <= last


def _spaces(policy: NetworkPolicy, selector: Labels) -> Iterator[Test]:
    """The namespaces of a selector; none of a selector without requirements, which means all."""
    only = selector.requirements[0] if len(selector.requirements) == 1 else None
    if only is not None and only.key == NAME_LABEL and only.operator is Operator.IN:
        names = (Pattern(PatternKind.EXACT, name) for name in only.values)
        yield _test(policy, Part.NAMESPACE, *names)
    elif selector.requirements:
        yield _test(policy, Part.NAMESPACE_LABELS, selector)


def _network(block: Json) -> str:
    """A block of addresses.

    Raises:
        Inexact: it is none, as where a template was given no value; the API server refuses such a policy.
    """
    try:
        return str(ip_network(str(block), strict=False))
    except ValueError:
        raise Inexact(f"{block!r}, which is no block of addresses") from None


def _by_protocol(ports: Sequence[Json]) -> dict[str, list[WorkloadPort | None]]:
    """Ports by their transport; ``None``: all of them."""
    found: dict[str, list[WorkloadPort | None]] = {}
    for one in ports:
        given = one if isinstance(one, dict) else {}
        protocol = given.get("protocol") or "TCP"
        found.setdefault(str(protocol), []).append(_port(given))
    return found


def _port(given: Mapping[str, Json]) -> WorkloadPort | None:
    port, end = given.get("port"), given.get("endPort")
    if port is None:
        return None
    if isinstance(port, str) and not port.isdigit():
        return WorkloadPort(port)
    first = int(str(port))
    last = int(str(end)) if end is not None else 0
    return WorkloadPort(first, last if last > first else 0)
