"""Rules of a table where the target's routes are for all clients of a service alike.

A rule for some clients goes aloud; were it kept, clients that it is not for would have it too.
"""

from __future__ import annotations

from dataclasses import replace

from ir.attachment import Audience, Reach
from ir.traffic import Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.routes.destinations import Unreachable
from translator.report.model import Impact, Severity, Support

_APART = "Give these clients a service of their own."


def for_everybody(table: RouteTable) -> tuple[RouteTable, list[Loss]]:
    """The table without rules for some clients, and the losses of those.

    Raises:
        Unreachable: the whole table is for some clients only.
    """
    audience = table.attachment.audience
    if _is_for_some(audience):
        reason = (
            f"they are for the clients of {_clients(audience)} alone, and routes of the target are for all clients "
            "of a service"
        )
        raise Unreachable("MM208", reason, _APART)
    losses: list[Loss] = []
    routes: list[Route] = []
    for route in table.routes:
        kept = tuple(match for match in route.matches if not _is_for_some(match.audience))
        if kept or not route.matches:
            routes.append(replace(route, matches=kept))
            losses.extend(_left(m, m) for m in route.matches if _is_for_some(m.audience))
        else:
            losses.append(_left(route, route.matches[0]))
    return replace(table, routes=tuple(routes)), losses


def _is_for_some(audience: Audience | None) -> bool:
    return audience is not None and audience.reach is Reach.NAMESPACES


def _clients(audience: Audience | None) -> str:
    names = () if audience is None else audience.namespaces
    return ", ".join(dict.fromkeys(name.value for name in names))


def _left(piece: Route | RouteMatch, match: RouteMatch) -> Loss:
    return Loss(
        code="MM208",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.HIGH,
        sites=tuple(traced(piece)),
        message=f"what is for the clients of {_clients(match.audience)} alone is left out: routes of the target are for all "
        "clients of a service. Their requests go to the next rule that matches, or to the service.",
        advice=_APART,
    )
