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


@roles(
    name=Role.NOTE,
    namespace=Role.SUBJECT,
    workloads=Role.SUBJECT,
    port=Role.EFFECT,
    protocol=Role.EFFECT,
    hosts=Role.CONDITION,
    tls=Role.EFFECT,
    certificate=Role.EFFECT,
    redirect_to_tls=Role.EFFECT,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A port of a gateway on which requests for ``hosts`` enter. A gateway is a workload with an identity."""

    name: Traced[str]
    namespace: Traced[str]
    workloads: Traced[Labels] | None = None
    port: Traced[int]
    protocol: Traced[str]
    hosts: tuple[Traced[Pattern], ...] = ()
    tls: Traced[ListenerTls] | None = None
    certificate: Traced[str] | None = None
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
