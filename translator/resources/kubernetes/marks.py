"""Which meshes objects of Kubernetes speak to by their labels and annotations alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from translator.resources.kubernetes.read import WORKLOAD_KINDS, below, template_path
from translator.source.leaves import Node, Resource

_KEYS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "istio": re.compile(r"istio-injection\Z|(?:[a-z-]+\.)*istio\.io/"),
        "linkerd": re.compile(r"(?:[a-z-]+\.)*linkerd\.io/"),
        "cilium": re.compile(r"(?:[a-z-]+\.)*cilium\.io/"),
    }
)
"""Keys of labels and annotations that a mesh reads."""


def marked(resources: Sequence[Resource]) -> tuple[str, ...]:
    """The meshes that read a label or annotation of these objects, in a fixed order."""
    found: dict[str, None] = {}
    for key in {key: None for resource in resources for key in _keys(resource)}:
        found.update({mesh: None for mesh, pattern in _KEYS.items() if pattern.match(key)})
    return tuple(mesh for mesh in _KEYS if mesh in found)


def _keys(resource: Resource) -> Iterator[str]:
    """The keys of an object, and of its pods where it makes some."""
    nodes = [below(resource.node, "metadata")]
    if resource.kind in WORKLOAD_KINDS:
        nodes.append(below(resource.node, *template_path(resource.kind), "metadata"))
    for node in nodes:
        for part in ("labels", "annotations"):
            yield from _names(below(node, part))


def _names(node: Node | None) -> Iterator[str]:
    if node is not None and isinstance(node.value, dict):
        yield from node.value
