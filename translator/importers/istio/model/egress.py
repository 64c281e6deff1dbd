"""ServiceEntry, WorkloadEntry, WorkloadGroup and Sidecar as written."""

from __future__ import annotations

from dataclasses import dataclass

from ir.edge import ExternalEndpoint, ExternalPort, Resolution, UnknownEgress
from ir.match import Cidr, Labels, Pattern
from ir.provenance import Traced, Trail
from translator.resources.kubernetes.metadata import Meta


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceEntry:
    """``networking.istio.io`` ServiceEntry."""

    meta: Meta
    hosts: tuple[Traced[Pattern], ...]
    addresses: tuple[Traced[Cidr], ...]
    ports: tuple[ExternalPort, ...]
    internal: Traced[bool] | None
    resolution: Traced[Resolution] | None
    endpoints: tuple[ExternalEndpoint, ...]
    workloads: Traced[Labels] | None
    export_to: tuple[Traced[str], ...]
    subject_names: tuple[Traced[str], ...]
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadEntry:
    """``networking.istio.io`` WorkloadEntry."""

    meta: Meta
    endpoint: ExternalEndpoint
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadGroup:
    """``networking.istio.io`` WorkloadGroup: a template, read as one piece."""

    meta: Meta
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """``networking.istio.io`` Sidecar. ``ports``: what it says of the proxy's own ports, read as one piece."""

    meta: Meta
    created: Traced[str]
    selector: Traced[Labels] | None
    unknown: Traced[UnknownEgress] | None
    through: Traced[str] | None
    seen: tuple[Traced[str], ...]
    ports: Trail | None
    trail: Trail
