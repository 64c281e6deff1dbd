"""Routes for what leaves by a network that refuses the rest, as ways out: to all its addresses, by host, by name, or any.

The source forwards to whatever was dialled, so host and name decide, and no look-up does. On one port the kind of routes
that goes first counts alone (linkerd2 policy-controller/grpc/src/outbound.rs ``to_proto``, 2.20).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ir.attachment import Scope
from ir.edge import EgressPolicy
from ir.match import Part, Pattern
from ir.provenance import Traced
from ir.traffic import AS_DIALLED, Protocol, Route, RouteTable
from ir.walk import traced
from translator.exporters.cilium.egress.doors import Door, Named
from translator.exporters.cilium.egress.zones import Area

_KINDS = ((Protocol.HTTP, Protocol.GRPC), (Protocol.TLS,), (Protocol.TCP,))
Origins = tuple[Traced[object], ...]


@dataclass(frozen=True, slots=True)
class Shut:
    """Routes that let nothing out any more, with the reason."""

    table: RouteTable
    reason: str


def is_outward(table: RouteTable) -> bool:
    """Whether it is for destinations outside."""
    return table.attachment.subject.scope is Scope.EGRESS


def of_network(tables: Sequence[RouteTable], policy: EgressPolicy) -> tuple[RouteTable, ...]:
    """The routes that are about what leaves by the network of the policy."""
    if policy.name is None:
        return ()
    found = []
    for table in tables:
        space, name = table.attachment.subject.namespace, table.attachment.subject.name
        own = "" if space is None or name is None else f"{space.value}/{name.value}"
        if own == policy.name.value:
            found.append(table)
    return tuple(found)


def doors_of(tables: Sequence[RouteTable], area: Area) -> Iterator[Door | Shut]:
    """The ways out that the routes of an area's network are."""
    numbers = {int(p.value.port) for t in tables for p in t.attachment.ports}
    for number in sorted(numbers):
        here = [t for t in tables if number in [p.value.port for p in t.attachment.ports]]
        best = next(kinds for kinds in _KINDS if any(t.protocol in kinds for t in here))
        for table in here:
            if table.protocol in best:
                yield from _doors(table, number, area)
            else:
                yield Shut(table, f"port {number} has routes of a kind that goes before")


def _doors(table: RouteTable, number: int, area: Area) -> Iterator[Door | Shut]:
    if not table.routes:
        yield Shut(table, "it has no rule")
    for route in table.routes:
        asked = _asked(table, route)
        if isinstance(asked, str):
            yield Shut(table, asked)
            return
        port = next(p for p in table.attachment.ports if p.value.port == number)
        said = [v for v in _said(table, route) if all(v is not one for one in (*asked, port))]
        clients = table.attachment.audience
        spaces = (None,) if clients is None else clients.namespaces
        for client in spaces:
            yield Door(
                protocol=Protocol.HTTP if table.protocol is Protocol.GRPC else table.protocol,
                port=port.derive(number),
                asked=asked,
                blocks=area.blocks,
                client=client,
                by=tuple(said),
                stated=area.stated,
            )


def _asked(table: RouteTable, route: Route) -> Named | str:
    """The hosts or names that a rule asks for (none: any); or why it cannot be said."""
    if leads_away(table):
        return "its rule does not pass on what was dialled"
    found: list[Traced[Pattern]] = []
    for match in route.matches:
        own = [
            t.derive(t.value)
            for test in match.requests.tests
            if test.part in (Part.AUTHORITY, Part.SERVER_NAME) and not test.none_of
            for t in test.any_of
            if isinstance(t.value, Pattern)
        ]
        if not own or len(match.requests.tests) != 1:
            return "its rules ask for more than a name"
        found.extend(own)
    if table.protocol is Protocol.TCP:
        return ()
    if table.protocol is Protocol.TLS:
        return tuple(found) or "it lets out connections that are no HTTP whatever their name"
    if found and table.hosts:
        return "its rules ask for more than a name"
    return tuple(found) or table.hosts


def _said(table: RouteTable, route: Route) -> Iterator[Traced[object]]:
    """What of a table a way out says by being there."""
    yield from (table.trail, table.name, route.trail)
    yield from traced(table.attachment)
    yield from (value for value in (route.name, table.home) if value is not None)
    for match in route.matches:
        yield from (match.trail, match.requests.trail)
        yield from (test.trail for test in match.requests.tests)
    for backend in route.backends:
        yield from traced(backend.destination)
        yield from (v for v in (backend.trail, backend.weight) if v is not None)


def leads_away(table: RouteTable) -> bool:
    """Whether some rule does not pass on what was dialled to where it was dialled."""
    return any(
        not route.backends or any(b.destination.name.value != AS_DIALLED for b in route.backends)
        for route in table.routes
    )


def effects_of(table: RouteTable) -> Origins:
    """What the rules do to requests besides letting them out."""
    found: list[Traced[object]] = []
    for route in table.routes:
        parts = (
            route.redirect,
            route.answer,
            route.rewrite,
            route.header_edits,
            route.mirrors,
            route.cross_origin,
            route.timeouts,
            route.retry,
            route.fault,
            *(backend.header_edits for backend in route.backends),
        )
        found.extend(v for part in parts if part is not None for v in traced(part))
    return tuple(found)
