"""Rules of a route in the order of specificity: shielded, spread over objects, grouped and worded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ir.match import AllOf, RegexDialect
from ir.provenance import Traced, derived, named
from ir.traffic import Backend, Mirror, Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.exporters.routes.alternatives import Alternative, Contradiction
from translator.exporters.routes.destinations import Subsets, Unreachable
from translator.exporters.routes.effects import nowhere
from translator.exporters.routes.specificity import (
    form,
    on_path,
    outranks,
)
from translator.exporters.routes.wording import said_test, spent_by

MAX_RULES, MAX_MATCHES = 16, 64
"""Rules of one route and matches of one rule (Gateway API 1.4); all matches together may be 128."""
_MAX_ALL = 128


def shielded(
    found: Sequence[Alternative], routes: list[Route], below: Mapping[int, str]
) -> Iterator[Alternative]:
    """The alternatives, and before one that is for what is below a path those that the path itself belongs to.

    Where the path belongs to none, a rule that goes nowhere keeps it out.
    """
    for place, one in enumerate(found):
        path = below.get(id(routes[one.route]))
        if path is not None:
            later = [other for other in found[place + 1 :] if other.paths.accepts(path)]
            plain = next((n for n, other in enumerate(later) if other.plain), None)
            yield from (
                on_path(other, path, one) for other in later[: None if plain is None else plain + 1]
            )
            if plain is None:
                node = derived("nothing is there", (routes[one.route].trail,))
                routes.append(Route(answer=nowhere(node), trail=node))
                bare = replace(one, route=len(routes) - 1, method=None, headers=(), query=())
                yield on_path(bare, path, one)
        yield one


def check_prefixes(ordered: Sequence[Alternative], routes: Sequence[Route]) -> None:
    """A prefix can be replaced only where the rule asks for that prefix.

    Raises:
        Contradiction: the rule came to ask for another path.
    """
    for one in ordered:
        if _replaces_prefix(routes[one.route]) and form(one)[0] not in ("every", "elements"):
            message = "a rule that was made to fit asks for a regular expression"
            raise Contradiction(message)


def single(routes: Sequence[Route]) -> frozenset[int]:
    """The rules that may have one match only, by their places: those that replace a prefix (``HTTPRouteRule``, CEL)."""
    return frozenset(number for number, route in enumerate(routes) if _replaces_prefix(route))


def _replaces_prefix(route: Route) -> bool:
    both = (route.rewrite, route.redirect)
    return any(one is not None and one.prefix is not None for one in both)


def delivered(route: Route, table: RouteTable, subsets: Subsets) -> Route:
    """The route with destinations that can be written, those of copies too."""
    made = subsets.route(route, table)
    if route.backends and not made.backends:  # a rule without backends goes to no Service here
        message = f"the port of {route.backends[0].destination.name.value} is not known"
        raise Unreachable(
            "MM203", message, "Write destination.port, or add the Service to the input."
        )
    mirrors: list[Mirror] = []
    for mirror in route.mirrors:
        copy = Backend(destination=mirror.destination, trail=mirror.trail)
        (found,) = subsets.route(replace(route, backends=(copy,)), table).backends
        mirrors.append(replace(mirror, destination=found.destination))
    return replace(made, mirrors=tuple(mirrors))


def spread(ordered: Sequence[Alternative], alone: frozenset[int]) -> list[list[Alternative]]:
    """The alternatives by object, where more than one is needed; between objects rank must decide, not age.

    Raises:
        Unreachable: it would not.
    """
    parts: list[list[Alternative]] = [[]]
    for group in groups(ordered, alone):
        rules = len(list(groups(parts[-1], alone)))
        if rules == MAX_RULES or len(parts[-1]) + len(group) > _MAX_ALL:
            parts.append([])
        parts[-1].extend(group)
    for number, part in enumerate(parts):
        later = [one for other in parts[number + 1 :] for one in other]
        if any(not outranks(first, second) for first in part for second in later):
            message = f"its rules are more than one route can have ({MAX_RULES}), and several compete by age"
            raise Unreachable("MM209", message, "Split the host, or write fewer rules.")
    return parts


def groups(ordered: Sequence[Alternative], alone: frozenset[int]) -> Iterator[list[Alternative]]:
    """Runs of alternatives of one source rule, each within the limits of a rule; ``alone``: rules with one match each."""
    run: list[Alternative] = []
    for one in ordered:
        apart = one.route in alone or (run and "elements" in (form(run[-1])[0], form(one)[0]))
        if run and (run[-1].route != one.route or len(run) == MAX_MATCHES or apart):
            yield run
            run = []
        run.append(one)
    if run:
        yield run


def rule(
    route: Route, group: Sequence[Alternative], dialect: RegexDialect, *, keeps_name: bool
) -> Route:
    """The rule with its matches in words that Gateway API has."""
    keeps_name = keeps_name and route.name is not None and is_name(route.name.value)
    own = () if route.name is None or keeps_name else (route.name,)
    matches = tuple(_match(one, dialect) for one in group)
    spent: list[Traced[object]] = []
    if not any(match.requests.tests for match in matches):
        spent = [value for match in matches for value in traced(match)]
        matches = ()
    node = derived(route.trail.value, (route.trail, *own, *spent))
    name = route.name if keeps_name else None
    return replace(route, name=name, matches=matches, trail=node)


_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
_MAX_NAME = 253


def is_name(text: str) -> bool:
    """Whether a rule may be called so (Gateway API ``SectionName``)."""
    return len(text) <= _MAX_NAME and bool(_NAME.match(text))


def _match(one: Alternative, dialect: RegexDialect) -> RouteMatch:
    asks = [one.method, *(a for _, a in one.headers), *(a for _, a in one.query)]
    tests = [said_test(ask, dialect) for ask in asks if ask is not None]
    if one.path is not None and form(one)[0] != "every":
        elements = form(one)[0] == "elements"
        tests.insert(0, one.path.test if elements else said_test(one.path, dialect))
    source = one.source
    if not isinstance(source, (RouteMatch, Route)):
        raise TypeError(source)
    node = source.trail
    spent = spent_by(source) if isinstance(source, RouteMatch) else [named("match", node)]
    return RouteMatch(
        requests=AllOf(tests=tuple(tests), trail=named("requests", node)),
        trail=derived("match", spent),
    )
