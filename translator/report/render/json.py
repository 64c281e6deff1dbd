"""The report as JSON, schema version 1: the ledger is written row by row, one line each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields

from translator.report.model import (
    Finding,
    LedgerRow,
    Output,
    Placement,
    Report,
    Source,
    Verification,
    Version,
)
from translator.report.render.groups import Cause, causes


def render_json(report: Report) -> str:
    """The whole report as one text that ends in a newline."""
    return "".join(render_json_chunks(report))


def render_json_chunks(report: Report) -> Iterator[str]:
    """The report in pieces, none larger than a row; joined they are :func:`render_json`."""
    yield f'{{"schema_version": {report.schema_version},\n'
    yield f' "tool": {_dump(asdict(report.tool))},\n'
    yield f' "source": {_dump(_source_version(report.source))},\n'
    yield f' "target": {_dump(asdict(report.target))},\n'
    yield f' "summary": {_dump(asdict(report.summary))},\n'
    yield from _array("ledger", map(_row, report.ledger))
    yield from _array("findings", map(finding_tree, report.findings))
    yield from _array("outputs", map(_output, report.outputs))
    yield f' "verification": {_dump(_verification(report.verification))},\n'
    yield from _array("causes", map(_cause, causes(report.findings)))
    yield f' "assumptions": {_dump(list(report.assumptions))}}}\n'


def _array(name: str, items: Iterable[dict[str, object]]) -> Iterator[str]:
    yield f' "{name}": ['
    separator = "\n  "
    for item in items:
        yield separator + _dump(item)
        separator = ",\n  "
    yield "],\n"


def _dump(value: object) -> str:
    # Only ASCII: names of files need not be text, and every reader takes an escape.
    return json.dumps(value, ensure_ascii=True)


def _source_version(version: Version) -> dict[str, object]:
    """A source has a channel only where it is Gateway API; a target always has the field."""
    return {key: value for key, value in asdict(version).items() if value is not None}


def _row(row: LedgerRow) -> dict[str, object]:
    return {
        "file": row.file,
        "document": row.document,
        "line": row.line,
        "column": row.column,
        "resource": row.resource,
        "path": row.path,
        "fate": row.fate.value,
        "outputs": _placements(row.outputs),
        "findings": list(row.findings),
    }


def _cause(cause: Cause) -> dict[str, object]:
    first = cause.first
    return {
        "code": first.code,
        "severity": first.severity.value,
        "fate": first.fate.value,
        "impact": first.impact.value,
        "count": cause.count,
        "title": cause.title,
        "advice": cause.advice,
        "findings": list(cause.numbers),
    }


def finding_tree(finding: Finding) -> dict[str, object]:
    """A finding as plain values; ``default`` and ``accepted`` only where they are given."""
    tree: dict[str, object] = {
        "code": finding.code,
        "severity": finding.severity.value,
        "fate": finding.fate.value,
        "impact": finding.impact.value,
        "support": finding.support.value,
        "message": finding.message,
        "why": finding.why,
        "advice": finding.advice,
        "doc": finding.doc,
        "sources": [_source(source) for source in finding.sources],
        "outputs": _placements(finding.outputs),
        "witness": finding.witness,
    }
    if finding.default is not None:
        tree["default"] = asdict(finding.default)
    if finding.accepted is not None:
        tree["accepted"] = finding.accepted
    return tree


def _source(source: Source) -> dict[str, object]:
    return {field.name: getattr(source, field.name) for field in fields(source)}


def _placements(placements: Iterable[Placement]) -> list[dict[str, str]]:
    return [{"resource": at.resource, "path": at.path} for at in placements]


def _output(output: Output) -> dict[str, object]:
    return asdict(output)


def _verification(verification: Verification) -> dict[str, object]:
    tree: dict[str, object] = {
        "verdict": verification.verdict,
        "slices": verification.slices,
        "changes": list(verification.changes),
    }
    if verification.reason is not None:
        tree["reason"] = verification.reason
    if verification.reasons:
        tree["reasons"] = verification.reasons
    if verification.doubted:
        tree["doubted"] = verification.doubted
    if verification.exaggerated:
        tree["exaggerated"] = list(verification.exaggerated)
    return tree
