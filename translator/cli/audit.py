"""``audit``: estates and what each target would make of them; writes no manifests."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import typer

from translator.audit.survey import Wanted, audit_loaded
from translator.cli.console import err, out
from translator.cli.gate import exit_code, judged
from translator.cli.options import Gate, Judging, Reading, Talk, Telling
from translator.cli.reading import reading_settings, versioned
from translator.cli.reports import check_form, check_names
from translator.cli.writing import write_all
from translator.report.audit import Audit
from translator.report.model import Report
from translator.source.estates import by_estate
from translator.source.load import Loaded, load

FORMS: Mapping[str, Callable[[Audit], str]] = {
    "text": Audit.to_text,
    "json": Audit.to_json,
    "markdown": Audit.to_markdown,
    "csv": Audit.to_csv,
    "html": Audit.to_html,
}
"""The forms of an audit."""

_SUFFIXES = {".txt": "text", ".json": "json", ".md": "markdown", ".csv": "csv", ".html": "html"}


def run_audit(  # noqa: PLR0913, PLR0917  # the options of a command
    paths: Sequence[str],
    source: str,
    targets: Sequence[str],
    form: str,
    reading: Reading,
    judging: Judging,
    telling: Telling,
    talk: Talk,
) -> int:
    """Reads, translates to each target in memory and tells; returns the exit code."""
    check_form(form, FORMS)
    check_names(telling.report, _SUFFIXES)
    gate = Gate(judging.accept, judging.fail_on, judging.baseline, judging.verify)
    codes = [0]

    def judge(report: Report) -> Report:
        told = judged(report, gate)
        codes.append(exit_code(told, gate.fail_on))
        return told

    wanted = Wanted(
        targets=tuple(targets),
        source=versioned(source, reading.source_version, "--source-version"),
        settings=_settings(reading, telling, judging),
        judge=judge,
    )
    found = audit_loaded(_estates(paths, reading), wanted)
    written = {Path(f): (FORMS[_SUFFIXES[Path(f).suffix]](found),) for f in telling.report}
    write_all(None, {}, written, force=False)
    out((FORMS[form](found),))
    if telling.report and not talk.quiet:
        err(f"wrote {', '.join(telling.report)}\n")
    return max(codes)


def _estates(paths: Sequence[str], reading: Reading) -> dict[str, Loaded]:
    every = [*paths, *reading.filename]
    if not every:
        message = (
            "name files or folders to read, NAME=PATH for estates apart, or - for standard input."
        )
        raise typer.BadParameter(message)
    stdin = sys.stdin.buffer if "-" in every else None
    return {
        name: load(own, stdin=stdin, include=reading.include, exclude=reading.exclude)
        for name, own in by_estate(every).items()
    }


def _settings(reading: Reading, telling: Telling, judging: Judging) -> dict[str, object]:
    return {
        **reading_settings(reading),
        "gateway_class": telling.gateway_class or None,
        "verify": judging.verify,
    }
