"""The rule of the grades."""

from __future__ import annotations

import pytest

from translator.audit.grade import grade, worst
from translator.report.audit import Grade


@pytest.mark.parametrize(
    ("findings", "said", "kept", "expected"),
    [
        ({}, 0, 0, Grade.A),
        ({"info": 9}, 5, 5, Grade.A),
        ({"low": 1, "info": 2}, 5, 5, Grade.B),
        ({"medium": 1}, 5, 1, Grade.B),
        ({"high": 1, "medium": 4}, 5, 0, Grade.C),
        ({"blocker": 1}, 10, 5, Grade.D),
        ({"blocker": 1}, 10, 4, Grade.E),
        ({"blocker": 1}, 0, 0, Grade.D),
    ],
)
def test_the_grade_follows_the_worst_finding_and_what_is_kept(
    findings: dict[str, int], said: int, kept: int, expected: Grade
) -> None:
    assert grade(findings, said, kept)[0] is expected


def test_the_worst_of_several_counts() -> None:
    assert worst([Grade.B, Grade.D, Grade.A]) is Grade.D
    assert worst([]) is Grade.A
