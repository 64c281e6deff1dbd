"""What becomes of requests and of connections that enter a gateway on one side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ir.access import Evidence
from ir.attachment import Audience
from ir.behaviour.concrete_trail import name_of
from ir.behaviour.delivery import Address, Outcome
from ir.behaviour.precedence import asked as asked_in
from ir.behaviour.precedence import stems
from ir.behaviour.request import Shown
from ir.behaviour.stages import Way
from ir.edge import ListenerTls
from ir.language import Opaque
from ir.match import Part, PathForm, Pattern, PatternKind, View
from ir.traffic import Order, Route, RouteTable
from translator.verify.callers import World
from translator.verify.choice import Candidate, choose
from translator.verify.edge_effects import Seen, at_gateway, moves_path
from translator.verify.edge_entry import Entered, Gate, Open
from translator.verify.frame import PATH, Asked, Frame
from translator.verify.routed import Fate, ways_of, whole_paths

_NOT_FOUND = 404
_PERMANENTLY = 301
_BARE = View(authority_has_port=False)

SHUT = Outcome("shut")
NOT_FOUND = Outcome("not_found", status=_NOT_FOUND)
TO_TLS = Outcome(
    "redirect", status=_PERMANENTLY, effects=("redirect to https the host asked for port 443",)
)
BY_NAME = Outcome("forward", effects=("to whom the name spells",))


@dataclass(frozen=True, slots=True)
class Choice:
    """A route by one of its ways that may hold at the gateway and port."""

    route: Route
    way: Way
    table: RouteTable
    plain: bool
    """Whether it asks nothing, not even for a port."""


def choices(gate: Gate, tables: Iterable[RouteTable]) -> list[Choice]:
    """The ways of all routes of the tables, in list order those without conditions last."""
    found: list[Choice] = []
    for table in tables:
        for route in table.routes:
            if not route.matches:
                found.append(Choice(route, (), table, plain=True))
            for match in route.matches:
                way = ways_of(match.requests)
                if _is_for(match.audience, gate.gateway) and _on_port(way, gate.port):
                    rest = tuple(c for c in way if c.part is not Part.SERVICE_PORT)
                    found.append(Choice(route, rest, table, plain=not way))
    return sorted(found, key=lambda one: one.table.order is Order.LIST and one.plain)


def _is_for(audience: Audience | None, gateway: str) -> bool:
    if audience is None or not audience.listeners:
        return True
    return gateway in [name.value for name in audience.listeners]


def _on_port(way: Way, port: int) -> bool:
    return all(
        any(isinstance(term, Pattern) and term.text == str(port) for term in condition.any_of)
        for condition in way
        if condition.part is Part.SERVICE_PORT
    )


def frame_of(
    found: Sequence[Choice],
    names: Iterable[Pattern],
    world: World,
    outsiders: int,
    plain: Sequence[Pattern] = (),
) -> Frame:
    """The space of requests that the routes tell apart; ``names``: those by which requests enter.

    ``plain``: names, and paths in normal form, are told from others as well.

    Raises:
        Opaque: a pattern is not known exactly, or too much has to be told apart.
    """
    asked = Asked()
    asked.add_hosts(plain, View())
    for one in found:
        asked.paths.update((stem, one.table.view.path) for stem in stems([one.way]))
        for condition in one.way:
            asked.add((condition, one.table.view, Evidence.CERTIFICATE))
    if Part.AUTHORITY in asked.parts:
        asked.add_hosts(names, _BARE)
    by_form = bool(plain) or any(form is not PathForm.RAW for _, form in asked.paths)
    return Frame(asked, world, http=True, audiences=(outsiders,), by_form=by_form)


def redirects(doors: Iterable[Open]) -> bool:
    """Whether a listener sends all its requests to TLS."""
    return any(d.listener.redirect_to_tls is not None and d.listener.redirect_to_tls.value
               for d in doors)  # fmt: skip


def requests(gate: Gate, entered: Entered, shown: Shown, frame: Frame, cells: int) -> list[Fate]:
    """What becomes of the requests; those in doubt are left out."""
    if not gate.admits(entered, shown):
        return [Fate(SHUT if entered.doors else NOT_FOUND, "", cells)]
    if redirects(gate.here(entered)):
        return [Fate(TO_TLS, "to TLS", cells)]
    tables = gate.held(entered)
    orders = list(dict.fromkeys(table.order for table in tables)) or [Order.LIST]
    if len(orders) > 1:
        return []
    found = choices(gate, tables)
    candidates = [
        Candidate(number, one.way, one.table.view, (), cells) for number, one in enumerate(found)
    ]
    choice = choose(orders[0], candidates, frame)
    fates = [Fate(NOT_FOUND, "", choice.unmatched & cells)]
    for number, won in choice.won.items():
        fates.extend(_won(found[number], gate, won & cells, frame, tls=shown is not Shown.PLAIN))
    return [fate for fate in fates if fate.cells]


def _won(one: Choice, gate: Gate, cells: int, frame: Frame, *, tls: bool) -> Iterator[Fate]:
    """What a route does; where that depends on the path, for each path that is a class of its own."""
    door = Address(None, gate.gateway, gate.port)
    kind = PatternKind.PREFIX if one.table.order is Order.LIST else PatternKind.ELEMENT_PREFIX
    prefixes = tuple(dict.fromkeys(asked_in(one.way, Part.PATH))) or (Pattern(kind, "/"),)
    name = name_of(one.route)
    whole = whole_paths(one.table.view, frame) if moves_path(one.route) else {}
    for atom, path in whole.items():
        own = cells & frame.space.lift(PATH, 1 << atom)
        if own:
            seen = Seen(prefixes, path, tls)
            yield Fate(at_gateway(one.route, gate.lowering, door, seen), name, own)
    rest = cells & ~frame.space.lift(PATH, sum(1 << atom for atom in whole))
    yield Fate(at_gateway(one.route, gate.lowering, door, Seen(prefixes, None, tls)), name, rest)


def connections(
    gate: Gate, entered: Entered, shown: Shown, covered: Mapping[Pattern, int], atom: int
) -> Fate:
    """What becomes of connections by the names of an atom.

    Raises:
        Opaque: a rule asks for something else than the name.
    """
    if not gate.admits(entered, shown):
        return Fate(SHUT, "", 1)
    if any(door.mode is ListenerTls.AUTO_PASSTHROUGH for door in gate.here(entered)):
        return Fate(BY_NAME, "by name", 1)
    best: tuple[tuple[int, int], Choice] | None = None
    for one in choices(gate, gate.held(entered)):
        rank = _standing(one, covered, atom)
        if rank is not None and (best is None or rank > best[0]):
            best = rank, one
    if best is None:
        return Fate(Outcome("not_found"), "", 1)
    door = Address(None, gate.gateway, gate.port)
    outcome = at_gateway(best[1].route, gate.lowering, door, Seen((), None, tls=False))
    once = replace(outcome, timeout=None, attempts=None, occasions=frozenset(), limits=())
    return Fate(once, name_of(best[1].route), 1)


def _standing(one: Choice, covered: Mapping[Pattern, int], atom: int) -> tuple[int, int] | None:
    """How particular the names are that the connection meets; ``None`` where it does not match."""
    met: list[Pattern] = []
    for condition in one.way:
        if condition.part is not Part.SERVER_NAME:
            raise Opaque(f"a rule for connections asks for the {condition.part.value}")
        mine = [t for t in condition.any_of if isinstance(t, Pattern) and covered[t] >> atom & 1]
        if not mine:
            return None
        met.extend(mine)
    ranks = [(2 if p.kind is PatternKind.EXACT else 1, len(p.text)) for p in met]
    return max(ranks, default=(0, 0))
