"""Rules with destinations that can be written, those of their mirrors with them."""

from __future__ import annotations

from dataclasses import replace

from ir.traffic import Backend, Mirror, Route, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.routes.destinations import Subsets, Unreachable
from translator.report.model import Impact, Severity, Support


def delivered(route: Route, table: RouteTable, subsets: Subsets, unsent: dict[int, Loss]) -> Route:
    """The route with destinations that can be written; ``unsent``: the losses of mirrors that cannot, by their ids."""
    made = subsets.partly(route, table)[0]
    mirrors: list[Mirror] = []
    for mirror in route.mirrors:
        copy = Backend(destination=mirror.destination, trail=mirror.trail)
        try:
            (found,) = subsets.route(replace(route, backends=(copy,)), table).backends
        except Unreachable as reason:
            unsent[id(mirror)] = _unsent(mirror, reason)
        else:
            mirrors.append(replace(mirror, destination=found.destination))
    return replace(made, mirrors=tuple(mirrors))


def _unsent(mirror: Mirror, reason: Unreachable) -> Loss:
    return Loss(
        code="MM206",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        sites=tuple(traced(mirror)),
        message=f"a mirror is left out: {reason}.",
        advice=reason.advice,
    )
