"""EnvoyFilter, WasmPlugin, TrafficExtension and Telemetry as written."""

from __future__ import annotations

from dataclasses import dataclass

from ir.attachment import EnforcedAt, ServicePort, WorkloadPort
from ir.match import Labels
from ir.opaque import Column, Intent
from ir.provenance import Traced, Trail
from translator.resources.kubernetes.metadata import Meta


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """``token_bucket`` of a local rate limit that holds for all requests, and how it answers."""

    requests: Traced[int]
    seconds: Traced[float]
    burst: Traced[int]
    status: Traced[int] | None
    reply: tuple[Traced[str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A patch of a local rate limit: the filter, or what the routes say in its place.

    ``filter``: the name by which routes know it. No ``port``: on all ports; no ``bucket``: nothing is limited by it.
    ``more``: leaves of further buckets, for requests of one kind, from which such a request must have a token as well.
    """

    filter: str
    on_routes: bool
    port: Traced[WorkloadPort | ServicePort] | None
    bucket: Bucket | None
    more: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One patch of the proxy's configuration, or one plugin. ``trail`` holds all of its leaves.

    ``limit``: it is a local rate limit that is understood as a whole.
    """

    kind: str
    intent: Intent
    may_touch: tuple[Column, ...]
    enforced_at: EnforcedAt
    trail: Trail
    limit: Limit | None = None


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
