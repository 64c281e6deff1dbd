"""How rows are written, and what they have in common."""

from __future__ import annotations

from translator.api import Row

DOCS = "https://gateway-api.sigs.k8s.io/reference/spec/"
ROUTES = ("RouteTable",)
"""Facts that say where requests go."""

STANDARD = "standard"
"""The channel without what is still being tried."""


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
    until: str = "",
    channel: str = "",
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
        until=until,
        channel=channel,
        source=DOCS,
    )
