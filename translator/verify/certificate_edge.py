"""The claims of a certificate about gateways: who is let in by which name, which route wins, and what is done otherwise.

What listeners do is told as the routes of a table of its own, the doors: they are chosen by the name, as routes by rank
are, and each lets a client in, by what it shows, or ends the request. Tables hold for the names of the listeners that
take routes from their namespace. Of connections the name in the TLS hello stands for the host.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ir.behaviour.concrete_trail import name_of
from ir.behaviour.delivery import Address, Outcome
from ir.behaviour.precedence import asked as asked_in
from ir.behaviour.request import Shown
from ir.behaviour.stages import Condition
from ir.edge import ListenerTls
from ir.language import Opaque
from ir.match import Part, Pattern, PatternKind, Presence, View
from ir.traffic import Order
from translator.verify.callers import CALLER_DIMENSION
from translator.verify.certificate import PLAIN_HOST, LeftOut, Tree, condition, seen, term, usual
from translator.verify.certificate_doors import holds, hosts_of, named, shows
from translator.verify.certificate_routes import MOST_KINDS, Certified, does, witness_of
from translator.verify.dimensions import hosts_of as hosts_told_apart
from translator.verify.edge import (
    Both,
    EdgeComparison,
    Gates,
    Meeting,
    bare,
    difference_of,
    entered_by,
    shown_as,
)
from translator.verify.edge_effects import Seen, at_gateway, moves_path
from translator.verify.edge_entry import ADMITTED, EVERY, Gate, Open
from translator.verify.edge_fates import (
    BY_NAME,
    NOT_FOUND,
    TO_TLS,
    Choice,
    choices,
    connections,
    frame_of,
    redirects,
    requests,
)
from translator.verify.frame import AUTHORITY, Frame
from translator.verify.result import Slice
from translator.verify.routed import Fate, whole_paths
from translator.verify.space import bits, lowest

SHOWN = (Shown.PLAIN, Shown.TLS, Shown.CERTIFICATE, Shown.MESH)
"""What clients of a gateway may show: the callers of its claims, in the order in which the checker has them."""

_ADDRESSES = (Part.PEER_ADDRESS, Part.CLIENT_ADDRESS)
_CLOSED = ("shut", "not_found")


def certified_gateways(comparison: EdgeComparison, slices: Sequence[Slice]) -> Certified:
    """The claims of a comparison of gateways; ``slices`` are those that it found."""
    reasons = {one.name: one.reasons for one in slices}
    entries: list[Tree] = []
    left: dict[str, tuple[str, ...]] = {}
    for gateway, port in comparison.ports():
        for http in (True, False):
            one, other = (Gate(side, gateway, port, http=http) for side in comparison.lowered)
            if not (one.doors or other.doors):
                continue
            name = shown_as(gateway, port)
            shown = name if http else f"{name}, connections"
            try:
                entry = _entry(comparison, (one, other), http=http)
            except (LeftOut, Opaque) as reason:
                left[str(reason)] = (*left.get(str(reason), ()), shown)
            else:
                entries.append({"ports": [shown], **entry, "if": list(reasons.get(name, ()))})
    return Certified(tuple(entries), left)


def _entry(comparison: EdgeComparison, gates: Gates, *, http: bool) -> Tree:
    claims = _Claims(gates)
    if http:
        frame = _frame(comparison, gates)
        claims.about_requests(frame, frame.calls_of(comparison.outsiders) & usual(frame))
        sides = [_side(gate, _routes_of_requests(gate, frame)) for gate in gates]
    else:
        claims.about_connections()
        sides = [_side(gate, _routes_of_connections(gate)) for gate in gates]
    return {
        "names": [[condition(Condition(Part.AUTHORITY, presence=Presence.PRESENT))]]
        if http
        else [],
        "before": sides[0],
        "after": sides[1],
        "classes": claims.told(),
    }


def _frame(comparison: EdgeComparison, gates: Gates) -> Frame:
    """What both sides tell apart, as far as it is told: tables that hold nowhere are not."""
    found = [
        one
        for gate in gates
        for one in choices(gate, [table for table in gate.tables if any(holds(gate, table))])
    ]
    names = dict.fromkeys(p for gate in gates for p in gate.patterns())
    frame = frame_of(found, names, comparison.world, comparison.outsiders, (PLAIN_HOST,))
    if frame.space.cells * len(SHOWN) > MOST_KINDS:
        raise LeftOut("more kinds of requests than a checker goes through")
    return frame


# --- claims --------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Claims:
    """The pairs of routes that win at a port on both sides, with a request for each."""

    gates: Gates
    found: dict[tuple[str, ...], Tree] = field(default_factory=dict)

    def told(self) -> list[Tree]:
        """The claims in plain values."""
        return [
            {"before": key[0], "after": key[1], "otherwise": list(key[2:]), "witness": witness}
            for key, witness in self.found.items()
        ]

    def about_requests(self, frame: Frame, usual: int) -> None:
        """Those of requests."""
        by_entry: dict[Both, int] = {}
        covered = bare(frame.hosts)
        for atom, sample in enumerate(frame.hosts.samples):
            if sample is not None:
                both = entered_by(self.gates, covered, atom)
                by_entry[both] = by_entry.get(both, 0) | 1 << atom
        for entered, atoms in by_entry.items():
            cells = usual & frame.space.lift(AUTHORITY, atoms)
            for number, shown in enumerate(SHOWN) if cells else ():
                meeting = Meeting(self.gates, entered, shown, "")
                fates = [
                    requests(gate, own, shown, frame, cells)
                    for gate, own in zip(self.gates, entered, strict=True)
                ]
                for one, other, both_cells in _pairs(fates, cells):
                    witness = {**witness_of(frame, lowest(both_cells)), "caller": number}
                    self._note(meeting, (one, other), witness)

    def about_connections(self) -> None:
        """Those of connections."""
        asked = {p for gate in self.gates for p in (*gate.patterns(), *gate.server_names())}
        names = hosts_told_apart(frozenset(((PLAIN_HOST, True), *((p, False) for p in asked))))
        covered = bare(names)
        plain = names.covered[PLAIN_HOST, True] | names.absent
        for atom in bits(plain):
            entered = entered_by(self.gates, covered, atom)
            for number, shown in enumerate(SHOWN):
                meeting = Meeting(self.gates, entered, shown, "")
                one, other = (
                    connections(gate, own, shown, covered, atom)
                    for gate, own in zip(self.gates, entered, strict=True)
                )
                name = names.samples[atom]
                witness: Tree = {"caller": number, "path": "/", "method": "GET"}
                self._note(
                    meeting, (one, other), {**witness, **({"authority": name} if name else {})}
                )

    def _note(self, meeting: Meeting, fates: tuple[Fate, Fate], witness: Tree) -> None:
        kinds, unclear = difference_of(meeting, *(fate.outcome for fate in fates))
        http = self.gates[0].http
        before, after = (
            _done(fate.outcome, terms, http=http)
            for fate, terms in zip(fates, meeting.terms, strict=True)
        )
        otherwise = sorted(key for key in before if before[key] != after[key])
        if unclear:
            raise LeftOut("endpoints that are known by a name alone")
        if bool(kinds) is not bool(otherwise):
            raise LeftOut("requests that both sides refuse by other answers")
        self.found.setdefault((fates[0].route, fates[1].route, *otherwise), witness)


def _pairs(fates: Sequence[Sequence[Fate]], cells: int) -> Iterator[tuple[Fate, Fate, int]]:
    """The fates of both sides with the requests that have both."""
    rest = cells
    for one in fates[0]:
        for other in fates[1]:
            both = one.cells & other.cells & cells
            rest &= ~both
            if both:
                yield one, other, both
    if rest:
        raise LeftOut("routes whose winner cannot be told")


def _done(outcome: Outcome, terms: Sequence[str], *, http: bool) -> Tree:
    """What is done with a request; that nobody is served is one thing, whoever says so."""
    if outcome.kind in _CLOSED:
        return {**does(NOT_FOUND if http else replace(NOT_FOUND, status=None)), "terms": []}
    return {**does(outcome), "terms": list(terms)}


# --- listeners in plain values -------------------------------------------------------------------


def _side(gate: Gate, routes: Mapping[int, list[list[Tree]]]) -> Tree:
    """The doors of a gateway and its tables; ``routes``: those of each, in parts that follow each other."""
    ended = _ended(http=gate.http)
    doors = {**_table(Order.RANK, View(), ended), "routes": [*_doors(gate)]}
    orders = {table.order for table in gate.tables}
    if gate.http and len(orders) > 1:
        raise LeftOut("route tables that differ in order")
    tables = []
    for part in range(2):
        for place, table in enumerate(gate.tables):
            about = [*holds(gate, table)]
            if about and (part == 0 or routes[place][part]):
                order = table.order if gate.http else Order.RANK
                held = _table(order, table.view, ended)
                held |= {"by_host": gate.http, "about": about, "routes": routes[place][part]}
                tables.append({**held, "hosts": hosts_of(table) if gate.http else []})
    return {"doors": {"tables": [doors], "itself": ended}, "tables": tables, "itself": ended}


def _table(order: Order, view: View, ended: Tree) -> Tree:
    own = {"own": 0, "by_host": False, "place": 0, "hosts": [], "about": []}
    return {"order": order.value, "view": seen(view), **own, "no_match": ended}


def _ended(*, http: bool) -> Tree:
    """That nobody is served."""
    return {"name": "", "does": _done(NOT_FOUND, (), http=http), "at": [], "enters": False}


def _doors(gate: Gate) -> Iterator[Tree]:
    """What the listeners do with clients; those for the same names have their say together."""
    if len({door.bare for door in gate.doors}) > 1:
        raise LeftOut("listeners that read a name beside others that do not")
    groups: dict[tuple[str, str], list[Open]] = {}
    for door in gate.doors:
        own = EVERY if door.bare else door.host.name.value
        groups.setdefault((own.kind.value, own.text.lower()), []).append(door)
    for doors in groups.values():
        name = named(EVERY if one.bare else one.host.name.value for one in doors)
        shown = shows(one for one in SHOWN if any(one in ADMITTED[door.mode] for door in doors))
        terms = [*dict.fromkeys(told for door in doors for told in door.terms)]
        letting = {"name": "enters", "does": {"terms": terms}, "enters": True}
        if gate.http and redirects(doors):
            done = _done(TO_TLS, terms, http=True)
            letting = {"name": "to TLS", "does": done, "enters": False}
        elif not gate.http and any(d.mode is ListenerTls.AUTO_PASSTHROUGH for d in doors):
            done = _done(BY_NAME, terms, http=False)
            letting = {"name": "by name", "does": done, "enters": False}
        yield {**letting, "matches": [[name, shown]], "at": []}
        yield {**_ended(http=gate.http), "matches": [[name]]}


# --- routes in plain values ----------------------------------------------------------------------


def _routes_of_requests(gate: Gate, frame: Frame) -> dict[int, list[list[Tree]]]:
    """The routes of each table: those with conditions, and the others, which come last in list order."""
    found: dict[int, list[list[Tree]]] = {}
    for place, table in enumerate(gate.tables):
        parts: list[list[Tree]] = [[], []]
        for one in choices(gate, [table]):
            last = table.order is Order.LIST and one.plain
            parts[last].extend(_route(one, gate, frame))
        found[place] = parts
    return found


def _route(one: Choice, gate: Gate, frame: Frame) -> Iterator[Tree]:
    """A route by one of its ways; twice, where what it does depends on whether the client speaks TLS."""
    paths = dict.fromkeys(whole_paths(one.table.view, frame).values())
    kind = PatternKind.PREFIX if one.table.order is Order.LIST else PatternKind.ELEMENT_PREFIX
    prefixes = tuple(dict.fromkeys(asked_in(one.way, Part.PATH))) or (Pattern(kind, "/"),)
    door = Address(None, gate.gateway, gate.port)

    def at(path: str | None, *, tls: bool) -> Tree:
        return does(at_gateway(one.route, gate.lowering, door, Seen(prefixes, path, tls)))

    told = [
        {
            "name": name_of(one.route),
            "does": at(None, tls=tls),
            "at": [
                [term(Pattern(PatternKind.EXACT, path)), at(path, tls=tls)]
                for path in (paths if moves_path(one.route) else ())
            ],
        }
        for tls in (False, True)
    ]
    way = _way(one)
    if told[0] == told[1]:
        yield {**told[0], "matches": [way]}
        return
    yield {**told[0], "matches": [[*way, shows(SHOWN[:1])]]}
    yield {**told[1], "matches": [[*way, shows(SHOWN[1:])]]}


def _way(one: Choice) -> list[Tree]:
    for held in one.way:
        named = held.part is Part.AUTHORITY or (held.part is Part.HEADER and held.name == "host")
        if held.part in _ADDRESSES or held.part in CALLER_DIMENSION:
            raise LeftOut("routes for some clients of a gateway")
        if named and one.table.order is not Order.LIST:
            raise LeftOut("a name that is asked for beside those of the table")
    return [condition(held) for held in one.way]


def _routes_of_connections(gate: Gate) -> dict[int, list[list[Tree]]]:
    """The routes of each table, by the name in the hello; those without conditions come last in list order."""
    found: dict[int, list[list[Tree]]] = {}
    door = Address(None, gate.gateway, gate.port)
    for place, table in enumerate(gate.tables):
        parts: list[list[Tree]] = [[], []]
        for one in choices(gate, [table]):
            outcome = at_gateway(one.route, gate.lowering, door, Seen((), None, tls=False))
            once = replace(outcome, timeout=None, attempts=None, occasions=frozenset(), limits=())
            last = table.order is Order.LIST and one.plain
            parts[last].append(
                {
                    "name": name_of(one.route),
                    "does": does(once),
                    "at": [],
                    "matches": [[*_hello(one)]],
                }
            )
        found[place] = parts
    return found


def _hello(one: Choice) -> Iterator[Tree]:
    """The names in the hello for which a route is."""
    for held in one.way:
        if (
            held.part is not Part.SERVER_NAME
            or held.none_of
            or held.presence is not Presence.EITHER
        ):
            raise LeftOut("rules for connections that ask for more than a name")
        yield condition(Condition(Part.AUTHORITY, any_of=held.any_of))
