"""The report for a terminal: findings, equal ones once, then the counts."""

from __future__ import annotations

from collections.abc import Iterator

from translator.report.model import Report, Severity, Version
from translator.report.render.groups import (
    Group,
    counts,
    grouped,
    place_text,
    printable,
    times,
    trimmed,
)

_SHOWN = 3
"""Further places of a group that are named without ``verbose``."""

_COLORS = {
    Severity.BLOCKER: "1;31",
    Severity.HIGH: "31",
    Severity.MEDIUM: "33",
    Severity.LOW: "36",
    Severity.INFO: "2",
}


def render_text(report: Report, *, verbose: bool = False, color: bool = False) -> str:
    """Findings, most dangerous first, and counts; ``verbose`` names all places and assumptions."""
    lines: list[str] = []
    for group in grouped(report.findings):
        lines.extend(_group(group, verbose=verbose, color=color))
    if lines:
        lines.append("")
    lines.extend(_closing(report, verbose=verbose))
    return "\n".join(lines) + "\n"


def _group(group: Group, *, verbose: bool, color: bool) -> Iterator[str]:
    first = group.first
    severity = first.severity.value
    if color:
        severity = f"\x1b[{_COLORS[first.severity]}m{severity}\x1b[0m"
    impact = first.impact.value.lower()
    path = group.places[0].path if group.places else ""
    about = f"{first.code} {first.fate.value} ({impact})"
    said = f"{path}: {first.message}" if path else first.message
    yield f"{printable(_where(group))} {severity} {about} {printable(said)}"
    if len(group.places) > 1:
        yield from _further(group, verbose=verbose)
    if verbose and first.why:
        yield f"    why: {printable(first.why)}"
    if verbose and first.doc:
        yield f"    see: {printable(first.doc)}"
    if group.advice:
        yield f"    advice: {printable(group.advice)}"
    if first.accepted is not None:
        yield f"    accepted: {printable(first.accepted)}"


def _where(group: Group) -> str:
    if group.places:
        return place_text(group.places[0])
    default = group.first.default
    if default is not None:
        return f"({default.mesh} {default.version}, where {default.field} is not written)"
    return "(the whole input)"


def _further(group: Group, *, verbose: bool) -> Iterator[str]:
    if not verbose:
        yield f"    also: {printable(trimmed(group.places, _SHOWN))}"
        return
    for place in group.places[1:]:
        yield f"    also: {printable(place_text(place))} {printable(place.path)}"


def _closing(report: Report, *, verbose: bool) -> Iterator[str]:
    summary = report.summary
    size = ", ".join(
        (times(summary.files, "file"), times(summary.documents, "document"),
         times(summary.leaves, "leaf").replace("leafs", "leaves"))
    )  # fmt: skip
    yield f"{_mesh(report.source)} to {_mesh(report.target)}: {size}; {_outputs(report)}"
    yield f"leaves: {counts(summary.fates) or 'none'}"
    accepted = sum(finding.accepted is not None for finding in report.findings)
    yield f"findings: {counts(summary.findings) or 'none'}" + (
        f" ({accepted} accepted)" if accepted else ""
    )
    verdict = report.verification
    reason = f" ({printable(verdict.reason)})" if verdict.reason else ""
    yield f"verification: {verdict.verdict}{reason}"
    if verbose:
        yield from (f"assumed: {printable(text)}" for text in report.assumptions)
    elif report.assumptions:
        yield f"{times(len(report.assumptions), 'assumption')}; -v names them"
    if report.findings:
        yield f"more about a code: meshmigrate explain {grouped(report.findings)[0].first.code}"


def _mesh(version: Version) -> str:
    channel = f" {version.channel}" if version.channel else ""
    return f"{version.mesh} {version.version}{channel}"


def _outputs(report: Report) -> str:
    edited = sum(output.edited for output in report.outputs)
    made = times(len(report.outputs), "output")
    return f"{made}, {edited} of them edited" if edited else made
