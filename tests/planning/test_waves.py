"""The order of waves."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from translator.planning.coexistence import SOURCE, TARGET, spells
from translator.planning.effort import UNITS, Actual, recalibrated
from translator.planning.waves import MOST, ordered
from translator.report.plan import Call


def calls(*pairs: tuple[str, str]) -> list[Call]:
    return [
        Call(f"{caller}/x", f"Deployment/{server}/y", 80, named=True) for caller, server in pairs
    ]


def waves(found: Iterable[Call], *spaces: str) -> list[str]:
    return ["+".join(part) for part in ordered(found, spaces)]


def test_callees_go_before_their_callers() -> None:
    assert waves(calls(("a", "b"), ("b", "c")), "a", "b", "c") == ["c", "b", "a"]


def test_namespaces_that_call_one_another_go_together() -> None:
    found = calls(("a", "b"), ("b", "c"), ("c", "b"))
    assert waves(found, "a", "b", "c") == ["b+c", "a"]


def test_of_the_orders_that_one_is_taken_in_which_the_fewest_calls_cross() -> None:
    found = calls(("a", "x"), ("b", "x"), ("c", "x"), ("a", "y"))
    assert waves(found, "a", "b", "c", "x", "y") == ["x", "b", "c", "y", "a"]


def test_a_call_that_everybody_may_make_is_no_dependence() -> None:
    anybody = [Call("a/x", "Deployment/b/y", 80, named=False)]
    assert waves(anybody, "a", "b") == ["a", "b"]
    seen = [Call("a/x", "Deployment/b/y", 80, named=False, requests=2.0)]
    assert waves(seen, "a", "b") == ["b", "a"]


def test_many_parts_are_put_in_order_too() -> None:
    names = [f"n{number:02d}" for number in range(MOST + 6)]
    found = waves(calls(*itertools.pairwise(names)), *names)
    assert found == names[::-1]


def test_the_order_does_not_hang_on_that_of_the_calls() -> None:
    found = calls(("a", "b"), ("c", "b"), ("d", "a"), ("d", "c"))
    assert waves(found, "a", "b", "c", "d") == waves(found[::-1], "d", "c", "b", "a")


def test_the_server_that_moved_first_lets_in_those_that_stay() -> None:
    found = spells(calls(("a", "b")), {"b": 1, "a": 2}, last=3)
    assert [(s.side, s.since, s.until) for s in found] == [(TARGET, 1, 2)]
    assert [found[0].open_after(n) for n in (1, 2)] == [True, False]


def test_within_a_wave_both_meshes_let_in_what_comes_from_the_other() -> None:
    found = spells(calls(("a", "a")), {"a": 1}, last=2)
    assert [(s.side, s.since, s.until) for s in found] == [(SOURCE, 1, 1), (TARGET, 1, 1)]
    assert not any(s.open_after(1) for s in found)


def test_a_caller_in_no_wave_is_let_in_until_the_last() -> None:
    found = spells(calls(("gateway", "a")), {"a": 1}, last=2)
    assert [(s.side, s.since, s.until) for s in found] == [(TARGET, 1, 2)]


def test_a_unit_with_actuals_takes_their_mean_and_keeps_its_spread() -> None:
    units = recalibrated([Actual("workload", 10, 4), Actual("workload", 10, 6)])
    assert units["workload"].likely == 0.5
    assert units["workload"].low / units["workload"].likely == (
        UNITS["workload"].low / UNITS["workload"].likely
    )
    assert units["wave"] == UNITS["wave"]
