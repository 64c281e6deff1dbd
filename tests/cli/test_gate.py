"""What decides the exit code."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.report.reports import FAULT_AT, finding, report
from translator.cli.gate import exit_code, judged, parse_acceptance
from translator.cli.options import Gate, Threshold
from translator.errors import TargetError
from translator.report.model import Impact, Severity
from translator.report.render.json import render_json

BLOCKER = finding("MM401", Severity.BLOCKER, Impact.LOOSER, "open")


@pytest.mark.parametrize(
    ("threshold", "codes"),
    [
        (Threshold.BLOCKER, [3, 0, 0, 0, 0]),
        (Threshold.HIGH, [3, 3, 0, 0, 0]),
        (Threshold.MEDIUM, [3, 3, 3, 0, 0]),
        (Threshold.LOW, [3, 3, 3, 3, 0]),
        (Threshold.NEVER, [0, 0, 0, 0, 0]),
    ],
)
def test_a_run_ends_with_3_from_the_threshold_on(threshold: Threshold, codes: list[int]) -> None:
    assert [exit_code(report(finding(severity=s)), threshold) for s in Severity] == codes


@pytest.mark.parametrize("fate", ["dropped", "stranded"])
def test_a_forgotten_leaf_ends_with_70_whatever_the_threshold(fate: str) -> None:
    bug = report(finding(), fates={"placed": 1, fate: 1})
    assert exit_code(bug, Threshold.NEVER) == 70


@pytest.mark.parametrize(
    ("code", "impact"), [("MM903", Impact.LOOSER), ("MM904", Impact.DIFFERENT)]
)
def test_a_difference_that_nothing_explains_ends_with_70_whatever_is_accepted(
    code: str, impact: Impact
) -> None:
    otherwise = finding(code, Severity.HIGH, impact, "otherwise")
    assert exit_code(report(otherwise), Threshold.NEVER) == 70
    accepted = judged(report(otherwise), Gate(accept=(f"{code}@*",)))
    assert exit_code(accepted, Threshold.HIGH) == 70


def test_a_blocker_is_accepted_only_with_a_glob() -> None:
    assert not parse_acceptance("MM401=reason").covers(BLOCKER)
    assert parse_acceptance("MM401@VirtualService/shop/*=reason").covers(BLOCKER)


def test_a_glob_must_fit_every_resource_of_a_finding() -> None:
    both = replace(BLOCKER, sources=(FAULT_AT, replace(FAULT_AT, resource="VirtualService/web/a")))
    assert not parse_acceptance("MM401@VirtualService/shop/*").covers(both)
    assert parse_acceptance("MM401@VirtualService/*").covers(both)


def test_an_acceptance_is_read_with_code_glob_and_reason() -> None:
    one = parse_acceptance("mm301@HTTPRoute/*/a=we test = otherwise")
    assert (one.code, one.glob, one.reason) == ("MM301", "HTTPRoute/*/a", "we test = otherwise")


def test_an_unknown_code_cannot_be_accepted() -> None:
    with pytest.raises(TargetError, match="MM999"):
        parse_acceptance("MM999")


def test_an_accepted_finding_stays_in_the_report_with_its_reason() -> None:
    found = judged(report(finding()), Gate(accept=("MM301=no faults here",)))
    assert found.findings[0].accepted == "no faults here"
    assert found.summary.findings["high"] == 1
    assert exit_code(found, Threshold.LOW) == 0


def test_a_baseline_knows_findings_by_all_but_their_line(tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    old.write_text(render_json(report(finding())), encoding="utf-8")
    moved = replace(FAULT_AT, line=99)
    gate = Gate(baseline=str(old))
    known = judged(report(replace(finding(), sources=(moved,))), gate)
    new = judged(report(replace(finding(), sources=(replace(FAULT_AT, path="spec.x"),))), gate)
    graver = judged(report(finding(severity=Severity.BLOCKER)), gate)
    assert [exit_code(one, Threshold.LOW) for one in (known, new, graver)] == [0, 3, 3]


def test_a_baseline_that_is_no_report_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[]", encoding="utf-8")
    for name in ("x.json", "gone.json"):
        with pytest.raises(TargetError, match="--baseline"):
            judged(report(), Gate(baseline=str(tmp_path / name)))
