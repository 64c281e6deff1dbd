"""The forms of the report by the suffix of its file; each is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from translator.errors import TargetError
from translator.report.model import Report


def _json(report: Report) -> Iterable[str]:
    from translator.report.render.json import render_json_chunks

    return render_json_chunks(report)


def _csv(report: Report) -> Iterable[str]:
    from translator.report.render.csv import render_csv_chunks

    return render_csv_chunks(report)


def _text(report: Report) -> Iterable[str]:
    from translator.report.render.text import render_text

    return (render_text(report, verbose=True),)


def _html(report: Report) -> Iterable[str]:
    from translator.report.html.page import render_html_chunks

    return render_html_chunks(report)


FORMS: Mapping[str, Callable[[Report], Iterable[str]]] = {
    ".json": _json,
    ".sarif": lambda report: (report.to_sarif(),),
    ".html": _html,
    ".md": lambda report: (report.to_markdown(),),
    ".csv": _csv,
    ".txt": _text,
}
"""The pieces of the report in the form of a suffix."""


def check_names(files: Sequence[str], suffixes: Iterable[str] = tuple(FORMS)) -> None:
    """Refuses a report that has no form of ours.

    Raises:
        TargetError: the name ends in none of the suffixes.
    """
    known = tuple(suffixes)
    for file in files:
        if Path(file).suffix not in known:
            message = f"--report {file}: expected a name that ends in {', '.join(known)}."
            raise TargetError(message)


def check_form(form: str, forms: Iterable[str]) -> None:
    """Refuses a form that is none of these.

    Raises:
        TargetError: there is no such form.
    """
    known = tuple(forms)
    if form not in known:
        message = f"--format {form}: expected one of {', '.join(known)}."
        raise TargetError(message)


def report_pieces(report: Report, files: Sequence[str]) -> dict[Path, Iterable[str]]:
    """What to write into each file."""
    return {Path(file): FORMS[Path(file).suffix](report) for file in files}
