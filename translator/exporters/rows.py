"""How rows of capability tables are written; each target binds them to its own documentation."""

from __future__ import annotations

from translator.api import Row

ACCESS = ("Grant", "Refusal", "AuditMark", "ExternalDecision")
"""Facts that say who may do what."""

ROUTES = ("RouteTable",)
"""Facts that say where requests go."""


def whole(  # noqa: PLR0913  # a row of a table
    kind: str,
    grade: str,
    code: str = "",
    why: str = "",
    impact: str = "",
    advice: str = "",
    *,
    source: str,
) -> Row:
    """What holds for all fields of a class that no row before names."""
    return Row(
        key=f"{kind}.*",
        grade=grade,
        code=code,
        why=why,
        impact=impact,
        advice=advice,
        source=source,
    )


def field(  # noqa: PLR0913, PLR0917  # a row of a table
    key: str,
    grade: str,
    code: str = "",
    why: str = "",
    advice: str = "",
    within: tuple[str, ...] = (),
    impact: str = "",
    *,
    since: str = "",
    until: str = "",
    channel: str = "",
    source: str,
) -> Row:
    """What holds for one field of a class, in all facts or in those of ``within``, in some versions or all."""
    return Row(
        key=key,
        grade=grade,
        code=code,
        why=why,
        advice=advice,
        within=within,
        impact=impact,
        since=since,
        until=until,
        channel=channel,
        source=source,
    )
