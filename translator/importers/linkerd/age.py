"""The order of objects that compete: the oldest first, then by name.

linkerd2 policy-controller/k8s/index/src/inbound/index.rs ``reindex_servers``; routes the same, by name without
namespace (policy-controller/grpc/src/routes.rs ``timestamp_then_name``), 2.20.
"""

from __future__ import annotations

from typing import Protocol

from ir.provenance import Traced
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor


class Aged(Protocol):
    """An object with a name and an age."""

    @property
    def meta(self) -> Meta:
        """Its name."""

    @property
    def created(self) -> Traced[str]:
        """``creationTimestamp`` in RFC 3339; empty where the input has none."""


def read_created(root: Cursor) -> Traced[str]:
    """The age of an object: it decides between objects, and there is nothing of it to be placed."""
    found = root.map("metadata").opt("creationTimestamp")
    if found is None or not isinstance(found.node.value, str):
        return Traced("")
    return Traced(found.node.value, (), found.leaf)


def oldest_first(one: Aged) -> tuple[bool, str, str, str]:
    """The key to sort by; objects without an age come last, as if they were made now."""
    created = one.created.value
    return (not created, created, one.meta.name.value, one.meta.namespace.value)
