"""Where requests enter a gateway on one side: for each name the listeners that answer and the tables that hold there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from ir.attachment import EnforcedAt
from ir.behaviour.delivery import Address
from ir.behaviour.lower import Lowering
from ir.behaviour.request import Shown
from ir.edge import Listener, ListenerHost, ListenerTls, narrower, reads_requests
from ir.match import Part, Pattern, PatternKind
from ir.model import Model
from ir.traffic import Protocol, RouteTable
from translator.verify.routes import Side

ADMITTED: Mapping[ListenerTls, frozenset[Shown]] = {
    ListenerTls.NONE: frozenset((Shown.PLAIN,)),
    ListenerTls.TERMINATE: frozenset((Shown.TLS, Shown.CERTIFICATE)),
    ListenerTls.MUTUAL: frozenset((Shown.CERTIFICATE,)),
    ListenerTls.OPTIONAL_MUTUAL: frozenset((Shown.TLS, Shown.CERTIFICATE)),
    ListenerTls.PASSTHROUGH: frozenset((Shown.TLS, Shown.CERTIFICATE)),
    ListenerTls.AUTO_PASSTHROUGH: frozenset((Shown.TLS, Shown.CERTIFICATE, Shown.MESH)),
    ListenerTls.MESH: frozenset((Shown.MESH,)),
}
"""Who enters, by what the listener does with TLS."""

Fits = Callable[[Pattern], bool]

EVERY = Pattern(PatternKind.SUFFIX, "", ignore_case=True)
"""Every name."""


@dataclass(frozen=True, slots=True)
class Open:
    """A listener by one of its hosts."""

    listener: Listener
    host: ListenerHost

    @property
    def mode(self) -> ListenerTls:
        """What it does with TLS."""
        tls = self.listener.tls
        return ListenerTls.NONE if tls is None else tls.value

    @property
    def bare(self) -> bool:
        """Whether what enters shows no name at all."""
        return self.mode is ListenerTls.NONE and not reads_requests(self.listener)

    @property
    def terms(self) -> tuple[str, ...]:
        """What its TLS is like beside who is let in: certificates by name, versions, ciphers."""
        names = sorted(name.value.rpartition("/")[2] for name in self.listener.certificates)
        demands = sorted(demand.value for demand in self.listener.demands)
        return (
            *(f"certificate {name}" for name in names if self.mode is not ListenerTls.PASSTHROUGH),
            *demands,
        )


@dataclass(frozen=True, slots=True)
class Entered:
    """What holds for a name: listeners and tables by their places in the side."""

    doors: tuple[int, ...]
    tables: tuple[int, ...]


@dataclass
class Gate:
    """One port of a gateway on one side, for requests or for connections."""

    lowering: Lowering
    gateway: str
    port: int
    http: bool
    doors: list[Open] = field(default_factory=list)
    tables: list[RouteTable] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Files what is for this port."""
        for fact in self.lowering.model.facts:
            if isinstance(fact, Listener):
                if (fact.gateway.value, fact.port.value) == (self.gateway, self.port) and (
                    reads_requests(fact) is self.http
                ):
                    self.doors.extend(Open(fact, host) for host in fact.hosts)
            elif isinstance(fact, RouteTable) and self._is_here(fact):
                self.tables.append(fact)

    def _is_here(self, table: RouteTable) -> bool:
        attachment = table.attachment
        kinds = (Protocol.HTTP, Protocol.GRPC) if self.http else (Protocol.TLS, Protocol.TCP)
        if attachment.enforced_at is not EnforcedAt.GATEWAY or table.protocol not in kinds:
            return False
        names = () if attachment.audience is None else attachment.audience.listeners
        ports = [own.value.port for own in attachment.ports]
        return self.gateway in [name.value for name in names] and (not ports or self.port in ports)

    def patterns(self) -> Iterator[Pattern]:
        """The names that tell listeners and tables apart."""
        yield from (door.host.name.value for door in self.doors)
        yield from (host.value for table in self.tables for host in table.hosts)

    def server_names(self) -> Iterator[Pattern]:
        """The names in a TLS hello for which rules ask."""
        for table in self.tables:
            for route in table.routes:
                for test in (t for match in route.matches for t in match.requests.tests):
                    if test.part is Part.SERVER_NAME:
                        yield from (t.value for t in test.any_of if isinstance(t.value, Pattern))

    def entered(self, covered: Mapping[Pattern, int], atom: int) -> Entered:
        """What holds for the names of an atom.

        Where TLS ends, the name in the hello chooses the listener, and what that one does not let in does not hold.
        """
        fits = _fitting(covered, atom)
        doors, here = self._open(fits)
        chosen = here if self._by_hello(here) else doors
        return Entered(tuple(here), self._held(chosen, fits))

    def _open(self, fits: Fits) -> tuple[list[int], list[int]]:
        """The doors that have the name, and the most particular of them."""
        doors = [n for n, d in enumerate(self.doors) if d.bare or fits(d.host.name.value)]
        best = max((_rank(self.doors[n].host.name.value) for n in doors), default=None)
        here = [
            n for n in doors if self.doors[n].bare or _rank(self.doors[n].host.name.value) == best
        ]
        return doors, here

    def _by_hello(self, here: Sequence[int]) -> bool:
        return self.http and any(self.doors[n].mode is not ListenerTls.NONE for n in here)

    def _held(self, doors: Sequence[int], fits: Fits) -> tuple[int, ...]:
        """The tables that hold at some of these doors: of requests those for the most particular names."""
        held = {
            n: max(_ranks(table, fits), default=(-1, 0))
            for n, table in enumerate(self.tables)
            if any(self._binds(table, self.doors[d], fits) for d in doors)
        }
        if self.http:
            top = max(held.values(), default=None)
            held = {n: rank for n, rank in held.items() if rank == top}
        return tuple(held)

    def _binds(self, table: RouteTable, door: Open, fits: Fits) -> bool:
        home = "" if table.home is None else table.home.value
        if door.host.routes_from is not None and door.host.routes_from.value != home:
            return False
        if self.http or door.mode is ListenerTls.PASSTHROUGH:
            kind = self.http or table.protocol is Protocol.TLS
            return kind and bool(list(_ranks(table, fits)))
        own = door.host.name.value
        meeting = not table.hosts or any(narrower(own, host.value) for host in table.hosts)
        return table.protocol is Protocol.TCP and meeting

    def admits(self, entered: Entered, shown: Shown) -> bool:
        """Whether a client that shows this is let in."""
        return any(shown in ADMITTED[self.doors[n].mode] for n in entered.doors)

    @cached_property
    def narrowed(self) -> Model:
        """The model as far as requests to the port go: so that a naive decision is quick."""
        whole = Side(self.lowering).narrowed(Address(None, self.gateway, self.port), self.tables)
        ids = {id(door.listener) for door in self.doors}
        listeners = tuple(f for f in self.lowering.model.facts if id(f) in ids)
        return replace(whole, facts=(*listeners, *whole.facts))

    def here(self, entered: Entered) -> Sequence[Open]:
        """The listeners that have a say."""
        return [self.doors[n] for n in entered.doors]

    def held(self, entered: Entered) -> Sequence[RouteTable]:
        """The tables that hold."""
        return [self.tables[n] for n in entered.tables]


Rank = tuple[int, int]


def _is_every(pattern: Pattern) -> bool:
    """Whether the pattern covers every name, and what shows none."""
    return pattern.kind is PatternKind.SUFFIX and not pattern.text


def _fitting(covered: Mapping[Pattern, int], atom: int) -> Fits:
    """Whether a pattern has the names of an atom."""

    def fits(pattern: Pattern) -> bool:
        return _is_every(pattern) or bool(covered[pattern] >> atom & 1)

    return fits


def _rank(pattern: Pattern) -> Rank:
    return int(pattern.kind is PatternKind.EXACT), len(pattern.text)


def _ranks(table: RouteTable, fits: Fits) -> Iterator[Rank]:
    """How particular the hosts of the table are that fit; of a table without hosts, as every name."""
    if not table.hosts:
        yield _rank(EVERY)
    yield from (_rank(host.value) for host in table.hosts if fits(host.value))
