"""Laws of restating, over expressions drawn at random."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translator.telemetry.meshes import ISTIO, LINKERD
from translator.telemetry.promql import Unclear, parse
from translator.telemetry.restate import Terms, restate

SIDES = {"source": "outbound", "destination": "inbound"}
LABELS = ("destination_workload", "destination_workload_namespace", "response_code", "source_app")
matchers = st.lists(
    st.tuples(st.sampled_from(LABELS), st.sampled_from(["=", "!=", "=~", "!~"]), st.sampled_from(["500", "5..", "a"])),
    max_size=3,
)  # fmt: skip
named = st.lists(st.sampled_from(LABELS), max_size=2, unique=True)
groupings = st.one_of(st.just(""), named.map(lambda labels: f" by ({', '.join(labels)})"))


@st.composite
def selectors(draw: st.DrawFn) -> str:
    side = draw(st.sampled_from(sorted(SIDES)))
    name = draw(
        st.sampled_from(
            [
                "istio_requests_total",
                "istio_request_duration_milliseconds_bucket",
                "up",
                "other_total",
            ]
        )
    )
    told = [f'{label}{op}"{value}"' for label, op, value in draw(matchers)]
    if name.startswith("istio"):
        told.insert(draw(st.integers(0, len(told))), f'reporter="{side}"')
    comma = draw(st.sampled_from([",", ", "]))
    return f"{name}{{{comma.join(told)}}}"


@st.composite
def expressions(draw: st.DrawFn, depth: int = 2) -> str:
    inner = f"rate({draw(selectors())}[{draw(st.sampled_from(['5m', '1h30m']))}])"
    text = (
        f"sum({inner}){draw(groupings)}"
        if draw(st.booleans())
        else f"sum{draw(groupings)} ({inner})"
    )
    if depth and draw(st.booleans()):
        op = draw(st.sampled_from(["/", "+", "and", "> bool", "/ on (response_code)"]))
        text = f"({text}) {op} {draw(expressions(depth=depth - 1))}"
    wrap = draw(st.sampled_from(["{}", "abs({})", "({})", "{} > 0.5", "-{}"]))
    return str(wrap).format(text)


def shape(text: str) -> list[str]:
    """An expression without its names and labels, by another parser."""
    other = pytest.importorskip("promql_parser", reason="promql-parser is not installed")
    found: list[str] = []

    def visit(node: Any) -> bool:
        told = type(node).__name__
        for part in ("op", "range"):
            told += f" {getattr(node, part, '')}"
        if isinstance(node, other.Call):
            told += f" {node.func.name}"
        if isinstance(node, other.NumberLiteral):
            told += f" {node.val}"
        found.append(told)
        return True

    other.walk(other.parse(text), pre_visit=visit)
    return found


@settings(max_examples=300, deadline=None)
@given(expressions())
def test_only_names_and_labels_change(text: str) -> None:
    try:
        found = restate(text, Terms(ISTIO, LINKERD, lambda _op, _value: ("Deployment",)))
    except Unclear:
        return
    assert shape(found.text) == shape(text)
    before, after = parse(text).selectors, parse(found.text).selectors
    for one, other in zip(before, after, strict=True):
        if not one.metric.startswith("istio_"):
            assert (one.metric, one.matchers) == (other.metric, other.matchers)
            continue
        assert LINKERD.find(other.metric) is not None
        side = next(m.value for m in one.matchers if m.label == "reporter")
        assert [m.value for m in other.matchers if m.label == "direction"] == [SIDES[side]]
        kept = {(m.op, m.value) for m in one.matchers if m.label != "reporter"}
        assert kept == {(m.op, m.value) for m in other.matchers if m.label != "direction"}


@settings(max_examples=200, deadline=None)
@given(expressions())
def test_what_reads_no_mesh_is_not_touched(text: str) -> None:
    plain = text.replace("istio_", "app_")
    assert restate(plain, Terms(ISTIO, LINKERD, lambda _op, _value: ())).text == plain


def test_the_expressions_that_are_drawn_are_often_restated() -> None:
    done: list[bool] = []

    @settings(max_examples=200, deadline=None)
    @given(expressions())
    def tried(text: str) -> None:
        try:
            restate(text, Terms(ISTIO, LINKERD, lambda _op, _value: ("Deployment",)))
        except Unclear:
            done.append(False)
        else:
            done.append("istio_" in text)

    tried()
    assert sum(done) > len(done) // 10
