"""The same counts in every form of a report."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.report.reports import finding, report, shop
from translator.report.html.page import render_html
from translator.report.model import Impact, Report, Severity, Verification
from translator.report.render.csv import render_csv
from translator.report.render.groups import causes
from translator.report.render.json import render_json
from translator.report.render.markdown import render_markdown
from translator.report.render.sarif import render_sarif
from translator.report.render.text import render_text

Counts = dict[str, int]


def made_up() -> Report:
    """Several causes of each severity, some findings alike and some accepted."""
    return report(
        *(
            finding(f"MM30{code}", severity, impact, message, accepted=accepted)
            for severity in Severity
            for impact in (Impact.NONE, Impact.DIFFERENT)
            for code in range(1, 3)
            for message in ("a", "a", "b")
            for accepted in (None, "borne")
        )
    )


def counted(line: str) -> Counts:
    return {name: int(n) for n, name in re.findall(r"(\d+) (blocker|high|medium|low|info)", line)}


def text_counts(whole: Report) -> tuple[Counts, int]:
    (line,) = re.findall(r"^findings: .*$", render_text(whole), re.MULTILINE)
    told = re.findall(r" MM\d+ ", render_text(whole, verbose=True))
    assert len(told) == sum(len(cause.groups) for cause in causes(whole.findings))
    return counted(line), int(re.findall(r"(\d+) causes?$", line)[0])


def markdown_counts(whole: Report) -> tuple[Counts, int]:
    (line,) = re.findall(r"^- Findings: .*$", render_markdown(whole), re.MULTILINE)
    return counted(line), int(re.findall(r"(\d+) causes?$", line)[0])


def csv_counts(whole: Report) -> tuple[Counts, int]:
    rows = [row for row in csv.DictReader(io.StringIO(render_csv(whole))) if row["row"] != "leaf"]
    return dict(Counter(row["severity"] for row in rows)), len({row["cause"] for row in rows})


def json_counts(whole: Report) -> tuple[Counts, int]:
    tree = json.loads(render_json(whole))
    held = sorted(number for cause in tree["causes"] for number in cause["findings"])
    assert held == list(range(len(tree["findings"])))
    assert all(cause["count"] == len(cause["findings"]) for cause in tree["causes"])
    by_cause = Counter[str]()
    for cause in tree["causes"]:
        by_cause[cause["severity"]] += cause["count"]
    listed = Counter(one["severity"] for one in tree["findings"])
    assert by_cause == listed
    return dict(listed), len(tree["causes"])


def sarif_counts(whole: Report) -> tuple[Counts, int]:
    results = json.loads(render_sarif(whole))["runs"][0]["results"]
    severities = Counter(one["properties"]["severity"] for one in results)
    return dict(severities), len({one["properties"]["cause"] for one in results})


def html_counts(whole: Report) -> tuple[Counts, int]:
    page = render_html(whole)
    causes = re.findall(r'<details class="cause" id="c\d+" data-s="(\w+)".*?(?=<details class="cause"|</section>)',
                        page, re.DOTALL)  # fmt: skip
    held = [
        (severity, len(re.findall(r'<details class="f"', part)))
        for severity, part in zip(
            causes, re.split(r'<details class="cause"', page)[1:], strict=True
        )
    ]
    listed = Counter[str]()
    for severity, number in held:
        listed[severity] += number
    ticks = re.findall(r'<span class="sev (\w+)">\w+ <b>(\d+)</b></span></label>', page)
    assert {name: int(n) for name, n in ticks if int(n)} == listed
    return dict(listed), len(causes)


FORMS: dict[str, Callable[[Report], tuple[Counts, int]]] = {
    "text": text_counts,
    "markdown": markdown_counts,
    "csv": csv_counts,
    "json": json_counts,
    "sarif": sarif_counts,
    "html": html_counts,
}


@pytest.mark.parametrize("whole", [shop, made_up], ids=["shop", "made up"])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_counts_the_same(form: str, whole: Callable[[], Report]) -> None:
    of = whole()
    expected = {name: number for name, number in of.summary.findings.items() if number}
    assert sum(expected.values()) == len(of.findings) > 0
    assert FORMS[form](of) == (expected, len(causes(of.findings)))


def test_every_leaf_of_the_ledger_is_a_row_of_the_table() -> None:
    rows = list(csv.DictReader(io.StringIO(render_csv(shop()))))
    fates = Counter(row["fate"] for row in rows if row["row"] == "leaf")
    assert fates == Counter({name: n for name, n in shop().summary.fates.items() if n})


def test_every_form_says_why_ports_are_no_better_than_they_are() -> None:
    reasons = {"an object whose age is not known": 3, "a filter that is not read": 1}
    proof = Verification("EQUAL_UNDER", {"EQUAL_UNDER": 4}, reasons=reasons)
    made = replace(report(), verification=proof)
    told = [render_text(made), render_markdown(made), render_html(made)]
    for text in told:
        assert "3 ports: an object whose age is not known" in text
        assert "1 port: a filter that is not read" in text
    tree = json.loads(render_sarif(made))
    assert tree["runs"][0]["properties"]["verificationReasons"] == reasons


def test_a_page_of_text_tells_the_first_reasons_and_how_many_more_there_are() -> None:
    reasons = {f"reason {n}": n for n in range(1, 7)}
    proof = Verification("MAY_DIFFER", {"MAY_DIFFER": 6}, reasons=reasons)
    made = replace(report(), verification=proof)
    assert "and 3 further reasons" in render_text(made)
    assert "6 ports: reason 6" in render_text(made, verbose=True)
