"""The page of an audit: one file without anything from outside, in the manner of the report's page."""

from __future__ import annotations

from translator.report.audit import Audit, Grade, Outlook
from translator.report.html.page import own_file, policy_of, room
from translator.report.model import Severity
from translator.report.render.audit import (
    WHOLE,
    estate_title,
    grades_text,
    rows_by_area,
    rows_by_namespace,
    rows_by_severity,
    size_text,
    version_text,
)
from translator.report.render.groups import place_text
from translator.report.render.words import counts

_MEANING = {
    Grade.A: "nothing to know",
    Grade.B: "differences to know",
    Grade.C: "work before the move",
    Grade.D: "a decision before the move",
    Grade.E: "not in reach today",
}


def audit_html(audit: Audit) -> str:
    """The whole page."""
    environment = room()
    environment.globals.update(
        estate_title=estate_title,
        grades_text=grades_text,
        rows_by_area=rows_by_area,
        rows_by_namespace=rows_by_namespace,
        rows_by_severity=rows_by_severity,
        size_text=size_text,
        version_text=version_text,
        place_text=place_text,
        counts=counts,
        spread=spread,
    )
    style, script = own_file("style.css"), own_file("script.js")
    return environment.get_template("audit.html.j2").render(
        audit=audit,
        style=style,
        script=script,
        policy=policy_of(style, script),
        meaning=_MEANING,
        whole=WHOLE,
        severities=[severity.value for severity in Severity],
    )


def spread(look: Outlook) -> dict[str, int]:
    """How many namespaces have each grade; what concerns the whole estate is no namespace."""
    named = [one.grade for one in look.namespaces if one.namespace]
    return {grade.value: named.count(grade) for grade in Grade if grade in named}
