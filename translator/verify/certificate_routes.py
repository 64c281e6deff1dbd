"""The claims of a certificate about routes: which one wins on both sides, and in what the two do otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ir.attachment import Audience, Reach
from ir.behaviour.concrete_trail import name_of
from ir.behaviour.delivery import Address, Outcome, to_itself
from ir.behaviour.lower import Lowering
from ir.behaviour.stages import Condition, Way
from ir.language import Opaque
from ir.match import Operator, Part, Pattern, PatternKind, Presence, Requirement
from ir.traffic import NoMatch, Order, Route, RouteTable
from translator.verify.certificate import PLAIN_HOST, LeftOut, Tree, seen, term, usual, way
from translator.verify.frame import (
    AUTHORITY,
    CALLER,
    FIRST_NAME,
    METHOD,
    PATH,
    SCHEME,
    SERVER_NAME,
    Frame,
)
from translator.verify.outcomes import differences
from translator.verify.result import Slice
from translator.verify.routed import (
    Fate,
    narrowness,
    outcomes_at,
    routed,
    ways_of,
    whole_paths,
)
from translator.verify.routes import RouteComparison, Tables, names, short_names, shown_as
from translator.verify.space import lowest

MOST_KINDS = 100_000
"""Kinds of requests that a checker has to go through one by one."""

_FORBIDDEN, _NOT_FOUND = 403, 404
_ADDRESSES = frozenset((Part.PEER_ADDRESS, Part.CLIENT_ADDRESS))


@dataclass(frozen=True, slots=True)
class Certified:
    """Claims about ports of services, and the ports that are left out, by the reason."""

    entries: tuple[Tree, ...]
    left_out: Mapping[str, tuple[str, ...]]


def certified_routes(comparison: RouteComparison, slices: Sequence[Slice]) -> Certified:
    """The claims of a comparison of routes; ``slices`` are those that it found."""
    reasons = {one.name: one.reasons for one in slices}
    entries: list[Tree] = []
    left: dict[str, tuple[str, ...]] = {}
    for address, tables in comparison.ports():
        shown = shown_as(address)
        try:
            entry = _entry(comparison, address, tables)
        except (LeftOut, Opaque) as reason:
            left[str(reason)] = (*left.get(str(reason), ()), shown)
        else:
            entries.append({"ports": [shown], **entry, "if": list(reasons.get(shown, ()))})
    return Certified(tuple(entries), left)


def _entry(comparison: RouteComparison, address: Address, tables: Tables) -> Tree:
    frame = comparison.frame(address, tables, (PLAIN_HOST,))
    if frame.space.cells > MOST_KINDS:
        raise LeftOut("more kinds of requests than a checker goes through")
    sides = [
        {
            "doors": {"tables": [], "itself": {"enters": True, "does": {}}},
            "tables": [
                _table(table, place, lowering, address, frame) for place, table in enumerate(own)
            ],
            "itself": _itself(lowering, address),
        }
        for lowering, own in zip(comparison.lowered, tables, strict=True)
    ]
    fates = [
        routed(lowering, own, address, frame, comparison.world)
        for lowering, own in zip(comparison.lowered, tables, strict=True)
    ]
    return {
        "names": _names(address, comparison.domain),
        "before": sides[0],
        "after": sides[1],
        "classes": _classes(frame, fates, comparison.named(address, frame) & usual(frame)),
    }


def _classes(frame: Frame, fates: Sequence[Sequence[Fate]], common: int) -> list[Tree]:
    """The pairs of routes that win, with a request for each."""
    found: dict[tuple[str, ...], int] = {}
    rest = common
    for one in fates[0]:
        for other in fates[1]:
            cells = one.cells & other.cells & common
            if not cells:
                continue
            rest &= ~cells
            kinds, unclear = differences(one.outcome, other.outcome)
            before, after = does(one.outcome), does(other.outcome)
            otherwise = sorted(key for key in before if before[key] != after[key])
            if unclear or bool(kinds) is not bool(otherwise):
                raise LeftOut("endpoints that are known by a name alone")
            key = (one.route, other.route, *otherwise)
            found[key] = found.get(key, 0) | cells
    if rest:
        raise LeftOut("routes whose winner cannot be told")
    return [
        {
            "before": key[0],
            "after": key[1],
            "otherwise": list(key[2:]),
            "witness": witness_of(frame, lowest(cells)),
        }
        for key, cells in found.items()
    ]


def witness_of(frame: Frame, cell: int) -> Tree:
    """A request of a cell; parts that it lacks are not there. ``caller``: its number among all."""
    at = frame.space.coordinates(cell)
    parts = {
        "path": frame.paths.atoms[at[PATH]].sample,
        "method": frame.methods.samples[at[METHOD]],
        "authority": frame.hosts.samples[at[AUTHORITY]],
        "scheme": frame.schemes.samples[at[SCHEME]],
        "server_name": frame.server_names.samples[at[SERVER_NAME]],
    }
    for (part, name), values, place in zip(
        frame.names, frame.names.values(), at[FIRST_NAME:], strict=True
    ):
        parts[f"{part.value} {name}"] = values.samples[place]
    told = {slot: text for slot, text in parts.items() if text is not None}
    return {"caller": lowest(frame.callers[at[CALLER]]), **told}


# --- routes in plain values ----------------------------------------------------------------------


def does(outcome: Outcome) -> Tree:
    """What is done with a request. That no route matches is the answer that says so."""
    return {
        "kind": "answer" if outcome.kind == "not_found" else outcome.kind,
        "shares": [[*end.who, end.port, str(share)] for end, share in outcome.shares],
        "status": outcome.status,
        "effects": list(outcome.effects),
        "timeout": outcome.timeout,
        "limits": [[part, seconds] for part, seconds in outcome.limits],
        "attempts": outcome.attempts or 0,
        "occasions": sorted(outcome.occasions),
    }


def _itself(lowering: Lowering, address: Address) -> Tree:
    return {"name": "default", "does": does(to_itself(lowering, address, http=True)), "at": []}


def _table(
    table: RouteTable, place: int, lowering: Lowering, address: Address, frame: Frame
) -> Tree:
    """A table. Of those that are about a request the greatest counts, by ``own``, hosts if ``by_host``, and ``place``."""
    hosts = tuple(host.value for host in table.hosts)
    named = way((Condition(Part.AUTHORITY, any_of=hosts),) if hosts else ())
    by_list = table.order is Order.LIST
    return {
        "order": table.order.value,
        "view": seen(table.view),
        "own": 0 if table.order is Order.RANK else narrowness(table),
        "by_host": by_list,
        "place": -place if by_list else 0,
        "hosts": named,
        "about": [[*_clients(table.attachment.audience), *named]],
        "no_match": _no_match(table.no_match, lowering, address),
        "routes": [_route(route, table, lowering, address, frame) for route in table.routes],
    }


def _no_match(answer: NoMatch, lowering: Lowering, address: Address) -> Tree:
    match answer:
        case NoMatch.NOT_FOUND:
            return {"name": "", "does": does(Outcome("not_found", status=_NOT_FOUND)), "at": []}
        case NoMatch.FORBIDDEN:
            return {"name": "", "does": does(Outcome("answer", status=_FORBIDDEN)), "at": []}
        case NoMatch.PASS:
            return _itself(lowering, address)


def _route(
    route: Route, table: RouteTable, lowering: Lowering, address: Address, frame: Frame
) -> Tree:
    paths = dict.fromkeys(whole_paths(table.view, frame).values())
    general, own = outcomes_at(route, table, lowering, address, paths)
    ways = [
        [*_clients(match.audience), *_way(ways_of(match.requests), table.order)]
        for match in route.matches
    ]
    return {
        "name": name_of(route),
        "matches": ways or [[]],
        "does": does(general),
        "at": [[term(Pattern(PatternKind.EXACT, path)), does(one)] for path, one in own.items()],
    }


def _way(found: Way, order: Order) -> list[Tree]:
    for one in found:
        if one.part in _ADDRESSES:
            raise LeftOut("routes for some addresses of clients")
        if order is not Order.LIST and one.part is Part.HEADER and one.name == "host":
            raise LeftOut("a name that is asked for as a header")
    return way(found)


def _clients(audience: Audience | None) -> Iterator[Tree]:
    """The tests of a client; none at all: everybody."""
    if audience is None or audience.reach is Reach.EVERYONE:
        return
    if audience.reach is Reach.LISTENERS:
        raise LeftOut("routes of gateways")
    spaces = tuple(namespace.value for namespace in audience.namespaces)
    if spaces:
        yield _client("space", spaces)
    elif audience.reach is Reach.NAMESPACES:
        raise LeftOut("routes for nobody")
    if audience.reach is Reach.WORKLOADS and audience.labels is not None:
        yield from map(_label, audience.labels.value.requirements)


def _label(one: Requirement) -> Tree:
    of = f"label {one.key}"
    match one.operator:
        case Operator.IN:
            return _client(of, one.values)
        case Operator.NOT_IN:
            return _client(of, (), one.values)
        case Operator.EXISTS:
            return _client(of, presence=Presence.PRESENT)
        case Operator.DOES_NOT_EXIST:
            return _client(of, presence=Presence.ABSENT)


def _client(
    of: str,
    any_of: Sequence[str] = (),
    none_of: Sequence[str] = (),
    presence: Presence = Presence.EITHER,
) -> Tree:
    """A test of what a client's own proxy knows of it: its namespace and labels, whatever it shows."""
    return {
        "of": f"caller {of}",
        "any_of": [term(Pattern(PatternKind.EXACT, text)) for text in any_of],
        "none_of": [term(Pattern(PatternKind.EXACT, text)) for text in none_of],
        "presence": presence.value,
        "missing_is_empty": False,
    }


def _names(address: Address, domain: str) -> list[list[Tree]]:
    """The requests that name the service: by names of all clients, or by that of its own namespace's clients."""
    found = [way((Condition(Part.AUTHORITY, any_of=names(address, domain)),))]
    if address.namespace is not None:
        short = way((Condition(Part.AUTHORITY, any_of=short_names(address)),))
        found.append([_client("space", (address.namespace,)), *short])
    return found
