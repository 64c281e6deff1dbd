"""Rules of connections and the objects that say them: which rules go together, and which of several objects comes first.

A rule that stands in the tables of several hosts is said once, for all of them. Of names in a TLS hello the most particular
counts (istio/istio pilot/pkg/networking/core/tls.go, 1.31), so that rules for several names are looked at name by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ir.attachment import Reach, Subject
from ir.match import Part, Term, Test
from ir.provenance import Traced, bare, derived
from ir.traffic import Protocol, Route, RouteMatch, RouteTable
from ir.walk import rebuild, traced
from translator.exporters.istio.legalise.order import Unsayable

T = TypeVar("T", Route, RouteMatch, Subject)
Host = tuple[str, str]
"""A service by its namespace and name; a name outside has no namespace."""
Parts = tuple[RouteTable, tuple[Route, ...]]
"""A table with its rules, those for TLS with one name each."""


@dataclass(slots=True)
class Rule:
    """A rule, with each table in which it stands and how it stands there."""

    copies: list[tuple[RouteTable, Route]] = field(default_factory=list)

    @property
    def hosts(self) -> tuple[Host, ...]:
        """Whose connections it is for, as the tables follow each other."""
        return tuple(dict.fromkeys(host_of(table) for table, _ in self.copies))

    @property
    def spaces(self) -> tuple[str | None, ...]:
        """For whose clients it is said: ``None`` for all, who need not be named besides."""
        found = {space_of(table) for table, _ in self.copies}
        return (None,) if None in found else tuple(sorted(space for space in found if space))

    def at(self, space: str | None) -> Rule:
        """The rule as it is said for the clients of a namespace."""
        return Rule([c for c in self.copies if space is None or space_of(c[0]) == space])


@dataclass(slots=True)
class Group:
    """Rules of one object: for the same hosts, and the clients of the namespace ``space`` (absent: for all)."""

    hosts: tuple[Host, ...]
    space: str | None
    rules: list[Rule] = field(default_factory=list)

    @property
    def tables(self) -> list[RouteTable]:
        """The tables that it says, those for its own clients first."""
        found = {id(table): table for rule in self.rules for table, _ in rule.copies}.values()
        return sorted(found, key=lambda table: space_of(table) != self.space)

    def of(self, host: Host) -> list[RouteTable]:
        """The tables of one of its hosts."""
        return [table for table in self.tables if host_of(table) == host]


def host_of(table: RouteTable) -> Host:
    """Whose connections a table is about."""
    subject = table.attachment.subject
    space = "" if subject.namespace is None else subject.namespace.value
    return space, "" if subject.name is None else subject.name.value


def space_of(table: RouteTable) -> str | None:
    """The namespace whose clients have the table; absent: all clients."""
    audience = table.attachment.audience
    if audience is None or audience.reach is Reach.EVERYONE:
        return None
    return "" if not audience.namespaces else audience.namespaces[0].value


def _key(route: Route) -> str:
    """By which a rule is known in several tables: what it says, and where that stands."""
    return repr((bare(route), [value.origin for value in traced(route)]))


def joined(tables: Sequence[RouteTable]) -> list[list[Parts]]:
    """The tables with their rules, those of one kind that share hosts or rules together."""
    found: list[tuple[set[object], list[Parts]]] = []
    for table in tables:
        routes = tuple(parts_of(table))
        marks: set[object] = {(table.protocol, host_of(table))}
        marks |= {(table.protocol, _key(route)) for route in routes}
        mine = [(table, routes)]
        for one in [one for one in found if not marks.isdisjoint(one[0])]:
            found.remove(one)
            marks |= one[0]
            mine = [*one[1], *mine]
        found.append((marks, mine))
    return [own for _, own in found]


def parts_of(table: RouteTable) -> Iterator[Route]:
    """The rules of a table, those for TLS with one name each."""
    for route in table.routes:
        if table.protocol is not Protocol.TLS:
            yield route
            continue
        for match in route.matches:
            for test in _of_names(match):
                for term in test.any_of:
                    yield replace(route, matches=(_asking(match, (term,)),))
            if not any(True for _ in _of_names(match)):
                yield replace(route, matches=(match,))


def _asking(match: RouteMatch, names: tuple[Traced[Term], ...]) -> RouteMatch:
    """The alternative, asking for these names."""
    tests = tuple(
        replace(test, any_of=names) if test.part is Part.SERVER_NAME else test
        for test in match.requests.tests
    )
    return replace(match, requests=replace(match.requests, tests=tests))


def groups_of(parts: Sequence[Parts]) -> list[Group]:
    """The objects that say the rules of some tables."""
    rules: dict[str, Rule] = {}
    for table, routes in parts:
        for route in routes:
            rules.setdefault(_key(route), Rule()).copies.append((table, route))
    groups: dict[tuple[tuple[Host, ...], str | None], Group] = {}
    for rule in rules.values():
        for space in rule.spaces:
            own = rule.at(space)
            hosts = tuple(sorted(own.hosts, key=lambda host: not host[0]))
            groups.setdefault((hosts, space), Group(hosts, space)).rules.append(own)
    return list(groups.values())


def rejoined(rules: Sequence[Rule]) -> Iterator[Route]:
    """The rules of an object, the names of each together again where no other rule for one of them stands between."""
    found: list[tuple[str, list[list[Route]], set[Term]]] = []
    for rule in rules:
        copies = [route for _, route in rule.copies]
        key = _key(replace(copies[0], matches=()))
        asked = {term.value for match in copies[0].matches for term in terms_of(match)}
        place = next((n for n, one in reversed([*enumerate(found)]) if one[0] == key), None)
        if place is None or any(not asked.isdisjoint(later[2]) for later in found[place + 1 :]):
            found.append((key, [copies], asked))
        else:
            found[place][1].append(copies)
            found[place][2].update(asked)
    for _, own, _ in found:
        alone = [replace(route, matches=()) for copies in own for route in copies]
        yield replace(united_copies(alone), matches=tuple(_matches(own)))


def _matches(rules: Sequence[Sequence[Route]]) -> Iterator[RouteMatch]:
    found: dict[str, tuple[list[RouteMatch], list[list[Traced[Term]]]]] = {}
    for copies in rules:
        for column in zip(*(route.matches for route in copies), strict=True):
            other = _asking(column[0], ())
            key = repr((bare(other), [value.origin for value in traced(other)]))
            whole, names = found.setdefault(key, ([], []))
            whole.extend(column)
            names.extend([list(each) for each in zip(*map(terms_of, column), strict=True)])
    for whole, names in found.values():
        asked: dict[Term, list[Traced[Term]]] = {}
        for said in names:
            asked.setdefault(said[0].value, []).extend(said)
        terms = tuple(derived(name, values) for name, values in asked.items())
        yield _asking(united_copies([_asking(one, ()) for one in whole]), terms)


def called_in_turn(groups: Sequence[Group], parts: Sequence[Parts]) -> Mapping[int, list[str]]:
    """What each object is called, by its identity: numbers say the order where it decides anything.

    Raises:
        Unsayable: no order of the objects has the rules of each table in their order.
    """
    after: dict[int, set[int]] = {id(one): set() for one in groups}
    for table in parts:
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
        number = [groups[0].tables[0].protocol.value, f"{turn:02d}"] if id(one) in contested else []
        called[id(one)] = [base if number else one.tables[0].name.value, *number]
    return called


def _in_turn(parts: Parts, groups: Sequence[Group]) -> Iterator[tuple[Group, Group]]:
    """Pairs of objects of which the first must come before the second in a table."""
    table, routes = parts
    owner = {
        id(route): one
        for one in groups
        for rule in one.rules
        for at, route in rule.copies
        if at is table
    }
    for number, second in enumerate(routes):
        for first in routes[:number]:
            if owner[id(first)] is not owner[id(second)] and _meet(first, second, table.protocol):
                yield owner[id(first)], owner[id(second)]


def _meet(one: Route, other: Route, protocol: Protocol) -> bool:
    """Whether it matters which of two rules comes first."""
    if protocol is not Protocol.TLS:
        return True
    names = [[t.value for m in r.matches for t in terms_of(m)] for r in (one, other)]
    return names[0] == names[1]


def _of_names(match: RouteMatch) -> Iterator[Test]:
    return (test for test in match.requests.tests if test.part is Part.SERVER_NAME)


def terms_of(match: RouteMatch) -> list[Traced[Term]]:
    """The names in a TLS hello that an alternative asks for."""
    return [term for test in _of_names(match) for term in test.any_of]


def united_copies(copies: Sequence[T]) -> T:
    """What is said several times over, as one: each value has the trails of all."""
    columns = zip(*(list(traced(one)) for one in copies), strict=True)
    values = iter([derived(column[0].value, column) for column in columns])
    return rebuild(copies[0], lambda _: next(values))
