"""AuthorizationPolicy, PeerAuthentication and RequestAuthentication as written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ir.match import AllOf, Labels, Part, Test
from ir.provenance import Traced, Trail
from translator.resources.kubernetes.metadata import Meta


class Action(StrEnum):
    """What an AuthorizationPolicy does with the requests that match."""

    ALLOW = "ALLOW"
    DENY = "DENY"
    AUDIT = "AUDIT"
    CUSTOM = "CUSTOM"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRule:
    """One item of ``rules``: from AND to AND when."""

    callers: tuple[AllOf, ...]
    requests: tuple[AllOf, ...]
    always: tuple[Test, ...]
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One item of ``targetRefs``: the policy is for the waypoint in front of a Service, or for a gateway."""

    group: str
    kind: str
    name: Traced[str]
    namespace: Traced[str] | None
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationPolicy:
    """``security.istio.io`` AuthorizationPolicy. ``targets``: it is for waypoints or gateways only."""

    meta: Meta
    action: Traced[Action]
    selector: Traced[Labels] | None
    targets: tuple[Target, ...]
    dry_run: Traced[bool] | None
    provider: Traced[str] | None
    rules: tuple[AuthorizationRule, ...]
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerAuthentication:
    """``security.istio.io`` PeerAuthentication; a mode that is absent inherits."""

    meta: Meta
    created: Traced[str]
    selector: Traced[Labels] | None
    mode: Traced[str] | None
    ports: tuple[tuple[int, Traced[str]], ...]
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtRule:
    """One item of ``jwtRules``. No ``locations``: the usual header, then the usual parameter."""

    issuer: Traced[str] | None
    audiences: tuple[Traced[str], ...]
    keys: Traced[str] | None
    locations: tuple[Traced[str], ...]
    forwards: Traced[bool] | None
    told: tuple[Traced[str], ...]
    """Headers into which the payload or a claim is put."""
    lists: tuple[Traced[str], ...]
    """Claims that are lists with blanks between."""
    fetch_time: Traced[float] | None
    unheeded: tuple[int, ...]
    """Leaves that no proxy heeds."""
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAuthentication:
    """``security.istio.io`` RequestAuthentication."""

    meta: Meta
    selector: Traced[Labels] | None
    targets: tuple[Target, ...]
    rules: tuple[JwtRule, ...]
    trail: Trail


PARTS = {
    "source.ip": Part.PEER_ADDRESS,
    "remote.ip": Part.CLIENT_ADDRESS,
    "source.namespace": Part.NAMESPACE,
    "source.principal": Part.IDENTITY,
    "source.serviceAccount": Part.SERVICE_ACCOUNT,
    "source.trustDomain": Part.TRUST_DOMAIN,
    "request.auth.principal": Part.TOKEN_PRINCIPAL,
    "request.auth.audiences": Part.TOKEN_AUDIENCE,
    "request.auth.presenter": Part.TOKEN_CLAIM,
    "destination.ip": Part.DESTINATION_ADDRESS,
    "destination.port": Part.PORT,
    "connection.sni": Part.SERVER_NAME,
}
"""Keys of ``when`` without a name in brackets."""
