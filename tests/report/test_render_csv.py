"""The ledger as CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from tests.report.reports import finding, report
from translator.report.model import Severity
from translator.report.render.csv import HEAD, render_csv


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_there_is_a_head_line_and_one_line_a_leaf() -> None:
    head, first, second = cells(render_csv(report()))
    assert tuple(head) == HEAD
    placed = "HTTPRoute/shop/reviews spec.rules[0].timeouts.request"
    assert first == [
        *("leaf", "shop/vs.yaml", "0", "14", "7", "VirtualService/shop/reviews"),
        *("spec.http[0].timeout", "placed", placed, "", "", "", "", "", ""),
    ]
    assert second[7:10] == ["lost", "", "MM301"]


def test_a_finding_is_a_row_with_the_number_of_its_cause() -> None:
    whole = report(finding("MM303", Severity.LOW, message="x"), finding(), finding())
    rows = [row for row in cells(render_csv(whole)) if row[0] == "finding"]
    assert [(row[9], row[10], row[12]) for row in rows] == [
        ("MM301", "high", "1"),
        ("MM301", "high", "1"),
        ("MM303", "low", "2"),
    ]
    assert rows[0][1:7] == [
        *("shop/vs.yaml", "", "20", "9", "VirtualService/shop/reviews", "spec.http[0].fault"),
    ]


def test_quotes_and_commas_of_a_path_come_back() -> None:
    row = replace(report().ledger[0], path='metadata.labels["a,b"]')
    assert cells(render_csv(replace(report(), ledger=(row,))))[1][6] == 'metadata.labels["a,b"]'


def test_no_cell_is_a_formula() -> None:
    row = replace(report().ledger[0], file="-", path="=cmd()", line=None)
    found = cells(render_csv(replace(report(), ledger=(row,))))[1]
    assert found[1] == "-"
    assert found[3] == ""
    assert found[6] == "'=cmd()"
