"""Of objects that compete the oldest holds, then the first by ``namespace/name`` (GEP-713, ``HTTPRouteRule.Matches``)."""

from __future__ import annotations

from typing import Protocol

from ir.provenance import Traced
from translator.resources.kubernetes.metadata import Meta


class Aged(Protocol):
    """An object with a name and an age."""

    @property
    def meta(self) -> Meta:
        """Its name."""

    @property
    def created(self) -> Traced[str]:
        """``creationTimestamp`` in RFC 3339; empty where the input has none."""


def oldest_first(one: Aged) -> tuple[bool, str, str]:
    """The key to sort by; objects without an age come last, as if they were made now."""
    created = one.created.value
    return (not created, created, f"{one.meta.namespace.value}/{one.meta.name.value}")
