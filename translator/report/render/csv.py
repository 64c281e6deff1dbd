"""The report as one table: a row for every leaf, then a row for every finding."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from translator.report.model import Finding, LedgerRow, Placement, Report, Source
from translator.report.render.groups import causes

HEAD = (
    "row",
    "file",
    "document",
    "line",
    "column",
    "resource",
    "path",
    "fate",
    "outputs",
    "findings",
    "severity",
    "impact",
    "cause",
    "message",
    "advice",
)
"""``row`` is ``leaf`` or ``finding``; ``cause`` numbers the causes from 1, the most dangerous first."""

_FORMULA = ("=", "+", "@", "\t", "\r")
_NOWHERE = Source("", None, None, "", "")


def render_csv(report: Report) -> str:
    """All rows below a head line (RFC 4180, lines end in a line feed)."""
    return "".join(render_csv_chunks(report))


def render_csv_chunks(report: Report) -> Iterator[str]:
    """The same, line by line."""
    yield _line(HEAD)
    for row in report.ledger:
        yield _line(_leaf(row))
    for cause, found in enumerate(causes(report.findings), 1):
        for number in found.numbers:
            yield _line(_finding(report.findings[number], cause))


def _line(cells: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([harmless(cell) for cell in cells])
    return text.getvalue()


def harmless(cell: str) -> str:
    """A cell that a spreadsheet does not take for a formula; ``-`` alone is standard input."""
    risky = cell.startswith(_FORMULA) or (cell.startswith("-") and cell != "-")
    return f"'{cell}" if risky else cell


def _leaf(row: LedgerRow) -> tuple[str, ...]:
    return (
        "leaf",
        row.file,
        str(row.document),
        *_numbers(row.line, row.column),
        row.resource,
        row.path,
        row.fate.value,
        _outputs(row.outputs),
        " ".join(row.findings),
        *("",) * 5,
    )


def _finding(finding: Finding, cause: int) -> tuple[str, ...]:
    at = finding.sources[0] if finding.sources else _NOWHERE
    return (
        "finding",
        at.file,
        "",
        *_numbers(at.line, at.column),
        at.resource,
        at.path,
        finding.fate.value,
        _outputs(finding.outputs),
        finding.code,
        finding.severity.value,
        finding.impact.value,
        str(cause),
        finding.message,
        finding.advice,
    )


def _numbers(*numbers: int | None) -> tuple[str, ...]:
    return tuple("" if number is None else str(number) for number in numbers)


def _outputs(placements: tuple[Placement, ...]) -> str:
    return "; ".join(f"{at.resource} {at.path}" for at in placements)
