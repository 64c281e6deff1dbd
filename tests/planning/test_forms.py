"""The forms of a plan: they say the same, and the page needs nothing from outside and hurts nobody."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.planning.shop import shop_plan
from tests.report.browser import browser, needs_browser, opened
from tests.report.hostile import ATTACKS
from tests.report.reports import finding
from translator.cli.options import Threshold
from translator.cli.plan import exit_code
from translator.migration.faults import problem
from translator.report.html.plan import plan_html
from translator.report.model import Severity, Source
from translator.report.plan import Plan, Problem
from translator.report.render.plan import plan_json, plan_markdown, plan_text
from translator.report.schema import plan_schema


def hostile() -> Plan:
    """A plan whose every name is an attack."""
    plan = shop_plan()
    waves = tuple(
        replace(
            wave,
            title=attack,
            namespaces=(attack,),
            weaker=(attack,),
            allowances=tuple(
                replace(a, weaker=attack, server=f"x/{attack}/y") for a in wave.allowances
            ),
            proofs=tuple(replace(p, state=attack) for p in wave.proofs),
        )
        for wave, attack in zip(plan.waves, ATTACKS, strict=False)
    )
    problems = tuple(Problem("MM910", "blocker", attack, attack, (attack,)) for attack in ATTACKS)
    return replace(plan, waves=waves, faults=problems, decisions=problems, outside=ATTACKS)


def test_a_line_names_a_place_once_where_it_says_two_things() -> None:
    twice = [Source("a.yaml", 143, column, "", "") for column in (9, 30)]
    line = replace(
        finding("MM408", Severity.BLOCKER), sources=(*twice, Source("b.yaml", 7, 1, "", ""))
    )
    assert problem(line).places == ("a.yaml:143", "b.yaml:7")


def test_all_forms_name_every_wave_and_its_verdict() -> None:
    plan = shop_plan()
    told = json.loads(plan_json(plan))
    assert [wave["title"] for wave in told["waves"]] == [wave.title for wave in plan.waves]
    assert told["holds"] is True
    assert told["files"] == list(plan.files)
    text, markdown = plan_text(plan), plan_markdown(plan)
    for wave in plan.waves:
        assert f"{wave.folder}: {wave.title}" in text
        assert f"## Wave {wave.number}: {wave.title}" in markdown
    assert text.count("proved") == len(plan.waves)


@pytest.mark.parametrize("plan", [shop_plan, hostile])
def test_the_json_form_fits_its_published_schema(plan: Callable[[], Plan]) -> None:
    Draft202012Validator.check_schema(plan_schema())
    Draft202012Validator(plan_schema()).validate(json.loads(plan_json(plan())))


@pytest.mark.parametrize("field", ["holds", "effort", "files", "waves", "schema_version"])
def test_a_plan_that_lacks_a_field_does_not_fit_the_schema(field: str) -> None:
    told = json.loads(plan_json(shop_plan()))
    del told[field]
    assert not Draft202012Validator(plan_schema()).is_valid(told)


def test_every_field_of_the_json_form_is_in_the_schema() -> None:
    """A field that is written and not described would make the schema a promise of less than there is."""
    schema: dict[str, Any] = plan_schema()
    told = json.loads(plan_json(shop_plan()))
    assert set(told) == set(schema["properties"])
    assert set(told["waves"][0]) == set(schema["$defs"]["Wave"]["properties"])


def test_a_translation_that_does_what_it_does_not_say_ends_a_plan_as_our_fault() -> None:
    grave = Problem("MM910", "blocker", "wave 1 lets in too much.")
    fault = Problem("MM903", "blocker", "newly allowed, and no finding says so.")
    assert exit_code([grave], Threshold.NEVER) == 0
    assert exit_code([grave], Threshold.HIGH) == 3
    assert exit_code([grave, fault], Threshold.NEVER) == 70


def test_every_file_that_a_command_names_is_there() -> None:
    plan = shop_plan()
    for command in re.findall(r"`(kubectl (?:apply|delete) [^`]+)`", plan_markdown(plan)):
        name = command.split()[-1]
        assert name in plan.files or f"{name}/kustomization.yaml" in plan.files, command


def test_a_fault_is_told_at_the_top_of_every_form() -> None:
    proof = replace(
        shop_plan().waves[0].proofs[0], opened=shop_plan().waves[1].proofs[1].listed[:1]
    )
    waves = (replace(shop_plan().waves[0], proofs=(proof,)), *shop_plan().waves[1:])
    fault = Problem("MM910", "blocker", "wave 1 lets in too much.")
    plan = replace(shop_plan(), waves=waves, faults=(fault,))
    assert "NOT all hold" in plan_text(plan)
    assert plan_markdown(plan).index("MM910") < plan_markdown(plan).index("## Before")
    assert "Not every wave holds" in plan_html(plan)


def test_the_page_has_no_script_and_escapes_every_name() -> None:
    page = plan_html(hostile())
    assert "<script" not in page
    assert "<img" not in page
    assert "style=" not in page
    assert "default-src &#39;none&#39;" in page
    assert re.search(r"(src|href)=\"(?!#)", page) is None


@needs_browser
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_opens_without_complaint_and_fits_the_window(width: int, tmp_path: Path) -> None:
    with browser() as own:
        for name, plan in (("shop", shop_plan()), ("hostile", hostile())):
            file = tmp_path / f"{name}.html"
            file.write_text(plan_html(plan), encoding="utf-8")
            with opened(own, file, width) as page:
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                assert page.evaluate("window.hit === undefined")
                assert page.locator("details.wave").count() == len(plan.waves)


def test_metrics_that_change_their_names_are_in_every_form_that_is_read_at_leisure() -> None:
    plan = shop_plan()
    names = [one.source for one in plan.metrics]
    assert "istio_requests_total" in names
    assert [one["source"] for one in json.loads(plan_json(plan))["metrics"]] == names
    for form in (plan_markdown(plan), plan_html(plan)):
        assert "istio_requests_total" in form
        assert "response_total" in form
