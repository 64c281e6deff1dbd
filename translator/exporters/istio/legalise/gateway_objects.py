"""One gateway in the target's words: the objects that hold its rules, and its servers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ir.attachment import Attachment, Audience, EnforcedAt, Reach, Scope, Subject
from ir.edge import Listener, ListenerHost, narrower
from ir.model import Fact
from ir.provenance import Assumption, Traced, derived, named, trail
from ir.traffic import NoMatch, Order, Protocol, Route, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.gateways.listeners import Door, Doors
from translator.exporters.istio.legalise.gateway_hosts import (
    Name,
)
from translator.exporters.istio.legalise.routes import Scene


@dataclass(slots=True)
class Edge:
    """What the edge comes to."""

    facts: list[Fact] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    assumptions: list[Assumption] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Place:
    """One gateway: its ``namespace/name``, its servers, and what its rules are made with."""

    gateway: Traced[str]
    doors: Doors
    scene: Scene
    edge: Edge

    @property
    def space(self) -> str:
        """Its namespace."""
        return self.gateway.value.partition("/")[0]


def written_table(
    place: Place, names: Sequence[Name], rules: tuple[Route, ...], protocol: Protocol
) -> RouteTable:
    """The rules of the names as one object, in the namespace that states them, else in that of the gateway."""
    tables = list({id(t): t for name in names for t in name.tables}.values())
    homes = sorted({t.home.value for t in tables if t.home is not None})
    home = homes[0] if len(homes) == 1 else place.space
    called = sorted({t.name.value for t in tables})
    base = [called[0]] if len(called) == 1 else [place.gateway.value.partition("/")[2], "routes"]
    name = place.scene.names.take("VirtualService", home, *base)
    first = names[0]
    rest = [t for t in tables if not any(t is own for own in first.ports[min(first.ports)])]
    spent = [v for t in tables for v in _frame(t)]
    if protocol is Protocol.HTTP:
        spent += [v for t in rest for v in traced(t.routes)]
    return RouteTable(
        name=derived(name, [t.name for t in tables]),
        home=derived(home, [t.home for t in tables if t.home is not None]),
        attachment=attachment_of(place, tables, [d for one in names for d in one.doors]),
        protocol=protocol,
        hosts=tuple(one.host for one in names),
        order=Order.LIST,
        routes=rules,
        no_match=NoMatch.NOT_FOUND,
        trail=derived(f"rules at {place.gateway.value}", spent),
    )


def _frame(table: RouteTable) -> Iterator[Traced[object]]:
    """What a table says beside its rules and its names."""
    yield table.trail
    yield from traced(table.attachment)


def attachment_of(place: Place, tables: Sequence[RouteTable], doors: Sequence[Door]) -> Attachment:
    """The gateway, of which the servers say where the rules hold."""
    audiences = [t.attachment.audience for t in tables if t.attachment.audience is not None]
    own = [n for a in audiences for n in a.listeners if n.value == place.gateway.value]
    servers = [v for one in {id(d): d for d in doors}.values() for v in _says(one.listener)]
    known: list[Traced[object]] = [*own, *servers]
    gateway = (
        derived(place.gateway.value, known) if known else named(place.gateway.value, place.gateway)
    )
    return Attachment(
        subject=Subject(
            scope=Scope.LISTENER,
            namespace=named(place.space, place.gateway),
            name=named(place.gateway.value.partition("/")[2], place.gateway),
            trail=trail("the gateway", because=place.gateway.because),
        ),
        audience=Audience(
            reach=Reach.LISTENERS, listeners=(gateway,), trail=trail("by the gateway")
        ),
        enforced_at=EnforcedAt.GATEWAY,
    )


def _says(listener: Listener) -> Iterator[Traced[object]]:
    """What a server says of the rules that hold there."""
    yield from (listener.port, *(host.name for host in listener.hosts))
    if listener.name is not None:
        yield listener.name


def servers_for(place: Place, tables: Sequence[RouteTable]) -> Iterator[Listener]:
    """The servers, each for rules of the namespaces that have some for its names; of none for those of its own."""
    for door in place.doors.made:
        (host,) = door.listener.hosts
        homes: dict[str, list[Traced[object]]] = {}
        for table in tables:
            numbers = [port.value.port for port in table.attachment.ports]
            here = any(narrower(h.value, door.pattern) is not None for h in table.hosts)
            here = here and (not numbers or door.listener.port.value in numbers)
            if here and table.protocol is door.protocol and table.home is not None:
                # a route of connections says nothing else by which its namespace is known
                node = (table.trail,) if table.protocol is Protocol.TCP else ()
                homes.setdefault(table.home.value, []).extend((table.home, *node, *table.hosts))
        spaces = [derived(home, said) for home, said in sorted(homes.items())]
        spaces = spaces or [named(place.space, place.gateway)]
        yield replace(
            door.listener,
            hosts=tuple(_from(host, space, first=not n) for n, space in enumerate(spaces)),
        )


def _from(host: ListenerHost, space: Traced[str], *, first: bool) -> ListenerHost:
    name = host.name if first else derived(host.name.value, (host.name,))
    node = host.trail if first else derived(host.trail.value, (host.trail,))
    return replace(host, name=name, routes_from=space, trail=node)
