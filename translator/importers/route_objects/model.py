"""What files of Gateway API say, in its own words."""

from __future__ import annotations

from dataclasses import dataclass

from ir.edge import Listener
from ir.match import Labels, Pattern
from ir.opaque import Intent
from ir.provenance import Traced, Trail
from ir.resilience import RetryBudget
from ir.traffic import Protocol, Route
from translator.resources.gateway_api.read import Parent
from translator.resources.gateway_api.references import Reference
from translator.resources.kubernetes.metadata import Meta


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What binds the requests of one session to one endpoint, and when it ends by itself."""

    key: Traced[str]
    ends: tuple[Traced[str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """A filter whose meaning is that of another object or of a service outside."""

    kind: str
    intent: Intent
    leaves: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of a route. ``route`` has everything but its backends, which stand in ``references``."""

    route: Route
    references: tuple[Reference, ...]
    session: Session | None = None
    extensions: tuple[Extension, ...] = ()
    pruned: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """Fields that the version or the channel does not have, with their leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteObject:
    """HTTPRoute, GRPCRoute, TLSRoute, TCPRoute or UDPRoute. ``calls``: it is for remote calls."""

    meta: Meta
    created: Traced[str]
    protocol: Protocol
    calls: bool = False
    parents: tuple[Parent, ...]
    hosts: tuple[Traced[Pattern], ...] = ()
    rules: tuple[Rule, ...]
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Namespaces by name (``None``: all) or by their labels."""

    names: tuple[str, ...] | None
    labels: Labels | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A listener as written, with the routes that it admits. ``secrets``: namespaces and names of its certificates."""

    listener: Listener
    admits: Admission
    kinds: tuple[tuple[str, str], ...]
    secrets: tuple[tuple[str, str], ...] = ()
    leaves: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayObject:
    """Gateway; ``sets``: the namespaces whose ListenerSets it takes in, ``sets_words``: what says so."""

    meta: Meta
    created: Traced[str]
    class_name: Traced[str]
    doors: tuple[Door, ...]
    sets: Admission
    sets_words: Traced[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerSetObject:
    """ListenerSet or XListenerSet: listeners more for a Gateway."""

    meta: Meta
    created: Traced[str]
    parent: Parent
    doors: tuple[Door, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """ReferenceGrant: ``come`` may refer to ``goal`` (group, kind, name or ``""``) of its own namespace."""

    namespace: str
    come: tuple[tuple[str, str, str], ...]
    goal: tuple[tuple[str, str, str], ...]
    leaves: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A service that a policy names; ``words``: that it is one."""

    name: Traced[str]
    words: tuple[Traced[str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficPolicy:
    """XBackendTrafficPolicy: how clients treat whole services. ``strangers``: what it names besides."""

    meta: Meta
    created: Traced[str]
    budgets: tuple[RetryBudget, ...]
    session: Session | None
    targets: tuple[Target, ...]
    strangers: tuple[Traced[str], ...] = ()


Statement = RouteObject | GatewayObject | ListenerSetObject | TrafficPolicy
