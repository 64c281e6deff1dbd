"""Rules at the doors of a gateway in their legal form: one object for each bundle, in the order of specificity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from ir.attachment import Attachment, Audience, EnforcedAt, Reach, Scope, ServicePort, Subject
from ir.match import Part, Pattern
from ir.provenance import Traced, derived, named, trail
from ir.traffic import NoMatch, Order, RouteMatch, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.gateways.binding import ANY, Bundle, holds_at
from translator.exporters.naming import Names, name_of
from translator.exporters.routes.rules import (
    delivered,
)
from translator.exporters.routes.tables import Place, Scene, specific_tables

T = TypeVar("T")


def legal_tables(bundle: Bundle, scene: Scene) -> tuple[tuple[RouteTable, ...], list[Loss]]:
    """The route objects of a bundle; raises as :func:`specific_tables`."""
    frame = frame_of(bundle)
    place = Place(
        frame=frame,
        admits=lambda match: holds_at(match.audience, bundle.gateway) and on_ports(match, bundle),
        deliver=lambda route: delivered(route, frame, scene.subsets),
        named=lambda number: _name(bundle, number, scene.names),
        merged=True,
    )
    tables, losses = specific_tables(bundle.tables, place, scene)
    return tuple(_in_bounds(bundle, tables, scene.names)), losses


MAX_HOSTS, MAX_PARENTS = 16, 32
"""Host names and parents of one route (Gateway API ``HTTPRouteSpec``, ``CommonRouteSpec``)."""


def _in_bounds(bundle: Bundle, tables: Sequence[RouteTable], names: Names) -> Iterator[RouteTable]:
    """The objects, each once for so many host names and listeners as it may have: these never compete."""
    number = len(tables)
    for table in tables:
        for place, part in enumerate(in_bounds(table)):
            if not place:
                yield part
                continue
            taken = _name(bundle, number, names)
            number += 1
            yield replace(part, name=named(taken, table.name))


def in_bounds(table: RouteTable) -> Iterator[RouteTable]:
    """The table for so many host names and listeners at once as one object may have."""
    audience = table.attachment.audience
    if audience is None:
        raise TypeError(table)
    hosts = _chunks(table.hosts, MAX_HOSTS)
    for sections in _chunks(audience.listeners, MAX_PARENTS):
        attachment = replace(table.attachment, audience=replace(audience, listeners=sections))
        for own in hosts:
            yield replace(table, hosts=own, attachment=attachment)


def _chunks(items: tuple[Traced[T], ...], size: int) -> list[tuple[Traced[T], ...]]:
    return [items[at : at + size] for at in range(0, len(items), size)] or [()]


def on_ports(match: RouteMatch, bundle: Bundle) -> bool:
    """Whether a rule that may ask for ports of listeners holds on one of the bundle's."""
    asked = [test for test in match.requests.tests if test.part is Part.SERVICE_PORT]
    ports = {str(port) for port in bundle.ports}
    return all(
        ports.intersection(t.value.text for t in test.any_of if isinstance(t.value, Pattern))
        for test in asked
    )


def frame_of(bundle: Bundle) -> RouteTable:
    """The table without its rules: bound to the gateway by name, port and listener."""
    first = bundle.tables[0]
    space, _, name = bundle.gateway.partition("/")
    gateway = bundle.doors[0].listener.gateway
    every = (*bundle.tables, *bundle.alike)
    audiences = [t.attachment.audience for t in every if t.attachment.audience is not None]
    named_so = [n for a in audiences for n in a.listeners if n.value == bundle.gateway]
    everywhere = any(host.value.text == ANY.text for host in bundle.hosts)
    spent: list[Traced[object]] = [*bundle.hosts] if everywhere else []
    for table in every:
        spent.extend((table.trail, table.name, *traced(table.attachment.subject)))
    for table in bundle.alike:
        spent.extend((*table.hosts, *traced(table.routes)))
    for audience in audiences:
        spent.extend((audience.trail, *audience.namespaces))
    subject = Subject(
        scope=Scope.LISTENER,
        namespace=derived(space, [gateway, *named_so]),
        name=derived(name, [gateway, *named_so]),
        trail=trail("the gateway", because=gateway.because),
    )
    sections = tuple(_section(bundle, d.listener.name) for d in bundle.doors)
    ports = {d.listener.port.value: d.listener.port for d in bundle.doors}
    return replace(
        first,
        attachment=Attachment(
            subject=subject,
            ports=tuple(named(ServicePort(n), port) for n, port in ports.items()),
            audience=Audience(
                reach=Reach.LISTENERS, listeners=sections, trail=trail("by the gateway")
            ),
            enforced_at=EnforcedAt.GATEWAY,
        ),
        hosts=() if everywhere else bundle.hosts,
        order=Order.SPECIFICITY,
        no_match=NoMatch.NOT_FOUND,
        trail=derived(first.trail.value, spent),
    )


def _section(bundle: Bundle, name: Traced[str] | None) -> Traced[str]:
    """``namespace/gateway/listener``."""
    if name is None:
        raise TypeError(bundle)
    return derived(f"{bundle.gateway}/{name.value}", (name,))


def _name(bundle: Bundle, number: int, names: Names) -> str:
    first = bundle.tables[0]
    home = "" if first.home is None else first.home.value
    parts = [first.name.value, str(number + 1) if number else ""]
    return names.take("HTTPRoute", home, name_of(*parts))
