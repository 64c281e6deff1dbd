"""The capability table is total, names only what there is, and has a code wherever something is lost."""

from __future__ import annotations

import pytest

from translator.api import Grade
from translator.exporters.capability import unknown, unlisted
from translator.exporters.istio.capabilities import ROWS
from translator.report.catalogue import CATALOGUE
from translator.target import parse_target


@pytest.mark.parametrize("version", ["1.31"])
def test_every_position_of_the_model_has_a_row(version: str) -> None:
    assert unlisted(ROWS, parse_target(f"istio@{version}")) == ()


def test_no_row_names_what_is_not_there() -> None:
    assert unknown(ROWS) == ()


def test_what_is_lost_has_a_code_with_a_page_and_a_sentence() -> None:
    for row in ROWS:
        if row.grade in (Grade.NEVER, Grade.NOT_YET):
            assert row.code in CATALOGUE, row.key
            assert row.why, row.key
