"""Which Server holds a port, and what is known of it: its attachment, its protocol, what holds without a policy.

linkerd2 policy-controller/k8s/index/src/inbound/index.rs ``reindex_servers`` and .../defaults.rs, 2.20.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ir.access import AuditMark, Closed, Evidence, Grant, Layer
from ir.attachment import Attachment, EnforcedAt, Scope, Subject, WorkloadPort
from ir.inventory import Inventory, Workload, equal_to
from ir.match import AllOf, Cidr, Labels, Operator, Part, Presence, Term, Test
from ir.model import Fact
from ir.opaque import Column, Opaque
from ir.provenance import Assumption, Traced, Trail, absorb, named, trail
from ir.traffic import PortProtocol
from translator.api import Options
from translator.importers.linkerd.age import oldest_first
from translator.importers.linkerd.model import Server, Statement
from translator.importers.linkerd.silence import silence
from translator.resources.kubernetes.networks import CLUSTER_NETWORKS

HELM_NETWORKS = Assumption(
    "cluster networks",
    "the cluster's networks are those that the Helm chart sets: " + ", ".join(CLUSTER_NETWORKS),
)
_REFUSED = 403
_AUTHENTICATED = ("all-authenticated", "cluster-authenticated")


@dataclass(frozen=True, slots=True)
class Held:
    """A Server with the pods and ports that it holds, less those that an older one holds."""

    server: Server
    attachment: Attachment


def held(statements: Sequence[Statement], inventory: Inventory) -> tuple[Held, ...]:
    """All Servers, the oldest first; of two for one port of a pod the older holds it."""
    own = (s for s in statements if isinstance(s, Server) and not s.machines)
    servers = sorted(own, key=oldest_first)
    found: list[Held] = []
    before: dict[str, list[Server]] = {}
    for server in servers:
        neighbours = before.setdefault(server.meta.namespace.value, [])
        older = [one for other in neighbours for one in _shadows(other, server, inventory)]
        found.append(Held(server, _attachment(server, older)))
        neighbours.append(server)
    return tuple(found)


def at_machines(statements: Sequence[Statement]) -> Iterator[Opaque]:
    """Servers over ExternalWorkloads: what holds at a port of a machine outside, for which no fact has words."""
    for server in statements:
        if isinstance(server, Server) and server.machines:
            kind = "who may come to a port of a machine outside"
            spent = [server.selector, server.port, server.protocol, server.access]
            yield Opaque(
                attachment=_attachment(server, ()),
                kind=kind,
                may_touch=(Column.ACCESS,),
                trail=absorb(server.trail, *(value for value in spent if value is not None)),
            )


def _shadows(older: Server, server: Server, inventory: Inventory) -> Iterator[Subject]:
    """The pods of a Server on which an older one of its namespace holds its port, or may.

    A port by name against one by number: on those pods that say so.
    """
    both = Labels((*older.selector.value.requirements, *server.selector.value.requirements))
    if older.port.value == server.port.value:
        if _can_hold(both):
            yield _shadow(older, older.selector.value)
    elif not isinstance(older.port.value, type(server.port.value)):
        for workload in inventory.selected(older.meta.namespace.value, both):
            number = workload.port_number(older.port.value)
            if number is not None and number == workload.port_number(server.port.value):
                yield _shadow(older, equal_to(workload.labels), workload)


def _can_hold(both: Labels) -> bool:
    """Whether some labels could meet all requirements: no key is asked for two values."""
    wanted: dict[str, set[str]] = {}
    for requirement in both.requirements:
        if requirement.operator is Operator.IN:
            values = set(requirement.values)
            wanted[requirement.key] = wanted.get(requirement.key, values) & values
    return all(wanted.values())


def _attachment(server: Server, older: Sequence[Subject]) -> Attachment:
    node = trail(f"pods of {server.meta.key}", because=server.meta.because)
    subject = Subject(
        scope=Scope.WORKLOADS,
        namespace=server.meta.namespace,
        labels=server.selector,
        excluding=tuple(older),
        trail=node,
    )
    port: Traced[WorkloadPort] = server.port.map(WorkloadPort)
    return Attachment(subject=subject, ports=(port,), enforced_at=EnforcedAt.SERVER)


def _shadow(server: Server, labels: Labels, workload: Workload | None = None) -> Subject:
    """Pods of an older Server as an exception: they are named there, their meaning stays with its own facts."""
    because = () if workload is None else workload.leaves
    return Subject(
        scope=Scope.WORKLOADS,
        namespace=named(server.meta.namespace.value, server.meta.namespace),
        labels=named(labels, server.selector, server.created),
        workload=None if workload is None else Traced(workload.key, because=because),
        trail=trail("exception"),
    )


def server_facts(held: Held, options: Options) -> Iterator[Fact]:
    """A port with a Server is closed; its protocol is said; ``accessPolicy`` is one more grant."""
    server = held.server
    access = server.access
    said = access is not None and access.value == "deny"
    node = absorb(server.trail, access) if said and access is not None else server.trail
    yield Closed(
        attachment=held.attachment,
        layer=Layer.MESH_REQUEST,
        answer=Traced(_REFUSED, stated_by=silence(options, "AuthorizationPolicy")),
        object=server.meta.key,
        trail=node,
    )
    protocol = server.protocol
    yield PortProtocol(
        attachment=held.attachment,
        protocol=Traced("unknown", stated_by=silence(options, "Server.spec.proxyProtocol"))
        if protocol is None
        else protocol,
        evidence="guess" if protocol is None else "field",
        trail=trail(f"protocol of {server.meta.key}", because=server.meta.because),
    )
    if access is not None and not said:
        yield from granted_by(access, held.attachment, options)


def granted_by(
    policy: Traced[str], attachment: Attachment, options: Options
) -> Iterator[Grant | AuditMark]:
    """What a default policy lets in; ``deny`` lets nobody in."""
    if policy.value == "deny":
        return
    node: Trail = absorb(trail(f"default policy {policy.value}"), policy)
    if policy.value == "audit":
        yield AuditMark(attachment=attachment, trail=trail("audit", because=policy.origin))
    yield Grant(
        name=named(policy.value, policy),
        attachment=attachment,
        layer=Layer.MESH_REQUEST,
        callers=_callers(policy, options),
        evidence=Evidence.CERTIFICATE if policy.value in _AUTHENTICATED else Evidence.ADDRESS,
        trail=node,
    )


def _callers(policy: Traced[str], options: Options) -> tuple[AllOf, ...]:
    tests: list[Test] = []
    leaves = policy.origin or policy.because
    if policy.value in _AUTHENTICATED:
        present = Traced(Presence.PRESENT, leaves)
        tests.append(Test(part=Part.CERTIFICATE, presence=present, trail=trail("any identity")))
    if policy.value.startswith("cluster-"):
        blocks = cluster_networks(options, *leaves)
        tests.append(Test(part=Part.PEER_ADDRESS, any_of=blocks, trail=trail("networks")))
    return (AllOf(tests=tuple(tests), trail=trail("callers")),) if tests else ()


def cluster_networks(options: Options, *leaves: int) -> tuple[Traced[Term], ...]:
    """The blocks that count as the cluster's own; ``leaves``: the word that means them."""
    if options.cluster_networks:
        return tuple(Traced(Cidr(block), leaves) for block in options.cluster_networks)
    return tuple(Traced(Cidr(block), leaves, (), (), HELM_NETWORKS) for block in CLUSTER_NETWORKS)
