"""Which routes of the Gateway API are the mesh's: those that belong to services, not those at the rim.

sigs.k8s.io/gateway-api geps/gep-1324 (mesh use): the parent of such a route is a Service. A route of a Gateway stays as
it is, with its Gateway.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.resources.gateway_api.read import ROUTE_GROUP
from translator.source.leaves import Node, Resource

KINDS = ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute")
"""Kinds of routes that are read."""

CLASSES = ("istio", "istio-remote", "istio-east-west", "istio-waypoint")
"""Classes of Gateways that the source serves (istio/istio pilot/pkg/config/kube/gateway/gatewayclass.go, 1.31)."""
WAYPOINT = "istio-waypoint"
BETWEEN = (WAYPOINT, "istio-east-west", "istio-remote")
"""Classes of what stands inside the mesh or between meshes, where nothing enters from outside."""

CONTROLLER = "istio.io/"
"""How the controllers of other classes begin that the source serves too (conversion.go there)."""

MESH = ("Service", "ServiceEntry")
"""Kinds of parents that are services."""
_FOREIGN = ("retry.linkerd.io", "timeout.linkerd.io")
_UNHEEDED = "is a word to another mesh, which the source does not look at"


def is_mesh_route(resource: Resource) -> bool:
    """Whether it is a route of services, and of services alone."""
    kinds = tuple(_parents(resource))
    return bool(kinds) and all(kind in MESH for kind in kinds)


def is_mixed_route(resource: Resource) -> bool:
    """Whether it is a route of services and of gateways at once."""
    kinds = tuple(_parents(resource))
    return any(kind in MESH for kind in kinds) and not all(kind in MESH for kind in kinds)


def may_be_heeded(resource: Resource) -> bool:
    """Whether another mesh may heed the route where it stands: its parent is a Service, which each of them knows."""
    return "Service" in _parents(resource)


def class_of(resource: Resource) -> Node | None:
    """Where a Gateway names one of the source's own classes, which nobody serves once it has left."""
    if resource.kind != "Gateway" or resource.api_version.rpartition("/")[0] != ROUTE_GROUP:
        return None
    named = _at(_at(resource.node, "spec"), "gatewayClassName")
    return named if named is not None and named.value in CLASSES else None


def foreign_words(resource: Resource) -> dict[str, str]:
    """Annotations by which another mesh would treat the requests of the route, which the source does not look at."""
    annotations = _at(_at(resource.node, "metadata"), "annotations")
    keys = (
        () if annotations is None or not isinstance(annotations.value, dict) else annotations.value
    )
    return {key: _UNHEEDED for key in keys if key.partition("/")[0].endswith(_FOREIGN)}


def _parents(resource: Resource) -> Iterator[str]:
    """The kinds of the parents, as far as they are written."""
    if resource.api_version.rpartition("/")[0] != ROUTE_GROUP or resource.kind not in KINDS:
        return
    parents = _at(_at(resource.node, "spec"), "parentRefs")
    for item in parents.value if parents is not None and isinstance(parents.value, list) else ():
        kind = _at(item, "kind")
        yield kind.value if kind is not None and isinstance(kind.value, str) else "Gateway"


def _at(node: Node | None, key: str) -> Node | None:
    if node is None or not isinstance(node.value, dict):
        return None
    return node.value.get(key)
