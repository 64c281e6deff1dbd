"""The command that audits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run


def test_an_audit_writes_no_manifests_and_ends_with_0(run: Run, folder: Path) -> None:
    before = sorted(folder.iterdir())
    done = run("audit", "in.yaml")
    assert done.code == 0
    assert "readiness" in done.out
    assert "MM301" in done.out
    assert sorted(folder.iterdir()) == before


def test_findings_count_only_where_it_is_asked_for(run: Run) -> None:
    assert run("audit", "in.yaml", "--fail-on", "medium").code == 3
    everything = json.loads(run("audit", "in.yaml", "--format", "json").out)
    codes = [m["code"] for m in everything["estates"][0]["outlooks"][0]["matters"]]
    accepted = [part for code in codes for part in ("--accept", f"{code}@*=known")]
    done = run("audit", "in.yaml", "--to", "linkerd", "--fail-on", "low", *accepted)
    assert done.code == 0
    assert "shop       A  nothing to know" in done.out


def test_estates_are_named_by_their_paths(run: Run) -> None:
    done = run("audit", "east=in.yaml", "west=in.yaml")
    assert done.out.count("east: istio") == done.out.count("west: istio") == 1


@pytest.mark.parametrize("suffix", ["html", "json", "md", "csv", "txt"])
def test_reports_are_written_by_their_suffix(run: Run, folder: Path, suffix: str) -> None:
    done = run("audit", "in.yaml", "--report", f"audit.{suffix}")
    assert done.code == 0
    assert "MM301" in (folder / f"audit.{suffix}").read_text(encoding="utf-8")


def test_forms_that_there_are_not_are_refused(run: Run) -> None:
    assert "expected one of" in run("audit", "in.yaml", "--format", "xml").err
    assert "--report a.xml" in run("audit", "in.yaml", "--report", "a.xml").err
    assert run("audit").code == 2


def test_input_that_is_malformed_ends_with_4(run: Run) -> None:
    assert run("audit", "-", stdin="a: [").code == 4


def test_the_schema_of_the_json_form_is_published(run: Run) -> None:
    assert json.loads(run("schema", "audit").out)["$id"] == "urn:meshmigrate:audit:1"
