"""Where a fact holds: for whom, on which ports, for which callers' proxies, and who enforces it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ir.match import Labels
from ir.provenance import Traced, Trail
from ir.roles import Role, roles


@dataclass(frozen=True, slots=True, order=True)
class WorkloadPort:
    """A port on which a workload listens: a number, or the name of a container's port.

    ``last``: the end of a range that begins with ``port``; 0: that port alone.
    """

    port: int | str
    last: int = 0

    def covers(self, number: int, own: int | None) -> bool:
        """Whether a port is meant; ``own`` is the number that the workload has for :attr:`port`."""
        return own is not None and own <= number <= max(own, self.last)


@dataclass(frozen=True, slots=True, order=True)
class ServicePort:
    """A port of a service; only ``inventory.resolve`` crosses from here to a :class:`WorkloadPort`."""

    port: int


class Scope(StrEnum):
    """How wide a subject is."""

    MESH = "mesh"
    NAMESPACE = "namespace"
    WORKLOADS = "workloads"
    SERVICE = "service"
    LISTENER = "listener"
    EGRESS = "egress"


@roles(
    scope=Role.SUBJECT,
    namespace=Role.SUBJECT,
    name=Role.SUBJECT,
    labels=Role.SUBJECT,
    excluding=Role.SUBJECT,
    workload=Role.SUBJECT,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The servers (or, for client facts, the services) that a fact is about.

    MESH: every workload. NAMESPACE: those of ``namespace``. WORKLOADS: those with ``labels``, in ``namespace`` or,
    where that is absent, in every namespace. SERVICE and LISTENER: the one called ``name``. EGRESS: the destinations
    outside that the egress policy called ``name`` is about. ``excluding``: subjects of narrower facts that replace
    this one there. ``workload``: of the workloads that are listed this one alone, by its ``Kind/namespace/name``,
    whatever others bear its labels; pods of which only labels are known are told by these and by ``excluding``.
    """

    scope: Scope
    namespace: Traced[str] | None = None
    name: Traced[str] | None = None
    labels: Traced[Labels] | None = None
    excluding: tuple[Subject, ...] = ()
    workload: Traced[str] | None = None
    trail: Trail


class Reach(StrEnum):
    """Which clients' proxies hold a fact."""

    EVERYONE = "everyone"
    NAMESPACES = "namespaces"
    """Clients in the ``namespaces`` named."""
    WORKLOADS = "workloads"
    """Clients with the ``labels``."""
    LISTENERS = "listeners"
    """Requests that enter by the gateways named in ``listeners``."""


@roles(
    reach=Role.CONDITION, namespaces=Role.CONDITION, labels=Role.CONDITION, listeners=Role.CONDITION
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """The clients for whom a fact of the client side holds. Visibility is not access control."""

    reach: Reach
    namespaces: tuple[Traced[str], ...] = ()
    labels: Traced[Labels] | None = None
    listeners: tuple[Traced[str], ...] = ()
    trail: Trail


class EnforcedAt(StrEnum):
    """The proxy that makes the decision: which identity and which form of the path it sees follows from it."""

    CLIENT = "client"
    SERVER = "server"
    WAYPOINT = "waypoint"
    GATEWAY = "gateway"
    NODE = "node"


@roles(
    subject=Role.SUBJECT,
    ports=Role.SUBJECT,
    excluding_ports=Role.SUBJECT,
    audience=Role.CONDITION,
    enforced_at=Role.EVIDENCE,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """Where a fact holds. No ``ports``: all of them, those nobody declared included, less ``excluding_ports``."""

    subject: Subject
    ports: tuple[Traced[WorkloadPort | ServicePort], ...] = ()
    excluding_ports: tuple[Traced[WorkloadPort | ServicePort], ...] = ()
    audience: Audience | None = None
    enforced_at: EnforcedAt
