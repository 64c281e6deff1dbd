"""EnvoyFilter, WasmPlugin, TrafficExtension and Telemetry as written."""

from __future__ import annotations

from dataclasses import dataclass

from ir.attachment import EnforcedAt
from ir.match import Labels
from ir.opaque import Column, Intent
from ir.provenance import Traced, Trail
from translator.resources.kubernetes.metadata import Meta


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One patch of the proxy's configuration, or one plugin. ``trail`` holds all of its leaves."""

    kind: str
    intent: Intent
    may_touch: tuple[Column, ...]
    enforced_at: EnforcedAt
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """``networking.istio.io`` EnvoyFilter, ``extensions.istio.io`` WasmPlugin and TrafficExtension.

    ``targets``: it is for waypoints or gateways only. Without selector and targets it is for the namespace, or from
    the root namespace for the mesh.
    """

    meta: Meta
    selector: Traced[Labels] | None
    targets: Trail | None
    pieces: tuple[Piece, ...]
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One item of a Telemetry: its aspect (access logs, metrics, traces) and all that it says."""

    aspect: str
    setting: Traced[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryResource:
    """``telemetry.istio.io`` Telemetry."""

    meta: Meta
    selector: Traced[Labels] | None
    targets: Trail | None
    observations: tuple[Observation, ...]
    trail: Trail
