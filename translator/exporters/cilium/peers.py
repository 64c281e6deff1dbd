"""Callers in the words that Cilium has: pods by label, addresses outside of the cluster, and nodes.

Every caller is one of three kinds. A **pod** is known by the labels of its identity, among them its namespace and its
service account; an **address** is known only where nobody in the cluster has it, since blocks of addresses never select
pods or nodes; the rest are **entities**: what runs on nodes, and what has no labels yet
(cilium/cilium Documentation/security/policy/language.rst and pkg/policy/api/entity.go, 1.20).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network, ip_network

from ir.match import Cidr, Operator, Requirement
from translator.exporters.cilium.names import Names

NODES = (
    "health",
    "host",
    "ingress",
    "init",
    "kube-apiserver",
    "remote-node",
    "unmanaged",
)
"""Entities that are in the cluster and are no pods with labels."""

EVERYWHERE = (Cidr("0.0.0.0/0"), Cidr("::/0"))
_ANY: Names[str] = Names(but=True)


@dataclass(frozen=True, slots=True)
class Pods:
    """Pods of these namespaces that run as these service accounts and have labels that meet all requirements."""

    spaces: Names[str] = _ANY
    accounts: Names[str] = _ANY
    labels: tuple[Requirement, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether no pod can be meant."""
        return self.spaces.empty or self.accounts.empty or _contradict(self.labels)

    def __and__(self, other: Pods) -> Pods:
        more = tuple(r for r in other.labels if r not in self.labels)
        return Pods(
            self.spaces & other.spaces, self.accounts & other.accounts, (*self.labels, *more)
        )

    def minus(self, other: Pods) -> Iterator[Pods]:
        """This less the other, in parts that do not meet."""
        yield replace(self, spaces=self.spaces - other.spaces)
        both = replace(self, spaces=self.spaces & other.spaces)
        yield replace(both, accounts=both.accounts - other.accounts)
        both = replace(both, accounts=both.accounts & other.accounts)
        for one in other.labels:
            yield replace(both, labels=(*both.labels, _negated(one)))
            both = replace(both, labels=(*both.labels, one))

    def covers(self, other: Pods) -> bool:
        """Whether all of the other are among these, as far as can be told from the words."""
        return (
            other.spaces.within(self.spaces)
            and other.accounts.within(self.accounts)
            and set(self.labels) <= set(other.labels)
        )


_NOT = {
    Operator.IN: Operator.NOT_IN,
    Operator.NOT_IN: Operator.IN,
    Operator.EXISTS: Operator.DOES_NOT_EXIST,
    Operator.DOES_NOT_EXIST: Operator.EXISTS,
}


def _negated(one: Requirement) -> Requirement:
    return Requirement(one.key, _NOT[one.operator], one.values)


def _contradict(labels: tuple[Requirement, ...]) -> bool:
    """Whether no object can meet all requirements."""
    for one in labels:
        if _negated(one) in labels:
            return True
        if one.operator is Operator.IN:
            others = [r for r in labels if r.key == one.key and r is not one]
            if any(r.operator is Operator.DOES_NOT_EXIST for r in others):
                return True
            if any(r.operator is Operator.IN and not {*one.values} & {*r.values} for r in others):
                return True
    return False


@dataclass(frozen=True, slots=True)
class Peers:
    """A set of callers."""

    pods: frozenset[Pods] = frozenset()
    outside: frozenset[Cidr] = frozenset()
    nodes: frozenset[str] = field(default_factory=frozenset)

    @property
    def empty(self) -> bool:
        """Whether nobody is in it."""
        return not (self.pods or self.outside or self.nodes)

    @property
    def everyone(self) -> bool:
        """Whether all callers are in it."""
        return self.cluster and self.world

    @property
    def cluster(self) -> bool:
        """Whether all that is in the cluster is in it."""
        return Pods() in self.pods and self.nodes == frozenset(NODES)

    @property
    def world(self) -> bool:
        """Whether all that is outside of the cluster is in it."""
        return set(EVERYWHERE) <= self.outside

    def __and__(self, other: Peers) -> Peers:
        pods = (a & b for a in self.pods for b in other.pods)
        return Peers(
            _simple(pods),
            frozenset(c for a in self.outside for b in other.outside for c in _common(a, b)),
            self.nodes & other.nodes,
        )

    def __or__(self, other: Peers) -> Peers:
        return Peers(
            _simple((*self.pods, *other.pods)),
            self.outside | other.outside,
            self.nodes | other.nodes,
        )

    def __sub__(self, other: Peers) -> Peers:
        pods = list(self.pods)
        for bad in sorted(other.pods, key=str):
            pods = [left for own in pods for left in own.minus(bad) if not left.empty]
        outside = list(self.outside)
        for block in sorted(other.outside, key=str):
            outside = [left for own in outside for left in _less(own, block)]
        return Peers(_simple(pods), frozenset(outside), self.nodes - other.nodes)


def _simple(pods: Iterable[Pods]) -> frozenset[Pods]:
    """The sets that no other one covers."""
    found = sorted({p for p in pods if not p.empty}, key=str)
    kept: list[Pods] = []
    for one in found:
        if not any(other.covers(one) for other in kept):
            kept = [*(k for k in kept if not one.covers(k)), one]
    return frozenset(kept)


EVERYONE = Peers(frozenset((Pods(),)), frozenset(EVERYWHERE), frozenset(NODES))
PODS = Peers(frozenset((Pods(),)))
"""Whoever runs in a pod that Cilium knows."""

NOBODY = Peers()

Network = IPv4Network | IPv6Network


def _common(a: Cidr, b: Cidr) -> Iterator[Cidr]:
    one, other = ip_network(a.block, strict=False), ip_network(b.block, strict=False)
    if one.version == other.version and one.overlaps(other):
        small = one if one.prefixlen >= other.prefixlen else other
        yield from _cut(small, (*a.excluding, *b.excluding))


def _less(own: Cidr, bad: Cidr) -> Iterator[Cidr]:
    """``own`` less ``bad``; what ``bad`` leaves out of itself stays."""
    whole, other = ip_network(own.block, strict=False), ip_network(bad.block, strict=False)
    if whole.version != other.version or not whole.overlaps(other):
        yield own
        return
    yield from _cut(whole, (*own.excluding, bad.block))
    for hole in bad.excluding:
        yield from _common(own, Cidr(hole))


def _cut(block: Network, out: Iterable[str]) -> Iterator[Cidr]:
    """The block less others; nothing where one of them holds it."""
    inside: set[str] = set()
    for text in out:
        other = ip_network(text, strict=False)
        if other.version == block.version and other.overlaps(block):
            if other.prefixlen <= block.prefixlen:
                return
            inside.add(str(other))
    yield Cidr(str(block), tuple(sorted(inside)))
