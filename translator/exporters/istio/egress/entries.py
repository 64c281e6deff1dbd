"""Entries of the registry for what a zone lets out: each host in one, with all of its ports.

istio/istio pilot/pkg/model/sidecar.go ``appendSidecarServices``, 1.31: of two entries for one host the ports may be joined or
not; so there are none. Without a resolution of its own an entry goes where the client dialled, as the source does, and a host
with a wildcard has no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ir.edge import EgressPolicy, ExternalPort, ExternalService, Resolution
from ir.match import Cidr, Pattern, PatternKind
from ir.provenance import Traced, derived, named
from ir.traffic import AS_DIALLED, RouteTable
from ir.walk import traced
from translator.exporters.egress.names import text_of
from translator.exporters.istio.egress.views import View, exported
from translator.exporters.istio.egress.ways import HTTP, Refused, Way, effects_of
from translator.exporters.istio.egress.zones import Zone
from translator.exporters.naming import Names

KIND = "ServiceEntry"
NOBODY = "egress.internal"
"""The domain of hosts that nobody asks for: an entry needs one, and bytes are told by port and address alone."""
WEB = 80
"""The port on which a proxy holds the rules of a host though nothing declares it there (httproute.go, ``This is hack``)."""

Port = tuple[int, str]
"""The number of a port, and its protocol."""


@dataclass(slots=True)
class _Host:
    """All that is said of one host."""

    said: list[Traced[Pattern]] = field(default_factory=list)
    blocks: tuple[str, ...] | None = None
    ports: dict[Port, list[Way]] = field(default_factory=dict)

    @property
    def host(self) -> Traced[Pattern]:
        """The host, as all of them say it."""
        return derived(self.said[0].value, self.said)

    @property
    def tables(self) -> list[RouteTable]:
        """The tables that say it, each once."""
        return list({id(w.table): w.table for ways in self.ports.values() for w in ways}.values())

    @property
    def kind(self) -> tuple[object, ...]:
        """What hosts of one entry have in common."""
        return tuple(sorted(self.ports)), self.blocks or (), [id(t) for t in self.tables]


@dataclass(slots=True)
class Declared:
    """Entries, what they say of the source, and what found no place in them."""

    services: list[ExternalService] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Place:
    """Where entries are made: for whom, in which zone. ``ruled``: the tables of which rules are written besides.

    ``open``: everything passes, so that what proxies hold on the port of the web beside the rules must pass too.
    """

    view: View
    zone: Zone
    names: Names
    ruled: frozenset[int] = frozenset()
    open: bool = False


def declare(ways: Sequence[Way], place: Place, to: Declared) -> None:
    """Adds the entries of a view."""
    view, names = place.view, place.names
    for group in _groups(ways, to):
        first = group[0]
        tables = list({id(t): t for one in group for t in one.tables}.values())
        base = tables[0].name.value if len(tables) == 1 else text_of(first.host.value)
        name = names.take(KIND, view.home, base)
        to.services.append(_service(group, tables, f"{view.home}/{name}", place))
    for way in (way for way in ways if not way.hosts):
        name = names.take(KIND, view.home, way.table.name.value, str(way.number))
        nobody = Pattern(PatternKind.EXACT, f"{name}.{view.home}.{NOBODY}", ignore_case=True)
        one = _Host([named(nobody, way.table.trail)], way.blocks)
        one.ports[way.number, "TCP"] = [way]
        to.services.append(_service([one], [way.table], f"{view.home}/{name}", place))


def _groups(ways: Sequence[Way], to: Declared) -> Iterator[list[_Host]]:
    """Hosts of which the same is said by the same tables, those of one entry together."""
    hosts: dict[Pattern, _Host] = {}
    mixed = {way.number for way in ways if way.table.protocol in HTTP and not way.grpc}
    for way in ways:
        for host in way.hosts:
            one = hosts.setdefault(host.value, _Host())
            by_address = way.table.protocol not in HTTP
            if by_address and one.blocks not in (None, way.blocks):
                reason = "the same name is let out at other addresses on another port"
                to.refused.append(Refused(way.table, reason, (host,)))
                continue
            if by_address:
                one.blocks = way.blocks
            one.said.append(host)
            word = "TLS" if by_address else "HTTP" if way.number in mixed else "GRPC"
            one.ports.setdefault((way.number, word), []).append(way)
    groups: dict[str, list[_Host]] = {}
    for one in hosts.values():
        if one.ports:
            groups.setdefault(repr(one.kind), []).append(one)
    yield from groups.values()


def _service(
    hosts: Sequence[_Host], tables: Sequence[RouteTable], name: str, place: Place
) -> ExternalService:
    trails = [table.trail for table in tables]
    ports = _ports([one.ports for one in hosts])
    if place.open and WEB not in [port.number.value for port in ports]:
        ports = (_web(trails), *ports)
    blocks = hosts[0].blocks or ()
    said = [v for p in place.zone.policies for v in _limits(p)] if blocks else []
    dialled = [v for t in tables for v in _as_dialled(t)]
    return ExternalService(
        name=named(name, *(table.name for table in tables)),
        audience=exported(place.view, tables, place.zone),
        hosts=tuple(one.host for one in hosts),
        addresses=tuple(derived(Cidr(block), said or trails) for block in blocks),
        ports=ports,
        resolution=derived(Resolution.ORIGINAL, dialled)
        if dialled
        else named(Resolution.ORIGINAL, *trails),
        internal=named(False, *trails),  # a value
        trail=derived("declared outside", [*said, *(v for t in tables for v in _spent(t, place))]),
    )


def _limits(policy: EgressPolicy) -> Iterator[Traced[object]]:
    """What says at which addresses a policy holds: its blocks, and that it is there at all."""
    yield from (*policy.networks, policy.trail)
    if policy.unknown is not None:
        yield policy.unknown


def _ports(found: Sequence[dict[Port, list[Way]]]) -> tuple[ExternalPort, ...]:
    """The ports, as the tables say them: their protocol is that of the kind of table."""
    ways: dict[Port, list[Way]] = {}
    for ports in found:
        for port, own in ports.items():
            ways.setdefault(port, []).extend(own)
    return tuple(
        _port(number, word, derived(number, [way.port for way in own]))
        for (number, word), own in sorted(ways.items())
    )


def _port(number: int, word: str, said: Traced[int]) -> ExternalPort:
    return ExternalPort(
        number=said,
        protocol=named(word, said),
        name=named(f"{word.lower()}-{number}", said),
        trail=named("port", said),
    )


def _web(reasons: Sequence[Traced[object]]) -> ExternalPort:
    return _port(WEB, "HTTP", named(WEB, *reasons))


def _as_dialled(table: RouteTable) -> Iterator[Traced[object]]:
    """That what is let out goes where it was dialled."""
    for backend in (b for route in table.routes for b in route.backends):
        if backend.destination.name.value == AS_DIALLED:
            yield from traced(backend.destination)
            yield backend.trail


def _spent(table: RouteTable, place: Place) -> Iterator[Traced[object]]:
    """What the place and the kind of an entry say of a table; all of it where no rules are written besides."""
    yield from (table.trail, table.name)
    yield from traced(table.attachment.subject)
    if table.home is not None:
        yield table.home
    if id(table) in place.ruled:
        return
    if table.attachment.audience is not None:
        yield from traced(table.attachment.audience)
    effects = {id(v) for r in table.routes for part in effects_of(r) for v in traced(part)}
    yield from (v for route in table.routes for v in traced(route) if id(v) not in effects)
