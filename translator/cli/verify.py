"""``verify``: two trees of manifests compared."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from translator.after import as_source
from translator.certified import certified
from translator.cli.codes import DIFFERENT, DONE, FINDINGS
from translator.cli.console import err, out
from translator.cli.options import Aim, Reading, Talk, Threshold
from translator.cli.reading import run_options
from translator.cli.reports import check_form, check_names
from translator.cli.writing import write_all
from translator.difference import compare_trees, laid_over, meshes_of, read_tree
from translator.errors import TargetError
from translator.report.difference import Difference
from translator.report.render.difference import (
    difference_json,
    difference_markdown,
    difference_text,
)
from translator.source.load import Loaded, load

FORMS: Mapping[str, Callable[[Difference], str]] = {
    "text": difference_text,
    "json": difference_json,
    "markdown": difference_markdown,
}
"""The forms of what is found."""

_SUFFIXES = {".txt": "text", ".json": "json", ".md": "markdown"}
_GRAVE = {"MAY_DIFFER": Threshold.HIGH, "UNKNOWN": Threshold.HIGH}
_SEVERITIES = (Threshold.HIGH, Threshold.MEDIUM, Threshold.LOW)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is told: the form on stdout, reports in files, a certificate; and from where on open questions count."""

    form: str
    reports: tuple[str, ...]
    certificate: str
    fail_on: Threshold

    def check(self) -> None:
        """Looks whether all of it can be done.

        Raises:
            TargetError: a form or a name that is none of ours.
        """
        check_form(self.form, FORMS)
        check_names(self.reports, _SUFFIXES)


def run_verify(  # noqa: PLR0913  # the options of a command
    sides: tuple[str, str],
    meshes: tuple[str, str],
    wanted: Wanted,
    reading: Reading,
    aim: Aim,
    talk: Talk,
    *,
    overlay: bool,
) -> int:
    """Reads both sides, compares them and tells; returns the exit code."""
    wanted.check()
    if "-" in sides and (overlay or sides[0] == sides[1]):
        message = "standard input cannot be read twice: name files or folders."
        raise TargetError(message)
    before, after = (_load(side, reading) for side in sides)
    source, target = meshes_of(before, after, *meshes)
    options = run_options(before, source, target, reading, aim)
    if overlay:
        both = load(list(sides), include=reading.include, exclude=reading.exclude)
        after = laid_over(both, after, options)
    trees = read_tree(before, options), read_tree(after, as_source(options))
    found = compare_trees(*trees)
    written = {Path(f): (FORMS[_SUFFIXES[Path(f).suffix]](found),) for f in wanted.reports}
    if wanted.certificate:
        told = json.dumps(certified(*trees, found), indent=1)
        written[Path(wanted.certificate)] = (f"{told}\n",)
    write_all(None, {}, written, force=False)
    out((FORMS[wanted.form](found),))
    if not talk.quiet and wanted.form != "text":
        err(f"verdict: {found.verdict}\n")
    return exit_code(found.verdict, wanted.fail_on)


def _load(side: str, reading: Reading) -> Loaded:
    stdin = sys.stdin.buffer if side == "-" else None
    return load([side], stdin=stdin, include=reading.include, exclude=reading.exclude)


def exit_code(verdict: str, fail_on: Threshold) -> int:
    """5 where the sides differ; 3 where it is open whether they do, from that severity on."""
    if verdict == "DIFFERENT":
        return DIFFERENT
    severity = _GRAVE.get(verdict)
    if verdict == "NOTHING_TO_COMPARE":
        severity = Threshold.MEDIUM
    if severity is None or fail_on not in _SEVERITIES:
        return DONE
    return FINDINGS if _SEVERITIES.index(severity) <= _SEVERITIES.index(fail_on) else DONE
