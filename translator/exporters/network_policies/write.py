"""``networking.k8s.io`` NetworkPolicy: one for each set of pods, for what leaves them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network

from ir.access import Closed, Grant
from ir.attachment import WorkloadPort
from ir.match import AllOf, Cidr, Labels, Operator, Part, Pattern, Requirement, Test
from ir.model import Fact
from ir.provenance import Traced, derived
from translator.api import Manifest, Said, Tree
from translator.exporters.naming import Names
from translator.exporters.network_policies.subjects import Place
from translator.exporters.selectors import selector_tree
from translator.resources.kubernetes.network_policy import NAME_LABEL

API = "networking.k8s.io/v1"
KIND = "NetworkPolicy"


@dataclass(slots=True)
class _Policy:
    """The facts about one set of pods."""

    place: Place
    closed: list[Closed] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)


def write_network_policies(facts: Sequence[Fact], names: Names) -> Iterator[Manifest]:
    """The policies of closed doors and grants in legal form."""
    found: dict[str, _Policy] = {}
    for fact in facts:
        if not isinstance(fact, (Closed, Grant)):
            raise TypeError(fact)
        place = Place(fact.attachment.subject)
        policy = found.setdefault(place.key, _Policy(place))
        if isinstance(fact, Closed):
            policy.closed.append(fact)
        else:
            policy.grants.append(fact)
    for policy in found.values():
        yield _manifest(policy, names)


def _manifest(policy: _Policy, names: Names) -> Manifest:
    place = policy.place
    facts: tuple[Closed | Grant, ...] = (*policy.closed, *policy.grants)
    nodes: tuple[Traced[object], ...] = (
        *(v for fact in facts for v in (fact.trail, fact.attachment.subject.trail)),
        *(v for grant in policy.grants for v in _unworded(grant)),
    )
    spaces = [f.attachment.subject.namespace for f in facts if f.attachment.subject.namespace]
    labels = [f.attachment.subject.labels for f in facts if f.attachment.subject.labels]
    chosen: Tree = selector_tree(derived(labels[0].value, labels)) if labels else {}
    spec: dict[str, Tree] = {"podSelector": chosen, "policyTypes": [Said("Egress", nodes)]}
    if policy.grants:
        spec["egress"] = [_rule(grant) for grant in policy.grants]
    words = [] if place.labels is None else [v for r in place.labels.requirements for v in r.values]
    return Manifest(
        api_version=API,
        kind=KIND,
        namespace=place.namespace,
        name=names.take(KIND, place.namespace, *words, "egress"),
        tree={"metadata": {"namespace": derived(place.namespace, spaces)}, "spec": spec},
        purpose=nodes,
    )


def _unworded(grant: Grant) -> Iterator[Traced[object]]:
    """What stands in a policy as an empty selector, which has no words."""
    for way in grant.callers:
        terms = [t for test in way.tests for t in test.any_of]
        if all(isinstance(t.value, Labels) and not t.value.requirements for t in terms):
            yield from (way.trail, *(test.trail for test in way.tests), *terms)


def _rule(grant: Grant) -> Tree:
    tree: dict[str, Tree] = {}
    peers: list[Tree] = [peer for way in grant.callers for peer in _peers(way)]
    if peers:
        tree["to"] = peers
    said: tuple[Traced[object], ...] = (grant.trail,)
    words = [t for test in grant.always for t in test.any_of]
    protocol = next((t.value.text for t in words if isinstance(t.value, Pattern)), "")
    if grant.attachment.ports or protocol:
        ports = grant.attachment.ports or (None,)
        tree["ports"] = [_port(port, protocol, said) for port in ports]
    return tree


def _port(
    port: Traced[WorkloadPort] | Traced[object] | None,
    protocol: str,
    said: tuple[Traced[object], ...],
) -> Tree:
    tree: dict[str, Tree] = {"protocol": Said(protocol or "TCP", said)}
    if port is not None and isinstance(port.value, WorkloadPort):
        tree["port"] = Said(port.value.port, (port,))
        if port.value.last:
            tree["endPort"] = Said(port.value.last, (port,))
    return tree


def _peers(way: AllOf) -> Iterator[Tree]:
    """The peers of an alternative: a block each, or pods."""
    said = (way.trail, *(test.trail for test in way.tests))
    blocks = [t for test in way.tests if test.part is Part.PEER_ADDRESS for t in test.any_of]
    if blocks:
        world = [t for test in way.tests if test.part is Part.ENTITY for t in test.any_of]
        for block in blocks:
            yield {"ipBlock": _block(block, (*world, *said))}
        return
    tree: dict[str, Tree] = {}
    for test in way.tests:
        tree.update(_selected(test))
    tree.setdefault("namespaceSelector", {})
    yield {key: tree[key] for key in ("namespaceSelector", "podSelector") if key in tree}


def _block(block: Traced[object], said: tuple[Traced[object], ...]) -> Tree:
    if not isinstance(block.value, Cidr):
        raise TypeError(block)
    tree: dict[str, Tree] = {"cidr": Said(_network(block.value.block), (block, *said))}
    if block.value.excluding:
        tree["except"] = [Said(_network(text), (block,)) for text in block.value.excluding]
    return tree


def _network(block: str) -> str:
    """The block by its first address: the API server warns of any other, by which enforcers may mean other things."""
    return str(ip_network(block, strict=False))


def _selected(test: Test) -> Iterator[tuple[str, Tree]]:
    """The selector that a test comes to."""
    if test.part is Part.NAMESPACE:
        names = tuple(t.value.text for t in test.any_of if isinstance(t.value, Pattern))
        wanted = Labels((Requirement(NAME_LABEL, Operator.IN, names),))
        yield "namespaceSelector", selector_tree(derived(wanted, (*test.any_of, test.trail)))
        return
    labels = next(t for t in test.any_of if isinstance(t.value, Labels))
    key = "podSelector" if test.part is Part.WORKLOAD_LABELS else "namespaceSelector"
    if isinstance(labels.value, Labels) and (labels.value.requirements or key != "podSelector"):
        yield key, selector_tree(derived(labels.value, (labels, test.trail)))
