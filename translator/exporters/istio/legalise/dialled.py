"""Destinations without a port, which elsewhere are the only port of their Service: a sidecar takes that of its listener.

istio/istio pilot/pkg/networking/core/httproute.go ``BuildSidecarOutboundVirtualHosts``, 1.31. Where the two may differ, the port
is written.
"""

from __future__ import annotations

from dataclasses import replace

from ir.attachment import EnforcedAt, Scope, ServicePort
from ir.inventory import Inventory
from ir.model import Fact, Model
from ir.provenance import named
from ir.traffic import Destination, Route, RouteTable


def with_ports(model: Model) -> Model:
    """The model with the ports of destinations in words where clients may dial another."""
    return replace(model, facts=tuple(_said(fact, model.inventory) for fact in model.facts))


def _said(fact: Fact, inventory: Inventory) -> Fact:
    if not isinstance(fact, RouteTable) or fact.attachment.enforced_at is not EnforcedAt.CLIENT:
        return fact
    dialled = _dialled(fact, inventory)
    routes = tuple(_route(route, dialled, inventory) for route in fact.routes)
    changed = any(one is not other for one, other in zip(routes, fact.routes, strict=True))
    return replace(fact, routes=routes) if changed else fact


def _dialled(table: RouteTable, inventory: Inventory) -> frozenset[int]:
    """The ports of the Service that the table is about; none where it is not listed."""
    subject = table.attachment.subject
    if subject.scope is not Scope.SERVICE or subject.namespace is None or subject.name is None:
        return frozenset()
    service = inventory.service(subject.namespace.value, subject.name.value)
    return frozenset() if service is None else frozenset(p.number for p in service.ports)


def _route(route: Route, dialled: frozenset[int], inventory: Inventory) -> Route:
    backends = tuple(
        replace(b, destination=_goal(b.destination, dialled, inventory)) for b in route.backends
    )
    mirrors = tuple(
        replace(m, destination=_goal(m.destination, dialled, inventory)) for m in route.mirrors
    )
    goals = [end.destination for end in backends] + [end.destination for end in mirrors]
    given = [b.destination for b in route.backends] + [m.destination for m in route.mirrors]
    same = all(one is other for one, other in zip(goals, given, strict=True))
    return route if same else replace(route, backends=backends, mirrors=mirrors)


def _goal(goal: Destination, dialled: frozenset[int], inventory: Inventory) -> Destination:
    if goal.port is not None or goal.namespace is None:
        return goal
    service = inventory.service(goal.namespace.value, goal.name.value)
    numbers = () if service is None else tuple(port.number for port in service.ports)
    if len(numbers) != 1 or not dialled - {numbers[0]}:
        return goal
    return replace(goal, port=named(ServicePort(numbers[0]), goal.name))
