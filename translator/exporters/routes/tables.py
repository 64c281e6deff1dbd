"""Rules that follow each other as one list, as objects of Gateway API in the order of specificity.

Where they hold, a listener or a service, is the caller's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ir.language import Opaque
from ir.match import Part, RegexDialect
from ir.provenance import Traced, named
from ir.traffic import Route, RouteMatch, RouteTable
from translator.api import Loss
from translator.exporters.naming import Names
from translator.exporters.routes.alternatives import Alternative, Contradiction, alternative
from translator.exporters.routes.destinations import Subsets, Unreachable
from translator.exporters.routes.prefixes import Spelled, all_in_elements, as_it_is, in_elements
from translator.exporters.routes.rules import check_prefixes, groups, rule, shielded, single, spread
from translator.exporters.routes.specificity import in_specificity_order


class Reached:
    """Parts of the source that are written, by their ids; they are kept, so that no later part gets the id of one."""

    def __init__(self) -> None:
        self._parts: dict[int, object] = {}

    def note(self, *parts: object) -> None:
        """Adds parts."""
        self._parts.update((id(part), part) for part in parts)

    def __contains__(self, part: int) -> bool:
        """Whether the part of this id is written."""
        return part in self._parts


@dataclass(frozen=True, slots=True)
class Scene:
    """What the tables of a run are made with. ``reached``: the parts of the source that are written.

    ``names_rules``: whether rules keep their names. ``dialect``: how regular expressions are read.
    """

    subsets: Subsets
    names: Names
    reached: Reached = field(default_factory=Reached)
    names_rules: bool = False
    dialect: RegexDialect = RegexDialect.RUST_SPAN


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where tables hold together.

    ``frame``: the table without its rules. ``admits``: whether a match is for requests that come by there. ``deliver``:
    a rule with destinations that can be written. ``named``: takes a name for the object of this number. ``merged``:
    several lists are one there, so that rules without conditions come last.
    """

    frame: RouteTable
    admits: Callable[[RouteMatch], bool]
    deliver: Callable[[Route], Route]
    named: Callable[[int], str]
    merged: bool


def specific_tables(
    tables: Sequence[RouteTable], place: Place, scene: Scene
) -> tuple[tuple[RouteTable, ...], list[Loss]]:
    """The objects of the tables; where the rules do not come out with prefixes that are replaced, without that.

    Raises:
        Unreachable: a destination cannot be written, or there are too many rules.
        Contradiction: the order of the rules cannot be kept.
        ir.language.Opaque: a pattern has no exact language.
    """
    routes = [route for table in tables for route in table.routes]
    whys: list[str] = []
    for spell in (in_elements, all_in_elements):
        try:
            return _spelled([spell(table) for table in tables], place, scene)
        except (Unreachable, Contradiction, Opaque) as reason:
            if not any(route.rewrite is not None and route.rewrite.prefix for route in routes):
                raise
            whys.append(str(reason))
    why = f"next to the other rules it cannot be said in path elements ({whys[-1]})"
    return _spelled([as_it_is(table, why) for table in tables], place, scene)


def _spelled(
    spelled: Sequence[Spelled], place: Place, scene: Scene
) -> tuple[tuple[RouteTable, ...], list[Loss]]:
    tables = _legal(spelled, place, scene)
    for one in spelled:
        for made, sources in one.made.items():
            if made in scene.reached:
                scene.reached.note(*sources)
    return tables, [loss for one in spelled for loss in one.losses]


def _legal(spelled: Sequence[Spelled], place: Place, scene: Scene) -> tuple[RouteTable, ...]:
    routes = [route for one in spelled for route in one.table.routes]
    below = {made: path for one in spelled for made, path in one.below.items()}
    found = _alternatives(routes, place)
    ordered = in_specificity_order(list(shielded(found, routes, below)))
    if not ordered:
        raise Unreachable("MM201", "none of its rules can be said", "Write them by hand.")
    check_prefixes(ordered, routes)
    wanted = sorted({one.route for one in ordered})
    spoken = {number: place.deliver(routes[number]) for number in wanted}
    alone = single(routes)
    parts = spread(ordered, alone)
    scene.reached.note(*(one.source for one in ordered))
    scene.reached.note(*(routes[number] for number in wanted))
    names = [one.table.name for one in spelled]
    return tuple(
        replace(
            place.frame,
            name=named(place.named(number), *names),
            routes=_rules(part, spoken, alone, scene),
        )
        for number, part in enumerate(parts)
    )


def _rules(
    part: Sequence[Alternative], spoken: dict[int, Route], alone: frozenset[int], scene: Scene
) -> tuple[Route, ...]:
    """The rules of one object; of several with one name the first keeps it."""
    taken: set[str] = set()
    found: list[Route] = []
    for group in groups(part, alone):
        route = spoken[group[0].route]
        keeps = scene.names_rules and _is_free(route.name, taken)
        found.append(rule(route, group, scene.dialect, keeps_name=keeps))
        if keeps and route.name is not None:
            taken.add(route.name.value)
    return tuple(found)


def _is_free(name: Traced[str] | None, taken: set[str]) -> bool:
    return name is not None and name.value not in taken


def _alternatives(routes: Sequence[Route], place: Place) -> list[Alternative]:
    found: list[Alternative] = []
    for number, route in enumerate(routes):
        matches: Sequence[RouteMatch | None] = route.matches or (None,)
        for match in matches:
            if match is None or place.admits(match):
                tests = () if match is None else match.requests.tests
                asked = [t for t in tests if t.part is not Part.SERVICE_PORT]
                found.append(alternative(number, match or route, asked))
    return sorted(found, key=lambda one: one.everything) if place.merged else found
