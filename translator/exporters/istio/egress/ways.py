"""What the routes of a zone let out, port by port, in terms of entries of the registry.

istio/istio pilot/pkg/networking/core/listener.go and tls.go, 1.31: HTTP is told by its host whatever address was dialled, TLS
by its name and its address, other bytes by their address. On one port all entries share a listener, which holds one kind of
traffic: bytes beside HTTP, or in the place of names, would take requests from each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ir.attachment import Reach, ServicePort
from ir.edge import EgressPolicy
from ir.inventory import Inventory
from ir.match import Part, Pattern, PatternKind, Term
from ir.provenance import Traced, derived
from ir.traffic import AS_DIALLED, Protocol, Route, RouteTable
from translator.exporters.egress.addresses import EVERYWHERE, Addresses
from translator.exporters.istio.egress.zones import Zone

INSIDE = "its name is that of a Service too"
HTTP = (Protocol.HTTP, Protocol.GRPC)
_KINDS = (HTTP, (Protocol.TLS,), (Protocol.TCP,))
"""Kinds of routes: on one port of a network the first that there is counts alone (linkerd2 policy-controller/grpc/src/
outbound.rs ``to_proto``, 2.20)."""
_MOST_BLOCKS = 64
"""Blocks of addresses that one entry may have; more would be no rule that a person reads."""


@dataclass(frozen=True, slots=True)
class Way:
    """What a table lets out on one port: ``hosts`` (HTTP and TLS; none: all bytes) at addresses in ``blocks`` (none: all)."""

    table: RouteTable
    port: Traced[ServicePort]
    hosts: tuple[Traced[Pattern], ...] = ()
    blocks: tuple[str, ...] = ()
    grpc: bool = False

    @property
    def number(self) -> int:
        """The number of the port."""
        return int(self.port.value.port)


@dataclass(frozen=True, slots=True)
class Refused:
    """What a table let out and the target does not, with the reason; ``hosts``: of these alone.

    ``rules``: for names that others declare its rules hold all the same.
    """

    table: RouteTable
    reason: str
    hosts: tuple[Traced[Pattern], ...] = ()
    rules: bool = False


Read = Way | Refused


def is_of(table: RouteTable, policy: EgressPolicy) -> bool:
    """Whether the table is about what leaves by the policy."""
    subject = table.attachment.subject
    if subject.namespace is None or subject.name is None or policy.name is None:
        return False
    return policy.name.value == f"{subject.namespace.value}/{subject.name.value}"


def reaches(table: RouteTable, client: str | None) -> bool:
    """Whether clients of the namespace (absent: of any that no table names) have the table."""
    audience = table.attachment.audience
    if audience is None or audience.reach is Reach.EVERYONE:
        return True
    return client in [space.value for space in audience.namespaces]


def ways_of(
    zone: Zone, tables: Sequence[RouteTable], client: str | None, inventory: Inventory
) -> tuple[Read, ...]:
    """What the clients of a namespace may reach."""
    numbers = {number for table in tables for number in numbers_of(table)}
    return tuple(
        one
        for number in sorted(numbers)
        for one in _on_port(zone, tables, client, number, inventory)
    )


def numbers_of(table: RouteTable) -> tuple[int, ...]:
    """The ports that the table is for."""
    ports = (port.value.port for port in table.attachment.ports)
    return tuple(port for port in ports if isinstance(port, int))


def _on_port(
    zone: Zone, tables: Sequence[RouteTable], client: str | None, number: int, inventory: Inventory
) -> Iterator[Read]:
    counted = [(own, *_counted(own, tables, client, number)) for own, _ in zone.refusing]
    kinds = dict.fromkeys(kind for _, kind, _ in counted if kind)
    for policy, kind, own in counted:
        if kind and kind != next(iter(kinds)):
            reason = f"port {number} has routes of another kind for other addresses"
            yield from (Refused(table, reason) for table in own)
        elif reason := taken(number, inventory, http=kind == HTTP) if kind else "":
            yield from (Refused(table, reason) for table in own)
        elif kind == HTTP:
            rest = [mine for other, _, mine in counted if other is not policy]
            yield from _requests(own, rest, number, inventory)
        else:
            yield from _connections(own, zone.where(policy), zone.refused, number)


def _counted(
    policy: EgressPolicy, tables: Sequence[RouteTable], client: str | None, number: int
) -> tuple[tuple[Protocol, ...], list[RouteTable]]:
    """The kind of routes that counts on the port, and these."""
    here = [
        t for t in tables if is_of(t, policy) and number in numbers_of(t) and reaches(t, client)
    ]
    for kinds in _KINDS:
        own = [table for table in here if table.protocol in kinds]
        if own:
            return kinds, own
    return (), []


# --- HTTP ------------------------------------------------------------------------------------------


def _requests(
    tables: Sequence[RouteTable],
    others: Sequence[Sequence[RouteTable]],
    number: int,
    inventory: Inventory,
) -> Iterator[Read]:
    """Hosts that pass at every address: where another network refuses one, it would pass there too."""
    for table in tables:
        hosts, every = hosts_of(table)
        if every:
            reason = "an entry needs names, and it lets out requests for all of them"
            yield Refused(table, reason, rules=True)
        elif any(not _has_all(hosts, own) for own in others):
            reason = "HTTP passes by its host at every address, and other addresses are refused"
            yield Refused(table, reason, hosts)
        elif others and not is_plain(table):
            reason = "its rules would hold at the addresses of other networks too"
            yield Refused(table, reason, hosts)
        else:
            yield from _named(table, hosts, number, inventory)


def _named(
    table: RouteTable, hosts: tuple[Traced[Pattern], ...], number: int, inventory: Inventory
) -> Iterator[Read]:
    """Wildcards pass as a whole, so that those of which only some requests do are left out; so are names of Services."""
    inside = tuple(host for host in hosts if is_inside(host.value, inventory))
    if inside:
        yield Refused(table, INSIDE, inside)
    hosts = tuple(host for host in hosts if not any(host is other for other in inside))
    wild = tuple(host for host in hosts if is_wild(host.value) and not _is_open(table, host.value))
    if wild:
        reason = "rules for some requests to names with a wildcard have no form"
        yield Refused(table, reason, wild)
    said = tuple(host for host in hosts if not any(host is other for other in wild))
    if said:
        grpc = table.protocol is Protocol.GRPC
        yield Way(table, port_of(table, number), said, grpc=grpc)


def _has_all(hosts: Sequence[Traced[Pattern]], tables: Sequence[RouteTable]) -> bool:
    """Whether other tables let out the same hosts, whatever the request."""
    there = [h.value for t in tables if t.protocol in HTTP and is_plain(t) for h in hosts_of(t)[0]]
    return all(host.value in there for host in hosts)


def hosts_of(table: RouteTable) -> tuple[tuple[Traced[Pattern], ...], bool]:
    """The names that rules of the table ask for, each once, and whether one asks for none."""
    if table.hosts:
        return table.hosts, False
    found: dict[Pattern, list[Traced[Term]]] = {}
    every = False
    for route in table.routes:
        every |= not route.matches
        for match in route.matches:
            asked = [test for test in match.requests.tests if test.part is Part.AUTHORITY]
            every |= not asked
            for term in (term for test in asked for term in test.any_of):
                if isinstance(term.value, Pattern):
                    found.setdefault(term.value, []).append(term)
    return tuple(derived(pattern, terms) for pattern, terms in found.items()), every


def is_wild(host: Pattern) -> bool:
    """Whether it stands for several names."""
    return host.kind is PatternKind.SUFFIX


def is_inside(host: Pattern, inventory: Inventory) -> bool:
    """Whether it is a name of a Service too, by which clients call it.

    Where rules say a name without a dot, it is that of a Service of their own namespace (istio/istio
    pilot/pkg/model/config.go ``ResolveShortnameToFQDN``, 1.31).
    """
    if host.kind is not PatternKind.EXACT:
        return False
    name, _, space = host.text.lower().partition(".")
    return not space or ".svc." in f".{space}." or inventory.service(space, name) is not None


def is_plain(table: RouteTable) -> bool:
    """Whether all requests to its hosts go on as they were dialled, and nothing else is done with them."""
    return all(_is_open(table, host.value) for host in hosts_of(table)[0]) and not any(
        effects_of(route) for route in table.routes
    )


def effects_of(route: Route) -> tuple[object, ...]:
    """What the proxy does with requests on their way."""
    parts = (route.timeouts, route.retry, route.fault, route.cross_origin)
    edits = (edit for backend in route.backends for edit in backend.header_edits)
    return (*(part for part in parts if part is not None), *route.header_edits, *edits)


def _is_open(table: RouteTable, host: Pattern) -> bool:
    """Whether some rule takes every request to the host, and none does anything but send it on."""
    return all(map(goes_on, table.routes)) and any(
        all(_asks_for(test.part, [t.value for t in test.any_of], host) for test in m.requests.tests)
        for route in table.routes
        for m in route.matches
    )


def _asks_for(part: Part, terms: Sequence[object], host: Pattern) -> bool:
    return part is Part.AUTHORITY and host in terms


def goes_on(route: Route) -> bool:
    """Whether requests leave as they were dialled; limits of time and further tries do not change where they go."""
    elsewhere = route.redirect or route.answer or route.rewrite or route.mirrors
    return not elsewhere and all(
        backend.destination.name.value == AS_DIALLED for backend in route.backends
    )


# --- connections ----------------------------------------------------------------------------------


def _connections(
    tables: Sequence[RouteTable], where: Addresses, refused: Addresses, number: int
) -> Iterator[Read]:
    """Names and bytes at the addresses of their network; elsewhere all passes where nothing is refused."""
    shut = refused - where
    blocks = min(where.blocks, (EVERYWHERE - shut).blocks, key=len) if shut else ()
    for table in tables:
        hosts = _server_names(table)
        if not all(map(goes_on, table.routes)) or not table.routes:
            yield Refused(table, "it sends connections elsewhere than they were dialled")
        elif table.protocol is Protocol.TLS and not hosts:
            yield Refused(
                table, "an entry needs names, and it lets out connections for all of them"
            )
        elif len(blocks) > _MOST_BLOCKS:
            yield Refused(table, "its addresses are more blocks than an entry should have")
        else:
            yield Way(table, port_of(table, number), hosts, blocks)


def _server_names(table: RouteTable) -> tuple[Traced[Pattern], ...]:
    found: list[Traced[Pattern]] = []
    for test in (t for r in table.routes for m in r.matches for t in m.requests.tests):
        if test.part is Part.SERVER_NAME:
            found.extend(t.derive(t.value) for t in test.any_of if isinstance(t.value, Pattern))
    return tuple(found)


def all_ways(table: RouteTable) -> tuple[Way, ...]:
    """All that a table for requests lets out."""
    hosts, _ = hosts_of(table)
    grpc = table.protocol is Protocol.GRPC
    return tuple(Way(table, port_of(table, n), hosts, grpc=grpc) for n in numbers_of(table))


def widened(way: Way, host: Traced[Pattern]) -> Way:
    """The way with a host that a wildcard of its covers, and which has an entry of its own."""
    covered = way.table.protocol in HTTP and any(
        is_wild(own.value) and host.value.text.endswith(own.value.text) for own in way.hosts
    )
    known = any(own.value.text == host.value.text for own in way.hosts)
    return replace(way, hosts=(*way.hosts, host)) if covered and not known else way


def port_of(table: RouteTable, number: int) -> Traced[ServicePort]:
    """The port of that number, as the table says it."""
    found = next(port for port in table.attachment.ports if port.value.port == number)
    return found.derive(ServicePort(number))


_HTTP_WORDS = ("http", "http2", "grpc", "grpc-web", "kubernetes.io/h2c", "kubernetes.io/ws")


def taken(number: int, inventory: Inventory, *, http: bool) -> str:
    """Why the port cannot be held for every address: a Service of another kind has the listener of all addresses."""
    for _, service in sorted(inventory.services.items()):
        for port in service.ports:
            word = (port.app_protocol or port.name.partition("-")[0]).lower()
            reads = word in _HTTP_WORDS
            wide = (service.headless and not reads) if http else (service.headless or reads)
            if port.number == number and port.protocol == "TCP" and wide:
                return f"{service.key} has a listener for all addresses on port {number}"
    return ""
