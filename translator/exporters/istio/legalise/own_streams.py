"""Routes of connections that the target itself reads: the rules of its hosts, put into objects again.

istio/istio pilot/pkg/networking/core/tls.go, 1.31: at a sidecar the rules of every VirtualService of a host are used, those
private to the client's namespace before the public ones, each by age, and of one age by name. So the rules of a host are one
table, and a rule that stands in the tables of several hosts is written once, for all of them. Objects are made at one time,
so that their names say which comes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ir.attachment import Audience, Reach, Subject
from ir.edge import narrower
from ir.inventory import Inventory
from ir.match import Part, Pattern, PatternKind
from ir.model import Fact
from ir.provenance import Traced, bare, derived
from ir.traffic import Protocol, Route, RouteMatch, RouteTable
from ir.walk import rebuild, traced
from translator.api import Loss, Options
from translator.exporters.istio.legalise.order import Unsayable
from translator.exporters.istio.legalise.server_names import (
    check_names,
    heard_elsewhere,
    names_of,
)
from translator.exporters.naming import Names, name_of

T = TypeVar("T", Route, Subject)
Host = tuple[str, str]
"""A service by its namespace and name; a name outside has no namespace."""
_ASKED = (Part.SERVER_NAME, Part.SERVICE_PORT, Part.DESTINATION_ADDRESS)


@dataclass(slots=True)
class _Rule:
    """A rule, with each table in which it stands and how it stands there."""

    copies: list[tuple[RouteTable, Route]] = field(default_factory=list)

    @property
    def hosts(self) -> tuple[Host, ...]:
        """Whose connections it is for, as the tables follow each other."""
        return tuple(dict.fromkeys(host_of(table) for table, _ in self.copies))

    @property
    def spaces(self) -> tuple[str | None, ...]:
        """For whose clients it is said: ``None`` for all, who need not be named besides."""
        found = {_space(table) for table, _ in self.copies}
        return (None,) if None in found else tuple(sorted(space for space in found if space))

    def at(self, space: str | None) -> _Rule:
        """The rule as it is said for the clients of a namespace."""
        return _Rule([c for c in self.copies if space is None or _space(c[0]) == space])


@dataclass(slots=True)
class _Group:
    """Rules of one object: for the same hosts, and the clients of the namespace ``space`` (absent: for all)."""

    hosts: tuple[Host, ...]
    space: str | None
    rules: list[_Rule] = field(default_factory=list)

    @property
    def tables(self) -> list[RouteTable]:
        """The tables that it says, those for its own clients first."""
        found = {id(table): table for rule in self.rules for table, _ in rule.copies}.values()
        return sorted(found, key=lambda table: _space(table) != self.space)

    def of(self, host: Host) -> list[RouteTable]:
        """The tables of one of its hosts."""
        return [table for table in self.tables if host_of(table) == host]


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
        for together in _joined(tables):
            try:
                groups = _groups(together)
                called = _called(groups, together)
                made = [self._legal(one, groups, called[id(one)]) for one in groups]
            except Unsayable as reason:
                self.refused.extend((table, str(reason)) for table in together)
            else:
                self.made.extend(made)

    def _legal(self, group: _Group, groups: Sequence[_Group], called: Sequence[str]) -> RouteTable:
        own = [table for table in group.tables if _space(table) == group.space]
        first, space = own[0], group.space or _home(group, own)
        routes = tuple(_united([route for _, route in rule.copies]) for rule in group.rules)
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
                subject=_united([t.attachment.subject for t in group.of(group.hosts[0])]),
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


# --- rules and the objects that say them ------------------------------------------------------------


def host_of(table: RouteTable) -> Host:
    """Whose connections a table is about."""
    subject = table.attachment.subject
    space = "" if subject.namespace is None else subject.namespace.value
    return space, "" if subject.name is None else subject.name.value


def _space(table: RouteTable) -> str | None:
    """The namespace whose clients have the table; absent: all clients."""
    audience = table.attachment.audience
    if audience is None or audience.reach is Reach.EVERYONE:
        return None
    return "" if not audience.namespaces else audience.namespaces[0].value


def _key(route: Route) -> str:
    """By which a rule is known in several tables: what it says, and where that stands."""
    return repr((route.trail.origin, bare(route)))


def _joined(tables: Sequence[RouteTable]) -> list[list[RouteTable]]:
    """The tables, those of one kind that share hosts or rules together."""
    found: list[tuple[set[object], list[RouteTable]]] = []
    for table in tables:
        marks: set[object] = {(table.protocol, host_of(table))}
        marks |= {(table.protocol, _key(route)) for route in table.routes}
        mine = [table]
        for one in [one for one in found if not marks.isdisjoint(one[0])]:
            found.remove(one)
            marks |= one[0]
            mine = [*one[1], *mine]
        found.append((marks, mine))
    return [own for _, own in found]


def _groups(tables: Sequence[RouteTable]) -> list[_Group]:
    rules: dict[str, _Rule] = {}
    for table in tables:
        for route in table.routes:
            rules.setdefault(_key(route), _Rule()).copies.append((table, route))
    groups: dict[tuple[tuple[Host, ...], str | None], _Group] = {}
    for rule in rules.values():
        for space in rule.spaces:
            own = rule.at(space)
            hosts = tuple(sorted(own.hosts, key=lambda host: not host[0]))
            groups.setdefault((hosts, space), _Group(hosts, space)).rules.append(own)
    return list(groups.values())


# --- which of several objects comes first -------------------------------------------------------------


def _called(groups: Sequence[_Group], tables: Sequence[RouteTable]) -> Mapping[int, list[str]]:
    """What each object is called, by its identity: numbers say the order where it decides anything.

    Raises:
        Unsayable: no order of the objects has the rules of each table in their order.
    """
    after: dict[int, set[int]] = {id(one): set() for one in groups}
    for table in tables:
        for first, second in _in_turn(table, groups):
            if first.space is None and second.space is not None:
                message = "rules for all clients come before those of some namespace alone"
                raise Unsayable(message)
            if first.space == second.space:
                after[id(second)].add(id(first))
    contested = {one for ends in after.values() for one in ends} | {
        k for k, v in after.items() if v
    }
    base = groups[0].tables[0].name.value
    called: dict[int, list[str]] = {}
    turn = 0
    left = list(groups)
    while left:
        one = next((g for g in left if after[id(g)] <= called.keys()), None)
        if one is None:
            message = "the rules of several objects come in turn, which no order of the objects is"
            raise Unsayable(message)
        left.remove(one)
        turn += id(one) in contested
        number = [f"{turn:02d}"] if id(one) in contested else []
        called[id(one)] = [base if number else one.tables[0].name.value, *number]
    return called


def _in_turn(table: RouteTable, groups: Sequence[_Group]) -> Iterator[tuple[_Group, _Group]]:
    """Pairs of objects of which the first must come before the second in a table."""
    space = _space(table)
    owner = {
        id(route): one
        for one in groups
        for rule in one.rules
        for at, route in rule.copies
        if at is table and one.space in (None, space)
    }
    for number, second in enumerate(table.routes):
        for first in table.routes[:number]:
            if owner[id(first)] is not owner[id(second)] and _meet(first, second, table.protocol):
                yield owner[id(first)], owner[id(second)]


def _meet(one: Route, other: Route, protocol: Protocol) -> bool:
    """Whether it matters which of two rules comes first: of names in a TLS hello the most particular counts."""
    if protocol is not Protocol.TLS:
        return True
    names = [{t.value for m in r.matches for t in _terms(m)} for r in (one, other)]
    return not names[0].isdisjoint(names[1])


def _terms(match: RouteMatch) -> Iterator[Traced[object]]:
    for test in match.requests.tests:
        if test.part is Part.SERVER_NAME:
            yield from test.any_of


# --- one object ---------------------------------------------------------------------------------------


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
    if protocol is Protocol.TLS and not all(
        any(True for _ in _terms(m)) for m in route.matches or ()
    ):
        message = "a rule for TLS connections of every name has no form: tls rules must name hosts"
        raise Unsayable(message)


def _home(group: _Group, own: Sequence[RouteTable]) -> str:
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


def _spent(table: RouteTable, group: _Group, spoken: set[str | None]) -> Iterator[Traced[object]]:
    """What the object says of a table by being there; its clients, where they are all, or none of their own say them."""
    yield from (table.trail, *table.attachment.ports)
    space, audience = _space(table), table.attachment.audience
    if audience is not None and (space is None or (group.space is None and space not in spoken)):
        yield from traced(audience)
    if table.home is not None:
        yield table.home


def _united(copies: Sequence[T]) -> T:
    """What is said several times over, as one: each value has the trails of all."""
    columns = zip(*(list(traced(one)) for one in copies), strict=True)
    values = iter([derived(column[0].value, column) for column in columns])
    return rebuild(copies[0], lambda _: next(values))
