"""Which facts decide whether a request gets in, which say nothing of it, and which nobody understands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from ir.access import (
    AuditMark,
    Bypass,
    ClientTls,
    Closed,
    Direction,
    ExternalDecision,
    Grant,
    GuardedRoutes,
    Layer,
    PeerMtls,
    Probes,
    Refusal,
    TokenCheck,
)
from ir.attachment import Attachment, Subject
from ir.edge import EgressPolicy, ExternalService, ExternalWorkload, Listener
from ir.membership import Aspect, Enrolment, ProxySetting
from ir.model import Fact
from ir.opaque import Column, Opaque
from ir.resilience import (
    ConnectionLimits,
    LoadBalancing,
    Outliers,
    RateLimit,
    RetryBudget,
    SessionAffinity,
)
from ir.telemetry import Telemetry
from ir.traffic import EndpointSubset, PortProtocol, RouteTable

RULING: Final = (
    Bypass,
    Closed,
    ExternalDecision,
    Grant,
    GuardedRoutes,
    PeerMtls,
    Probes,
    Refusal,
    TokenCheck,
)
"""Facts that decide whether a request gets in."""

_SILENT: Final = (
    AuditMark,
    ClientTls,
    ConnectionLimits,
    EgressPolicy,
    EndpointSubset,
    Enrolment,
    ExternalService,
    ExternalWorkload,
    Listener,
    LoadBalancing,
    Outliers,
    PortProtocol,
    RateLimit,
    RetryBudget,
    RouteTable,
    SessionAffinity,
    Telemetry,
)
"""Facts that say nothing of who gets in at a port of a workload."""

_TOUCHY: Final = frozenset(
    (
        Aspect.BOOTSTRAP,
        Aspect.CAPTURE,
        Aspect.CERTIFICATES,
        Aspect.DECISIONS,
        Aspect.ENVIRONMENT,
        Aspect.OTHER,
        Aspect.TEMPLATE,
        Aspect.TRUST_ALIASES,
        Aspect.WAYPOINT,
    )
)
"""Settings by which a proxy may come to let in others than its rules say."""


def of_network(fact: Fact) -> bool:
    """Whether it is a rule of the network's, which holds for whatever comes in or goes out."""
    return isinstance(fact, (Closed, Grant, Refusal)) and fact.layer is Layer.NETWORK


def is_exit(fact: Fact) -> bool:
    """Whether the fact is about what leaves its subject."""
    return isinstance(fact, (Closed, Grant, Refusal)) and fact.direction is Direction.OUTBOUND


def is_ruling(fact: Fact) -> bool:
    """Whether the fact decides whether a request gets in."""
    return isinstance(fact, RULING)


def attachment_of(fact: Fact) -> Attachment:
    """Where a deciding fact holds."""
    if not isinstance(fact, RULING):
        raise TypeError(fact)
    return fact.attachment


def odd(facts: Iterable[Fact]) -> Iterator[tuple[str, Subject | None]]:
    """Pieces of the model that may decide on access and are not understood, with where they hold (``None``: anywhere)."""
    for fact in facts:
        if isinstance(fact, Opaque):
            if Column.ACCESS in fact.may_touch:
                yield fact.kind, None if fact.attachment is None else fact.attachment.subject
        elif isinstance(fact, ProxySetting):
            if fact.aspect in _TOUCHY:
                yield f"a setting of proxies ({fact.aspect.value})", fact.subject
        elif not isinstance(fact, (*RULING, *_SILENT)):
            yield type(fact).__name__, None
