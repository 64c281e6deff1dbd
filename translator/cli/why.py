"""``why``: the way of the values on one line, from the ledger."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from translator import pipeline
from translator.cli.console import out
from translator.cli.options import Aim, Reading
from translator.cli.reading import load_input, run_options
from translator.errors import TargetError
from translator.pipeline import Result
from translator.report.model import Finding, LedgerRow
from translator.report.render.words import printable

_PLACE = re.compile(r"(?P<file>.+?):(?P<line>\d+)(?::\d+)?\Z")


def run_why(
    place: str, paths: Sequence[str], source: str, target: str, reading: Reading, aim: Aim
) -> int:
    """Prints what became of the values on a line; without ``paths`` its file is the input."""
    found = _PLACE.match(place)
    if found is None:
        message = f"{place}: expected FILE:LINE, such as shop/vs.yaml:41."
        raise TargetError(message)
    file, line = found["file"], int(found["line"])
    loaded = load_input(paths or ([] if reading.filename else [file]), reading)
    options = replace(run_options(loaded, source, target, reading, aim), verify=False)
    result = pipeline.translate_loaded(loaded, options)
    rows = [row for row in result.report.ledger if row.line == line and _same(row.file, file)]
    if not rows:
        raise TargetError(_nothing(result, file, line))
    out(text for row in rows for text in _told(row, result))
    return 0


def _same(one: str, other: str) -> bool:
    return one == other or os.path.realpath(one) == os.path.realpath(other)


def _nothing(result: Result, file: str, line: int) -> str:
    lines = [row.line for row in result.report.ledger if row.line and _same(row.file, file)]
    if not lines:
        return f"{file}: this file is not part of the input, or holds no value."
    near = min(lines, key=lambda one: (abs(one - line), one))
    return f"{file}:{line}: there is no value on this line; the nearest is on line {near}."


def _told(row: LedgerRow, result: Result) -> Iterator[str]:
    yield f"{row.file}:{row.line}:{row.column} {row.resource} {printable(row.path)}\n"
    yield f"  fate:     {row.fate.value}\n"
    for position in result.positions.get((row.file, row.document, row.path), ()):
        yield f"  meaning:  {position}\n"
    for placement in row.outputs:
        yield f"  output:   {placement.resource} {printable(placement.path)}\n"
    for finding in _about(row, result.report.findings):
        about = f"{finding.code} {finding.severity.value}"
        yield f"  finding:  {about}: {printable(finding.message)}\n"
        if finding.why:
            yield f"            why: {printable(finding.why)}\n"
        if finding.advice:
            yield f"            advice: {printable(finding.advice)}\n"


def _about(row: LedgerRow, findings: Sequence[Finding]) -> Iterator[Finding]:
    """The findings that name this very place."""
    for finding in findings:
        if any(
            (source.file, source.line, source.path) == (row.file, row.line, row.path)
            for source in finding.sources
        ):
            yield finding
