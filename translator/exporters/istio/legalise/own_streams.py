"""Routes of connections that the target itself reads: the rules of its hosts, put into objects again.

istio/istio pilot/pkg/networking/core/tls.go, 1.31: at a sidecar the rules of every VirtualService of a host are used, those
private to the client's namespace before the public ones, each by age, and of one age by name. So the rules of a host are one
table, and a rule that stands in the tables of several hosts is written once, for all of them. Objects are made at one time,
so that their names say which comes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ir.attachment import Audience, Reach
from ir.edge import narrower
from ir.inventory import Inventory
from ir.match import Part, Pattern, PatternKind
from ir.model import Fact
from ir.provenance import Traced, derived
from ir.traffic import Protocol, Route, RouteTable
from ir.walk import traced
from translator.api import Loss, Options
from translator.exporters.istio.legalise.order import Unsayable
from translator.exporters.istio.legalise.server_names import (
    check_names,
    heard_elsewhere,
    names_of,
)
from translator.exporters.istio.legalise.stream_rules import (
    Group,
    Host,
    called_in_turn,
    groups_of,
    joined,
    rejoined,
    space_of,
    terms_of,
    united_copies,
)
from translator.exporters.naming import Names, name_of

_ASKED = (Part.SERVER_NAME, Part.SERVICE_PORT, Part.DESTINATION_ADDRESS)


@dataclass(slots=True)
class OwnStreams:
    """The tables of connections that are written, what is told of them, and those that are not written, and why."""

    facts: Sequence[Fact]
    inventory: Inventory
    names: Names
    options: Options
    made: list[RouteTable] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    refused: list[tuple[RouteTable, str]] = field(default_factory=list)

    def add(self, tables: Sequence[RouteTable]) -> None:
        """Writes the tables, or notes why not: those that share hosts or rules have one fate."""
        for parts in joined(tables):
            try:
                groups = groups_of(parts)
                called = called_in_turn(groups, parts)
                made = [self._legal(one, groups, called[id(one)]) for one in groups]
            except Unsayable as reason:
                self.refused.extend((table, str(reason)) for table, _ in parts)
            else:
                self.made.extend(made)

    def _legal(self, group: Group, groups: Sequence[Group], called: Sequence[str]) -> RouteTable:
        own = [table for table in group.tables if space_of(table) == group.space]
        first, space = own[0], group.space or _home(group, own)
        routes = tuple(map(_whole, rejoined(group.rules)))
        for route in routes:
            _check(route, first.protocol)
        name = self.names.take("VirtualService", space, *called)
        if len(called) > 1 and name != name_of(*called):
            message = "names that would say which of several objects comes first are taken"
            raise Unsayable(message)
        spoken = {one.space for one in groups}
        table = replace(
            first,
            name=derived(name, [table.name for table in group.tables]),
            home=derived(space, [table.home for table in own if table.home is not None]),
            attachment=replace(
                first.attachment,
                subject=united_copies([t.attachment.subject for t in group.of(group.hosts[0])]),
                ports=(),
                audience=None if group.space is None else _audience(own),
            ),
            hosts=tuple(self._host(host, group.of(host)) for host in group.hosts[1:]),
            routes=routes,
            trail=derived(
                first.trail.value, [v for t in group.tables for v in _spent(t, group, spoken)]
            ),
        )
        self._check_names(table, group.hosts[0])
        return table

    def _host(self, host: Host, tables: Sequence[RouteTable]) -> Traced[Pattern]:
        said = [v for table in tables for v in traced(table.attachment.subject)]
        return derived(self._name(host), said)

    def _name(self, host: Host) -> Pattern:
        """The host as the name of an object."""
        space, name = host
        if name.startswith("*"):
            return Pattern(PatternKind.SUFFIX, name[1:], ignore_case=True)
        text = f"{name}.{space}.svc.{self.options.cluster_domain}" if space else name
        return Pattern(PatternKind.EXACT, text, ignore_case=True)

    def _check_names(self, table: RouteTable, first: Host) -> None:
        """Whether names that rules ask for may be hosts of the object, where they lie within none of its own.

        Raises:
            Unsayable: they may not.
        """
        hosts = [self._name(first), *(host.value for host in table.hosts)]
        rest = tuple(
            name
            for name in names_of(table)
            if not any(narrower(name.value, host) is name.value for host in hosts)
        )
        if not rest:
            return
        service = self.inventory.service(*first) if first[0] else None
        if service is None:
            message = "they ask for names that are none of their host, and no Service of the input is known by it"
            raise Unsayable(message)
        check_names(rest, service, self.facts, self.inventory, self.options)
        self.losses.extend(heard_elsewhere(rest, service, self.options))


def _check(route: Route, protocol: Protocol) -> None:
    """Whether a rule has a form.

    Raises:
        Unsayable: it has none.
    """
    for match in route.matches:
        if match.audience is not None and match.audience.reach is Reach.LISTENERS:
            message = "they are for gateways and clients of the mesh in one rule"
            raise Unsayable(message)
        for test in match.requests.tests:
            if test.part not in _ASKED or test.none_of:
                message = f"a rule for connections asks for the {test.part.value.replace('_', ' ')}"
                raise Unsayable(message)
    if protocol is Protocol.TLS and not (route.matches and all(map(terms_of, route.matches))):
        message = "a rule for TLS connections of every name has no form: tls rules must name hosts"
        raise Unsayable(message)


def _whole(route: Route) -> Route:
    """The rule; where one of its alternatives asks for nothing, all of them together do."""
    if all(match.requests.tests or match.audience is not None for match in route.matches):
        return route
    spent = derived(route.trail.value, (route.trail, *traced(route.matches)))
    return replace(route, matches=(), trail=spent)


def _home(group: Group, own: Sequence[RouteTable]) -> str:
    """Where the object for all clients stands: with its service, else where it stood."""
    homes = [table.home.value for table in own if table.home is not None]
    return group.hosts[0][0] or next(iter(homes), "")


def _audience(tables: Sequence[RouteTable]) -> Audience | None:
    found = [t.attachment.audience for t in tables if t.attachment.audience is not None]
    return replace(
        found[0],
        namespaces=(derived(found[0].namespaces[0].value, [a.namespaces[0] for a in found]),),
        trail=derived(found[0].trail.value, [a.trail for a in found]),
    )


def _spent(table: RouteTable, group: Group, spoken: set[str | None]) -> Iterator[Traced[object]]:
    """What the object says of a table by being there; its clients, where they are all, or none of their own say them."""
    yield from (table.trail, *table.attachment.ports)
    space, audience = space_of(table), table.attachment.audience
    if audience is not None and (space is None or (group.space is None and space not in spoken)):
        yield from traced(audience)
    if table.home is not None:
        yield table.home
