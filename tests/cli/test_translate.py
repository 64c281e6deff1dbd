"""Translating from the command line: outputs, reports, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import INPUT, ROUTE_FILE, Run
from translator import pipeline
from translator.errors import TargetError
from translator.source.load import load_text

PAIR = "istio-to-linkerd"


def names(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def test_manifests_go_to_stdout_and_the_report_to_stderr(run: Run) -> None:
    ran = run(PAIR, "in.yaml", "--fail-on", "never")
    documents = list(yaml.safe_load_all(ran.out))
    assert ran.code == 0
    assert [one["kind"] for one in documents] == ["HTTPRoute"]
    assert "MM301" in ran.err
    assert "MM301" not in ran.out


def test_findings_at_the_threshold_end_with_3_and_below_it_with_0(run: Run) -> None:
    assert run(PAIR, "in.yaml", "--fail-on", "low").code == 3
    assert run(PAIR, "in.yaml", "--fail-on", "blocker").code == 0


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_the_exit_code_does_not_depend_on_the_form(run: Run, form: str) -> None:
    assert run(PAIR, "in.yaml", "--fail-on", "low", "--format", form).code == 3


def test_one_manifest_as_json_is_one_object(run: Run) -> None:
    assert json.loads(run(PAIR, "in.yaml", "--format", "json").out)["kind"] == "HTTPRoute"


def test_several_manifests_as_json_are_a_list(run: Run) -> None:
    ran = run(PAIR, "in.yaml", "--format", "json", "--carry", "all")
    whole = json.loads(ran.out)
    assert whole["kind"] == "List"
    assert [item["kind"] for item in whole["items"]] == ["HTTPRoute", "Service"]


def test_standard_input_is_read_for_a_dash(run: Run) -> None:
    ran = run(PAIR, "-", stdin=INPUT)
    assert yaml.safe_load(ran.out)["kind"] == "HTTPRoute"
    assert "-:8:" in ran.err


def test_files_may_also_be_named_as_in_kubectl(run: Run) -> None:
    assert run(PAIR, "-f", "in.yaml").out == run(PAIR, "in.yaml").out


def test_convert_detects_the_source(run: Run) -> None:
    assert run("convert", "--to", "linkerd", "in.yaml").out == run(PAIR, "in.yaml").out


def test_the_version_of_the_target_may_repeat_its_name(run: Run) -> None:
    run(PAIR, "in.yaml", "--target-version", "linkerd 2.18", "--report", "r.json")
    report = json.loads(Path("r.json").read_text(encoding="utf-8"))
    assert report["target"] == {"mesh": "linkerd", "version": "2.18", "channel": None}


def test_outputs_are_files_named_as_the_report_says(run: Run, folder: Path) -> None:
    ran = run(PAIR, "in.yaml", "-o", "out", "--report", "r.json")
    report = json.loads((folder / "r.json").read_text(encoding="utf-8"))
    assert ran.out == ""
    assert names(folder / "out") == [ROUTE_FILE]
    assert [output["file"] for output in report["outputs"]] == [ROUTE_FILE]
    assert "wrote 1 file to out" in ran.err


def test_a_report_may_stand_among_the_outputs(run: Run, folder: Path) -> None:
    run(PAIR, "in.yaml", "-o", "out", "--report", "out/r.json")
    assert names(folder / "out") == [ROUTE_FILE, "r.json"]


def test_files_that_are_there_are_written_over_only_with_force(run: Run, folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out" / ROUTE_FILE).write_text("mine", encoding="utf-8")
    ran = run(PAIR, "in.yaml", "-o", "out", "--report", "r.json")
    assert ran.code == 2
    assert "--force" in ran.err
    assert names(folder) == ["in.yaml", f"out/{ROUTE_FILE}"]
    assert (folder / "out" / ROUTE_FILE).read_text(encoding="utf-8") == "mine"
    assert run(PAIR, "in.yaml", "-o", "out", "--force", "--fail-on", "never").code == 0
    assert "HTTPRoute" in (folder / "out" / ROUTE_FILE).read_text(encoding="utf-8")


def test_kustomize_gets_a_list_of_the_files(run: Run, folder: Path) -> None:
    run(PAIR, "in.yaml", "-o", "out", "--layout", "kustomize", "--carry", "all")
    found = yaml.safe_load((folder / "out/kustomization.yaml").read_text(encoding="utf-8"))
    assert found["resources"] == [ROUTE_FILE, "service-shop-web.yaml"]


def test_mirror_gives_each_output_the_place_of_its_input(run: Run, folder: Path) -> None:
    (folder / "src/shop").mkdir(parents=True)
    (folder / "in.yaml").rename(folder / "src/shop/vs.yml")
    run(PAIR, "src", "-o", "out", "--layout", "mirror", "--carry", "all")
    assert names(folder / "out") == ["shop/vs.yaml"]
    text = (folder / "out/shop/vs.yaml").read_text(encoding="utf-8")
    assert [one["kind"] for one in yaml.safe_load_all(text)] == ["HTTPRoute", "Service"]


def test_per_namespace_puts_a_namespace_into_one_file(run: Run, folder: Path) -> None:
    run(PAIR, "in.yaml", "-o", "out", "--layout", "per-namespace", "--carry", "all")
    assert names(folder / "out") == ["shop.yaml"]


def test_every_report_is_written_in_the_form_of_its_suffix(run: Run, folder: Path) -> None:
    files = ("r.json", "r.md", "r.csv", "r.txt", "r.sarif", "r.html")
    run(PAIR, "in.yaml", *(part for file in files for part in ("--report", file)))
    starts = [(folder / file).read_text(encoding="utf-8")[:5] for file in files]
    assert starts == ['{"sch', "## me", "row,f", "in.ya", '{\n "$', "<!doc"]


@pytest.mark.parametrize("file", ["r.htm", "r.pdf", "r"])
def test_a_report_of_an_unknown_form_is_wrong_usage(run: Run, folder: Path, file: str) -> None:
    assert run(PAIR, "in.yaml", "--report", file).code == 2
    assert names(folder) == ["in.yaml"]


def test_a_report_never_replaces_an_input(run: Run, folder: Path) -> None:
    (folder / "vs.json").write_text(
        json.dumps(yaml.safe_load(INPUT.partition("---")[0])), encoding="utf-8"
    )
    assert run(PAIR, "vs.json", "--report", "vs.json").code == 2
    assert "VirtualService" in (folder / "vs.json").read_text(encoding="utf-8")


def test_all_input_errors_are_listed_with_their_place_and_nothing_is_written(
    run: Run, folder: Path
) -> None:
    (folder / "a.yaml").write_text("a: [", encoding="utf-8")
    (folder / "b.yaml").write_text("metadata: }", encoding="utf-8")
    ran = run(PAIR, "b.yaml", "a.yaml", "in.yaml", "gone.yaml", "-o", "out", "--report", "r.json")
    assert ran.code == 4
    places = [line.split(":")[0] for line in ran.err.splitlines()]
    assert places[:3] == ["a.yaml", "b.yaml", "gone.yaml"]
    assert "3 errors in the input; nothing was written." in ran.err
    assert names(folder) == ["a.yaml", "b.yaml", "in.yaml"]


def test_an_accepted_finding_does_not_count(run: Run) -> None:
    first = run(PAIR, "in.yaml", "--fail-on", "low", "--report", "r.json")
    report = json.loads(Path("r.json").read_text(encoding="utf-8"))
    codes = sorted({finding["code"] for finding in report["findings"]})
    accepts = [part for code in codes for part in ("--accept", f"{code}@*=known")]
    ran = run(PAIR, "in.yaml", "--fail-on", "low", *accepts)
    assert (first.code, ran.code) == (3, 0)
    assert "accepted: known" in ran.err


def test_findings_of_the_baseline_do_not_count(run: Run) -> None:
    run(PAIR, "in.yaml", "--report", "old.json")
    text = INPUT.replace("# who", "# moved down\n# who")
    Path("in.yaml").write_text(text, encoding="utf-8")
    assert run(PAIR, "in.yaml", "--fail-on", "low", "--baseline", "old.json").code == 0
    text = text.replace("timeout: 3s", "mirror: {host: web}")
    Path("in.yaml").write_text(text, encoding="utf-8")
    assert run(PAIR, "in.yaml", "--fail-on", "low", "--baseline", "old.json").code == 3


def test_no_verify_is_said_in_the_report(run: Run) -> None:
    assert "NOT_RUN (switched off with --no-verify)" in run(PAIR, "in.yaml", "--no-verify").err


def test_quiet_says_nothing_but_errors(run: Run) -> None:
    assert run(PAIR, "in.yaml", "-q").err == ""
    assert run(PAIR, "gone.yaml", "-q").err != ""


def test_colour_follows_the_option_and_the_environment(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "\x1b[" not in run(PAIR, "in.yaml").err
    assert "\x1b[" in run(PAIR, "in.yaml", "--color", "always").err
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in run(PAIR, "in.yaml").err
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in run(PAIR, "in.yaml").err


def test_an_unexpected_error_is_called_our_fault(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        message = "no such thing"
        raise RuntimeError(message)

    monkeypatch.setattr(pipeline, "translate_loaded", broken)
    ran = run(PAIR, "in.yaml", "-o", "out")
    assert ran.code == 70
    assert "fault of meshmigrate" in ran.err
    assert "Traceback" not in ran.err
    assert "Traceback" in run(PAIR, "in.yaml", "-v").err
    monkeypatch.setenv("MESHMIGRATE_DEBUG", "1")
    assert "Traceback" in run(PAIR, "in.yaml").err
    assert names(folder) == ["in.yaml"]


def test_an_interruption_ends_with_130_and_leaves_nothing(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("translator.cli.writing._rename", interrupted)
    ran = run(PAIR, "in.yaml", "-o", "out", "--report", "r.json")
    assert ran.code == 130
    assert ran.err == "interrupted; nothing was left half-written.\n"
    assert names(folder) == ["in.yaml"]
    assert sorted(one.name for one in folder.iterdir()) == ["in.yaml"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("istio-to-linkerd",),
        ("istio-to-linkerd", "in.yaml", "--no-such-option"),
        ("istio-to-linkerd", "in.yaml", "--fail-on", "sometimes"),
        ("istio-to-linkerd", "in.yaml", "--target-version", "0.1"),
        ("istio-to-linkerd", "in.yaml", "--accept", "MM999"),
        ("istio-to-linkerd", "in.yaml", "--node-networks", "10.0.0.0/99"),
        ("istio-to-linkerd", "in.yaml", "--baseline", "in.yaml"),
        ("istio-to-linkerd", "in.yaml", "-o", "in.yaml"),
        ("convert", "in.yaml"),
        ("convert", "--to", "consul", "in.yaml"),
        (
            "convert",
            "--from",
            "istio@1.29",
            "--source-version",
            "1.28",
            "--to",
            "linkerd",
            "in.yaml",
        ),
        ("linkerd-to-linkerd", "in.yaml"),
        ("convert", "--from", "linkerd@2.18", "--to", "linkerd", "in.yaml"),
        ("convert", "--from", "cilium", "--to", "cilium", "in.yaml"),
    ],
)
def test_wrong_usage_ends_with_2_and_one_message(
    run: Run, folder: Path, arguments: tuple[str, ...]
) -> None:
    ran = run(*arguments)
    assert ran.code == 2
    assert ran.err.startswith("error: ")
    assert ran.out == ""
    assert names(folder) == ["in.yaml"]


def test_the_order_of_arguments_does_not_change_the_output(run: Run, folder: Path) -> None:
    first, second = INPUT.split("---\n")
    (folder / "a.yaml").write_text(first, encoding="utf-8")
    (folder / "b.yaml").write_text(second, encoding="utf-8")
    assert run(PAIR, "a.yaml", "b.yaml").out == run(PAIR, "b.yaml", "a.yaml").out


def test_what_an_earlier_run_wrote_and_this_one_did_not_is_told(run: Run, folder: Path) -> None:
    run(PAIR, "in.yaml", "-o", "out")
    written = names(folder / "out")
    old = (folder / "out" / written[0]).read_text(encoding="utf-8")
    (folder / "out" / "old.yaml").write_text(old, encoding="utf-8")
    (folder / "out" / "mine.yaml").write_text("kind: Service\n", encoding="utf-8")
    ran = run(PAIR, "in.yaml", "-o", "out", "--force")
    assert "1 of an earlier run are still in out (old.yaml)" in ran.err
    assert "mine.yaml" not in ran.err


def test_networks_that_are_none_are_refused_in_the_library_too() -> None:
    with pytest.raises(TargetError, match="--node-networks: expected networks"):
        pipeline.options_of(load_text(INPUT), "istio", "linkerd", {"node_networks": ("zz",)})
