"""The report for a pull request: a head of a page, and below it, folded, everything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from translator.report.headline import headline
from translator.report.model import Finding, Output, Report
from translator.report.render.groups import Cause, Group, causes, place_text
from translator.report.render.words import counts, doubts, printable, shortened, times

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!@])")
_SHOWN = 5
"""Places of a group that are named."""
_HEAD = 20
"""Causes in the head: a page holds as many."""
_DOUBTS = 8
"""Reasons of the proof that are told in the head."""
_LONGEST = 160
"""Characters of a message or an advice in the head."""
LARGEST = 60_000
"""Characters in all: a comment on a pull request takes 65,536."""


def render_markdown(report: Report) -> str:
    """Where the run stands, the gravest causes as a table; folded: all findings and outputs."""
    source, target = report.source, report.target
    found = causes(report.findings)
    title = f"{source.mesh} {source.version} to {target.mesh} {target.version}"
    parts = [
        f"## meshmigrate: {plain(title)}",
        f"**Access: {plain(headline(report).sentence)}.**",
        "\n".join(_counts(report, found)),
        "### Findings",
        "\n".join(_head(found)),
    ]
    rest = []
    if report.assumptions:
        rest.append("### Assumptions")
        rest.append("\n".join(f"- {plain(text)}" for text in report.assumptions))
    room = LARGEST // 2 - sum(len(part) + 2 for part in (*parts, *rest))
    outputs = _fitting(list(_outputs(report.outputs)), room, "outputs")
    rest.append(_folded(times(len(report.outputs), "output"), outputs))
    if found:
        room = LARGEST - sum(len(part) + 2 for part in (*parts, *rest))
        rest.append(_folded("All findings", _all(found, room)))
    return "\n\n".join((*parts, *rest)) + "\n"


def plain(text: str) -> str:
    """Text that shows as it is: nothing of it formats, links or mentions anybody."""
    return _SPECIAL.sub(r"\\\1", printable(text))


def code(text: str) -> str:
    """Text in code style."""
    shown = printable(text)
    ticks = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    if not ticks:
        return f"`{shown}`"
    fence = "`" * (ticks + 1)
    return f"{fence} {shown} {fence}"


def cell(text: str) -> str:
    """The same for a cell of a table, where a bar must be escaped even in code."""
    return code(text).replace("|", r"\|")


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """The lines of a table; cells must be Markdown already."""
    names = list(head)
    yield f"| {' | '.join(names)} |"
    yield f"|{'---|' * len(names)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _counts(report: Report, found: Sequence[Cause]) -> Iterator[str]:
    summary = report.summary
    accepted = sum(finding.accepted is not None for finding in report.findings)
    told = counts(summary.findings) or "none"
    verdict = report.verification
    reason = f" ({plain(verdict.reason)})" if verdict.reason else ""
    yield f"- Input: {times(summary.files, 'file')}, {times(summary.documents, 'document')}"
    yield f"- Leaves ({summary.leaves}): {counts(summary.fates) or 'none'}"
    yield (
        f"- Findings: {told}"
        + (f" ({accepted} accepted)" if accepted else "")
        + (f"; {times(len(found), 'cause')}" if found else "")
    )
    yield f"- Verification: {plain(verdict.verdict)}{reason}"
    yield from (f"  - {plain(line)}" for line in doubts(verdict, _DOUBTS))


def _head(found: Sequence[Cause]) -> Iterator[str]:
    if not found:
        yield "None."
        return
    rows = map(_row, found[:_HEAD])
    yield from table(("Severity", "Code", "Count", "What", "First at", "Advice"), rows)
    rest = found[_HEAD:]
    if rest:
        told = times(sum(cause.count for cause in rest), "finding")
        yield ""
        yield f"{times(len(rest), 'further cause')} ({told}) below."


def _row(cause: Cause) -> tuple[str, ...]:
    first = cause.first
    return (
        _severity(first),
        first.code,
        str(cause.count),
        _said(first, shortened(cause.title, _LONGEST)),
        _place(cause.groups[0]),
        plain(shortened(cause.advice, _LONGEST)),
    )


def _severity(first: Finding) -> str:
    severity = first.severity.value
    return f"**{severity}**" if severity in {"blocker", "high"} else severity


def _said(first: Finding, text: str) -> str:
    said = f"{plain(text)} ({first.fate.value}, {first.impact.value.lower()})"
    if first.accepted is not None:
        said = f"{said}<br>accepted: {plain(first.accepted)}"
    return said


def _place(group: Group) -> str:
    if not group.places:
        default = group.first.default
        return f"where {cell(default.field)} is not written" if default else "the whole input"
    return cell(place_text(group.places[0]))


def _folded(title: str, lines: Iterable[str]) -> str:
    body = "\n".join(lines)
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def _fitting(lines: Sequence[str], room: int, noun: str) -> Iterator[str]:
    """As many lines as there is room for, and how many more there are."""
    for number, line in enumerate(lines):
        room -= len(line) + 1
        if room < 0:
            yield ""
            yield f"{len(lines) - number} more {noun} do not fit here: see the report as HTML or JSON."
            return
        yield line


def _all(found: Iterable[Cause], room: int) -> Iterator[str]:
    """Every message with its places, as far as there is room."""
    groups = [group for cause in found for group in cause.groups]
    left = room - 200  # for the fold and the last line
    for number, group in enumerate(groups):
        lines = list(_group(group))
        left -= sum(len(line) + 1 for line in lines)
        if left < 0:
            yield ""
            yield f"{len(groups) - number} more do not fit here: see the report as HTML or JSON."
            return
        yield from lines


def _group(group: Group) -> Iterator[str]:
    first = group.first
    many = f" {group.count} times" if group.count > 1 else ""
    yield f"- {_severity(first)} {first.code}{many}: {_said(first, first.message)}"
    for place in group.places[:_SHOWN]:
        yield f"  - {' '.join(code(part) for part in (place_text(place), place.path) if part)}"
    rest = len(group.places) - _SHOWN
    if rest > 0:
        yield f"  - and {rest} more"
    if group.advice:
        yield f"  - Advice: {plain(group.advice)}"


def _outputs(outputs: Iterable[Output]) -> Iterator[str]:
    rows = [
        (
            cell(one.resource),
            cell(one.apiVersion),
            cell(one.file),
            "edited" if one.edited else "new",
        )
        for one in outputs
    ]
    if not rows:
        yield "None."
        return
    yield from table(("Resource", "API version", "File", ""), rows)
