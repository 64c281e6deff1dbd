"""``policy.linkerd.io`` EgressNetwork, and the namespace of those that are for the whole mesh.

linkerd2 policy-controller/k8s/index/src/outbound/index.rs, 2.20: a network without a list of opaque ports has the default
one, and on a port of its list no HTTPRoute and no TLSRoute counts (policy-controller/grpc/src/outbound.rs ``to_proto``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_network

from ir.attachment import Scope
from ir.edge import EgressPolicy, UnknownEgress
from ir.match import Cidr
from ir.model import Fact, Model
from ir.provenance import Traced
from ir.traffic import Protocol, RouteTable
from translator.api import Manifest, Said, Tree
from translator.exporters.linkerd.legalise.kept_routes import NETWORK
from translator.exporters.linkerd.legalise.opaque_ports import ANNOTATION, is_listed, merged
from translator.exporters.linkerd.write.authorization import ALPHA
from translator.exporters.linkerd.write.route import annotations_of

_POLICIES = {UnknownEgress.PASS: "Allow", UnknownEgress.REFUSE: "Deny"}


def write_networks(model: Model) -> Iterator[Manifest]:
    """The networks, and the namespace for those of the whole mesh, which no installation makes by itself."""
    facts = model.facts
    networks = [fact for fact in facts if isinstance(fact, EgressPolicy)]
    there = {*model.inventory.namespaces, *(one.key.split("/")[1] for one in model.objects)}
    for fact in networks:
        home = _home(fact)
        if fact.attachment.subject.scope is Scope.MESH and home not in there:
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
    for fact in networks:
        words = [f for f in facts if isinstance(f, RouteTable) and is_of_network(f)]
        yield _network(fact, _read_ports(fact, facts), [w for w in words if _is_for(w, fact)])


def is_of_network(table: RouteTable) -> bool:
    """Whether a table is what a network says of requests of which no route says anything."""
    return table.object.startswith(f"{NETWORK}/")


def _is_for(words: RouteTable, network: EgressPolicy) -> bool:
    name = "" if network.name is None else network.name.value
    return words.object == f"{NETWORK}/{name}"


def _read_ports(network: EgressPolicy, facts: Sequence[Fact]) -> list[int]:
    """The ports of the default list of opaque ones on which the network has routes that must be read.

    Routes of the source are heeded where they are with the list that the network has there.
    """
    found: set[int] = set()
    for table in (f for f in facts if isinstance(f, RouteTable)):
        subject = table.attachment.subject
        space, name = subject.namespace, subject.name
        if subject.scope is not Scope.EGRESS or space is None or name is None:
            continue
        its = network.name is not None and f"{space.value}/{name.value}" == network.name.value
        if its and table.protocol is not Protocol.TCP and not table.object:
            found.update(int(port.value.port) for port in table.attachment.ports)
    return sorted(number for number in found if is_listed(None, number))


def _home(fact: EgressPolicy) -> str:
    if fact.name is None:
        raise TypeError(fact)
    return fact.name.value.partition("/")[0]


def _network(fact: EgressPolicy, read: Sequence[int], words: Sequence[RouteTable]) -> Manifest:
    if fact.name is None or fact.unknown is None:
        raise TypeError(fact)
    home, _, name = fact.name.value.partition("/")
    node = (fact.trail,)
    space = fact.attachment.subject.namespace
    spec: dict[str, Tree] = {"trafficPolicy": fact.unknown.map(_POLICIES.__getitem__)}
    if any(block.stated_by is None for block in fact.networks):  # else those that go without saying
        spec["networks"] = [_block(block) for block in fact.networks]
    metadata: dict[str, Tree] = {"namespace": space or Said(home, node)}
    annotations: dict[str, Tree] = {}
    for table in words:
        annotations.update(annotations_of(table, by_field=False))
    if read:
        annotations[ANNOTATION] = Said(merged(None, (), read), node)
    if annotations:
        metadata["annotations"] = annotations
    return Manifest(
        api_version=ALPHA,
        kind="EgressNetwork",
        namespace=home,
        name=name,
        tree={"metadata": metadata, "spec": spec},
        purpose=node,
    )


def _block(block: Traced[Cidr]) -> dict[str, Tree]:
    tree: dict[str, Tree] = {"cidr": block.map(_cidr)}
    if block.value.excluding:
        tree["except"] = [Said(less, (block,)) for less in block.value.excluding]
    return tree


def _cidr(block: Cidr) -> str:
    return str(ip_network(block.block, strict=False))
