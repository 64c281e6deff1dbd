"""Which rules hold at which door: the hosts that both sides name, the rules of several tables one after the other.

istio/istio pilot/pkg/networking/core/gateway.go ``buildGatewayHTTPRouteConfig`` and ``pickMatchingGatewayHosts``, 1.31:
the narrower of two names counts, and each name has the rules of all tables that name it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ir.attachment import Audience
from ir.edge import narrower
from ir.inventory import Inventory
from ir.match import Part, Pattern, PatternKind
from ir.provenance import Traced, bare, derived
from ir.traffic import Destination, Protocol, Route, RouteTable
from translator.exporters.gateways.listeners import Door, Doors

ANY = Pattern(PatternKind.SUFFIX, "", ignore_case=True)
"""Every name."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Tables that hold together for some hosts at some doors of one gateway.

    ``alike``: tables that say the same of other hosts, in the same objects.
    """

    gateway: str
    tables: tuple[RouteTable, ...]
    alike: tuple[RouteTable, ...]
    hosts: tuple[Traced[Pattern], ...]
    doors: tuple[Door, ...]

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports of its doors, each once."""
        return tuple(dict.fromkeys(door.listener.port.value for door in self.doors))


def bundles(
    gateway: str,
    doors: Doors,
    tables: Sequence[RouteTable],
    pods_in: str,
    inventory: Inventory,
) -> tuple[Bundle, ...]:
    """The bundles of a gateway whose pods are in the namespace ``pods_in``."""
    seen = [t for t in tables if gateway in listeners_of(t) and _is_seen(t, pods_in)]
    found: dict[tuple[int, str, str], list[tuple[RouteTable, Door, Traced[Pattern]]]] = {}
    for table in seen:
        for door in doors.made:
            if door.redirects is None and door.protocol is table.protocol and _admits(door, table):
                for host in _meeting(door, table):
                    if is_shut(doors, host.value, door.listener.port.value):
                        continue
                    key = (door.listener.port.value, host.value.kind, host.value.text)
                    found.setdefault(key, []).append((table, door, host))
    merged: dict[tuple[object, ...], Bundle] = {}
    for (port, _, _), uses in found.items():
        own = _bundle(gateway, uses)
        group = (_says(own.tables), port if _minds_port(own.tables, inventory) else 0)
        merged[group] = _joined(merged[group], own) if group in merged else own
    return tuple(merged.values())


def _says(tables: Sequence[RouteTable]) -> str:
    """What tables say, whatever their hosts: tables of one object say the same of each of its hosts."""
    return repr(
        [
            (
                t.home and t.home.value,
                t.name.value,
                t.protocol,
                t.view,
                bare(t.routes),
                listeners_of(t),
            )
            for t in tables
        ]
    )


def _bundle(gateway: str, uses: Sequence[tuple[RouteTable, Door, Traced[Pattern]]]) -> Bundle:
    tables = {id(table): table for table, _, _ in uses}
    doors = {id(door): door for _, door, _ in uses}
    host = derived(uses[0][2].value, [host for _, _, host in uses])
    return Bundle(gateway, tuple(tables.values()), (), (host,), tuple(doors.values()))


def _joined(one: Bundle, other: Bundle) -> Bundle:
    hosts = {(h.value.kind, h.value.text): h for h in one.hosts}
    for host in other.hosts:
        key = (host.value.kind, host.value.text)
        hosts[key] = derived(host.value, (hosts[key], host)) if key in hosts else host
    doors = {id(d): d for d in (*one.doors, *other.doors)}
    known = {id(t) for t in (*one.tables, *one.alike)}
    more = tuple(t for t in other.tables if id(t) not in known)
    return Bundle(
        one.gateway,
        one.tables,
        (*one.alike, *more),
        tuple(hosts.values()),
        tuple(doors.values()),
    )


def is_shut(doors: Doors, host: Pattern, port: int | None = None) -> bool:
    """Whether requests for the host, or some of them, belong to a listener that is left out, on the port or on any.

    A wider listener of the port would take them in, without what that one demands.
    """
    return any(
        port in (None, number) and narrower(host, name) is not None for number, name in doors.shut
    )


def listeners_of(table: RouteTable) -> tuple[str, ...]:
    """The gateways that a table names."""
    audience = table.attachment.audience
    return () if audience is None else tuple(name.value for name in audience.listeners)


def _is_seen(table: RouteTable, pods_in: str) -> bool:
    """Whether the gateway's own namespace is among those that the table is shown to."""
    audience = table.attachment.audience
    names = [] if audience is None else [space.value for space in audience.namespaces]
    return not names or pods_in in names


def _admits(door: Door, table: RouteTable) -> bool:
    (host,) = door.listener.hosts
    home = "" if table.home is None else table.home.value
    return host.routes_from is None or host.routes_from.value == home


def _meeting(door: Door, table: RouteTable) -> Iterator[Traced[Pattern]]:
    """The names that the door and the table both have: of two the narrower."""
    (own,) = door.listener.hosts
    if not table.hosts:
        yield own.name
    for host in table.hosts:
        pattern = narrower(own.name.value, host.value)
        if pattern is not None:
            yield derived(pattern, (host,) if pattern.text == host.value.text else (host, own.name))


def _minds_port(tables: Sequence[RouteTable], inventory: Inventory) -> bool:
    """Whether the port of the listener matters: a rule asks for it, or a destination goes by it."""
    return any(
        _asks_port(route) or any(_goes_by_port(b.destination, inventory) for b in route.backends)
        for table in tables
        for route in table.routes
    )


def _goes_by_port(wanted: Destination, inventory: Inventory) -> bool:
    if wanted.port is not None or wanted.namespace is None:
        return False
    service = inventory.service(wanted.namespace.value, wanted.name.value)
    return service is not None and len(service.ports) != 1


def _asks_port(route: Route) -> bool:
    return any(
        test.part is Part.SERVICE_PORT for match in route.matches for test in match.requests.tests
    )


def holds_at(audience: Audience | None, gateway: str) -> bool:
    """Whether a rule that may name gateways holds at this one."""
    if audience is None or not audience.listeners:
        return True
    return gateway in [name.value for name in audience.listeners]


KINDS = {Protocol.HTTP: "HTTPRoute", Protocol.TLS: "TLSRoute", Protocol.TCP: "TCPRoute"}
