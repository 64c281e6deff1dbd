"""Every code has a page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from translator.report.catalogue import CATALOGUE, Entry, findings_markdown, page

SOURCES = Path(__file__).parents[2] / "translator"


def test_every_code_that_the_code_uses_has_a_page() -> None:
    used = {
        code
        for file in sorted(SOURCES.rglob("*.py"))
        if "pages" not in file.parts
        for code in re.findall(r"\bMM\d{3}\b", file.read_text(encoding="utf-8"))
    }
    assert sorted(used - set(CATALOGUE)) == []


def test_codes_are_in_order_and_known_by_their_own_name() -> None:
    assert list(CATALOGUE) == sorted(CATALOGUE)
    assert all(entry.code == code for code, entry in CATALOGUE.items())


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=lambda entry: entry.code)
def test_a_page_says_what_when_and_what_to_do(entry: Entry) -> None:
    assert not entry.title.endswith(".")
    assert entry.what.endswith(".")
    assert entry.why.endswith(".")
    assert entry.advice
    assert entry.title in page(entry)


@pytest.mark.parametrize(
    "entry",
    [entry for entry in CATALOGUE.values() if entry.code != "MM103"],
    ids=lambda entry: entry.code,
)
def test_an_example_is_yaml(entry: Entry) -> None:
    yaml.safe_load(entry.example)


def test_the_page_of_all_findings_has_a_section_for_each() -> None:
    text = findings_markdown()
    assert text.count("\n## ") == len(CATALOGUE)
