"""The report for a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from translator.report.model import Output, Report
from translator.report.render.groups import Group, counts, grouped, place_text, printable, times

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!@])")
_SHOWN = 5
"""Places of a group that are named in its row."""


def render_markdown(report: Report) -> str:
    """A heading, the counts, the findings as a table, the outputs and the verdict."""
    source, target = report.source, report.target
    title = f"{source.mesh} {source.version} to {target.mesh} {target.version}"
    parts = [
        f"## meshmigrate: {plain(title)}",
        "\n".join(_counts(report)),
        "### Findings",
        "\n".join(_findings(grouped(report.findings))),
        "### Outputs",
        "\n".join(_outputs(report.outputs)),
    ]
    if report.assumptions:
        parts.append("### Assumptions")
        parts.append("\n".join(f"- {plain(text)}" for text in report.assumptions))
    return "\n\n".join(parts) + "\n"


def plain(text: str) -> str:
    """Text that shows as it is: nothing of it formats, links or mentions anybody."""
    return _SPECIAL.sub(r"\\\1", printable(text))


def code(text: str) -> str:
    """Text in code style, also inside a table."""
    shown = printable(text).replace("|", r"\|")
    ticks = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    if not ticks:
        return f"`{shown}`"
    fence = "`" * (ticks + 1)
    return f"{fence} {shown} {fence}"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """The lines of a table; cells must be Markdown already."""
    names = list(head)
    yield f"| {' | '.join(names)} |"
    yield f"|{'---|' * len(names)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _counts(report: Report) -> Iterator[str]:
    summary = report.summary
    accepted = sum(finding.accepted is not None for finding in report.findings)
    found = counts(summary.findings) or "none"
    verdict = report.verification
    reason = f" ({plain(verdict.reason)})" if verdict.reason else ""
    yield f"- Input: {times(summary.files, 'file')}, {times(summary.documents, 'document')}"
    yield f"- Leaves ({summary.leaves}): {counts(summary.fates) or 'none'}"
    yield f"- Findings: {found}" + (f" ({accepted} accepted)" if accepted else "")
    yield f"- Verification: {plain(verdict.verdict)}{reason}"


def _findings(groups: Iterable[Group]) -> Iterator[str]:
    rows = [_finding(group) for group in groups]
    if not rows:
        yield "None."
        return
    yield from table(("Severity", "Code", "What", "Where", "Advice"), rows)


def _finding(group: Group) -> tuple[str, ...]:
    first = group.first
    severity = first.severity.value
    severity = f"**{severity}**" if severity in {"blocker", "high"} else severity
    impact = first.impact.value.lower()
    said = f"{plain(first.message)} ({first.fate.value}, {impact})"
    if first.accepted is not None:
        said = f"{said}<br>accepted: {plain(first.accepted)}"
    return severity, first.code, said, _places(group), plain(group.advice)


def _places(group: Group) -> str:
    if not group.places:
        default = group.first.default
        return f"where {code(default.field)} is not written" if default else "the whole input"
    shown = [
        " ".join(code(part) for part in (place_text(place), place.path) if part)
        for place in group.places[:_SHOWN]
    ]
    rest = len(group.places) - _SHOWN
    return "<br>".join((*shown, f"and {rest} more") if rest > 0 else shown)


def _outputs(outputs: Iterable[Output]) -> Iterator[str]:
    rows = [
        (
            code(one.resource),
            code(one.apiVersion),
            code(one.file),
            "edited" if one.edited else "new",
        )
        for one in outputs
    ]
    if not rows:
        yield "None."
        return
    yield from table(("Resource", "API version", "File", ""), rows)
