"""The rim of the mesh: listeners that let traffic in, and names outside that traffic may go to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ir.attachment import Attachment
from ir.match import Cidr, Labels, Pattern
from ir.provenance import Traced, Trail
from ir.roles import Role, roles


class ListenerTls(StrEnum):
    """What a listener does with TLS."""

    NONE = "none"
    TERMINATE = "terminate"
    MUTUAL = "mutual"
    OPTIONAL_MUTUAL = "optional_mutual"
    PASSTHROUGH = "passthrough"
    AUTO_PASSTHROUGH = "auto_passthrough"
    """As ``PASSTHROUGH``, to the service that the name in the TLS hello spells."""
    MESH = "mesh"
    """The mutual TLS of the mesh."""


@roles(name=Role.CONDITION, routes_from=Role.CONDITION)
@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerHost:
    """A name that a listener answers to; ``routes_from``: only rules of this namespace hold for it (absent: of any)."""

    name: Traced[Pattern]
    routes_from: Traced[str] | None = None
    trail: Trail


@roles(
    gateway=Role.SUBJECT,
    name=Role.NOTE,
    workloads=Role.SUBJECT,
    port=Role.EFFECT,
    protocol=Role.EFFECT,
    bind=Role.EFFECT,
    hosts=Role.CONDITION,
    tls=Role.EFFECT,
    certificates=Role.EFFECT,
    client_trust=Role.EFFECT,
    demands=Role.EFFECT,
    redirect_to_tls=Role.EFFECT,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A port of a gateway on which requests for ``hosts`` enter. A gateway is a workload with an identity.

    ``gateway`` is its ``namespace/name``, by which route tables name it; ``workloads`` are the pods that serve it,
    those of any namespace (absent: all gateways). ``client_trust``: by what the certificates of clients are verified.
    ``demands``: what else a TLS connection must satisfy (versions, ciphers, names of clients), each as written.
    """

    gateway: Traced[str]
    name: Traced[str] | None = None
    workloads: Traced[Labels] | None = None
    port: Traced[int]
    protocol: Traced[str]
    bind: Traced[str] | None = None
    hosts: tuple[ListenerHost, ...] = ()
    tls: Traced[ListenerTls] | None = None
    certificates: tuple[Traced[str], ...] = ()
    client_trust: Traced[str] | None = None
    demands: tuple[Traced[str], ...] = ()
    redirect_to_tls: Traced[bool] | None = None
    trail: Trail


@roles(
    attachment=Role.SUBJECT,
    hosts=Role.CONDITION,
    addresses=Role.CONDITION,
    ports=Role.EFFECT,
    resolution=Role.EFFECT,
    internal=Role.EVIDENCE,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalService:
    """Names or addresses outside the registry that workloads may reach as a service."""

    attachment: Attachment | None = None
    hosts: tuple[Traced[Pattern], ...] = ()
    addresses: tuple[Traced[Cidr], ...] = ()
    ports: tuple[Traced[int], ...] = ()
    resolution: Traced[str] | None = None
    internal: Traced[bool] | None = None
    trail: Trail


class UnknownEgress(StrEnum):
    """What happens to traffic for destinations that nobody declared."""

    PASS = "pass"  # noqa: S105  # the traffic passes
    REFUSE = "refuse"


@roles(attachment=Role.SUBJECT, unknown=Role.EFFECT)
@dataclass(frozen=True, slots=True, kw_only=True)
class EgressPolicy:
    """What the subject may reach outside of what is declared."""

    attachment: Attachment
    unknown: Traced[UnknownEgress]
    trail: Trail
