"""The first sentence of a report: is anything newly allowed?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.report.reports import finding, report
from translator.report.headline import Standing, headline
from translator.report.model import Finding, Impact, Report, Severity, Verification

ALLOWED: dict[str, object] = {"kind": "newly_allowed"}
DENIED: dict[str, object] = {"kind": "newly_denied"}


def proved(
    *findings: Finding,
    changes: tuple[dict[str, object], ...] = (),
    verdict: str = "EQUAL_EXACT",
    slices: dict[str, int] | None = None,
) -> Report:
    proof = Verification(verdict, slices or {"EQUAL_EXACT": 3}, changes)
    return replace(report(*findings), verification=proof)


def test_all_proved_and_nothing_newly_allowed_holds() -> None:
    slices = {"EQUAL_EXACT": 2, "EQUAL_UNDER": 1, "DIFFERENT": 1}
    answer = headline(proved(changes=(DENIED, DENIED), slices=slices))
    assert answer.standing is Standing.HELD
    assert answer.sentence == (
        "nothing is newly allowed, proved for 4 compared ports "
        "(1 of them under assumptions that are named)"
    )
    assert answer.changes == {"newly_denied": 2}


def test_a_change_that_the_proof_found_is_said_first() -> None:
    loose = finding("MM402", Severity.BLOCKER, Impact.LOOSER, accepted="borne")
    answer = headline(proved(loose, changes=(ALLOWED, DENIED)))
    assert answer.standing is Standing.WIDER
    assert "1 change found by the proof, 1 finding about it" in answer.sentence


def test_a_finding_of_looser_access_outweighs_an_equal_proof() -> None:
    answer = headline(proved(finding("MM401", Severity.BLOCKER, Impact.LOOSER)))
    assert answer.standing is Standing.WIDER
    assert answer.sentence == "requests may be newly allowed: 1 finding of looser access"


def test_a_port_that_differs_and_is_not_understood_whole_is_not_called_proved() -> None:
    whole = proved(changes=(DENIED,), verdict="DIFFERENT", slices={"DIFFERENT": 2})
    doubtful = replace(whole, verification=replace(whole.verification, doubted=1))
    assert headline(whole).standing is Standing.HELD
    assert headline(doubtful).standing is Standing.OPEN
    assert headline(doubtful).sentence.startswith("nothing is newly allowed at 1 of 2 compared")


@pytest.mark.parametrize("verdict", ["NOT_RUN", "NOTHING_TO_COMPARE"])
def test_what_was_not_compared_is_not_called_equal(verdict: str) -> None:
    answer = headline(proved(verdict=verdict))
    assert answer.standing is Standing.OPEN
    assert answer.sentence.startswith("not proved")


@pytest.mark.parametrize("open_", ["MAY_DIFFER", "UNKNOWN"])
def test_ports_without_an_answer_are_counted(open_: str) -> None:
    answer = headline(proved(verdict=open_, slices={"EQUAL_EXACT": 2, open_: 1}))
    assert answer.standing is Standing.OPEN
    assert answer.sentence == (
        "nothing is newly allowed at 2 of 3 compared ports; the rest is not proved"
    )
