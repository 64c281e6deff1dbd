"""Which routes of the Gateway API are the mesh's: those that belong to services, not those at the rim.

sigs.k8s.io/gateway-api geps/gep-1324 (mesh use): the parent of such a route is a Service. A route of a Gateway stays as
it is, with its Gateway.
"""

from __future__ import annotations

from translator.resources.gateway_api.owners import parent_kinds
from translator.resources.gateway_api.read import ROUTE_GROUP
from translator.resources.kubernetes.read import below
from translator.source.leaves import Resource

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
    kinds = _parents(resource)
    return bool(kinds) and all(kind in MESH for kind in kinds)


def is_mixed_route(resource: Resource) -> bool:
    """Whether it is a route of services and of gateways at once."""
    kinds = _parents(resource)
    return any(kind in MESH for kind in kinds) and not all(kind in MESH for kind in kinds)


def may_be_heeded(resource: Resource) -> bool:
    """Whether another mesh may heed the route where it stands: its parent is a Service, which each of them knows."""
    return "Service" in _parents(resource)


def foreign_words(resource: Resource) -> dict[str, str]:
    """Annotations by which another mesh would treat the requests of the route, which the source does not look at."""
    annotations = below(resource.node, "metadata", "annotations")
    keys = (
        () if annotations is None or not isinstance(annotations.value, dict) else annotations.value
    )
    return {key: _UNHEEDED for key in keys if key.partition("/")[0].endswith(_FOREIGN)}


def _parents(resource: Resource) -> tuple[str, ...]:
    known = resource.api_version.rpartition("/")[0] == ROUTE_GROUP and resource.kind in KINDS
    return tuple(parent_kinds(resource)) if known else ()
