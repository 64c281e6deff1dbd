"""Ports on which a pod asks for an identity where its default policy would let anybody in.

linkerd2 policy-controller/k8s/index/src/inbound/index.rs ``port_policy`` and pod.rs ``require_identity``, 2.20: it turns
a policy that admits callers without an identity into one that admits those with one; where a Server names the port, and
below ``deny`` and ``audit``, it says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ir.access import Closed, Layer
from ir.attachment import Attachment, EnforcedAt, WorkloadPort
from ir.inventory import Inventory
from ir.model import Fact
from ir.provenance import Traced, absorb, named, trail
from translator.api import Options
from translator.importers.linkerd.link.pods import (
    Written,
    by_namespace,
    held_ports,
    pod_facts,
    pods_only,
    said_of,
    who_says,
)
from translator.importers.linkerd.link.servers import Held, granted_by
from translator.importers.linkerd.silence import silence
from translator.resources.kubernetes.enrolment import makes_pods
from translator.resources.kubernetes.read import below, template_path
from translator.source.leaves import Node, Resource, leaf_ref

REQUIRE_IDENTITY = "config.linkerd.io/proxy-require-identity-inbound-ports"
_OPEN = {
    "all-unauthenticated": "all-authenticated",
    "cluster-unauthenticated": "cluster-authenticated",
}
_LAST_PORT = 65535

Asked = Mapping[str, Traced[str]]
"""The lists of ports that objects name, by ``Kind/namespace/name``."""


def read_lists(
    resources: Sequence[Resource], options: Options, reads: set[int], key: str = REQUIRE_IDENTITY
) -> Asked:
    """The annotations of pod templates and namespaces by this key."""
    found: dict[str, Traced[str]] = {}
    for resource in resources:
        node: Node | None
        if resource.kind == "Namespace" and "/" not in resource.api_version:
            node = below(resource.node, "metadata", "annotations", key)
            owner = f"Namespace//{resource.name}"
        elif makes_pods(resource):
            path = (*template_path(resource.kind), "metadata", "annotations", key)
            node = below(resource.node, *path)
            owner = f"{resource.kind}/{resource.namespace or options.namespace}/{resource.name}"
        else:
            continue
        if node is not None and isinstance(node.value, str):
            leaf = leaf_ref(resource.document.number, node.leaf)
            reads.add(leaf)
            found[owner] = Traced(node.value, (leaf,))
    return found


def identity_facts(
    asked: Asked, policies: Written, servers: Sequence[Held], inventory: Inventory, options: Options
) -> Iterator[Fact]:
    """The ports that are closed to callers without an identity."""
    servers_in = by_namespace(servers)
    for workload in inventory.workloads:
        written = said_of(asked, workload)
        policy = said_of(policies, workload)
        word = "all-unauthenticated" if policy is None else policy.value
        if written is None or word not in _OPEN:
            continue
        held = held_ports(workload, servers_in)
        ports = [n for n in _numbers(written.value) if n not in held]
        if not ports:
            continue
        attachment = Attachment(
            subject=pods_only(workload, inventory),
            ports=tuple(Traced(WorkloadPort(n), written.origin) for n in ports),
            enforced_at=EnforcedAt.SERVER,
        )
        yield Closed(
            attachment=attachment,
            layer=Layer.MESH_REQUEST,
            answer=Traced(403, stated_by=silence(options, REQUIRE_IDENTITY)),
            object=who_says(asked, workload),
            trail=absorb(trail(f"identity at {workload.key}"), written),
        )
        yield from granted_by(named(_OPEN[word], written), attachment, options)


def default_facts(
    asked: Asked, policies: Written, servers: Sequence[Held], inventory: Inventory, options: Options
) -> Iterator[Fact]:
    """What holds on all ports without a Server: what pods ask for there, else their default policy."""
    identified = tuple(identity_facts(asked, policies, servers, inventory, options))
    yield from identified
    yield from pod_facts(policies, servers, inventory, options, _ports_of(identified))


def _ports_of(facts: Sequence[Fact]) -> dict[str, list[int]]:
    """The ports that the facts are about, by workload."""
    found: dict[str, list[int]] = {}
    for fact in facts:
        name = fact.attachment.subject.name if isinstance(fact, Closed) else None
        if isinstance(fact, Closed) and name is not None:
            numbers = (port.value.port for port in fact.attachment.ports)
            found.setdefault(name.value, []).extend(n for n in numbers if isinstance(n, int))
    return found


def _numbers(text: str) -> list[int]:
    """The ports of a list such as ``4567,8000-8002``; words that are none say nothing."""
    found: set[int] = set()
    for word in text.split(","):
        low, dash, high = word.strip().partition("-")
        if low.isdecimal() and (not dash or high.isdecimal()):
            found.update(range(int(low), min(int(high) if dash else int(low), _LAST_PORT) + 1))
    return sorted(found)
