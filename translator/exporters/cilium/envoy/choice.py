"""Which Services get a configuration of the node's proxy of their own, and all that is said of each.

Two redirects of one Service have no order (cilium/cilium Documentation/network/servicemesh/l7-traffic-management.rst, 1.20):
a Service has a configuration or HTTPRoutes, never both. A cluster whose name has a slash is one for all configurations
(pkg/policy/api ``ResourceQualifiedName``), so what is said of endpoints holds for all requests that configurations send to
them, and a Service whose routes lead to such endpoints has a configuration too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ir.attachment import Attachment, EnforcedAt, Scope
from ir.model import Fact, Model
from ir.resilience import ConnectionLimits, LoadBalancing, Outliers, RetryBudget
from ir.traffic import RouteTable
from ir.walk import traced
from translator.exporters.cilium.edition import Edition

Key = tuple[str, str]
"""A Service by namespace and name."""

Setting = Outliers | ConnectionLimits | RetryBudget | LoadBalancing
"""What a proxy does about the endpoints of a Service."""


@dataclass(slots=True)
class Wanted:
    """All that is said of one Service on the side of its clients.

    ``asked``: something of it has no other form; else its routes lead to endpoints of which something is said.
    """

    key: Key
    tables: list[RouteTable] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)
    asked: bool = False

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The facts."""
        return *self.tables, *self.settings


def key_of(at: Attachment) -> Key | None:
    """The Service that a fact of the client side is about; ``None`` where it is no single one of the cluster."""
    subject = at.subject
    if at.enforced_at is not EnforcedAt.CLIENT or subject.scope is not Scope.SERVICE:
        return None
    if subject.name is None or subject.namespace is None:
        return None
    return subject.namespace.value, subject.name.value


def wanted(model: Model, edition: Edition) -> Mapping[Key, Wanted]:
    """The Services that get a configuration, if they can have one, by their names."""
    found: dict[Key, Wanted] = {}
    for fact in model.facts:
        if isinstance(fact, (RouteTable, Setting)):
            key = key_of(fact.attachment)
            if key is None:
                continue
            own = found.setdefault(key, Wanted(key))
            if isinstance(fact, RouteTable):
                own.tables.append(fact)
            else:
                own.settings.append(fact)
    treated = {key for key, own in found.items() if any(map(_is_said, own.settings))}
    for key, own in found.items():
        own.asked = key in treated or (not edition.retries and any(map(_tries, own.tables)))
    return {
        key: own
        for key, own in sorted(found.items())
        if own.asked or treated.intersection(goals(own.tables))
    }


def goals(tables: Sequence[RouteTable]) -> Iterator[Key]:
    """The Services to which routes send requests."""
    for backend in (b for table in tables for route in table.routes for b in route.backends):
        space = backend.destination.namespace
        if space is not None:
            yield space.value, backend.destination.name.value


def _is_said(fact: Setting) -> bool:
    """Whether the source states it; that nothing is counted where nothing is written asks for nothing."""
    return any(value.origin for value in traced(fact))


def _tries(table: RouteTable) -> bool:
    return any(r.retry is not None and r.retry.attempts.value > 0 for r in table.routes)
