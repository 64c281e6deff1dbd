"""Which rules hold at which door: the hosts that both sides name, the rules of several tables one after the other.

istio/istio pilot/pkg/networking/core/gateway.go ``buildGatewayHTTPRouteConfig`` and ``pickMatchingGatewayHosts``, 1.31:
the narrower of two names counts, and each name has the rules of all tables that name it. The listeners of one port are one
table of hosts there, where in Gateway API a request is for the most particular listener alone
(``GatewayHTTPListenerIsolation``): so each name is bound to the most particular door that has it, which is right whether an
implementation keeps listeners apart or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
    found: dict[_Key, list[_Use]] = {}
    for table, door, home, host in _meetings(gateway, doors, tables, pods_in):
        if not _is_apart(home, door, table):
            found.setdefault(_key(door, host.value), []).append((table, home, host))
    found = {**_inherited(doors, found), **found}
    merged: dict[tuple[object, ...], list[Bundle]] = {}
    for (port, _, _, _), uses in found.items():
        own = _bundle(gateway, uses)
        group = (_says(own.tables), port if _minds_port(own.tables, inventory) else 0)
        alike = merged.setdefault(group, [])
        for number, other in enumerate(alike):
            joined = _joined(other, own)
            if _says_no_more(joined, (other, own)):
                alike[number] = joined
                break
        else:
            alike.append(own)
    return tuple(bundle for alike in merged.values() for bundle in alike)


def apart(
    gateway: str, doors: Doors, tables: Sequence[RouteTable], pods_in: str
) -> Iterator[tuple[RouteTable, Traced[Pattern]]]:
    """Tables with names that a listener with TLS of its own has, which does not let them in."""
    for table, door, home, host in _meetings(gateway, doors, tables, pods_in):
        if _is_apart(home, door, table):
            yield table, host


def _meetings(
    gateway: str, doors: Doors, tables: Sequence[RouteTable], pods_in: str
) -> Iterator[tuple[RouteTable, Door, Door, Traced[Pattern]]]:
    """Each table, a door that lets it in, the most particular door for a name that both have, and the name."""
    for table in tables:
        if gateway not in listeners_of(table) or not _is_seen(table, pods_in):
            continue
        for door in doors.made:
            if door.redirects is None and _is_for(door, table) and _admits(door, table):
                for host in _meeting(door, table):
                    home = _home(doors, door, host.value)
                    if home is not None and not is_shut(
                        doors, host.value, door.listener.port.value
                    ):
                        yield table, door, home, host


def _is_apart(home: Door, door: Door, table: RouteTable) -> bool:
    """Whether the source never brings a table of one door to the requests of another.

    Listeners without TLS are one table of hosts for each port; where TLS is, the name in the hello chooses the listener.
    """
    return home is not door and home.listener.protocol.value != "HTTP" and not _admits(home, table)


def _says_no_more(joined: Bundle, parts: Sequence[Bundle]) -> bool:
    """Whether every name that the joined one has at some door is a name of one of its parts there."""
    said = {key for part in parts for key in _said(part)}
    return said.issuperset(_said(joined))


def _said(bundle: Bundle) -> Iterator[_Key]:
    for door in bundle.doors:
        for host in bundle.hosts:
            pattern = narrower(host.value, door.pattern)
            if pattern is not None:
                yield _key(door, pattern)


_Key = tuple[int, str, str, bool]
"""A port, kind and text of a name, and whether it is for datagrams: a port has both transports."""
_Use = tuple[RouteTable, Door, Traced[Pattern]]
"""A table at the door to which it is bound for a name."""


def _key(door: Door, host: Pattern) -> _Key:
    return door.listener.port.value, host.kind, host.text, door.protocol is Protocol.UDP


def _home(doors: Doors, door: Door, host: Pattern) -> Door | None:
    """The most particular door of the port that has the name; none where it sends its requests to TLS."""
    beside = [other for other in doors.made if _has(other, door, host)]
    home = max(beside, key=lambda other: _rank(other.pattern))
    return home if home.redirects is None else None


def _has(other: Door, door: Door, host: Pattern) -> bool:
    same = (other.listener.port.value, other.protocol) == (door.listener.port.value, door.protocol)
    return same and narrower(host, other.pattern) == host


def _rank(pattern: Pattern) -> tuple[int, int]:
    return int(pattern.kind is PatternKind.EXACT), len(pattern.text)


def _inherited(doors: Doors, found: Mapping[_Key, Sequence[_Use]]) -> dict[_Key, list[_Use]]:
    """For each door that no table is for as a whole those of the next wider name, which the source takes instead.

    So it is where the door lets in the rules of one namespace only and the wider names are another's. Where TLS ends each
    listener of the source has a table of its own (``buildGatewayListeners`` there), and nothing is inherited.
    """
    more: dict[_Key, list[_Use]] = {}
    for door in doors.made:
        own = _key(door, door.pattern)
        if door.redirects is not None or door.protocol is not Protocol.HTTP or own in found:
            continue
        wider = [
            uses
            for (port, _, _, _), uses in found.items()
            if port == own[0] and narrower(door.pattern, uses[0][2].value) == door.pattern
        ]
        if wider and door.listener.protocol.value == "HTTP":
            uses = max(wider, key=lambda one: _rank(one[0][2].value))
            (name,) = door.listener.hosts
            more[own] = [(t, door, derived(door.pattern, (name.name, h))) for t, _, h in uses]
    return more


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


def _bundle(gateway: str, uses: Sequence[_Use]) -> Bundle:
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


def is_shut(doors: Doors, host: Pattern, port: int | str | None = None) -> bool:
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


def _is_for(door: Door, table: RouteTable) -> bool:
    """Whether the table is for what the door reads, and for its port, where it names some."""
    ports = [port.value.port for port in table.attachment.ports]
    on_port = not ports or door.listener.port.value in ports
    return on_port and door.protocol is table.protocol


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


KINDS = {
    Protocol.HTTP: "HTTPRoute",
    Protocol.GRPC: "GRPCRoute",
    Protocol.TLS: "TLSRoute",
    Protocol.TCP: "TCPRoute",
    Protocol.UDP: "UDPRoute",
}
