"""The servers that a policy is for: its selector, its namespace, the whole mesh from the root namespace, its targets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ir.access import Layer
from ir.attachment import Attachment, EnforcedAt, Scope, ServicePort, Subject, WorkloadPort
from ir.inventory import Inventory, Service
from ir.match import Labels
from ir.provenance import Traced, named, trail
from translator.api import Options
from translator.importers.istio.model import Target
from translator.resources.kubernetes.metadata import Meta

WAYPOINT = "istio.io/use-waypoint"
ELSEWHERE = "istio.io/use-waypoint-namespace"
CLASS = "GatewayClass"
_OFF = ("", "none")


def subject_of(meta: Meta, selector: Traced[Labels] | None, options: Options) -> Subject:
    """The subject of an AuthorizationPolicy: a selector in the root namespace holds in every namespace.

    istio/istio pilot/pkg/model/authorization.go, 1.31.
    """
    node = trail(f"subject of {meta.key}", because=meta.because)
    root = meta.namespace.value == options.root_namespace
    if selector is not None:
        where = None if root else meta.namespace
        return Subject(scope=Scope.WORKLOADS, namespace=where, labels=selector, trail=node)
    if root:
        return Subject(scope=Scope.MESH, trail=node)
    return Subject(scope=Scope.NAMESPACE, namespace=meta.namespace, trail=node)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a policy is enforced, and in which layer."""

    attachment: Attachment
    layer: Layer


def places(
    meta: Meta,
    selector: Traced[Labels] | None,
    targets: Sequence[Target],
    inventory: Inventory,
    options: Options,
) -> Iterator[Place]:
    """Workloads by their sidecars, or for each target the proxy that stands in front of it.

    A policy with targets is ignored by sidecars (istio/istio pilot/pkg/model/policyattachment.go, 1.31); a Service is
    looked for in the namespace of the policy; a class is in none. A waypoint, or the class of all waypoints, stands for the Services that
    the input shows behind it.
    """
    if not targets:
        own = Attachment(subject=subject_of(meta, selector, options), enforced_at=EnforcedAt.SERVER)
        yield Place(own, Layer.MESH_REQUEST)
    for target in targets:
        if unheeded(meta, target, inventory, options):
            continue
        behind = tuple(_behind(meta, target, inventory))
        if target.kind == "Service":
            service = inventory.service(meta.namespace.value, target.name.value)
            yield _at_service(target, meta.namespace, target.name, service)
        for service in behind:
            because = Traced("", (), service.leaves)
            space, name = named(service.namespace, because), target.name.derive(service.name)
            yield _at_service(target, space, name, service)
        if target.kind != "Service" and not behind:
            subject = Subject(
                scope=Scope.LISTENER,
                namespace=None if target.kind == CLASS else meta.namespace,
                name=target.name,
                trail=target.trail,
            )
            yield Place(Attachment(subject=subject, enforced_at=EnforcedAt.GATEWAY), Layer.GATEWAY)


def _at_service(
    target: Target, namespace: Traced[str], name: Traced[str], service: Service | None
) -> Place:
    """A policy of requests to the ports of a Service; what is sent to its pods otherwise passes no waypoint."""
    subject = Subject(scope=Scope.SERVICE, namespace=namespace, name=name, trail=target.trail)
    leaves = Traced("", (), () if service is None else service.leaves)
    ports: tuple[Traced[WorkloadPort | ServicePort], ...] = tuple(
        named(ServicePort(port.number), leaves)
        for port in (() if service is None else service.ports)
    )
    at = Attachment(subject=subject, ports=ports, enforced_at=EnforcedAt.WAYPOINT)
    return Place(at, Layer.MESH_REQUEST)


def _behind(meta: Meta, target: Target, inventory: Inventory) -> Iterator[Service]:
    """The Services that are listed behind a waypoint, or behind any where the target is their class."""
    if target.kind not in ("Gateway", CLASS):
        return
    own = meta.namespace.value, target.name.value
    for _, service in sorted(inventory.services.items()):
        waypoint = waypoint_of(service, inventory)
        if waypoint is not None and (target.kind == CLASS or waypoint == own):
            yield service


def waypoint_of(service: Service, inventory: Inventory) -> tuple[str, str] | None:
    """Namespace and name of the waypoint in front of a Service; ``None`` where the input names none.

    istio/istio pilot/pkg/serviceregistry/ambient/waypoints.go, 1.31: the label of the service, else of the namespace.
    """
    namespace = inventory.namespaces.get(service.namespace)
    for labels in (service.labels, {} if namespace is None else namespace.labels):
        if WAYPOINT in labels:
            name = labels[WAYPOINT]
            return None if name in _OFF else (labels.get(ELSEWHERE, service.namespace), name)
    return None


def unheeded(meta: Meta, target: Target, inventory: Inventory, options: Options) -> str:
    """Why the source does not heed a target: a class outside of the root namespace, a Service without a waypoint.

    That a Service has none is known where both it and its namespace are listed.
    """
    if target.kind == CLASS and meta.namespace.value != options.root_namespace:
        return "a policy for a class is heeded in the root namespace alone"
    if target.kind != "Service":
        return ""
    service = inventory.service(meta.namespace.value, target.name.value)
    known = service is not None and meta.namespace.value in inventory.namespaces
    if service is None or not known or waypoint_of(service, inventory) is not None:
        return ""
    return "no waypoint stands in front of the services that it is for"
