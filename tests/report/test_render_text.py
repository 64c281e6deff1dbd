"""The report for a terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.report.reports import FAULT_AT, finding, report
from translator.report.model import DefaultRef, Impact, Severity, Source
from translator.report.render.text import PAGE, WIDTH, render_text


def test_a_finding_is_one_line_with_place_severity_code_fate_and_impact() -> None:
    text = render_text(report(finding()))
    first, advice = text.splitlines()[:2]
    assert first == (
        "shop/vs.yaml:20:9 high MM301 lost (different) spec.http[0].fault: "
        "faults cannot be injected."
    )
    assert advice.startswith("    advice: Test with a backend")


def test_the_most_dangerous_come_first_and_accepted_ones_last() -> None:
    text = render_text(
        report(
            finding("MM303", Severity.LOW, Impact.DIFFERENT, "d"),
            finding("MM401", Severity.BLOCKER, Impact.INVALID, "b"),
            finding("MM402", Severity.BLOCKER, Impact.LOOSER, "c", accepted="borne"),
            finding("MM405", Severity.BLOCKER, Impact.LOOSER, "a"),
        )
    )
    lines = [line for line in text.splitlines() if line.startswith("shop/")]
    assert [line.split()[2] for line in lines] == ["MM405", "MM401", "MM303", "MM402"]
    assert "    accepted: borne" in text


def test_equal_findings_are_told_once_with_their_other_places() -> None:
    places = [replace(FAULT_AT, file=f"{name}.yaml") for name in "abcdef"]
    same = [finding("MM301", Severity.HIGH, Impact.DIFFERENT, "m", place) for place in places]
    text = render_text(report(*same))
    assert text.count("MM301 lost") == 1
    assert "    also: b.yaml:20:9, c.yaml:20:9, d.yaml:20:9 and 2 more" in text


def test_verbose_names_every_place_and_every_assumption() -> None:
    places = tuple(replace(FAULT_AT, line=line) for line in range(1, 9))
    one = replace(finding(), sources=places)
    whole = replace(report(one), assumptions=("ports are as the policy says",))
    text = render_text(whole, verbose=True)
    assert text.count("    also: ") == 7
    assert "assumed: ports are as the policy says" in text


def test_findings_of_one_cause_are_told_once_with_their_number() -> None:
    text = render_text(report(finding(message="a"), finding(message="b"), finding(message="b")))
    assert text.count("MM301 lost") == 1
    assert "high MM301 lost (different) 3x spec.http[0].fault: a" in text
    assert "    in all: Fault (2 ways; -v tells them)" in text


def test_verbose_tells_every_message_of_a_cause() -> None:
    text = render_text(report(finding(message="a"), finding(message="b")), verbose=True)
    assert text.count("MM301 lost") == 2


def height(text: str) -> int:
    return sum(max(1, -(-len(line) // WIDTH)) for line in text.splitlines())


@pytest.mark.parametrize("causes", [1, 5, 12, 40, 400])
def test_whatever_is_found_fits_on_a_page(causes: int) -> None:
    place = replace(FAULT_AT, file="a/long/name/of/a/folder/" * 6 + "f.yaml")
    found = [
        finding(f"MM{number}", Severity.LOW, Impact.NONE, f"{number} {'word ' * 200}", place, place)
        for number in range(100, 100 + causes)
        for _ in range(3)
    ]
    worst = finding("MM999", Severity.BLOCKER, Impact.LOOSER, "the worst of all")
    text = render_text(report(*found, worst))
    assert height(text) <= PAGE
    assert "the worst of all" in text.splitlines()[0]
    told = text.count("MM") - text.count("explain MM")
    rest = [line for line in text.splitlines() if "further cause" in line]
    counted = int(rest[0].split()[1]) if rest else 0
    assert told + counted == causes + 1


def test_all_is_told_in_full_while_there_is_room() -> None:
    text = render_text(report(*(finding(f"MM{n}", message="m") for n in range(301, 309))))
    assert "in short" not in text
    assert "further cause" not in text


def test_a_default_stands_where_no_source_is() -> None:
    default = DefaultRef("istio", "1.29", "Route.retry", "")
    text = render_text(report(finding(default=default)))
    assert text.startswith("(istio 1.29, where Route.retry is not written) high MM301")


@pytest.mark.parametrize("color", [True, False])
def test_control_characters_of_the_input_do_not_reach_the_terminal(*, color: bool) -> None:
    evil = Source("a\x1b[2J.yaml", 1, 1, "X//x", "spec\r\n.y")
    text = render_text(
        report(finding("MM301", Severity.LOW, Impact.NONE, "red\x1b[31m\u202e", evil)), color=color
    )
    assert "\\x1b[2J" in text
    assert "\x1b[2J" not in text
    assert "\x1b[31m\u202e" not in text
    assert "\r" not in text


def test_colour_is_used_only_when_asked_for() -> None:
    assert "\x1b[31mhigh\x1b[0m" in render_text(report(finding()), color=True)
    assert "\x1b" not in render_text(report(finding()))


def test_the_counts_close_the_report() -> None:
    closing = render_text(report(finding(), finding(accepted="x"))).splitlines()[-6:]
    assert closing[0] == "istio 1.29 to linkerd 2.20: 1 file, 1 document, 2 leaves; 1 output"
    assert closing[1] == "leaves: 1 placed, 1 lost"
    assert closing[2] == "findings: 2 high (1 accepted); 2 causes"
    assert closing[3] == "access: not proved that nothing is newly allowed: not built yet"
    assert closing[4] == "verification: NOT_RUN (not built yet)"
