"""Routes of connections: ``tls`` and ``tcp`` rules of VirtualServices.

istio/istio pilot/pkg/networking/core/tls.go, 1.31: at a sidecar the rules of every VirtualService of a host are used. ``tls``
rules hold on ports that are declared as TLS, where of several names the most particular counts and what asks for none of
them finds no way. ``tcp`` rules hold on ports that are neither TLS nor HTTP. So a table is written on ports that are declared
as what it is about, where no table of another kind or for other clients has a say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ir.attachment import Reach, Scope, ServicePort
from ir.inventory import Inventory, PortOfService, Service
from ir.match import AllOf, Part, Test
from ir.model import Fact
from ir.provenance import Traced, derived, named
from ir.traffic import NoMatch, Order, Protocol, Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.api import Loss, Options
from translator.exporters.istio.legalise.order import Unsayable
from translator.exporters.istio.legalise.server_names import (
    Asked,
    asked_names,
    check_names,
    heard_elsewhere,
    spelt,
)
from translator.exporters.naming import Names
from translator.exporters.routes.slots import is_on
from translator.report.model import Fate, Impact, Support

DECLARED = {Protocol.TCP: ("tcp",), Protocol.TLS: ("tls", "https", "kubernetes.io/wss")}
"""Words by which a port is declared as such (istio/istio pkg/config/kube/conversion.go ``ConvertProtocol``, 1.31)."""


@dataclass(slots=True)
class Streams:
    """The tables of connections that are written, what was lost of them, and those that are not written, and why."""

    facts: Sequence[Fact]
    inventory: Inventory
    names: Names
    options: Options
    made: list[RouteTable] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    refused: list[tuple[RouteTable, str]] = field(default_factory=list)
    taken: dict[tuple[str, Protocol, int], list[str]] = field(default_factory=dict)
    """The names that older tables have, by service, protocol and port; of bytes the empty one."""

    def add(self, tables: Sequence[RouteTable]) -> None:
        """Writes tables, or notes why not. Of those for one port and name the first counts, as the oldest in the source."""
        for table in tables:
            try:
                self._add(table)
            except Unsayable as reason:
                self.refused.append((table, str(reason)))

    def _add(self, table: RouteTable) -> None:
        space = _home(table)
        service = self._listed(table)
        _check_rivals(table, self.facts)
        ports = _ports(table, service)
        if len(table.routes) != 1:
            raise Unsayable("a rule for some connections only is not written yet")
        (route,) = table.routes
        said = (*table.attachment.ports, *table.attachment.excluding_ports)
        names = self._names(table, route, service)
        _check_backends(route, self.inventory)
        own: dict[tuple[str, ...], list[Traced[ServicePort]]] = {}
        for port in ports:
            left = self._left(table, names, service, port.value.port)
            if left:
                own.setdefault(left, []).append(port)
        if not own:
            self.losses.append(_never_reached(table))
        if [len(numbers) for numbers in own.values()] == [len(service.ports)] and not said:
            own = {words: [] for words in own}  # all ports of the service, which is said by silence
        for words, numbers in own.items():
            kept = tuple(name for name in names if spelt(name.value) in words)
            gone = tuple(name for name in names if name not in kept)
            self.losses.extend(heard_elsewhere(kept, service, self.options))
            self.made.append(self._legal(table, space, _asking(route, kept, gone), numbers))

    def _names(self, table: RouteTable, route: Route, service: Service) -> Asked:
        """The names that a rule asks for; none for bytes."""
        if table.protocol is Protocol.TLS:
            names = asked_names(route)
            check_names(names, service, self.facts, self.inventory, self.options)
            return names
        if route.matches:
            raise Unsayable("a rule for some connections only is not written yet")
        return ()

    def _left(
        self, table: RouteTable, names: Asked, service: Service, port: int
    ) -> tuple[str, ...]:
        """The names that no older table of the port has, from here on taken; of bytes the empty one."""
        taken = self.taken.setdefault((service.key, table.protocol, port), [])
        words = [spelt(name.value) for name in names] or [""]
        left = tuple(word for word in words if word not in taken)
        taken.extend(left)
        return left

    def _listed(self, table: RouteTable) -> Service:
        subject = table.attachment.subject
        service = _service(self.inventory, subject.namespace, subject.name)
        if service is None:
            raise Unsayable("the Service is not in the input, so what its ports speak is not known")
        return service

    def _legal(
        self, table: RouteTable, space: str, route: Route, ports: Sequence[Traced[ServicePort]]
    ) -> RouteTable:
        subject = table.attachment.subject
        home = [table.name] if subject.namespace is None else [subject.namespace, table.name]
        name = self.names.take("VirtualService", space, table.name.value)
        at = replace(table.attachment, ports=tuple(ports), excluding_ports=())
        spent = [*table.attachment.ports, *table.attachment.excluding_ports] if not ports else []
        return replace(
            table,
            name=derived(name, (table.name,)),
            home=derived(space, home),
            attachment=at,
            order=Order.LIST,
            routes=(route,),
            no_match=NoMatch.NOT_FOUND if table.protocol is Protocol.TLS else NoMatch.PASS,
            trail=derived(table.trail.value, (table.trail, *spent)),
        )


def _home(table: RouteTable) -> str:
    """The namespace of its object: that of its clients, else that of its service."""
    audience = table.attachment.audience
    clients = [] if audience is None else [space.value for space in audience.namespaces]
    reach = Reach.EVERYONE if audience is None else audience.reach
    if reach not in (Reach.EVERYONE, Reach.NAMESPACES) or len(clients) > 1:
        raise Unsayable("they are for the clients of several namespaces")
    if table.hosts:
        raise Unsayable("they are for some names only, which are not said one by one")
    space = table.attachment.subject.namespace
    return clients[0] if clients else "" if space is None else space.value


def _check_rivals(table: RouteTable, facts: Sequence[Fact]) -> None:
    """Whether other tables of its service leave its ports to it and to its like.

    Raises:
        Unsayable: they do not.
    """
    for other in facts:
        if not isinstance(other, RouteTable) or other is table or not _same(other, table):
            continue
        if _meet(other, table) and (other.protocol, _clients(other)) != (
            table.protocol,
            _clients(table),
        ):
            raise Unsayable(
                "other routes of the same service are for other clients, ports or requests"
            )


def _same(one: RouteTable, other: RouteTable) -> bool:
    """Whether both are about one service."""
    first, second = one.attachment.subject, other.attachment.subject
    return Scope.SERVICE is first.scope is second.scope and [
        v and v.value for v in (first.namespace, first.name)
    ] == [v and v.value for v in (second.namespace, second.name)]


def _clients(table: RouteTable) -> tuple[str, ...]:
    audience = table.attachment.audience
    return () if audience is None else tuple(space.value for space in audience.namespaces)


def _meet(one: RouteTable, other: RouteTable) -> bool:
    """Whether both are for one port."""
    listed = [
        port.value.port
        for table in (one, other)
        for port in (*table.attachment.ports, *table.attachment.excluding_ports)
        if isinstance(port.value, ServicePort)
    ]
    return any(
        is_on(one.attachment, n) and is_on(other.attachment, n) for n in (*listed, _UNLISTED)
    )


_UNLISTED = 0
"""Stands for every port that neither table speaks of."""


def _ports(table: RouteTable, service: Service) -> tuple[Traced[ServicePort], ...]:
    """The ports that the table is for.

    Raises:
        Unsayable: one of them is not declared as what the table is about.
    """
    said = {p.value.port: p for p in table.attachment.ports if isinstance(p.value, ServicePort)}
    if any(number not in [p.number for p in service.ports] for number in said):
        raise Unsayable("they are for a port that the Service does not have")
    own = [port for port in service.ports if is_on(table.attachment, port.number)]
    words = DECLARED[table.protocol]
    unread = sorted(port.number for port in own if not _is(port, words))
    if unread:
        raise Unsayable(
            f"ports that the Service does not declare as {words[0]} would be read or looked at first "
            f"({_listed(unread)}); set appProtocol: {words[0]} on them"
        )
    because = Traced("", (), service.leaves)
    return tuple(
        derived(ServicePort(port.number), (said[port.number],))
        if port.number in said
        else named(ServicePort(port.number), table.trail, because)
        for port in own
    )


def _is(port: PortOfService, words: Sequence[str]) -> bool:
    """Whether it is declared by one of the words."""
    word = (port.app_protocol or port.name).lower()
    short = word if word.startswith("kubernetes.io/") else word.partition("-")[0]
    return port.protocol == "TCP" and short in words


def _asking(route: Route, kept: Asked, gone: Asked) -> Route:
    """The rule with one match for the names that are left to it."""
    if not kept:
        return route
    node = derived(route.trail.value, (route.trail, *gone, *_frames(route)))
    test = Test(part=Part.SERVER_NAME, any_of=kept, trail=named("names", route.trail))
    requests = AllOf(tests=(test,), trail=named("requests", route.trail))
    match = RouteMatch(requests=requests, trail=named("match", route.trail))
    return replace(route, matches=(match,), trail=node)


def _frames(route: Route) -> Iterator[Traced[object]]:
    """The trails of what stood around the names."""
    for match in route.matches:
        yield from (match.trail, match.requests.trail)
        yield from (test.trail for test in match.requests.tests)


def check_shares(route: Route) -> None:
    """Whether connections of a rule go anywhere, in shares that are stated.

    Raises:
        Unsayable: they do not.
    """
    if not route.backends:
        raise Unsayable("a rule without destinations closes connections, which no rule can say")
    if not any(b.weight is None or b.weight.value for b in route.backends):
        raise Unsayable("a rule whose weights are all 0 closes connections, which no rule can say")
    if len(route.backends) > 1 and any(b.weight is None for b in route.backends):
        raise Unsayable("one of several destinations has no weight")


def _check_backends(route: Route, inventory: Inventory) -> None:
    """Whether every share goes to a service and a port that are listed, as a whole."""
    check_shares(route)
    for backend in route.backends:
        wanted = backend.destination
        if wanted.subset is not None or wanted.labels is not None:
            raise Unsayable(
                "a subset of a service as a destination of connections is not written yet"
            )
        service = _service(inventory, wanted.namespace, wanted.name)
        known = [] if service is None else [p.number for p in service.ports]
        if wanted.port is None or wanted.port.value.port not in known:
            raise Unsayable(
                f'the port of the destination "{wanted.name.value}" is not in the input'
            )


def _service(
    inventory: Inventory, space: Traced[str] | None, name: Traced[str] | None
) -> Service | None:
    return None if space is None or name is None else inventory.service(space.value, name.value)


def _never_reached(table: RouteTable) -> Loss:
    return Loss(
        code="MM107",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        fate=Fate.ABSORBED,
        sites=tuple(traced(table)),
        message="no connection gets as far as these rules: older ones take them all.",
    )


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))
