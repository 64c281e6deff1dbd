"""Routes that a waypoint heeds: those of a service for all clients, which lead to pods that nobody closed or to its own.

istio/istio pilot/pkg/networking/core/waypoint.go, 1.31: a waypoint heeds VirtualServices of the service's namespace, for all
clients alike; matches by labels of clients are left out. It calls the endpoints of a backend as itself, whatever waypoint
stands in front of their own service, so a backend whose pods have rules would be asked about the waypoint alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ir.access import Closed, Refusal
from ir.attachment import EnforcedAt, Reach, Scope
from ir.inventory import Inventory, Service
from ir.model import Fact
from ir.traffic import Destination, HeaderSide, Protocol, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.istio.legalise.territories import Pods, overlap
from translator.report.model import Impact, Severity, Support

_DOC = "https://istio.io/latest/docs/ambient/usage/l7-features/"


@dataclass(slots=True)
class Heeded:
    """The facts less the tables that no waypoint heeds; the services of the others, by namespace and name."""

    facts: list[Fact] = field(default_factory=list)
    services: set[tuple[str, str]] = field(default_factory=set)
    losses: list[Loss] = field(default_factory=list)


def heeded_routes(
    facts: Sequence[Fact], ruled: Sequence[Pods], fronts: Sequence[Service], inventory: Inventory
) -> Heeded:
    """The tables that a waypoint holds as they are.

    ``ruled``: the pods that have rules, ``fronts``: services whose rules a waypoint can hold in full.
    """
    found = Heeded()
    own = {(one.namespace, one.name) for one in fronts}
    for fact in facts:
        if not isinstance(fact, RouteTable) or fact.attachment.enforced_at is not EnforcedAt.CLIENT:
            found.facts.append(fact)
            continue
        reason = _unheeded(fact, ruled, own, inventory)
        if reason:
            found.losses.append(_lost(fact, reason))
            continue
        found.facts.append(fact)
        found.services.add(_key(fact))
    if found.services:
        found.losses.append(_alpha(sorted(found.services)))
    return found


def _key(table: RouteTable) -> tuple[str, str]:
    subject = table.attachment.subject
    space, name = subject.namespace, subject.name
    return ("" if space is None else space.value, "" if name is None else name.value)


def _unheeded(
    table: RouteTable,
    ruled: Sequence[Pods],
    fronts: set[tuple[str, str]],
    inventory: Inventory,
) -> str:
    """Why no waypoint can hold a table as it is; empty where one can."""
    key = _key(table)
    service = inventory.service(*key)
    if table.attachment.subject.scope is not Scope.SERVICE or service is None:
        return "a waypoint stands in front of services that are listed"
    if service.headless or service.external_name or not service.selector:
        return "a service without an address of its own, or without pods, has no waypoint"
    if table.protocol not in (Protocol.HTTP, Protocol.GRPC):
        return "rules for connections are not written for waypoints yet"
    audiences = [table.attachment.audience, *(m.audience for r in table.routes for m in r.matches)]
    if any(one is not None and one.reach is not Reach.EVERYONE for one in audiences):
        return "they are for some clients, and a waypoint has the same rules for all"
    if _touched(service, ruled):
        reasons = _past_rules(table, key, fronts)
    else:
        reasons = _astray(table, key, ruled, inventory)
    return next(reasons, "")


def _past_rules(
    table: RouteTable, key: tuple[str, str], fronts: set[tuple[str, str]]
) -> Iterator[str]:
    """Why the rules on who may call the pods of the service do not hold for what the table makes of requests."""
    if key not in fronts:
        yield "the rules on who may call its pods cannot stand at a waypoint"
    if _is_changed(table):
        yield "the rules on who may call its pods would see requests before they are changed or sent elsewhere"


def _astray(
    table: RouteTable, key: tuple[str, str], ruled: Sequence[Pods], inventory: Inventory
) -> Iterator[str]:
    """Why what a table leads to may not be called by the waypoint."""
    for goal in _goals(table):
        space = key[0] if goal.namespace is None else goal.namespace.value
        if (space, goal.name.value) == key and goal.subset is None:
            continue
        backend = inventory.service(space, goal.name.value)
        if backend is None or not backend.selector or goal.subset is not None:
            yield f"what answers for {goal.name.value} is not listed"
        elif _touched(backend, ruled):
            yield f"the pods of {backend.key} have rules on who may call, and would be called by the waypoint"


def _is_changed(table: RouteTable) -> bool:
    """Whether some request gets to other pods than those of the service, or gets there otherwise than it was sent.

    A waypoint asks its policies before its routes; the source asked at the pods.
    """
    edits = [
        *(e for r in table.routes for e in r.header_edits),
        *(e for r in table.routes for b in r.backends for e in b.header_edits),
    ]
    elsewhere = any(
        (goal.namespace is not None and goal.namespace.value != _key(table)[0])
        or goal.name.value != _key(table)[1]
        or goal.subset is not None
        for goal in _goals(table)
    )
    rewritten = any(route.rewrite is not None for route in table.routes)
    return elsewhere or rewritten or any(edit.side is HeaderSide.REQUEST for edit in edits)


def _goals(table: RouteTable) -> Iterator[Destination]:
    for route in table.routes:
        yield from (one.destination for one in route.backends)
        yield from (one.destination for one in route.mirrors)


def _touched(service: Service, ruled: Sequence[Pods]) -> bool:
    pods = service.namespace, tuple(sorted(service.selector.items()))
    return any(overlap(one, pods) for one in ruled)


def is_ruling(fact: Fact) -> bool:
    """Whether it closes pods or refuses at them."""
    return isinstance(fact, Refusal) or (
        isinstance(fact, Closed) and fact.attachment.enforced_at is EnforcedAt.SERVER
    )


def _lost(table: RouteTable, reason: str) -> Loss:
    return Loss(
        code="MM226",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        sites=tuple(traced(table)),
        message=f"the routes of {'/'.join(_key(table))} are not written: {reason}. Requests go to the service that they "
        "address.",
        advice="Use --profile sidecar, or write rules by hand that a waypoint can hold.",
        doc=_DOC,
    )


def _alpha(services: Sequence[tuple[str, str]]) -> Loss:
    names = ", ".join("/".join(key) for key in services)
    return Loss(
        code="MM533",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        message=f"routes of {names} are VirtualServices at a waypoint, which is alpha in the target: no route of Gateway API "
        "may be for the same service. Clients outside of the ambient mesh do not follow them.",
        advice="Write them as HTTPRoutes whose parent is the Service where they can be said so.",
        doc=_DOC,
    )
