"""The model: all facts of one configuration, its inventory, and what in it does nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from ir.access import (
    AuditMark,
    Bypass,
    ClientTls,
    Closed,
    ExternalDecision,
    Grant,
    GuardedRoutes,
    PeerMtls,
    Probes,
    Refusal,
    TokenCheck,
)
from ir.edge import EgressPolicy, ExternalService, ExternalWorkload, Listener
from ir.inventory import Inventory
from ir.membership import Enrolment, ProxySetting
from ir.opaque import Opaque
from ir.provenance import Assumption, Silence, Traced, Trail
from ir.resilience import (
    ConnectionLimits,
    LoadBalancing,
    Outliers,
    RateLimit,
    Retry,
    RetryBudget,
    SessionAffinity,
    Timeouts,
)
from ir.roles import Role, roles
from ir.telemetry import Telemetry
from ir.traffic import EndpointSubset, PortProtocol, RouteTable

Fact = (
    Closed
    | Grant
    | Refusal
    | GuardedRoutes
    | PeerMtls
    | ClientTls
    | TokenCheck
    | ExternalDecision
    | AuditMark
    | Probes
    | Bypass
    | RouteTable
    | PortProtocol
    | EndpointSubset
    | Outliers
    | ConnectionLimits
    | RetryBudget
    | LoadBalancing
    | SessionAffinity
    | RateLimit
    | Listener
    | ExternalService
    | ExternalWorkload
    | EgressPolicy
    | Enrolment
    | ProxySetting
    | Telemetry
    | Opaque
)
"""One statement about requests."""


@roles(key=Role.NOTE, text=Role.NOTE, silence=Role.NOTE, fact=Role.EFFECT, value=Role.NOTE)
@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """What the mesh does where nothing is written, stated once for the widest subject where it holds.

    ``key`` is the field of a fact that it fills (``Route.retry``); ``text`` is the sentence about a request; ``fact``
    is the value, where it is a fact, and ``value`` where it is a time or a word.
    """

    key: str
    text: str
    silence: Silence
    fact: Retry | Timeouts | PeerMtls | Probes | EgressPolicy | None = None
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A label or annotation that goes along to whatever its object becomes."""

    key: str
    value: Traced[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceObject:
    """An object of the input that states facts: ``key`` is ``Kind/namespace/name``.

    ``trail`` holds the leaves that say what it is (kind, version, name): they share the fate of what it became.
    """

    key: str
    labels: tuple[Entry, ...] = ()
    annotations: tuple[Entry, ...] = ()
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class Inactive:
    """A statement that the source itself does not heed; ``winner`` is the resource that is heeded instead."""

    leaves: tuple[int, ...]
    winner: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """All that one configuration says."""

    facts: tuple[Fact, ...] = ()
    defaults: tuple[Default, ...] = ()
    objects: tuple[SourceObject, ...] = ()
    inactive: tuple[Inactive, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    inventory: Inventory = field(default_factory=Inventory)
