"""Which rules hold for which names at a gateway, so that each name has them from one VirtualService alone.

istio/istio pilot/pkg/networking/core/gateway.go ``buildGatewayHTTPRouteConfig``, 1.31: a VirtualService holds at each server
for the names that both have, of two the narrower; where two hold for one name their rules follow each other by age, those
that ask for nothing last. A name without a VirtualService goes by the next wider one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ir.attachment import ServicePort
from ir.edge import narrower
from ir.match import Pattern, PatternKind
from ir.provenance import Traced, bare, derived, named
from ir.traffic import Protocol, RouteTable
from translator.exporters.gateways.binding import ANY, is_shut, listeners_of
from translator.exporters.gateways.listeners import Door, Doors
from translator.exporters.istio.legalise.order import Unsayable

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?\Z")

Says = tuple[tuple[int, tuple[str, ...]], ...]
"""What holds for a name, port by port, in a form that can be compared."""


@dataclass(slots=True)
class Name:
    """One name at a gateway with its tables by port, the oldest first, and the servers at which they hold.

    ``again``: tables that say the same once more.
    """

    hosts: list[Traced[Pattern]]
    ports: dict[int, list[RouteTable]] = field(default_factory=dict)
    again: list[RouteTable] = field(default_factory=list)
    doors: list[Door] = field(default_factory=list)

    @property
    def pattern(self) -> Pattern:
        """The name itself."""
        return self.hosts[0].value

    @property
    def host(self) -> Traced[Pattern]:
        """The name with all that states it."""
        return derived(self.pattern, self.hosts)

    @property
    def tables(self) -> list[RouteTable]:
        """All its tables, each once."""
        every = [*(t for own in self.ports.values() for t in own), *self.again]
        return list({id(table): table for table in every}.values())

    @property
    def says(self) -> Says:
        """What holds for it."""
        return tuple((port, tuple(map(said, own))) for port, own in sorted(self.ports.items()))

    def add(self, door: Door, table: RouteTable, host: Traced[Pattern]) -> None:
        """Another table for it; one that is there already, by another parent of its route, counts once."""
        self.hosts.append(host)
        self.doors.append(door)
        own = self.ports.setdefault(door.listener.port.value, [])
        if said(table) in map(said, own):
            if not any(table is known for known in (*own, *self.again)):
                self.again.append(table)
            return
        own.append(table)


def said(table: RouteTable) -> str:
    """What a table says, whatever its hosts and ports."""
    return repr((table.home and table.home.value, table.name.value, bare(table.routes)))


def names_at(
    gateway: str, doors: Doors, tables: Sequence[RouteTable], protocol: Protocol
) -> list[Name]:
    """The names of a gateway that have rules of a protocol, in the order in which tables state them.

    The names of tables are those that they have in common with a listener already; a wider one stays the wider one at a
    listener with a narrower name, where the rules of that name go before it.
    """
    found: dict[tuple[str, str], Name] = {}
    for table in tables:
        if gateway not in listeners_of(table) or table.protocol is not protocol:
            continue
        own = {p.value.port for p in table.attachment.ports if isinstance(p.value, ServicePort)}
        for door in doors.made:
            port = door.listener.port.value
            if door.protocol is not protocol or (own and port not in own):
                continue
            for host in table.hosts or (named(ANY, table.trail),):
                meets = narrower(host.value, door.pattern) is not None
                if meets and not is_shut(doors, host.value, port):
                    key = host.value.kind, host.value.text.lower()
                    found.setdefault(key, Name([])).add(door, table, host)
    return list(found.values())


def crowded(names: Sequence[Name], doors: Doors, protocol: Protocol) -> Iterator[tuple[Name, str]]:
    """Names whose rules would mix with those of narrower ones, and at which server; and what the target takes for a Service.

    A name without a dot is completed to that of a Service of the VirtualService's namespace (istio/istio
    pilot/pkg/model/virtualservice.go ``resolveVirtualServiceShortnames``, 1.31).
    """
    for name in names:
        if is_short(name.pattern):
            yield name, f"{name.pattern.text}, without a dot, is the name of a Service there"
            continue
        for door in doors.made:
            port = door.listener.port.value
            own = narrower(name.pattern, door.pattern)
            if door.protocol is not protocol or port not in name.ports or own is None:
                continue
            if own == name.pattern:
                continue
            rivals = [
                other
                for other in names
                if other is not name
                and port in other.ports
                and narrower(other.pattern, door.pattern) is not None
            ]
            if rivals:
                yield (
                    name,
                    f"the listener {door.listener.name and door.listener.name.value} has a narrower name",
                )
                break


def is_short(name: Pattern) -> bool:
    """Whether it is a name without a dot, which no server may have (pkg/config/validation/agent/validation.go, 1.31)."""
    return name.kind is PatternKind.EXACT and "." not in name.text


def wider(name: Name, names: Sequence[Name]) -> list[Name]:
    """Those of the names that are wider than it, by which its requests would go if it had no rules of its own."""
    return [
        other
        for other in names
        if other is not name
        and other.pattern != name.pattern
        and narrower(other.pattern, name.pattern) is name.pattern
    ]


def check_goals(tables: Iterable[RouteTable]) -> None:
    """Whether all destinations in a namespace can be names of services.

    Raises:
        Unsayable: one of them is of a kind that nobody knows.
    """
    for table in tables:
        for route in table.routes:
            goals = [b.destination for b in route.backends]
            goals += [m.destination for m in route.mirrors]
            for goal in goals:
                if goal.namespace is not None and not _LABEL.match(goal.name.value):
                    message = f'"{goal.name.value}" is no name of a Service'
                    raise Unsayable(message)


def together(names: Sequence[Name], says: Callable[[Name], object]) -> list[list[Name]]:
    """Names for which the same holds, in groups of names that do not overlap: hosts of one object may not."""
    groups: dict[str, list[list[Name]]] = {}
    for name in names:
        known = groups.setdefault(repr(says(name)), [])
        for group in known:
            if all(narrower(name.pattern, other.pattern) is None for other in group):
                group.append(name)
                break
        else:
            known.append([name])
    return [group for own in groups.values() for group in own]
