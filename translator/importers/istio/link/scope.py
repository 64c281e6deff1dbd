"""The servers that a policy is for: its selector, its namespace, the whole mesh from the root namespace, its targets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ir.access import Layer
from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.inventory import Inventory
from ir.match import Labels
from ir.provenance import Traced, trail
from translator.api import Options
from translator.importers.istio.model import Target
from translator.resources.kubernetes.metadata import Meta

WAYPOINT = "istio.io/use-waypoint"
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
    meta: Meta, selector: Traced[Labels] | None, targets: Sequence[Target], options: Options
) -> Iterator[Place]:
    """Workloads by their sidecars, or for each target the proxy that stands in front of it.

    A policy with targets is ignored by sidecars (istio/istio pilot/pkg/model/policyattachment.go, 1.31); a Service is
    looked for in the namespace of the policy.
    """
    if not targets:
        own = Attachment(subject=subject_of(meta, selector, options), enforced_at=EnforcedAt.SERVER)
        yield Place(own, Layer.MESH_REQUEST)
    for target in targets:
        service = target.kind == "Service" and target.group == ""
        subject = Subject(
            scope=Scope.SERVICE if service else Scope.LISTENER,
            namespace=meta.namespace,
            name=target.name,
            trail=target.trail,
        )
        at = EnforcedAt.WAYPOINT if service else EnforcedAt.GATEWAY
        layer = Layer.MESH_REQUEST if service else Layer.GATEWAY
        yield Place(Attachment(subject=subject, enforced_at=at), layer)


def without_waypoint(meta: Meta, target: Target, inventory: Inventory) -> bool:
    """Whether the input shows that no waypoint stands in front of a Service: both it and its namespace are listed.

    istio/istio pilot/pkg/serviceregistry/ambient/waypoints.go, 1.31: the label of the service, else of the namespace.
    """
    service = inventory.service(meta.namespace.value, target.name.value)
    namespace = inventory.namespaces.get(meta.namespace.value)
    if target.kind != "Service" or service is None or namespace is None:
        return False
    said = service.labels.get(WAYPOINT, namespace.labels.get(WAYPOINT, ""))
    return said in _OFF
