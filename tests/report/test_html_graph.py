"""The map of who calls whom: everybody is on it once, and every way is drawn from one to the other."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.report.reports import report
from translator.report.exhibits import Call, Exhibits
from translator.report.html.graph import MOST, Drawing, drawn
from translator.report.model import Report, Verification

ALLOWED: dict[str, object] = {
    "kind": "newly_allowed",
    "witness": {"source": "shop/web-account", "destination": "Deployment/shop/orders"},
}
names = st.sampled_from([f"shop/{letter}" for letter in "abcdefgh"])
calls = st.lists(st.tuples(names, names, st.sampled_from(["may call", "is refused"])), max_size=25)


def proved(*changes: dict[str, object]) -> Report:
    return replace(report(), verification=Verification("DIFFERENT", {}, changes))


def chart(*pairs: tuple[str, str], changes: tuple[dict[str, object], ...] = ()) -> Drawing:
    held = tuple(Call(a, b, "may call", ("r",)) for a, b in pairs)
    callers = {"shop/web-account": ("shop/web",)}
    return drawn(proved(*changes), Exhibits(calls=held, callers=callers))


@settings(max_examples=150, deadline=None)
@given(calls)
def test_everybody_stands_once_inside_and_apart(listed: list[tuple[str, str, str]]) -> None:
    found = drawn(report(), Exhibits(calls=tuple(Call(*one) for one in listed)))
    assert sorted(box.name for box in found.boxes) == sorted(
        {n for a, b, _ in listed for n in (a, b)}
    )
    assert sorted((way.caller, way.callee) for way in found.ways) == sorted(
        {(a, b) for a, b, _ in listed}
    )
    for box in found.boxes:
        assert 0 <= box.x <= found.width - 208
        assert 0 <= box.y <= found.height - 34
    for one in found.boxes:
        for two in found.boxes:
            assert one is two or one.x != two.x or abs(one.y - two.y) > 34


@settings(max_examples=150, deadline=None)
@given(calls)
def test_a_way_begins_and_ends_at_its_boxes(listed: list[tuple[str, str, str]]) -> None:
    found = drawn(report(), Exhibits(calls=tuple(Call(*one) for one in listed)))
    boxes = {box.name: box for box in found.boxes}
    for way in found.ways:
        numbers = [int(n) for n in re.findall(r"-?\d+", way.path)]
        a, b = boxes[way.caller], boxes[way.callee]
        assert numbers[0] == a.x + 208
        assert a.y < numbers[1] < a.y + 34
        if a is not b:
            assert numbers[-2] in (b.x, b.x + 208)
            assert b.y < numbers[-1] < b.y + 34


def test_callers_stand_to_the_left_of_those_whom_they_call() -> None:
    found = chart(("a/x", "a/y"), ("a/y", "a/z"), ("a/x", "a/z"))
    assert sorted((box.x, box.name) for box in found.boxes) == [
        (16, "a/x"),
        (296, "a/y"),
        (576, "a/z"),
    ]


def test_a_witness_changes_the_way_of_the_workload_that_runs_as_its_account() -> None:
    found = chart(("shop/web", "shop/orders"), changes=(ALLOWED, ALLOWED))
    (way,) = found.ways
    assert way.kind == "newly_allowed"
    assert way.changes == {"newly_allowed": 2}
    assert list(way.words) == ["may call"]


def test_a_change_where_no_rule_speaks_is_a_way_of_its_own() -> None:
    (way,) = chart(changes=(ALLOWED,)).ways
    assert (way.caller, way.callee, way.words) == ("shop/web", "shop/orders", {})


@pytest.mark.parametrize(
    ("kinds", "drawn_as"),
    [
        ((), "same"),
        (("retry",), "other"),
        (("retry", "newly_denied"), "newly_denied"),
        (("newly_denied", "newly_allowed"), "newly_allowed"),
    ],
)
def test_the_gravest_change_decides_how_a_way_is_drawn(
    kinds: tuple[str, ...], drawn_as: str
) -> None:
    changes = tuple(ALLOWED | {"kind": kind} for kind in kinds)
    (way,) = chart(("shop/web", "shop/orders"), changes=changes).ways
    assert way.kind == drawn_as


def test_a_way_that_is_only_refused_is_drawn_so() -> None:
    found = drawn(report(), Exhibits(calls=(Call("a", "b", "is refused"),)))
    assert found.ways[0].kind == "refused"


def test_many_are_drawn_by_namespace_and_changes_stay() -> None:
    pairs = [(f"one/{n}", f"two/{n}") for n in range(MOST)]
    found = chart(*pairs, changes=(ALLOWED,))
    assert found.by_namespace
    assert {box.name for box in found.boxes} == {"one", "two", "shop"}
    changes = Counter[str]()
    for way in found.ways:
        changes.update(way.changes)
    assert changes == {"newly_allowed": 1}


def test_very_many_namespaces_leave_the_busiest_and_the_changed() -> None:
    pairs = [(f"n{n}/x", f"m{n}/y") for n in range(MOST * 2)]
    found = chart(*pairs, changes=(ALLOWED,))
    assert len(found.boxes) <= MOST // 2 + 1
    assert "shop" in {box.name for box in found.boxes}
    assert any(re.fullmatch(r"\d+ others", box.name) for box in found.boxes)


def test_nobody_is_a_map_without_boxes() -> None:
    assert chart().boxes == ()
