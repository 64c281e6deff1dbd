"""Labels and annotations on objects that belong to no mesh: namespaces, pods (by their templates) and Services.

Their documents are carried, so reading is tolerant: what is not as it should be is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ir.attachment import Scope, Subject
from ir.provenance import Traced, trail
from translator.api import Options
from translator.resources.kubernetes.enrolment import makes_pods, pods_of
from translator.resources.kubernetes.read import template_path
from translator.source.cursor import Cursor, root_cursor
from translator.source.leaves import Resource

GATEWAY_API = "gateway.networking.k8s.io/"


class Where(StrEnum):
    """What kind of object bears the words."""

    NAMESPACE = "namespace"
    POD = "pod"
    SERVICE = "service"
    GATEWAY = "gateway"
    """A Gateway of the Gateway API, of which the source makes pods."""


@dataclass(frozen=True, slots=True)
class Words:
    """The labels and annotations of a namespace, a pod template or a Service, by key.

    ``outer``: those of a workload that are not its pods', which say nothing to an injector. ``selector``: the labels by
    which a workload knows its pods.
    """

    resource: Resource
    where: Where
    key: str
    namespace: str
    labels: Mapping[str, Cursor]
    annotations: Mapping[str, Cursor]
    outer: Mapping[str, Cursor] = field(default_factory=dict)
    selector: Mapping[str, Cursor] = field(default_factory=dict)

    def label(self, key: str) -> Traced[str] | None:
        """A label as text; the API server takes strings only, a truth value is read as the word."""
        return _text(self.labels.get(key))

    def annotation(self, key: str) -> Traced[str] | None:
        """An annotation as text."""
        return _text(self.annotations.get(key))

    def subject(self) -> Subject:
        """Whom the words are about."""
        match self.where:
            case Where.NAMESPACE:
                return Subject(
                    scope=Scope.NAMESPACE,
                    namespace=Traced(self.namespace),
                    trail=trail(f"pods of {self.namespace}"),
                )
            case Where.POD:
                return pods_of(self.resource, self.namespace)
            case Where.GATEWAY:
                return Subject(
                    scope=Scope.LISTENER,
                    namespace=Traced(self.namespace),
                    name=Traced(self.resource.name),
                    trail=trail(self.key),
                )
            case Where.SERVICE:
                return Subject(
                    scope=Scope.SERVICE,
                    namespace=Traced(self.namespace),
                    name=Traced(self.resource.name),
                    trail=trail(self.key),
                )


def _text(place: Cursor | None) -> Traced[str] | None:
    if place is None or not isinstance(place.node.value, (str, bool)):
        return None
    value = place.node.value
    return Traced(value if isinstance(value, str) else str(value).lower(), place.leaf)


def read_words(resources: Sequence[Resource], options: Options, reads: set[int]) -> Iterator[Words]:
    """The words of every namespace, workload and Service, in input order."""
    for resource in resources:
        root = root_cursor(resource, reads)
        space = resource.namespace or options.namespace
        core = "/" not in resource.api_version
        own = _both(root)
        if resource.kind == "Namespace" and core:
            name = resource.name
            yield Words(resource, Where.NAMESPACE, f"Namespace//{name}", name, *own)
        elif resource.kind == "Service" and core:
            key = f"Service/{space}/{resource.name}"
            yield Words(resource, Where.SERVICE, key, space, *own)
        elif resource.kind == "Gateway" and resource.api_version.startswith(GATEWAY_API):
            key = f"Gateway/{space}/{resource.name}"
            yield Words(resource, Where.GATEWAY, key, space, *own)
        elif makes_pods(resource):
            key = f"{resource.kind}/{space}/{resource.name}"
            path = template_path(resource.kind)
            pods = _both(_down(root, *path))
            outer = {**own[0], **own[1]} if path else {}
            selector = _entries(_down(root, "spec", "selector"), "matchLabels")
            yield Words(resource, Where.POD, key, space, *pods, outer, selector)


def _both(place: Cursor | None) -> tuple[dict[str, Cursor], dict[str, Cursor]]:
    metadata = _down(place, "metadata")
    return _entries(metadata, "labels"), _entries(metadata, "annotations")


def _entries(metadata: Cursor | None, field: str) -> dict[str, Cursor]:
    found = _down(metadata, field)
    if found is None or not isinstance(found.node.value, dict):
        return {}
    return {key: place for key, place in found.entries() if place.node.leaf >= 0}


def _down(place: Cursor | None, *path: str) -> Cursor | None:
    for key in path:
        if place is None or not isinstance(place.node.value, dict):
            return None
        place = place.opt(key)
    return place
