"""The settings file, the environment and their order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.cli.conftest import Run
from translator.cli.config import read_settings, settings_flags, settings_schema
from translator.errors import TargetError

PAIR = "istio-to-linkerd"


def settings(folder: Path, text: str, name: str = "meshmigrate.yaml") -> dict[str, object]:
    (folder / name).write_text(text, encoding="utf-8")
    return read_settings(folder)


def test_a_folder_without_a_file_has_no_settings(tmp_path: Path) -> None:
    assert read_settings(tmp_path) == {}
    assert settings(tmp_path, "", "meshmigrate.yaml") == {}


def test_settings_are_called_as_the_options_are(tmp_path: Path) -> None:
    text = "fail-on: low\ncomplete: true\naccept: [MM301=no]\nreport: r.json\n"
    assert settings(tmp_path, text) == {
        "fail_on": "low",
        "complete": True,
        "accept": ["MM301=no"],
        "report": ["r.json"],
    }


def test_pyproject_is_read_where_there_is_no_file_of_its_own(tmp_path: Path) -> None:
    text = '[tool.meshmigrate]\nfail-on = "low"\n'
    assert settings(tmp_path, text, "pyproject.toml") == {"fail_on": "low"}
    assert settings(tmp_path, "fail-on: never") == {"fail_on": "never"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fial-on: low", 'unknown setting "fial-on"'),
        ("fail-on: sometimes", "expected one of blocker, high"),
        ("complete: 'yes'", "expected true or false"),
        ("namespace: 1", "expected a text"),
        ("accept: [1]", "expected a list of texts"),
        ("- a", "expected one mapping"),
        ("a: [", "meshmigrate.yaml:"),
    ],
)
def test_a_wrong_setting_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(TargetError) as caught:
        settings(tmp_path, text)
    assert said in str(caught.value)


def test_the_schema_knows_exactly_what_the_file_may_say() -> None:
    schema = settings_schema()
    Draft202012Validator.check_schema(schema)
    check = Draft202012Validator(schema)
    assert check.is_valid({"fail-on": "low", "accept": ["MM301"], "report": "r.json"})
    assert not check.is_valid({"fail-on": "sometimes"})
    assert not check.is_valid({"fial-on": "low"})
    assert {one.key for one in settings_flags()} == set(
        json.loads(json.dumps(schema))["properties"]
    )


def test_option_before_environment_before_file(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "meshmigrate.yaml").write_text("fail-on: low\n", encoding="utf-8")
    assert run(PAIR, "in.yaml").code == 3
    monkeypatch.setenv("MESHMIGRATE_FAIL_ON", "never")
    assert run(PAIR, "in.yaml").code == 0
    assert run(PAIR, "in.yaml", "--fail-on", "low").code == 3


def test_lists_and_switches_come_from_the_file_too(run: Run, folder: Path) -> None:
    text = "quiet: true\nreport: [a.json, b.md]\noutput-dir: out\n"
    (folder / "meshmigrate.yaml").write_text(text, encoding="utf-8")
    assert run(PAIR, "in.yaml").err == ""
    assert (folder / "a.json").is_file()
    assert (folder / "b.md").is_file()
    assert (folder / "out").is_dir()


def test_a_broken_file_stops_runs_and_not_the_help(run: Run, folder: Path) -> None:
    (folder / "meshmigrate.yaml").write_text("nonsense: 1\n", encoding="utf-8")
    assert run(PAIR, "in.yaml").code == 2
    assert run("--help").code == 0
    assert run("explain", "MM301").code == 0
