"""What ports are taken for: those of Services by their clients, those of pods by their own proxy.

linkerd2 policy-controller/k8s/index/src/outbound/index.rs ``appProtocol`` (since 2.18), controller/api/destination/
watcher/opaque_ports_watcher.go and pkg/inject/inject.go, 2.20: a list on a pod outranks that of its namespace, a Server
outranks either, and without a list the default one holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ir.attachment import Attachment, EnforcedAt, Scope, ServicePort, Subject, WorkloadPort
from ir.inventory import Inventory, PortOfService, Service, Workload, equal_to
from ir.provenance import Traced, named, trail
from ir.traffic import PortProtocol
from translator.importers.linkerd.link.opaque_ports import LIST, is_listed, is_opaque
from translator.importers.linkerd.link.pods import by_namespace, held_ports
from translator.importers.linkerd.link.servers import Held
from translator.target import Target

_WORDS: Mapping[str, str] = {"http": "HTTP/1", "kubernetes.io/h2c": "HTTP/2"}


def protocol_facts(
    servers: Sequence[Held], inventory: Inventory, target: Target
) -> Iterator[PortProtocol]:
    """A fact for each TCP port of a Service, and for each port of a workload that no Server holds."""
    for _, service in sorted(inventory.services.items()):
        for port in service.ports:
            if port.protocol == "TCP" and not service.external_name:
                yield _of_service(service, port, target)
    servers_in = by_namespace(servers)
    for workload in inventory.workloads:
        held = held_ports(workload, servers_in)
        for number in inventory.ports_of(workload):
            if number not in held:
                yield _of_pod(workload, number, inventory)


def _of_service(service: Service, port: PortOfService, target: Target) -> PortProtocol:
    protocol = "unknown"
    if is_opaque(port, service, target):
        protocol = "opaque"
    elif target.at_least("2.18"):
        protocol = _WORDS.get(port.app_protocol.lower(), protocol)
    because = Traced("", (), (*service.leaves, *port.leaves))
    subject = Subject(
        scope=Scope.SERVICE,
        namespace=named(service.namespace, because),
        name=named(service.name, because),
        trail=named(service.key, because),
    )
    number: Traced[ServicePort] = named(ServicePort(port.number), because)
    return PortProtocol(
        attachment=Attachment(subject=subject, ports=(number,), enforced_at=EnforcedAt.CLIENT),
        protocol=named(protocol, because),
        evidence="field" if port.app_protocol else "list",
        trail=trail(f"protocol of {service.key} port {port.number}", because=because.because),
    )


def _of_pod(workload: Workload, port: int, inventory: Inventory) -> PortProtocol:
    space = inventory.namespaces.get(workload.namespace)
    wide = None if space is None else space.annotations.get(LIST)
    listed = is_listed(workload.annotations.get(LIST, wide), port)
    because = Traced("", (), workload.leaves)
    subject = Subject(
        scope=Scope.WORKLOADS,
        namespace=named(workload.namespace, because),
        name=named(workload.key, because),
        labels=named(equal_to(workload.labels), because),
        trail=named(f"pods of {workload.key}", because),
    )
    number: Traced[WorkloadPort] = named(WorkloadPort(port), because)
    return PortProtocol(
        attachment=Attachment(subject=subject, ports=(number,), enforced_at=EnforcedAt.SERVER),
        protocol=named("opaque" if listed else "unknown", because),
        evidence="list",
        trail=trail(f"protocol of {workload.key} port {port}", because=workload.leaves),
    )
