"""Which objects of Gateway API are those of gateways, whose controllers act on them whatever mesh there is."""

from __future__ import annotations

from collections.abc import Iterator

from translator.resources.gateway_api.read import ROUTE_GROUP
from translator.resources.kubernetes.read import below
from translator.source.leaves import Resource

ROUTES = ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")
GATEWAYS = ("Gateway", "ListenerSet", "XListenerSet")


def is_of_gateways(resource: Resource) -> bool:
    """Whether no mesh acts on it: a route all of whose parents are gateways, or an object that is no route.

    sigs.k8s.io/gateway-api geps/gep-1324: a mesh acts on routes whose parent is a Service. linkerd2 policy-controller/k8s/index
    and policy-controller/runtime, 2.20: of this group routes alone are watched.
    """
    if resource.api_version.rpartition("/")[0] != ROUTE_GROUP:
        return False
    if resource.kind not in ROUTES:
        return True
    kinds = tuple(parent_kinds(resource))
    return bool(kinds) and all(kind in GATEWAYS for kind in kinds)


def parent_kinds(resource: Resource) -> Iterator[str]:
    """The kinds of the parents of a route, as far as they are written; of a parent that names none a Gateway."""
    parents = below(resource.node, "spec", "parentRefs")
    for item in parents.value if parents is not None and isinstance(parents.value, list) else ():
        kind = below(item, "kind")
        yield kind.value if kind is not None and isinstance(kind.value, str) else "Gateway"
