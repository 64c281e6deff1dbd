"""Prefixes that are replaced: the source's are texts, those of Gateway API path elements.

Gateway API leaves one slash between what it puts in and the rest, and the prefix ``/foo`` covers ``/foo`` and what is
below (sigs.k8s.io/gateway-api apis/v1/httproute_types.go ``HTTPPathModifier``, 1.4). So ``/foo`` becomes three rules: the
path itself, whose whole is replaced; what is below it; and what goes on in the same element (``/foobar``), which keeps
its path, for no word says otherwise. ``/foo/`` is what is below ``/foo``, without that path itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ir.language import Language
from ir.match import Part, Pattern, PatternKind, RegexDialect
from ir.provenance import Traced, derived
from ir.traffic import Rewrite, Route, RouteMatch, RouteTable
from translator.api import Loss
from translator.exporters.routes.expressions import say
from translator.exporters.routes.specificity import is_path
from translator.report.model import Fate, Impact, Severity, Support

_BESIDE = "MM730"
_BY_HAND = (
    "Rewrite by hand: a PathPrefix match with URLRewrite ReplacePrefixMatch is mostly what is meant; it takes whole path "
    "elements and leaves no double slash."
)


@dataclass(slots=True)
class Spelled:
    """A table whose prefixes are said in elements.

    ``made``: the rules that stand for one of the source, by their ids, with that rule and its match. ``below``: rules
    that must not take the path that they name, by their ids, with that path.
    """

    table: RouteTable
    losses: list[Loss] = field(default_factory=list)
    made: dict[int, tuple[object, ...]] = field(default_factory=dict)
    below: dict[int, str] = field(default_factory=dict)
    beside: dict[int, str] = field(default_factory=dict)
    kept: list[object] = field(default_factory=list)
    """What the ids are of, where it is no longer in the table."""


def in_elements(table: RouteTable) -> Spelled:
    """The table with a rule for each way in which a prefix that is replaced can be said."""
    found = Spelled(table)
    routes: list[Route] = []
    for route in table.routes:
        if route.rewrite is None or route.rewrite.prefix is None:
            routes.append(route)
        else:
            routes.extend(_parts(route, route.rewrite, route.rewrite.prefix, found))
    found.table = replace(table, routes=tuple(routes))
    return found


def all_in_elements(table: RouteTable) -> Spelled:
    """The same, with every prefix as elements: what goes on in the same element is for the rules that follow.

    So no regular expression stands beside a prefix that is replaced, where each class would choose for itself.
    """
    found = in_elements(table)
    found.kept.append(found.table)
    routes: list[Route] = []
    for route in found.table.routes:
        sources = found.made.get(id(route), (route,))
        for match in route.matches or (None,):
            one = route if match is None else _whole(route, match, sources, found)
            if one is not None:
                found.made[id(one)] = sources
                routes.append(one)
    found.losses = [loss for loss in found.losses if loss.code != _BESIDE]
    found.table = replace(table, routes=tuple(routes))
    return found


def _whole(
    route: Route, match: RouteMatch, sources: tuple[object, ...], found: Spelled
) -> Route | None:
    """The rule with that match in elements; nothing where that is what goes on in an element."""
    pattern = _prefix(match).value
    text = pattern.text
    if text == "/" or pattern.kind is not PatternKind.PREFIX:
        if found.beside.get(id(route)) is not None:
            found.losses.append(_handed_on(_prefix(match), found.beside[id(route)]))
            return None
        made = replace(route, matches=(match,))
    elif pattern.ignore_case or not is_path(text):
        made = replace(route, matches=(match,))
    else:
        elements = Pattern(PatternKind.ELEMENT_PREFIX, text.rstrip("/"))
        made = replace(route, matches=(_asking(match, elements),))
        if text.endswith("/"):
            found.below[id(made)] = elements.text
        else:
            found.losses.append(_handed_on(_prefix(match), text))
    if id(route) in found.below:
        found.below[id(made)] = found.below[id(route)]
    found.made[id(made.matches[0])] = (match, *sources)
    return made


def as_it_is(table: RouteTable, why: str) -> Spelled:
    """The table without what replaces prefixes."""
    found = Spelled(table)
    routes: list[Route] = []
    for route in table.routes:
        if route.rewrite is not None and route.rewrite.prefix is not None:
            found.losses.append(_lost(route.rewrite.prefix, why))
            kept = _without(route, route.rewrite)
            found.made[id(kept)] = (route,)
            routes.append(kept)
        else:
            routes.append(route)
    found.table = replace(table, routes=tuple(routes))
    return found


def _parts(route: Route, rewrite: Rewrite, put: Traced[str], found: Spelled) -> Iterator[Route]:
    matches: tuple[RouteMatch | None, ...] = route.matches or (None,)
    for match in matches:
        pattern = _prefix(match)
        reason = _why_not(pattern.value, put.value)
        source = (route,) if match is None else (route, match)
        if match is not None and pattern.value.kind is PatternKind.ELEMENT_PREFIX:
            made = [replace(route, matches=(match,))]
        elif reason:
            found.losses.append(_lost(put, reason))
            made = [_without(route, rewrite, match)]
        else:
            made = list(_said(route, rewrite, put, match, found))
        found.made.update((id(one), source) for one in made)
        yield from made


def _prefix(match: RouteMatch | None) -> Traced[Pattern]:
    """The prefix that the match asks for; ``/`` where it asks for none."""
    for test in () if match is None else match.requests.tests:
        if test.part is Part.PATH:
            (term,) = test.any_of
            if isinstance(term.value, Pattern):
                return derived(term.value, (term,))
    return Traced(Pattern(PatternKind.PREFIX, "/"))


def _why_not(prefix: Pattern, put: str) -> str:
    """Why the replacement cannot be said in elements; empty where it can."""
    if prefix.kind is not PatternKind.PREFIX or prefix.ignore_case:
        return "Gateway API replaces no prefix that is compared in any case of letters"
    if not put.startswith("/"):
        return f'"{put}" does not begin with a slash'
    if prefix.text != "/" and not is_path(prefix.text):
        return f'"{prefix.text}" is no path prefix of Gateway API'
    if prefix.text.endswith("/") and not put.endswith("/"):
        return f'"{put}" in place of "{prefix.text}" would run into the next path element'
    if put.endswith("//"):
        return f'"{put}" ends in two slashes, where Gateway API leaves one'
    return ""


def _said(
    route: Route,
    rewrite: Rewrite,
    put: Traced[str],
    match: RouteMatch | None,
    found: Spelled,
) -> Iterator[Route]:
    prefix = _prefix(match)
    text = prefix.value.text
    if match is None or text == "/":
        yield replace(route, matches=() if match is None else (match,))
        return
    elements = Pattern(PatternKind.ELEMENT_PREFIX, text.rstrip("/"))
    moved = replace(rewrite, prefix=put.derive(put.value.rstrip("/") or "/"))
    below = replace(route, matches=(_asking(match, elements),), rewrite=moved)
    if text.endswith("/"):
        found.below[id(below)] = elements.text
        yield below
        return
    itself = replace(
        route,
        matches=(_asking(match, Pattern(PatternKind.EXACT, text)),),
        rewrite=replace(rewrite, prefix=None, path=put.derive(put.value)),
    )
    within = say(Language.prefix(text) - Language.element_prefix(text))
    beside = Pattern(PatternKind.REGEX, within, dialect=RegexDialect.RUST_SPAN)
    kept = _without(route, rewrite, _asking(match, beside))
    found.beside[id(kept)] = text
    yield from (itself, below, kept)
    found.losses.append(_beside(put, text))
    if put.value.endswith("/"):
        found.losses.append(_one_slash(put, text))


def _asking(match: RouteMatch, pattern: Pattern) -> RouteMatch:
    """The match with another path."""
    tests = tuple(
        replace(test, any_of=(derived(pattern, test.any_of),)) if test.part is Part.PATH else test
        for test in match.requests.tests
    )
    return replace(match, requests=replace(match.requests, tests=tests))


def _without(route: Route, rewrite: Rewrite, match: RouteMatch | None = None) -> Route:
    """The route with its path left alone; ``match``: for that match only."""
    matches = route.matches if match is None else (match,)
    if rewrite.authority is not None:
        return replace(route, matches=matches, rewrite=replace(rewrite, prefix=None))
    node = derived(route.trail.value, (route.trail, rewrite.trail))
    return replace(route, matches=matches, rewrite=None, trail=node)


def _lost(put: Traced[str], reason: str) -> Loss:
    return Loss(
        code="MM205",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        sites=(put,),
        message=f"the path is not rewritten: {reason}.",
        advice=_BY_HAND,
    )


def _beside(put: Traced[str], text: str) -> Loss:
    return Loss(
        code=_BESIDE,
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=(put,),
        message=f'paths that go on in the element of "{text}" ({text}x) are not rewritten: they go to the same place as '
        "they are.",
        why="Gateway API replaces whole path elements, the source a text.",
        advice="Nothing, where no client asks for such a path.",
    )


def _handed_on(prefix: Traced[Pattern], text: str) -> Loss:
    return Loss(
        code="MM732",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        fate=Fate.APPROXIMATED,
        sites=(prefix,),
        message=f'paths that go on in the element of "{text}" ({text}x) are for the rules that follow, or not found.',
        why="Another rule of the host replaces a prefix, for which Gateway API wants path elements; beside them each class "
        "has its own place for a regular expression, so this prefix is in elements too.",
        advice="Nothing, where no client asks for such a path.",
    )


def _one_slash(put: Traced[str], text: str) -> Loss:
    return Loss(
        code="MM731",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        fate=Fate.APPROXIMATED,
        sites=(put,),
        message=f'of "{text}/x" the source makes "{put.value}/x", with two slashes; the gateway leaves one.',
        why="The source replaces the text of a prefix, Gateway API its path elements.",
        advice="Compare with what the application and its policies expect: most take one slash for what is meant.",
    )
