"""Where requests go on one side: all tables of a service, for all clients and all requests at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ir.attachment import Audience, Reach
from ir.behaviour.concrete_trail import name_of
from ir.behaviour.delivery import Address, Outcome, to_itself
from ir.behaviour.lower import Lowering
from ir.behaviour.precedence import asked as asked_in
from ir.behaviour.request import Caller
from ir.behaviour.stages import Way
from ir.behaviour.strip import condition
from ir.inventory import meets
from ir.match import AllOf, Part, Pattern, PatternKind, View
from ir.traffic import NoMatch, Order, Route, RouteTable
from translator.verify.callers import World
from translator.verify.choice import Candidate, choose, host_ranks
from translator.verify.edge_effects import Seen, at_gateway, moves_path
from translator.verify.frame import AUTHORITY, PATH, Frame
from translator.verify.space import bits

_NARROWNESS = {Reach.EVERYONE: 0, Reach.NAMESPACES: 1, Reach.WORKLOADS: 2, Reach.LISTENERS: 3}
_FORBIDDEN, _NOT_FOUND = 403, 404


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a set of requests on one side, and the route that says so (``""``: none)."""

    outcome: Outcome
    route: str
    cells: int


def asks_query(*sides: Iterable[RouteTable]) -> bool:
    """Whether a route asks for parameters of the query."""
    return any(
        test.part is Part.QUERY
        for tables in sides
        for table in tables
        for route in table.routes
        for match in route.matches
        for test in match.requests.tests
    )


def ways_of(requests: AllOf) -> Way:
    """The conditions of one alternative."""
    return tuple(condition(test) for test in requests.tests)


def members_of(audience: Audience | None, world: World) -> int:
    """The callers whose proxies hold a fact for this audience."""
    if audience is None:
        return world.everybody
    names = tuple(namespace.value for namespace in audience.namespaces)
    labels = None if audience.labels is None else audience.labels.value
    return world.select(lambda c: is_among(audience, c), (audience.reach, names, labels))


def is_among(audience: Audience | None, caller: Caller) -> bool:
    """Whether the caller's proxy holds a fact for this audience."""
    if audience is None:
        return True
    names = [namespace.value for namespace in audience.namespaces]
    match audience.reach:
        case Reach.EVERYONE:
            return True
        case Reach.NAMESPACES:
            return caller.namespace in names
        case Reach.WORKLOADS:
            here = not names or caller.namespace in names
            chosen = audience.labels is None or meets(caller.labels, audience.labels.value)
            return here and chosen
        case Reach.LISTENERS:
            return False


def routed(
    lowering: Lowering,
    tables: Sequence[RouteTable],
    address: Address,
    frame: Frame,
    world: World,
) -> tuple[Fate, ...]:
    """What becomes of all requests to the address; those in doubt are left out."""
    full = frame.space.full
    about = [
        frame.calls_of(members_of(t.attachment.audience, world))
        & (frame.hosts_among([h.value for h in t.hosts], t.view) if t.hosts else full)
        for t in tables
    ]
    own = to_itself(lowering, address, http=True)
    rest = full
    doubt = 0
    for one, cells in zip(tables, about, strict=True):
        rest &= ~cells
        for other, more in zip(tables, about, strict=True):
            if one.order is not other.order:
                doubt |= cells & more
    found = [Fate(own, "default", rest)]
    for order in dict.fromkeys(table.order for table in tables):
        mine = [(t, c & ~doubt) for t, c in zip(tables, about, strict=True) if t.order is order]
        found.extend(_winners(order, mine, lowering, address, frame, world))
    return tuple(fate for fate in found if fate.cells)


def _winners(
    order: Order,
    tables: Sequence[tuple[RouteTable, int]],
    lowering: Lowering,
    address: Address,
    frame: Frame,
    world: World,
) -> Iterator[Fate]:
    for group in _together(order, tables, frame):
        routes = [(route, table, cells) for table, cells in group for route in table.routes]
        candidates = [
            candidate
            for number, (route, table, cells) in enumerate(routes)
            for candidate in _candidates(number, route, table, cells, frame, world)
        ]
        choice = choose(order, candidates, frame)
        whole = 0
        for _, cells in group:
            whole |= cells
        for number, cells in choice.won.items():
            route, table, _ = routes[number]
            yield from _served(route, table, cells, lowering, address, frame)
        yield from _unmatched(group, choice.unmatched & whole, lowering, address)


def _served(
    route: Route,
    table: RouteTable,
    cells: int,
    lowering: Lowering,
    address: Address,
    frame: Frame,
) -> Iterator[Fate]:
    """What the route does with requests that it wins."""
    general, own = outcomes_at(
        route, table, lowering, address, whole_paths(table.view, frame).values()
    )
    rest = cells
    for atom, path in whole_paths(table.view, frame).items():
        held = rest & frame.space.lift(PATH, 1 << atom) if path in own else 0
        if held:
            yield Fate(own[path], name_of(route), held)
            rest &= ~held
    if rest:
        yield Fate(general, name_of(route), rest)


def outcomes_at(
    route: Route, table: RouteTable, lowering: Lowering, address: Address, paths: Iterable[str]
) -> tuple[Outcome, dict[str, Outcome]]:
    """What a route does, in words that are the same whichever way it is written.

    Where that depends on the path, the second says it of ``paths`` and the first of all others.
    """
    kind = PatternKind.PREFIX if table.order is Order.LIST else PatternKind.ELEMENT_PREFIX
    ways = [ways_of(match.requests) for match in route.matches] or [()]
    found = dict.fromkeys(
        p for way in ways for p in tuple(asked_in(way, Part.PATH)) or (Pattern(kind, "/"),)
    )
    prefixes = tuple(found)

    def at(path: str | None) -> Outcome:
        seen = Seen(prefixes, path, tls=False, entered=False)
        return at_gateway(route, lowering, address, seen)

    return at(None), {path: at(path) for path in (paths if moves_path(route) else ())}


def whole_paths(view: View, frame: Frame) -> dict[int, str]:
    """The paths that are classes of their own, by atom; in normal form a path is the same in every view."""
    return {
        atom: pattern.text
        for (pattern, form), covered in frame.paths.covered.items()
        if pattern.kind is PatternKind.EXACT and not pattern.ignore_case
        for atom in bits(covered if form is view.path else covered & ~frame.paths.odd)
    }


def _together(
    order: Order, tables: Sequence[tuple[RouteTable, int]], frame: Frame
) -> list[Sequence[tuple[RouteTable, int]]]:
    """The tables whose rules compete, with the requests for which they do."""
    match order:
        case Order.LIST:
            return [[one] for one in _in_precedence(tables, frame)]
        case Order.RANK:
            return [tables]
        case Order.SPECIFICITY:
            return list(_of_own_clients(tables, frame))


def _of_own_clients(
    tables: Sequence[tuple[RouteTable, int]], frame: Frame
) -> Iterator[Sequence[tuple[RouteTable, int]]]:
    """Tables by how much they are their clients' own, without the requests of clients that have narrower ones."""
    groups: dict[int, list[tuple[RouteTable, int]]] = {}
    for table, cells in tables:
        groups.setdefault(narrowness(table), []).append((table, cells))
    rest = frame.space.full
    for _, group in sorted(groups.items(), key=lambda item: -item[0]):
        yield [(table, cells & rest) for table, cells in group]
        for _, cells in group:
            rest &= ~cells


def narrowness(table: RouteTable) -> int:
    """How much a table is its clients' own."""
    audience = table.attachment.audience
    return _NARROWNESS[Reach.EVERYONE if audience is None else audience.reach]


def _in_precedence(
    tables: Sequence[tuple[RouteTable, int]], frame: Frame
) -> Iterator[tuple[RouteTable, int]]:
    """Each table with the requests for which it is the client's own: by audience, then by host."""
    ranked: list[tuple[tuple[int, tuple[int, int]], int, int]] = []
    for place, (table, cells) in enumerate(tables):
        narrow = narrowness(table)
        hosts = tuple(host.value for host in table.hosts)
        for rank, atoms in host_ranks(hosts, table.view, frame).items():
            ranked.append(((narrow, rank), place, cells & frame.space.lift(AUTHORITY, atoms)))
    ranked.sort(key=lambda item: (-item[0][0], (-item[0][1][0], -item[0][1][1]), item[1]))
    rest = frame.space.full
    taken: dict[int, int] = {}
    for _, place, cells in ranked:
        taken[place] = taken.get(place, 0) | cells & rest
        rest &= ~cells
    yield from ((tables[place][0], cells) for place, cells in taken.items() if cells)


def _candidates(
    number: int, route: Route, table: RouteTable, cells: int, frame: Frame, world: World
) -> Iterator[Candidate]:
    hosts = tuple(host.value for host in table.hosts)
    if not route.matches:
        yield Candidate(number, (), table.view, hosts, cells)
    for match in route.matches:
        within = cells & frame.calls_of(members_of(match.audience, world))
        yield Candidate(number, ways_of(match.requests), table.view, hosts, within)


def _unmatched(
    group: Sequence[tuple[RouteTable, int]], cells: int, lowering: Lowering, address: Address
) -> Iterator[Fate]:
    """What becomes of requests that no route matches; in doubt where the tables differ on it."""
    by_answer: dict[NoMatch, int] = {}
    for table, own in group:
        by_answer[table.no_match] = by_answer.get(table.no_match, 0) | own & cells
    for answer, held in by_answer.items():
        alone = held
        for other, more in by_answer.items():
            alone &= ~more if other is not answer else -1
        match answer:
            case NoMatch.NOT_FOUND:
                yield Fate(Outcome("not_found", status=_NOT_FOUND), "", alone)
            case NoMatch.FORBIDDEN:
                yield Fate(Outcome("answer", status=_FORBIDDEN), "", alone)
            case NoMatch.PASS:
                yield Fate(to_itself(lowering, address, http=True), "default", alone)
