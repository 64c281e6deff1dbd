"""What the files say, in Linkerd's own words; ``link`` says what it means."""

from __future__ import annotations

from dataclasses import dataclass

from ir.edge import ExternalEndpoint, UnknownEgress
from ir.match import AllOf, Cidr, Labels, Pattern, Term
from ir.provenance import Traced, Trail
from ir.resilience import Retry, Timeouts
from ir.traffic import Backend, Protocol, Route
from translator.importers.route_objects.model import GatewayObject, ListenerSetObject
from translator.resources.gateway_api.read import Parent
from translator.resources.kubernetes.metadata import Meta


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """``policy.linkerd.io`` Server: one port of some pods. ``protocol`` absent: found out by looking."""

    meta: Meta
    created: Traced[str]
    labels: tuple[tuple[str, str], ...]
    selector: Traced[Labels]
    machines: bool
    """Whether it selects ExternalWorkloads, and no pods."""
    port: Traced[int | str]
    protocol: Traced[str] | None
    access: Traced[str] | None
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A reference to an object of its own or another namespace."""

    group: str
    kind: str
    namespace: Traced[str]
    name: Traced[str]
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationPolicy:
    """``policy.linkerd.io`` AuthorizationPolicy: who may come to its target. No ``required``: anyone."""

    meta: Meta
    target: Reference
    required: tuple[Reference, ...]
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshTLSAuthentication:
    """``policy.linkerd.io`` MeshTLSAuthentication: one alternative for each identity."""

    meta: Meta
    callers: tuple[AllOf, ...]
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkAuthentication:
    """``policy.linkerd.io`` NetworkAuthentication: any of the blocks."""

    meta: Meta
    blocks: tuple[Traced[Cidr], ...]
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A rate for some callers together; ``spent``: the leaf of an empty list of them."""

    rate: Traced[int]
    callers: tuple[AllOf, ...]
    spent: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimitPolicy:
    """``policy.linkerd.io`` HTTPLocalRateLimitPolicy: requests a second for all, for each identity, for some callers."""

    meta: Meta
    created: Traced[str]
    target: Reference
    total: Traced[int] | None
    identity: Traced[int] | None
    overrides: tuple[Override, ...]
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRoute:
    """HTTPRoute of either group, or GRPCRoute (``protocol``).

    ``guarded``: the alternatives of each rule, for parents that are Servers. ``routes``: the same rules with what they
    do, for parents that are Services; a route without backends goes to its parent. ``retry`` and ``timeouts`` come
    from annotations and hold for every route.
    """

    meta: Meta
    created: Traced[str]
    group: str
    protocol: Protocol
    parents: tuple[Parent, ...]
    hosts: tuple[Traced[Pattern], ...]
    guarded: tuple[tuple[AllOf, ...], ...]
    routes: tuple[Route, ...]
    retry: Retry | None
    timeouts: Timeouts | None
    foreign: tuple[int, ...]
    """Leaves of filters that are not known."""
    undecoded: tuple[int, ...] = ()
    """Leaves of values that Linkerd cannot read, for which it leaves the whole object out. Gateways may read them."""
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRoute:
    """TLSRoute or TCPRoute: its only rule. ``heeded``: it is complete, so that Linkerd reads it."""

    meta: Meta
    created: Traced[str]
    protocol: Protocol
    parents: tuple[Parent, ...]
    route: Route
    heeded: bool
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressNetwork:
    """``policy.linkerd.io`` EgressNetwork. No ``networks``: all outside of the cluster's.

    ``retry``, ``grpc_retry``, ``timeouts``: what holds for its routes that say nothing of it.
    """

    meta: Meta
    created: Traced[str]
    policy: Traced[UnknownEgress]
    networks: tuple[Traced[Cidr], ...]
    retry: Retry | None = None
    grpc_retry: Retry | None = None
    timeouts: Timeouts | None = None
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """``workload.linkerd.io`` ExternalWorkload: one machine outside the cluster."""

    meta: Meta
    endpoint: ExternalEndpoint
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How many of the further tries a ServiceProfile allows."""

    percent: Traced[float]
    at_least: Traced[int]
    interval: Traced[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceProfile:
    """``linkerd.io`` ServiceProfile of the Service ``namespace``/``name``; a name outside the cluster has no namespace.

    ``routes``: in order, without backends. ``overrides``: the shares that other Services get of all requests.
    ``idle``: leaves of routes that match nothing.
    """

    meta: Meta
    created: Traced[str]
    namespace: str | None
    name: str
    routes: tuple[Route, ...]
    overrides: tuple[Backend, ...]
    budget: Budget | None
    idle: tuple[int, ...]
    skipped: bool
    """Whether TrafficSplits leave it alone."""
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficSplit:
    """``split.smi-spec.io`` TrafficSplit: the shares that Services of its namespace get of requests to ``service``."""

    meta: Meta
    created: Traced[str]
    service: Traced[str]
    backends: tuple[Backend, ...]
    ignored: tuple[int, ...]
    failover: tuple[Traced[str], ...]
    """What makes the failover extension change the shares."""
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAuthorization:
    """``policy.linkerd.io`` ServerAuthorization of the Server called ``server``, or of those that ``selector`` selects.

    ``callers``: the alternatives; none: anybody; absent: nobody, so that it is dropped. No ``networks``: the cluster's.
    """

    meta: Meta
    server: Traced[str] | None
    selector: Traced[Labels] | None
    callers: tuple[AllOf, ...] | None
    networks: tuple[Traced[Term], ...]
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterLink:
    """``multicluster.linkerd.io`` Link: another cluster whose Services are mirrored. ``trail``: the way to it."""

    meta: Meta
    cluster: Traced[str]
    trail: Trail


Statement = (
    EgressNetwork
    | ServiceProfile
    | TrafficSplit
    | ServerAuthorization
    | ClusterLink
    | Machine
    | Server
    | AuthorizationPolicy
    | MeshTLSAuthentication
    | NetworkAuthentication
    | RateLimitPolicy
    | HttpRoute
    | StreamRoute
    | GatewayObject
    | ListenerSetObject
)
"""One resource that was read."""
