"""How rows are written, and what they have in common."""

from __future__ import annotations

from translator.api import Row

DOCS = "https://istio.io/latest/docs/reference/config/"
ACCESS = ("Grant", "Refusal", "AuditMark", "ExternalDecision")
"""Facts that say who may do what."""

ROUTES = ("RouteTable",)
"""Facts that say where requests go."""


def whole(
    kind: str, grade: str, code: str = "", why: str = "", impact: str = "", advice: str = ""
) -> Row:
    """What holds for all fields of a class that no row before names."""
    return Row(
        key=f"{kind}.*",
        grade=grade,
        code=code,
        why=why,
        impact=impact,
        advice=advice,
        source=DOCS,
    )


def field(  # noqa: PLR0913  # a row of a table
    key: str,
    grade: str,
    code: str = "",
    why: str = "",
    advice: str = "",
    *,
    within: tuple[str, ...] = (),
    impact: str = "",
) -> Row:
    """What holds for one field of a class, in all facts or in those of ``within``."""
    return Row(
        key=key,
        grade=grade,
        code=code,
        why=why,
        advice=advice,
        within=within,
        impact=impact,
        source=DOCS,
    )
