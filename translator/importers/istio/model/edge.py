"""Gateway as written."""

from __future__ import annotations

from dataclasses import dataclass

from ir.edge import Listener
from ir.provenance import Trail
from translator.resources.kubernetes.metadata import Meta


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """``networking.istio.io`` Gateway: a listener for each of its servers."""

    meta: Meta
    listeners: tuple[Listener, ...]
    trail: Trail
