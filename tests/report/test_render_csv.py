"""The ledger as CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from tests.report.reports import report
from translator.report.render.csv import HEAD, render_csv


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_there_is_a_head_line_and_one_line_a_leaf() -> None:
    head, first, second = cells(render_csv(report()))
    assert tuple(head) == HEAD
    assert first[6:] == ["placed", "HTTPRoute/shop/reviews spec.rules[0].timeouts.request", ""]
    assert second[6:] == ["lost", "", "MM301"]


def test_quotes_and_commas_of_a_path_come_back() -> None:
    row = replace(report().ledger[0], path='metadata.labels["a,b"]')
    assert cells(render_csv(replace(report(), ledger=(row,))))[1][5] == 'metadata.labels["a,b"]'


def test_no_cell_is_a_formula() -> None:
    row = replace(report().ledger[0], file="-", path="=cmd()", line=None)
    found = cells(render_csv(replace(report(), ledger=(row,))))[1]
    assert found[0] == "-"
    assert found[2] == ""
    assert found[5] == "'=cmd()"
