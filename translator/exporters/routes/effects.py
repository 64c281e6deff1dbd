"""What a gateway does with a request besides sending it on: answers, rewrites of the host and of the whole path.

Gateway API has no fixed answers. A rule without a backend is answered with 500 (apis/v1/httproute_types.go
``HTTPRouteRule.BackendRefs``, 1.4): so nobody comes where an answer stood before him.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ir.match import Part, Pattern, PatternKind
from ir.provenance import Traced, derived, named
from ir.traffic import FixedAnswer, Rewrite, Route, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.report.model import Fate, Impact, Severity, Support

_NOWHERE = 500
_ERROR = 400
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?\Z")


def with_effects(table: RouteTable) -> tuple[RouteTable, list[Loss]]:
    """The table with rewrites that can be said as they are."""
    losses: list[Loss] = []
    routes = tuple(_route(route, losses) for route in table.routes)
    return replace(table, routes=routes), losses


def nowhere(trail: Traced[str]) -> FixedAnswer:
    """The answer of a rule that has no backend."""
    return FixedAnswer(status=named(_NOWHERE, trail), trail=named("nowhere", trail))


def _answered(route: Route, answer: FixedAnswer, losses: list[Loss]) -> Route:
    """The rule as one that goes nowhere."""
    refuses = answer.status.value >= _ERROR
    rest = replace(route, matches=(), name=None)
    spent = [value for value in traced(rest) if value is not route.trail]
    losses.append(
        Loss(
            code="MM734",
            impact=Impact.DIFFERENT if refuses else Impact.STRICTER,
            support=Support.PARTIAL,
            severity=Severity.MEDIUM if refuses else Severity.HIGH,
            fate=Fate.APPROXIMATED,
            sites=tuple(spent),
            message=f"the fixed answer {answer.status.value} becomes {_NOWHERE}, that of a rule without a backend.",
            why="Gateway API has no fixed answers; without the rule its requests would go to the next.",
            advice="Give the answer with what the gateway's class offers, or by a small backend of your own.",
        )
    )
    node = derived(route.trail.value, (route.trail, *spent))
    return Route(name=route.name, matches=route.matches, answer=nowhere(route.trail), trail=node)


def _route(route: Route, losses: list[Loss]) -> Route:
    if route.answer is not None:
        return _answered(route, route.answer, losses)
    if route.rewrite is None:
        return route
    rewrite, spent = route.rewrite, list[Traced[object]]()
    prefix = rewrite.prefix
    if prefix is not None and prefix.value == "/" and all(map(_is_every_path, _paths(route))):
        spent.append(prefix)  # the path stays as it is
        rewrite = replace(rewrite, prefix=None)
    if rewrite.path is not None and not rewrite.path.value.startswith("/"):
        losses.append(_lost(rewrite.path, f'"{rewrite.path.value}" does not begin with a slash'))
        rewrite = replace(rewrite, path=None)
    if rewrite.authority is not None and not _HOST.match(rewrite.authority.value):
        losses.append(_lost(rewrite.authority, f'"{rewrite.authority.value}" is no host name'))
        rewrite = replace(rewrite, authority=None)
    return without_empty_rewrite(replace(route, rewrite=_marked(rewrite, spent)))


def without_empty_rewrite(route: Route) -> Route:
    """The route without a rewrite that says nothing, which is spent on it."""
    said = route.rewrite
    if said is None or any((said.path, said.prefix, said.authority, said.pattern)):
        return route
    node = derived(route.trail.value, (route.trail, said.trail))
    return replace(route, rewrite=None, trail=node)


def _marked(rewrite: Rewrite, spent: list[Traced[object]]) -> Rewrite:
    return replace(rewrite, trail=derived(rewrite.trail.value, (rewrite.trail, *spent)))


def _paths(route: Route) -> list[object]:
    return [
        term.value
        for match in route.matches
        for test in match.requests.tests
        if test.part is Part.PATH
        for term in test.any_of
    ]


def _is_every_path(term: object) -> bool:
    return isinstance(term, Pattern) and term.kind is PatternKind.PREFIX and term.text == "/"


def _lost(value: Traced[object], reason: str) -> Loss:
    return Loss(
        code="MM205",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        sites=(value,),
        message=f"the path or host is not rewritten: {reason}.",
        advice="Let the application serve the original path or host.",
    )
