"""Listeners of a gateway in a certificate: for which names the tables hold that are bound to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ir.behaviour.request import Shown
from ir.behaviour.stages import Condition
from ir.edge import ListenerTls, narrower
from ir.match import Part, Pattern, PatternKind, Presence
from ir.traffic import Protocol, RouteTable
from translator.verify.certificate import LeftOut, Tree, condition, term
from translator.verify.edge_entry import EVERY, Gate, Open

_NAMES = (PatternKind.EXACT, PatternKind.SUFFIX)
_MOST_WAYS = 64


def holds(gate: Gate, table: RouteTable) -> Iterator[list[Tree]]:
    """The names for which a table holds, by each listener that takes it."""
    home = "" if table.home is None else table.home.value
    hosts = hosts_of(table)
    for door in gate.doors:
        taken = door.host.routes_from
        if taken is not None and taken.value != home:
            continue
        name = [] if door.bare else [named([door.host.name.value])]
        if gate.http:
            yield from ([*hosts, *name, *way] for way in _not_by_hello(gate, door))
        elif door.mode is ListenerTls.PASSTHROUGH:
            if table.protocol is Protocol.TLS:
                yield [*hosts, *name]
        elif table.protocol is Protocol.TCP and _meets(door.host.name.value, table):
            yield name


def _not_by_hello(gate: Gate, door: Open) -> Iterator[list[Tree]]:
    """The names of a listener at which its tables hold: not those by which the hello chooses a narrower listener.

    Those are the names of a listener with TLS, less those of listeners that are narrower still.
    """
    names = dict.fromkeys(one.host.name.value for one in gate.doors)
    ways: list[list[Tree]] = [[]]
    for name in names:
        if _is_narrower(name, door.host.name.value) and _ends_tls(gate, name):
            inner = [one for one in names if _is_narrower(one, name)]
            elsewhere = [[_not(name)], *([named([one])] for one in inner)]
            ways = [[*way, *more] for way in ways for more in elsewhere]
            if len(ways) > _MOST_WAYS:
                raise LeftOut("more listeners within one another than a certificate tells apart")
    yield from ways


def _ends_tls(gate: Gate, name: Pattern) -> bool:
    doors = [door for door in gate.doors if same_name(door.host.name.value, name)]
    return any(door.mode is not ListenerTls.NONE for door in doors)


def same_name(one: Pattern, other: Pattern) -> bool:
    """Whether two patterns on names of listeners are for the same names."""
    return (one.kind, one.text.lower()) == (other.kind, other.text.lower())


def _is_narrower(one: Pattern, other: Pattern) -> bool:
    """Whether one pattern is for some of the names of the other and not for all."""
    within = other.kind is PatternKind.SUFFIX and one.text.lower().endswith(other.text.lower())
    return within and not same_name(one, other)


def _not(name: Pattern) -> Tree:
    """That the name is none of these."""
    return condition(Condition(Part.AUTHORITY, none_of=(name,), missing_is_empty=True))


def _meets(own: Pattern, table: RouteTable) -> bool:
    return not table.hosts or any(narrower(own, host.value) for host in table.hosts)


def hosts_of(table: RouteTable) -> list[Tree]:
    """The names that a table is for."""
    return [named([host.value for host in table.hosts] or [EVERY])]


def named(names: Iterable[Pattern]) -> Tree:
    """That the name is one of these; one that is not there is among every name."""
    asked = tuple(names)
    if any(one.kind not in _NAMES for one in asked):
        raise LeftOut("listeners whose names are neither whole nor suffixes")
    return condition(Condition(Part.AUTHORITY, any_of=asked, missing_is_empty=True))


def shows(shown: Iterable[Shown]) -> Tree:
    """That the client shows one of these."""
    exact = [term(Pattern(PatternKind.EXACT, one.value)) for one in shown]
    plain = {"none_of": [], "presence": Presence.PRESENT.value, "missing_is_empty": False}
    return {"of": "caller shows", "any_of": exact, **plain}
