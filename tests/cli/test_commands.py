"""The commands that do not translate, and what all commands have in common."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

import meshmigrate
from tests.cli.conftest import INPUT, Run
from translator.cli import docs
from translator.registry import pairs
from translator.report.catalogue import CATALOGUE

ROOT = Path(__file__).parents[2]


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # our own code
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_help_imports_no_mesh_and_no_yaml() -> None:
    heavy = ("yaml", "pydantic", "rich", "translator.pipeline", "translator.importers.istio")
    code = (
        "import sys, meshmigrate\n"
        "code = meshmigrate.main(['--help'])\n"
        f"print('loaded:', [m for m in {heavy!r} if m in sys.modules], code)"
    )
    assert python("-c", code).stdout.endswith("loaded: [] 0\n")


def test_the_library_is_imported_when_it_is_asked_for() -> None:
    code = "import sys, meshmigrate; print([m for m in sys.modules if m.startswith('translator')])"
    assert python("-c", code).stdout == "[]\n"


def test_every_public_name_is_there() -> None:
    assert [name for name in meshmigrate.__all__ if getattr(meshmigrate, name) is None] == []
    assert dir(meshmigrate) == sorted(meshmigrate.__all__)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = meshmigrate.nonsense  # type: ignore[attr-defined]  # that is what is tested


def test_a_reader_that_goes_away_is_no_error(folder: Path) -> None:
    services = "".join(
        f"---\napiVersion: v1\nkind: Service\nmetadata: {{name: s{n}, namespace: shop}}\n"
        for n in range(3000)
    )
    (folder / "in.yaml").write_text(INPUT + services, encoding="utf-8")
    run = f"{sys.executable} -m meshmigrate istio-to-linkerd {folder}/in.yaml -q --carry all"
    line = f"{run} --fail-on never | head -n 1; echo ${{PIPESTATUS[0]}}"
    ran = subprocess.run(  # noqa: S603  # our own code
        ["/bin/bash", "-c", line], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.stdout == "apiVersion: gateway.networking.k8s.io/v1\n0\n"
    assert ran.stderr == ""


def test_a_full_disk_is_said_in_one_sentence(folder: Path) -> None:
    line = f"{sys.executable} -m meshmigrate istio-to-linkerd {folder}/in.yaml -q > /dev/full"
    ran = subprocess.run(  # noqa: S603  # our own code
        ["/bin/bash", "-c", line], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    assert ran.stderr == "error: cannot write to standard output: No space left on device.\n"


def test_without_a_command_the_help_is_shown_and_no_error(run: Run) -> None:
    ran = run()
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("Usage: meshmigrate ")


def test_there_is_one_command_for_each_pair(run: Run) -> None:
    listed = run("--help").out
    assert all(f"\n  {source}-to-{target} " in listed for source, target in pairs())


def test_the_version_is_the_same_everywhere(run: Run) -> None:
    said = f"meshmigrate {meshmigrate.__version__}\n"
    assert (run("--version").out, run("version").out) == (said, said)


def test_explain_shows_one_page_and_the_list_all_titles(run: Run) -> None:
    assert run("explain", "mm301").out.startswith("MM301: Fault\n")
    assert len(run("explain", "--list").out.splitlines()) == len(CATALOGUE)
    assert "--list" in run("explain").err
    unknown = run("explain", "MM3O1")
    assert unknown.code == 2
    assert "MM301" in unknown.err


def test_why_shows_the_way_of_the_values_on_a_line(run: Run) -> None:
    kept = run("why", "in.yaml:9", "--to", "linkerd")
    lost = run("why", "in.yaml:8", "in.yaml", "--from", "istio", "--to", "linkerd")
    assert "fate:     placed" in kept.out
    assert "output:   HTTPRoute/shop/web" in kept.out
    assert "meaning:  " in kept.out
    assert "finding:  MM301" in lost.out


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("in.yaml:11", "the nearest is on line 10"),
        ("other.yaml:1", "not part of the input"),
        ("in.yaml", "expected FILE:LINE"),
    ],
)
def test_why_says_what_is_wrong_with_a_place(run: Run, place: str, said: str) -> None:
    ran = run("why", place, "in.yaml", "--to", "linkerd")
    assert ran.code == 2
    assert said in ran.err


def test_the_neutral_model_names_the_place_of_every_value(run: Run) -> None:
    ran = run("ir", "in.yaml")
    assert ran.code == 0
    assert "in.yaml:9:5 spec.http[0].timeout" in ran.out
    assert yaml.safe_load(ran.out) == json.loads(run("ir", "in.yaml", "--format", "json").out)


def test_the_neutral_model_fits_its_schema(run: Run) -> None:
    schema = json.loads(run("schema", "ir").out)
    Draft202012Validator.check_schema(schema)
    model = json.loads(run("ir", "in.yaml", "--format", "json").out)
    Draft202012Validator(schema).validate(model)
    model["facts"][0]["is"] = "Nonsense"
    assert not Draft202012Validator(schema).is_valid(model)


def test_the_mesh_of_a_model_must_be_clear(run: Run, folder: Path) -> None:
    (folder / "in.yaml").write_text("apiVersion: v1\nkind: Service\n", encoding="utf-8")
    assert run("ir", "in.yaml").code == 2


@pytest.mark.parametrize("what", ["report", "ir", "config"])
def test_schemas_are_valid(run: Run, what: str) -> None:
    Draft202012Validator.check_schema(json.loads(run("schema", what).out))


def test_there_is_no_other_schema(run: Run) -> None:
    assert run("schema", "life").code == 2


def test_capabilities_have_three_forms_with_the_same_rows(run: Run) -> None:
    rows = json.loads(run("capabilities", "--to", "linkerd", "--format", "json").out)
    text = run("capabilities", "--to", "linkerd").out
    markdown = run("capabilities", "--to", "linkerd", "--format", "markdown").out
    assert len(rows) == len(re.findall(r"^  \S", text, re.MULTILINE)) == markdown.count("\n| `")


@pytest.mark.parametrize(
    "arguments", [("--to", "kuma"), ("--from", "consul"), ("--format", "pdf"), ("--to", "x")]
)
def test_capabilities_of_what_is_not_there_are_wrong_usage(
    run: Run, arguments: tuple[str, ...]
) -> None:
    assert run("capabilities", *arguments).code == 2


def test_generated_pages_are_stale_until_they_are_written(tmp_path: Path) -> None:
    assert docs.main(["--check"], tmp_path) == 1
    assert docs.main([], tmp_path) == 0
    assert docs.main(["--check"], tmp_path) == 0
    (tmp_path / "findings.md").write_text("old", encoding="utf-8")
    assert docs.stale(tmp_path) == ("findings.md",)
    assert docs.main(["--chek"], tmp_path) == 2
