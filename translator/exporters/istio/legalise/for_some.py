"""Rules for clients with some labels: whoever bears them has these alone, and finds nothing where none matches.

In one list with the rules for others they come first, and end with an answer for all else that these clients ask for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ir.attachment import Audience, Reach
from ir.match import AllOf
from ir.provenance import named
from ir.traffic import FixedAnswer, NoMatch, Order, Route, RouteMatch, RouteTable

_NOT_FOUND = 404


def with_the_rest(tables: Sequence[RouteTable]) -> list[RouteTable]:
    """The tables, those for some labels first, each of them closed against those after it."""
    if any(table.order is not Order.LIST for table in tables):
        return list(tables)
    some = [table for table in tables if _labelled(table) is not None]
    rest = [table for table in tables if _labelled(table) is None]
    closed = [_closed(table) for table in some]
    return [*closed, *rest] if rest else [*closed[:-1], *some[-1:]]


def _labelled(table: RouteTable) -> Audience | None:
    audience = table.attachment.audience
    return audience if audience is not None and audience.reach is Reach.WORKLOADS else None


def _closed(table: RouteTable) -> RouteTable:
    audience = _labelled(table)
    if audience is None or audience.labels is None or table.no_match is not NoMatch.NOT_FOUND:
        return table
    node = table.trail
    clients = Audience(
        reach=Reach.WORKLOADS,
        labels=named(audience.labels.value, audience.labels),
        trail=named("clients", audience.trail),
    )
    request = AllOf(trail=named("any request", node))
    match = RouteMatch(requests=request, audience=clients, trail=named("match", node))
    answer = FixedAnswer(status=named(_NOT_FOUND, node), trail=named("turned away", node))
    route = Route(matches=(match,), answer=answer, trail=named("what no rule matches", node))
    return replace(table, routes=(*table.routes, route))
