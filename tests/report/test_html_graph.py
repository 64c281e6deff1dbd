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
from translator.report.html.atlas import FEW, FEW_WAYS, Atlas, atlas
from translator.report.html.graph import MOST, Drawing, drawn, ways_of
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
    return drawn(ways_of(proved(*changes), Exhibits(calls=held, callers=callers)))


@settings(max_examples=150, deadline=None)
@given(calls)
def test_everybody_stands_once_inside_and_apart(listed: list[tuple[str, str, str]]) -> None:
    found = drawn(ways_of(report(), Exhibits(calls=tuple(Call(*one) for one in listed))))
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
    found = drawn(ways_of(report(), Exhibits(calls=tuple(Call(*one) for one in listed))))
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
    found = drawn(ways_of(report(), Exhibits(calls=(Call("a", "b", "is refused"),))))
    assert found.ways[0].kind == "refused"


def mapped(*pairs: tuple[str, str], changes: tuple[dict[str, object], ...] = ()) -> Atlas:
    held = tuple(Call(a, b, "may call", ("r",)) for a, b in pairs)
    callers = {"shop/web-account": ("shop/web",)}
    return atlas(proved(*changes), Exhibits(calls=held, callers=callers))


def test_few_are_on_one_sheet() -> None:
    found = mapped(("a/x", "a/y"), ("a/y", "b/z"))
    assert not found.by_namespace
    assert found.whole.drawing is not None
    assert {box.name for box in found.whole.drawing.boxes} == {"a/x", "a/y", "b/z"}


def test_many_are_shown_by_namespace_and_each_namespace_by_itself() -> None:
    pairs = [(f"one/{n}", f"two/{n}") for n in range(FEW)]
    found = mapped(*pairs, changes=(ALLOWED,))
    assert found.by_namespace
    assert found.whole.drawing is not None
    assert {box.name for box in found.whole.drawing.boxes} == {"one", "two", "shop"}
    assert found.whole.changes == 1
    assert [sheet.name for sheet in found.sheets] == ["shop", "one", "two"]
    one = found.sheets[1]
    names = {name for way in one.ways for name in (way.caller, way.callee)}
    assert names == {"all of two", *(f"one/{n}" for n in range(FEW))}
    assert len(found.ways) == FEW + 1
    assert found.ways[0].changes, "ways with changes come first"


def test_many_ways_stand_in_a_grid_with_a_cell_for_each() -> None:
    names = [f"n{n}" for n in range(8)]
    pairs = [(f"{a}/x", f"{b}/{n}") for a in names for b in names for n in range(3)]
    found = mapped(*pairs)
    grid = found.whole.grid
    assert grid is not None
    assert found.whole.drawing is None
    assert len(found.whole.ways) > FEW_WAYS
    assert [label.name for label in grid.callers] == names
    assert len({(cell.x, cell.y) for cell in grid.cells}) == len(grid.cells) == 64
    for cell in grid.cells:
        assert cell.x in {label.x for label in grid.callees}
        assert cell.y in {label.y for label in grid.callers}
        assert cell.x < grid.width
        assert cell.y < grid.height


def test_names_of_a_sheet_are_shown_without_their_namespace() -> None:
    pairs = [(f"one/{a}", f"one/{b}") for a in range(12) for b in range(24, 12, -1)]
    (sheet,) = mapped(*pairs).sheets
    assert sheet.grid is not None
    assert {label.shown for label in sheet.grid.callers} == {str(n) for n in range(12)}
    assert {label.name for label in sheet.grid.callers} == {f"one/{n}" for n in range(12)}


def test_very_many_namespaces_leave_the_busiest_and_the_changed() -> None:
    pairs = [(f"n{n}/x", f"m{n}/y") for n in range(MOST * 2)]
    found = mapped(*pairs, changes=(ALLOWED,)).whole
    names = {name for way in found.ways for name in (way.caller, way.callee)}
    assert len(names) <= MOST // 2 + 1
    assert "shop" in names
    assert any(re.fullmatch(r"\d+ others", name) for name in names)


def test_no_change_is_lost_between_the_sheets() -> None:
    pairs = [(f"one/{n}", f"two/{n}") for n in range(FEW)]
    found = mapped(*pairs, changes=(ALLOWED, ALLOWED | {"kind": "retry"}))
    changes = Counter[str]()
    for way in found.whole.ways:
        changes.update(way.changes)
    assert changes == {"newly_allowed": 1, "retry": 1}


def test_nobody_is_a_map_without_boxes() -> None:
    assert chart().boxes == ()
