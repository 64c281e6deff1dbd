"""The page on the proof names every assumption that a report can name, and its figures are right."""

from __future__ import annotations

from pathlib import Path

import pytest

from ir.behaviour import lower
from ir.match import PathForm
from tests.oracle.test_paths import paths
from translator.importers.linked import AGE
from translator.verify import access, identities, strangers
from translator.verify.result import Verdict
from translator.verify.standins import MADE_UP

PAGE = (Path(__file__).parents[2] / "docs" / "proof.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "text",
    [
        access._FORWARDED,
        lower._MAYBE_CLOSED,
        AGE.text,
        MADE_UP,
        identities.CAPPED,
        strangers.CAPPED,
    ],
)
def test_every_assumption_is_on_the_page_word_for_word(text: str) -> None:
    assert f" {text}\n" in PAGE


@pytest.mark.parametrize("verdict", [v for v in Verdict if v is not Verdict.NOT_RUN])
def test_every_verdict_is_on_the_page(verdict: Verdict) -> None:
    assert f"| `{verdict}` |" in PAGE


def test_its_figures_are_those_of_the_tests() -> None:
    count = len(paths())
    assert f"{count:,} paths in each" in PAGE
    assert f"{count * len(PathForm):,} requests" in PAGE
