"""``plan``: the way from one mesh to another, as a folder to apply and as a page to work through."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from translator.cli.codes import BUG, DONE, FINDINGS
from translator.cli.console import err, out
from translator.cli.options import Aim, Reading, Talk, Threshold
from translator.cli.reading import load_input, run_options
from translator.cli.reports import check_form, check_names
from translator.cli.writing import left_in_waves, write_all
from translator.errors import TargetError
from translator.migration import plan_loaded
from translator.planning.effort import UNITS, Actual
from translator.planning.flows import FlowError, Seen, read_flows
from translator.report.model import INVENTION, UNEXPLAINED
from translator.report.plan import Plan, Problem
from translator.report.render.plan import plan_json, plan_markdown, plan_text


def _html(plan: Plan) -> str:
    from translator.report.html.plan import plan_html

    return plan_html(plan)


FORMS: Mapping[str, Callable[[Plan], str]] = {
    "markdown": plan_markdown,
    "text": plan_text,
    "json": plan_json,
    "html": _html,
}
"""The forms of a plan."""

_SUFFIXES = {".md": "markdown", ".txt": "text", ".json": "json", ".html": "html"}
_SEVERITIES = (Threshold.BLOCKER, Threshold.HIGH, Threshold.MEDIUM, Threshold.LOW)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is told and where: the form on stdout, the folder, reports; from where on problems count."""

    form: str
    output_dir: str
    reports: tuple[str, ...]
    actuals: str
    flows: str
    fail_on: Threshold
    force: bool

    def check(self) -> None:
        """Looks whether all of it can be done.

        Raises:
            TargetError: a form or a name that is none of ours.
        """
        check_form(self.form, FORMS)
        check_names(self.reports, _SUFFIXES)


def run_plan(  # the options of a command
    paths: Sequence[str],
    meshes: tuple[str, str],
    wanted: Wanted,
    reading: Reading,
    aim: Aim,
    talk: Talk,
) -> int:
    """Reads, plans, writes and tells; returns the exit code."""
    wanted.check()
    actuals = read_actuals(wanted.actuals) if wanted.actuals else ()
    loaded = load_input(paths, reading)
    options = run_options(loaded, *meshes, reading, aim)
    seen = _flows(wanted.flows) if wanted.flows else ()
    found = plan_loaded(loaded, options, actuals=actuals, seen=seen)
    others = {Path(f): (FORMS[_SUFFIXES[Path(f).suffix]](found),) for f in wanted.reports}
    folder = Path(wanted.output_dir) if wanted.output_dir else None
    texts = {
        **found.files,
        "plan.md": plan_markdown(found),
        "plan.json": plan_json(found),
        "plan.html": _html(found),
    }
    write_all(folder, texts if folder else {}, others, force=wanted.force)
    if folder is None:
        out((FORMS[wanted.form](found),))
    if not talk.quiet and (folder or wanted.form != "text"):
        err(plan_text(found))
    if not talk.quiet:
        err(_written(folder, texts) if folder else "")
    return exit_code((*found.faults, *found.blockers, *found.decisions), wanted.fail_on)


def _written(folder: Path, texts: Mapping[str, str]) -> str:
    """What was written, and what an earlier plan left."""
    told = f"wrote {len(texts)} files to {folder}\n"
    stale = left_in_waves(folder, texts)
    if stale:
        told += (
            f"{len(stale)} of an earlier plan are still in {folder} ({stale[0]}): delete them, or write to an empty folder, "
            "since none of it was proved with the rest.\n"
        )
    return told


def _flows(file: str) -> tuple[Seen, ...]:
    try:
        return read_flows(Path(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, FlowError) as error:
        message = f"--flows {file}: {error}."
        raise TargetError(message) from error


def read_actuals(file: str) -> tuple[Actual, ...]:
    """What work took: a list of ``{"unit": ..., "count": ..., "hours": ...}``.

    Raises:
        TargetError: the file cannot be read, or a row is not as it should be.
    """
    try:
        rows = json.loads(Path(file).read_text(encoding="utf-8"))
        found = tuple(Actual(str(r["unit"]), float(r["count"]), float(r["hours"])) for r in rows)
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = (
            f'--actuals {file}: expected a list of {{"unit": "workload", "count": 12, "hours": 3}}, '
            f"found {type(error).__name__}: {error}."
        )
        raise TargetError(message) from error
    for one in found:
        if one.unit not in UNITS or one.count <= 0 or one.hours <= 0:
            message = (
                f'--actuals {file}: "{one.unit}" with count {one.count:g} and {one.hours:g} hours: expected a unit of '
                f"{', '.join(UNITS)}, and more than nothing of it."
            )
            raise TargetError(message)
    return found


def exit_code(problems: Iterable[Problem], fail_on: Threshold) -> int:
    """3 where a problem is at or above the threshold; 70 where the translation does what it does not say."""
    problems = tuple(problems)
    if any(problem.code in (INVENTION, UNEXPLAINED) for problem in problems):
        return BUG
    if fail_on is Threshold.NEVER:
        return DONE
    counted = {one.value for one in _SEVERITIES[: _SEVERITIES.index(fail_on) + 1]}
    return FINDINGS if any(problem.severity in counted for problem in problems) else DONE
