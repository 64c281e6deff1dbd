"""VirtualService and DestinationRule as written."""

from __future__ import annotations

from dataclasses import dataclass

from ir.access import ClientTls
from ir.match import Labels
from ir.opaque import Opaque
from ir.provenance import Traced, Trail
from ir.resilience import ConnectionLimits, LoadBalancing, Outliers, RetryBudget
from ir.traffic import Route
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What the API server takes and only the webhook would refuse.

    ``why`` is a sentence about the field. ``heeded``: the data plane takes it all the same, in the
    form in which it was read; otherwise what stands at ``leaves`` is not part of any rule.
    """

    why: str
    leaves: tuple[int, ...]
    heeded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualService:
    """``networking.istio.io`` VirtualService; in its routes the names of hosts are as written.

    The ``name`` of a :class:`~ir.traffic.Destination` is the host as written, its ``namespace`` is
    absent. A match with ``port`` tests ``Part.SERVICE_PORT``; ``sourceNamespace``, ``sourceLabels``
    and ``gateways`` are its audience, all three as written, whichever of them counts. A value that
    is neither written nor named as a default has no origin: ``link`` names the default.
    """

    meta: Meta
    created: Traced[str]
    """``creationTimestamp`` in RFC 3339; empty where the input has none."""
    hosts: tuple[Traced[str], ...] = ()
    gateways: tuple[Traced[str], ...] = ()
    export_to: tuple[Traced[str], ...] = ()
    http: tuple[Route, ...] = ()
    tls: tuple[Route, ...] = ()
    """Rules for connections with TLS inside; a match tests ``Part.SERVER_NAME``."""
    tcp: tuple[Route, ...] = ()
    """Rules for other connections; a match may test ``Part.DESTINATION_ADDRESS``."""
    pending: tuple[Cursor, ...] = ()
    """The rules of ``http`` as they stand, where one delegates or others delegate to them."""
    quiet: tuple[Traced[str], ...] = ()
    """Fields that change no request."""
    refused: tuple[Refused, ...] = ()
    port: Traced[int] | None = None
    """The only port of its hosts that it is for; a Gateway API route may name one."""
    from_gateway_api: bool = False
    """It stands for routes of the Gateway API, which the clients of its own namespace prefer to public ones."""
    trail: Trail


Block = ConnectionLimits | RetryBudget | LoadBalancing | Outliers | ClientTls | Opaque
"""One block of a traffic policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A ``trafficPolicy``: blocks that are absent say nothing. ``link`` fills in their subject.

    ``port``: it is an item of ``portLevelSettings``. ``foreign``: ``tunnel``, ``proxyProtocol`` and the like.
    """

    port: Traced[int] | None = None
    limits: ConnectionLimits | None = None
    balancing: LoadBalancing | None = None
    outliers: Outliers | None = None
    tls: ClientTls | None = None
    budget: RetryBudget | None = None
    foreign: tuple[Opaque, ...] = ()
    ports: tuple[Policy, ...] = ()
    quiet: tuple[Traced[object], ...] = ()
    """Fields that no proxy heeds."""
    trail: Trail

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks that are given, those of its ports left out."""
        found = (self.limits, self.balancing, self.outliers, self.tls, self.budget, *self.foreign)
        return tuple(block for block in found if block is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subset:
    """A named part of a host's endpoints."""

    name: Traced[str]
    labels: Traced[Labels]
    policy: Policy | None
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationRule:
    """``networking.istio.io`` DestinationRule."""

    meta: Meta
    created: Traced[str]
    """``creationTimestamp`` in RFC 3339; empty where the input has none."""
    host: Traced[str]
    export_to: tuple[Traced[str], ...] = ()
    subsets: tuple[Subset, ...] = ()
    policy: Policy | None = None
    selector: Traced[Labels] | None = None
    """The clients of its own namespace that it is for, where it is not for all of them."""
    trail: Trail
