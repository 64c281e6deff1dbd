"""Objects as they are applied: what the API server itself writes of them is none of ours to say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from translator.resources.kubernetes.read import below
from translator.source.leaves import Resource

_SERVER = ("uid", "resourceVersion", "generation", "selfLink", "managedFields")
"""What the API server writes of an object: applied again, a version of yesterday is a conflict, an object with one cannot
be made anew, and fields that are managed are refused
(https://kubernetes.io/docs/reference/using-api/server-side-apply/)."""


def of_the_server(resource: Resource) -> Iterator[tuple[str, ...]]:
    """The paths of an object that only the API server writes."""
    for path in (*(("metadata", name) for name in _SERVER), ("status",)):
        if below(resource.node, *path) is not None:
            yield path


def whole_item(resource: Resource, tree: Mapping[str, object]) -> dict[str, object]:
    """The object with what it is: a typed list says that once for all of its items."""
    if not resource.keys:
        return dict(tree)
    return {"apiVersion": resource.api_version, "kind": resource.kind, **tree}
