"""``policy.linkerd.io`` EgressNetwork, and the namespace of those that are for the whole mesh."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_network

from ir.attachment import Scope
from ir.edge import EgressPolicy, UnknownEgress
from ir.inventory import Inventory
from ir.match import Cidr
from ir.model import Fact
from translator.api import Manifest, Said, Tree
from translator.exporters.linkerd.write.authorization import ALPHA

_POLICIES = {UnknownEgress.PASS: "Allow", UnknownEgress.REFUSE: "Deny"}


def write_networks(facts: Sequence[Fact], inventory: Inventory) -> Iterator[Manifest]:
    """The networks, and the namespace for those of the whole mesh, which no installation makes by itself."""
    networks = [fact for fact in facts if isinstance(fact, EgressPolicy)]
    for fact in networks:
        home = _home(fact)
        if fact.attachment.subject.scope is Scope.MESH and home not in inventory.namespaces:
            node = (fact.trail,)
            metadata: dict[str, Tree] = {"name": Said(home, node)}
            yield Manifest(
                api_version="v1",
                kind="Namespace",
                namespace=None,
                name=home,
                tree={"metadata": metadata},
                purpose=node,
            )
            break
    yield from map(_network, networks)


def _home(fact: EgressPolicy) -> str:
    if fact.name is None:
        raise TypeError(fact)
    return fact.name.value.partition("/")[0]


def _network(fact: EgressPolicy) -> Manifest:
    if fact.name is None or fact.unknown is None:
        raise TypeError(fact)
    home, _, name = fact.name.value.partition("/")
    node = (fact.trail,)
    space = fact.attachment.subject.namespace
    spec: dict[str, Tree] = {"trafficPolicy": fact.unknown.map(_POLICIES.__getitem__)}
    if fact.networks:
        spec["networks"] = [{"cidr": block.map(_cidr)} for block in fact.networks]
    return Manifest(
        api_version=ALPHA,
        kind="EgressNetwork",
        namespace=home,
        name=name,
        tree={"metadata": {"namespace": space or Said(home, node)}, "spec": spec},
        purpose=node,
    )


def _cidr(block: Cidr) -> str:
    return str(ip_network(block.block, strict=False))
