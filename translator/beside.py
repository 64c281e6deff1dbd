"""Objects of the input that stay beside what is written: their names are taken, and what they are for may be said already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from translator.api import EVERY_POD, Beside, Options
from translator.resources.kubernetes.read import below
from translator.source.leaves import Resource

_ISTIO = "networking.istio.io/"


def beside(
    resources: Sequence[Resource], claimed: Sequence[Resource], options: Options
) -> tuple[Beside, ...]:
    """All that are no objects of the source, each once, by kind, namespace and name."""
    gone = {id(resource.node) for resource in claimed}
    return tuple(sorted(set(_kept(resources, gone, options))))


def _kept(resources: Sequence[Resource], gone: set[int], options: Options) -> Iterator[Beside]:
    for resource in resources:
        if id(resource.node) not in gone and "/" in resource.api_version:
            space = resource.namespace or options.namespace
            for host in tuple(_hosts(resource)) or ("",):
                yield Beside(resource.kind, space, resource.name, host)


def _hosts(resource: Resource) -> Iterator[str]:
    """What it says it is for: ``spec.host``, the services of ``spec.targetRefs``, the labels of the pods of a Gateway."""
    if resource.kind == "Gateway" and resource.api_version.startswith(_ISTIO):
        selector = below(resource.node, "spec", "selector")
        labels = {} if selector is None or not isinstance(selector.value, dict) else selector.value
        words = sorted(f"{key}={node.value}" for key, node in labels.items())
        yield ",".join(words) or EVERY_POD
        return
    targets = below(resource.node, "spec", "targetRefs")
    listed = targets.value if targets is not None and isinstance(targets.value, list) else []
    for node in (below(resource.node, "spec", "host"), *(below(one, "name") for one in listed)):
        if node is not None and isinstance(node.value, str):
            yield node.value
