"""Rules of a table where the target's routes are for all clients of a service alike.

A rule for some clients goes aloud; were it kept, clients that it is not for would have it too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.attachment import Audience, EnforcedAt, Reach, Scope
from ir.model import Model
from ir.provenance import Traced
from ir.traffic import Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.handed_on import OR_PASSED, rejects, told_of_rest, turns_away
from translator.exporters.routes.rivals import host_of, rivals_of
from translator.report.model import Impact, Severity, Support

_APART = "Give these clients a service of their own."


def public_only(model: Model) -> tuple[Model, tuple[Loss, ...]]:
    """The model without tables for some clients of a service, and the losses of those.

    Where there is a table for everybody of the same service, these clients have that.
    """
    tables = [fact for fact in model.facts if isinstance(fact, RouteTable) and _is_of_service(fact)]
    private = [table for table in tables if _is_for_some(table.attachment.audience)]
    losses = tuple(
        loss
        for table in private
        for loss in _private(table, [p for p in rivals_of(table, tables) if p not in private])
    )
    gone = {id(table) for table in private}
    return replace(model, facts=tuple(f for f in model.facts if id(f) not in gone)), losses


def _is_of_service(table: RouteTable) -> bool:
    at = table.attachment
    return at.enforced_at is EnforcedAt.CLIENT and at.subject.scope is Scope.SERVICE


def _private(table: RouteTable, public: Sequence[RouteTable]) -> Iterator[Loss]:
    """What becomes of the requests of these clients: those of rules that refuse, and all others.

    One table may do both: what it refused passes, and what it let on finds no rule among those for everybody.
    """
    instead = "go to the service that they address"
    impact = Impact.STRICTER if turns_away(public) else Impact.DIFFERENT
    if public:
        instead = "follow the rules that are for everybody"
    refusing = [v for route in table.routes if rejects(route) for v in traced(route)]
    others = [v for v in traced(table) if not any(v is one for one in refusing)]
    if refusing and impact is Impact.DIFFERENT:
        refusing, others = [*traced(table)], []
    if others:
        yield _unsaid(table, others, impact, instead)
    if refusing:
        refused = f"{instead}; what these rules refuse is not refused any more"
        yield _unsaid(table, refusing, Impact.LOOSER, refused)


def _unsaid(
    table: RouteTable, sites: Sequence[Traced[object]], impact: Impact, instead: str
) -> Loss:
    return Loss(
        code="MM208",
        impact=impact,
        support=Support.NEVER,
        severity=Severity.HIGH,
        sites=tuple(sites),
        message=f"the routes of {host_of(table)} are not written: they are for the clients of "
        f"{_clients(table.attachment.audience)} alone, and routes of the target are for all clients of a service. "
        f"Requests of these clients {instead}.",
        advice=_APART,
    )


def for_everybody(table: RouteTable) -> tuple[RouteTable, list[Loss]]:
    """The table of everybody without rules for some clients, and the losses of those."""
    losses: list[Loss] = []
    routes: list[Route] = []
    for route in table.routes:
        kept = tuple(match for match in route.matches if not _is_for_some(match.audience))
        if kept or not route.matches:
            routes.append(replace(route, matches=kept))
            gone = [match for match in route.matches if _is_for_some(match.audience)]
            losses.extend(_left(match, match, route, table) for match in gone)
        else:
            losses.append(_left(route, route.matches[0], route, table))
    return replace(table, routes=tuple(routes)), losses


def _is_for_some(audience: Audience | None) -> bool:
    return audience is not None and audience.reach is Reach.NAMESPACES


def _clients(audience: Audience | None) -> str:
    names = () if audience is None else audience.namespaces
    return ", ".join(dict.fromkeys(name.value for name in names))


def _left(piece: Route | RouteMatch, match: RouteMatch, route: Route, table: RouteTable) -> Loss:
    loss = Loss(
        code="MM208",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.HIGH,
        sites=tuple(traced(piece)),
        message=f"what is for the clients of {_clients(match.audience)} alone is left out: routes of the target are for all "
        f"clients of a service. Their requests go to the next rule that matches{OR_PASSED}.",
        advice=_APART,
    )
    return told_of_rest(loss, route, table)
