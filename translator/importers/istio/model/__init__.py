"""What the files say, in Istio's own words; ``link`` says what it means. A module a concern.

The parts that need no other resource (tests, patterns, times) are read straight into facts of :mod:`ir`. Names of hosts,
scopes and precedence stay as written.
"""

from __future__ import annotations

from translator.importers.istio.model.access import (
    PARTS,
    Action,
    AuthorizationPolicy,
    AuthorizationRule,
    JwtRule,
    PeerAuthentication,
    RequestAuthentication,
    Target,
)
from translator.importers.istio.model.edge import Gateway
from translator.importers.istio.model.egress import (
    ServiceEntry,
    Sidecar,
    WorkloadEntry,
    WorkloadGroup,
)
from translator.importers.istio.model.extensions import Extension, TelemetryResource
from translator.importers.istio.model.gateway_api import GatewayRoute
from translator.importers.istio.model.mesh import MeshConfig, MeshResource, ProxyConfig
from translator.importers.istio.model.routing import (
    Block,
    DestinationRule,
    Policy,
    Refused,
    Subset,
    VirtualService,
)

Statement = (
    AuthorizationPolicy
    | PeerAuthentication
    | RequestAuthentication
    | VirtualService
    | DestinationRule
    | MeshResource
    | Extension
    | Gateway
    | GatewayRoute
    | ServiceEntry
    | Sidecar
    | WorkloadEntry
    | WorkloadGroup
    | TelemetryResource
    | ProxyConfig
)
"""One resource that was read."""

__all__ = [
    "PARTS",
    "Action",
    "AuthorizationPolicy",
    "AuthorizationRule",
    "Block",
    "DestinationRule",
    "Extension",
    "Gateway",
    "GatewayRoute",
    "JwtRule",
    "MeshConfig",
    "MeshResource",
    "PeerAuthentication",
    "Policy",
    "ProxyConfig",
    "Refused",
    "RequestAuthentication",
    "ServiceEntry",
    "Sidecar",
    "Statement",
    "Subset",
    "Target",
    "TelemetryResource",
    "VirtualService",
    "WorkloadEntry",
    "WorkloadGroup",
]
