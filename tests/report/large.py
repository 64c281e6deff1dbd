"""A report with as many findings as are asked for, each with its line of source."""

from __future__ import annotations

from dataclasses import replace

from tests.report.reports import finding, report
from translator.report.catalogue import CATALOGUE
from translator.report.exhibits import Exhibits, Sheet
from translator.report.model import Fate, Impact, LedgerRow, Report, Severity, Source

_SPACES = 40


def large_report(findings: int) -> Report:
    """Findings of every code in every severity, over as many resources, in 40 namespaces."""
    codes = tuple(CATALOGUE)
    severities = tuple(Severity)
    impacts = tuple(Impact)
    places = [
        Source(
            f"space-{n % _SPACES}.yaml",
            n // _SPACES + 1,
            1,
            f"VirtualService/space-{n % _SPACES}/route-{n}",
            f"spec.http[{n % 7}].fault",
        )
        for n in range(findings)
    ]
    found = [
        finding(
            codes[n % len(codes)],
            severities[n % len(severities)],
            impacts[n % len(impacts)],
            f"route {n} is told otherwise than before, since the target has no word for it.",
            place,
        )
        for n, place in enumerate(places)
    ]
    rows = tuple(
        LedgerRow(p.file, 0, p.line, 1, p.resource, p.path, Fate.LOST, (), (one.code,))
        for p, one in zip(places, found, strict=True)
    )
    each = findings // _SPACES + 1
    sheets = tuple(
        Sheet("", f"space-{space}.yaml", 0, 1, "\n".join(f"line: {n}" for n in range(1, each + 1)))
        for space in range(_SPACES)
    )
    whole = report(*found, fates={"lost": findings})
    summary = replace(whole.summary, leaves=findings)
    return replace(whole, ledger=rows, summary=summary, exhibits=lambda: Exhibits(sheets))
