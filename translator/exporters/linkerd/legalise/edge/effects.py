"""What a gateway does with a request besides sending it on: rewrites of the host and of the whole path."""

from __future__ import annotations

import re
from dataclasses import replace

from ir.match import Part, Pattern, PatternKind
from ir.provenance import Traced, derived
from ir.traffic import Rewrite, Route, RouteTable
from translator.api import Loss
from translator.report.model import Impact, Severity, Support

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?\Z")


def with_effects(table: RouteTable) -> tuple[RouteTable, list[Loss]]:
    """The table with rewrites that can be said as they are."""
    losses: list[Loss] = []
    routes = tuple(_route(route, losses) for route in table.routes)
    return replace(table, routes=routes), losses


def _route(route: Route, losses: list[Loss]) -> Route:
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
    empty = rewrite.path is None and rewrite.prefix is None and rewrite.authority is None
    if not empty:
        return replace(route, rewrite=_marked(rewrite, spent))
    node = derived(route.trail.value, (route.trail, rewrite.trail, *spent))
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
