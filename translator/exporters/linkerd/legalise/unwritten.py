"""Tables that are not written, and what becomes of their clients' requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ir.attachment import Reach
from ir.traffic import RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.handed_on import rejects, turns_away
from translator.exporters.routes.rivals import host_of
from translator.report.model import Impact, Severity, Support


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a table cannot be written."""

    code: str
    text: str
    advice: str


def unwritten(
    table: RouteTable, whole: RouteTable, rivals: Sequence[RouteTable], reason: Reason
) -> Iterator[Loss]:
    """The losses of a table that cannot be written.

    ``whole``: as the source has it, with the answers that the target cannot give: where some refuse, their requests come
    in. ``rivals``: the other tables for its service.
    """
    common = for_all(rivals)
    then = "Requests go to the service that they address."
    if common:
        end = "; where none of these matches they are not found" if turns_away(common) else ""
        then = f"Requests go by the rules for all clients{end}."
    elif table.attachment.subject.namespace is None:
        then = "Requests go where the client sends them."
    yield Loss(
        code=reason.code,
        impact=Impact.STRICTER if turns_away(common) else Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        sites=tuple(traced(table)),
        message=f"the routes of {host_of(table)} are not written: {reason.text}. {then}",
        advice=reason.advice,
    )
    refusing = [route for route in whole.routes if rejects(route)]
    if refusing:
        yield Loss(
            code=reason.code,
            impact=Impact.LOOSER,
            support=Support.PARTIAL,
            because=tuple(value for route in refusing for value in traced(route)),
            message=f"with the routes of {host_of(table)} goes what they refuse: it is not refused any more.",
            advice=reason.advice,
        )


def for_all(rivals: Iterable[RouteTable]) -> tuple[RouteTable, ...]:
    """The tables that are for all clients."""
    return tuple(one for one in rivals if _is_for_all(one))


def left_to_all(losses: Iterable[Loss], rivals: Sequence[RouteTable]) -> Iterator[Loss]:
    """Losses of what is for some clients: stricter where the rules for all do not take their requests."""
    stricter = turns_away(for_all(rivals))
    for loss in losses:
        grave = loss.impact is Impact.DIFFERENT and loss.severity is Severity.HIGH
        yield replace(loss, impact=Impact.STRICTER) if grave and stricter else loss


def _is_for_all(table: RouteTable) -> bool:
    audience = table.attachment.audience
    return audience is None or audience.reach is Reach.EVERYONE
