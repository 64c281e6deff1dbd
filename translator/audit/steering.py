"""Objects that a rollout tool names in its own objects: it writes their weights, or all of them, while it runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from translator.resources.kubernetes.read import below
from translator.source.leaves import Node, Resource

FLAGGER, ROLLOUTS = "Flagger", "Argo Rollouts"

_SIDES = ("", "-primary", "-canary")
_ROUTES = ("VirtualService", "HTTPRoute", "TrafficSplit", "ServiceProfile")

Key = tuple[str, str, str]
"""Kind, namespace as written, name."""


def steered(resources: Sequence[Resource]) -> dict[Key, str]:
    """The tool by the object that it steers.

    Flagger makes all objects of a Canary's service (https://docs.flagger.app/usage/how-it-works); Argo Rollouts writes
    the weights of routes and the labels of subsets that a Rollout names
    (https://argo-rollouts.readthedocs.io/en/stable/features/traffic-management/istio/).
    """
    found: dict[Key, str] = {}
    for resource in resources:
        group = resource.api_version.rpartition("/")[0]
        space = resource.namespace or ""
        if (group, resource.kind) == ("flagger.app", "Canary"):
            found.update({(kind, space, name): FLAGGER for kind, name in _of_canary(resource)})
        elif (group, resource.kind) == ("argoproj.io", "Rollout"):
            found.update({(kind, space, name): ROLLOUTS for kind, name in _of_rollout(resource)})
    return found


def _of_canary(resource: Resource) -> Iterator[tuple[str, str]]:
    target = _word(below(resource.node, "spec", "targetRef", "name"))
    name = _word(below(resource.node, "spec", "service", "name")) or target
    if not name:
        return
    for kind in _ROUTES:
        yield kind, name
    for side in _SIDES:
        yield "Service", f"{name}{side}"
        yield "DestinationRule", f"{name}{side}"
    yield "Deployment", f"{target}-primary"


def _of_rollout(resource: Resource) -> Iterator[tuple[str, str]]:
    routing = below(resource.node, "spec", "strategy", "canary", "trafficRouting")
    istio = below(routing, "istio")
    for one in (below(istio, "virtualService"), *_items(below(istio, "virtualServices"))):
        yield "VirtualService", _word(below(one, "name"))
    yield "DestinationRule", _word(below(istio, "destinationRule", "name"))
    yield "TrafficSplit", _word(below(routing, "smi", "trafficSplitName"))
    plugin = below(routing, "plugins", "argoproj-labs/gatewayAPI")
    yield "HTTPRoute", _word(below(plugin, "httpRoute"))
    for kind, listed in (("HTTPRoute", "httpRoutes"), ("GRPCRoute", "grpcRoutes")):
        for one in _items(below(plugin, listed)):
            yield kind, _word(below(one, "name"))


def _items(node: Node | None) -> list[Node]:
    return node.value if node is not None and isinstance(node.value, list) else []


def _word(node: Node | None) -> str:
    return node.value if node is not None and isinstance(node.value, str) else ""
