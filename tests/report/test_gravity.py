"""How grave a finding is by what it does to requests."""

from __future__ import annotations

import pytest

from translator.report.model import Impact, Loss, Severity, Support


def loss(impact: Impact, severity: Severity | None) -> Loss:
    return Loss(
        code="MM402", impact=impact, support=Support.NEVER, severity=severity, message="a loss"
    )


@pytest.mark.parametrize("given", [None, *Severity])
def test_wider_access_is_a_blocker_whatever_was_given(given: Severity | None) -> None:
    assert loss(Impact.LOOSER, given).gravity is Severity.BLOCKER


@pytest.mark.parametrize("impact", [one for one in Impact if one is not Impact.LOOSER])
def test_of_what_is_not_wider_the_given_severity_stands(impact: Impact) -> None:
    assert loss(impact, Severity.LOW).gravity is Severity.LOW
