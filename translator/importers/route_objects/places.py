"""Which objects are the mesh's, which are the gateways', and which another mesh heeds where they stand.

A Gateway and the routes bound to it belong to the controller of its class, which is no part of a mesh: they stay as they
are (GEP-1324: a mesh acts on routes whose parent is a Service), but for the class where another one is to take over.
"""

from __future__ import annotations

from translator.resources.gateway_api.owners import ROUTES, parent_kinds
from translator.resources.gateway_api.read import ROUTE_GROUP
from translator.source.leaves import Node, Resource

EXPERIMENTAL = "gateway.networking.x-k8s.io"
GROUPS = (ROUTE_GROUP, EXPERIMENTAL)
"""API groups of Gateway API."""

_FOREIGN = ("retry.linkerd.io", "timeout.linkerd.io")
_UNHEEDED = "is a word to one mesh, which Gateway API knows nothing of"


def is_of_services(resource: Resource) -> bool:
    """Whether it is a route of services, and of services alone."""
    kinds = _parents(resource)
    return bool(kinds) and all(kind == "Service" for kind in kinds)


def is_mixed(resource: Resource) -> bool:
    """Whether it is a route of services and of something else at once."""
    kinds = _parents(resource)
    return "Service" in kinds and not is_of_services(resource)


def word(node: Node | None, key: str) -> str:
    """The text at a key; empty where there is none."""
    found = at(node, key)
    return found.value if found is not None and isinstance(found.value, str) else ""


def group_of(resource: Resource) -> str:
    """Its API group."""
    return resource.api_version.rpartition("/")[0]


def is_route(resource: Resource) -> bool:
    """Whether it is a route of Gateway API."""
    return group_of(resource) == ROUTE_GROUP and resource.kind in ROUTES


def foreign_words(resource: Resource) -> dict[str, str]:
    """Annotations by which a mesh would treat the requests of the route, which the API knows nothing of."""
    found = at(at(resource.node, "metadata"), "annotations")
    keys = () if found is None or not isinstance(found.value, dict) else found.value
    return {key: _UNHEEDED for key in keys if key.partition("/")[0].endswith(_FOREIGN)}


def _parents(resource: Resource) -> tuple[str, ...]:
    return tuple(parent_kinds(resource)) if is_route(resource) else ()


def at(node: Node | None, key: str) -> Node | None:
    """What stands at a key."""
    if node is None or not isinstance(node.value, dict):
        return None
    return node.value.get(key)
