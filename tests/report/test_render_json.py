"""The report as JSON keeps to its schema."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from tests.report.reports import finding, report
from translator.report.model import DefaultRef, Severity, Version
from translator.report.render.json import render_json, render_json_chunks
from translator.report.schema import report_schema


def test_the_report_has_the_fields_of_the_contract_in_its_order() -> None:
    tree = json.loads(render_json(report(finding())))
    assert list(tree) == [
        "schema_version",
        "tool",
        "source",
        "target",
        "summary",
        "ledger",
        "findings",
        "outputs",
        "verification",
        "causes",
        "assumptions",
    ]
    assert tree["source"] == {"mesh": "istio", "version": "1.29"}
    assert tree["target"] == {"mesh": "linkerd", "version": "2.20", "channel": None}
    assert tree["ledger"][0] == {
        "file": "shop/vs.yaml",
        "document": 0,
        "line": 14,
        "column": 7,
        "resource": "VirtualService/shop/reviews",
        "path": "spec.http[0].timeout",
        "fate": "placed",
        "outputs": [
            {"resource": "HTTPRoute/shop/reviews", "path": "spec.rules[0].timeouts.request"}
        ],
        "findings": [],
    }
    assert tree["verification"]["verdict"] == "NOT_RUN"
    assert tree["verification"]["reason"] == "not built yet"


def test_a_finding_has_the_fields_of_the_contract() -> None:
    (found,) = json.loads(render_json(report(finding())))["findings"]
    assert list(found) == [
        "code",
        "severity",
        "fate",
        "impact",
        "support",
        "message",
        "why",
        "advice",
        "doc",
        "sources",
        "outputs",
        "witness",
    ]
    assert found["witness"] is None
    assert list(found["sources"][0]) == ["file", "line", "column", "resource", "path"]


def test_a_finding_about_a_default_names_it_and_has_no_sources() -> None:
    default = DefaultRef("istio", "1.29", "VirtualService.spec.http[].retries", "https://e.example")
    (found,) = json.loads(render_json(report(finding(default=default))))["findings"]
    assert found["sources"] == []
    assert found["default"]["field"] == "VirtualService.spec.http[].retries"


def test_an_accepted_finding_stays_and_shows_its_reason() -> None:
    tree = json.loads(render_json(report(finding(accepted="we have no faults"))))
    assert tree["findings"][0]["accepted"] == "we have no faults"
    assert tree["summary"]["findings"]["high"] == 1


def test_the_pieces_joined_are_the_whole_and_hold_one_row_each() -> None:
    whole = report(finding(), finding(severity=Severity.LOW))
    pieces = list(render_json_chunks(whole))
    assert "".join(pieces) == render_json(whole)
    assert all(piece.count('"fate"') <= 1 for piece in pieces)


def test_a_report_without_findings_is_json_too() -> None:
    empty = replace(report(), ledger=(), outputs=())
    assert json.loads(render_json(empty))["ledger"] == []


def test_a_file_name_that_is_no_text_is_escaped() -> None:
    row = replace(report().ledger[0], file="caf\udce9.yaml")
    assert render_json(replace(report(), ledger=(row,))).isascii()


def test_what_is_rendered_fits_the_published_schema() -> None:
    default = DefaultRef("istio", "1.29", "x", "")
    full = replace(
        report(finding(), finding(accepted="known"), finding(default=default)),
        source=Version("gateway-api", "1.4", "experimental"),
    )
    schema = report_schema()
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(render_json(full)))


def test_the_published_schema_refuses_an_unknown_fate() -> None:
    tree = json.loads(render_json(report()))
    tree["ledger"][0]["fate"] = "forgotten"
    assert not Draft202012Validator(report_schema()).is_valid(tree)


@pytest.mark.parametrize("missing", ["ledger", "causes", "summary", "verification"])
def test_the_published_schema_asks_for_every_part(missing: str) -> None:
    tree = json.loads(render_json(report(finding())))
    del tree[missing]
    assert not Draft202012Validator(report_schema()).is_valid(tree)


def test_causes_say_which_findings_they_hold() -> None:
    low = finding("MM303", Severity.LOW, message="c")
    tree = json.loads(render_json(report(low, finding(message="a"), finding(message="b"))))
    assert [(c["code"], c["count"], c["findings"]) for c in tree["causes"]] == [
        ("MM301", 2, [1, 2]),
        ("MM303", 1, [0]),
    ]
