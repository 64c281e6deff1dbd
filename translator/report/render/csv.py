"""The ledger as CSV: one row a leaf."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from translator.report.model import LedgerRow, Report

HEAD = (
    "file",
    "document",
    "line",
    "column",
    "resource",
    "path",
    "fate",
    "outputs",
    "findings",
)
_FORMULA = ("=", "+", "@", "\t", "\r")


def render_csv(report: Report) -> str:
    """All rows of the ledger below a head line (RFC 4180, lines end in a line feed)."""
    return "".join(render_csv_chunks(report))


def render_csv_chunks(report: Report) -> Iterator[str]:
    """The same, line by line."""
    yield _line(HEAD)
    for row in report.ledger:
        yield _line(_cells(row))


def _line(cells: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([_harmless(cell) for cell in cells])
    return text.getvalue()


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet does not take for a formula; ``-`` alone is standard input."""
    risky = cell.startswith(_FORMULA) or (cell.startswith("-") and cell != "-")
    return f"'{cell}" if risky else cell


def _cells(row: LedgerRow) -> tuple[str, ...]:
    return (
        row.file,
        str(row.document),
        "" if row.line is None else str(row.line),
        "" if row.column is None else str(row.column),
        row.resource,
        row.path,
        row.fate.value,
        "; ".join(f"{at.resource} {at.path}" for at in row.outputs),
        " ".join(row.findings),
    )
