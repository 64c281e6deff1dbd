"""Certificates of routes: what wins and what is done is confirmed by the checker, and whatever is tampered with is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from ir.behaviour.concrete import Unsupported, decide_route
from ir.match import Part, PathForm, Pattern, PatternKind, RegexDialect, View
from ir.model import Model
from ir.provenance import Traced, trail
from ir.traffic import Order, Rewrite, Route
from tests.fixtures.cases import Case, cases
from tests.ir.facts import backend, for_namespaces, labelled, model, on, pattern, route, table
from tests.verify.test_routes import drawn, requests, timed
from translator.check import NotUnderstood, routes
from translator.verify.access import Comparison
from translator.verify.certificate import certificate
from translator.verify.certificate_routes import certified_routes
from translator.verify.routes import RouteComparison

LEFT_OUT = {
    "routes whose winner cannot be told",
    "endpoints that are known by a name alone",
    "runs of slashes are merged",
}
"""Why a port of a service may be left out of a certificate."""

Json = dict[str, Any]
NAME = "Service/shop/reviews port 80"


def certified(before: Model, after: Model) -> Json:
    """The certificate as it is read from a file."""
    access = Comparison(before, after)
    slices = tuple(access.slices())
    comparison = RouteComparison(before, after, access.world, access.lowered)
    found = certified_routes(comparison, tuple(comparison.slices()))
    told = certificate(access, slices, found.left_out)
    read: Json = json.loads(json.dumps({**told, "routes": list(found.entries)}))
    return read


def claimed(entry: Json) -> set[tuple[str, ...]]:
    return {(one["before"], one["after"], *one["otherwise"]) for one in entry["classes"]}


def refused(entry: Json, callers: list[Json]) -> bool:
    """Whether the checker does not confirm the entry."""
    try:
        return routes(entry, callers) != claimed(entry)
    except (ValueError, NotUnderstood):
        return True


def test_the_claims_about_translations_are_confirmed() -> None:
    checked = 0
    for case in (one for target in ("linkerd", "gateway-api") for one in cases(target=target)):
        checked += _confirmed(case)
    assert checked > 15


def _confirmed(case: Case) -> int:
    told = certified(case.result().model, case.after())
    for entry in told["routes"]:
        assert routes(entry, told["callers"]) == claimed(entry), (case.name, entry["ports"])
    of_services = [
        one["why"]
        for one in told["left_out"]
        if any(name.startswith("Service/") for name in one["ports"])
    ]
    assert {*of_services} <= LEFT_OUT, case.name
    return len(told["routes"])


@pytest.mark.parametrize("seed", range(40))
def test_the_claims_about_tables_at_random_are_confirmed_and_others_are_not(seed: int) -> None:
    choice = Random(seed)  # noqa: S311  # models for a test
    told = certified(drawn(choice), drawn(choice))
    assert {one["why"] for one in told["left_out"]} <= LEFT_OUT
    for entry in told["routes"]:
        found = claimed(entry)
        assert routes(entry, told["callers"]) == found
        turned = {**entry, "before": entry["after"], "after": entry["before"], "classes": []}
        back = routes(turned, told["callers"])
        assert back == {(after, before, *more) for before, after, *more in found}


def test_most_tables_at_random_are_in_their_certificate_and_many_differ() -> None:
    entries = left = differing = 0
    for seed in range(40):
        choice = Random(seed)  # noqa: S311  # models for a test
        told = certified(drawn(choice), drawn(choice))
        entries += len(told["routes"])
        left += sum(len(one["ports"]) for one in told["left_out"])
        differing += sum(any(len(one) > 2 for one in claimed(entry)) for entry in told["routes"])
    assert entries > left
    assert differing > 8


@pytest.mark.parametrize("seed", range(12))
def test_the_pairs_of_routes_are_those_that_the_naive_decider_meets(seed: int) -> None:
    """Nobody reads the checker's answer for the searcher's: a third program is asked."""
    choice = Random(seed)  # noqa: S311  # models for a test
    before, after = drawn(choice), drawn(choice)
    told = certified(before, after)
    for entry in (one for one in told["routes"] if one["ports"] == [NAME]):
        pairs = {one[:2] for one in claimed(entry)}
        for request in (one for one in requests() if ":" not in one.authority):
            try:
                met = decide_route(before, request), decide_route(after, request)
            except Unsupported:
                continue
            assert tuple(one.route for one in met) in pairs


# --- tampering -----------------------------------------------------------------------------------

V1, V2 = labelled(version="v1"), labelled(version="v2")


def _split(name: str, share: int) -> Route:
    to = (backend("reviews", share, labels=V1), backend("reviews", 10 - share, labels=V2))
    return route(name, on(Part.PATH, pattern("/a", PatternKind.ELEMENT_PREFIX)), to=to)


def _told() -> Json:
    own = table(route("own", to=(backend("ratings"),)), audience=for_namespaces("shop"), name="own")
    before = table(_split("a", 9), route("rest", to=(backend("reviews"),)))
    after = table(timed(_split("a", 9), 3), route("rest", to=(backend("reviews"),)))
    return certified(model(before, own), model(after, own))


def _class(entry: Json, before: str) -> Json:
    found: Json = next(one for one in entry["classes"] if one["before"] == before)
    return found


def _does(entry: Json, side: str) -> Json:
    found: Json = entry[side]["tables"][0]["routes"][0]["does"]
    return found


def _another_path(entry: Json) -> None:
    _class(entry, "a")["witness"]["path"] = "/b"


def _a_path_not_in_normal_form(entry: Json) -> None:
    _class(entry, "a")["witness"]["path"] = "/a/../a"


def _another_host(entry: Json) -> None:
    _class(entry, "a")["witness"]["authority"] = "elsewhere"


def _another_caller(entry: Json) -> None:
    _class(entry, "own")["witness"]["caller"] = _class(entry, "a")["witness"]["caller"]


def _another_winner(entry: Json) -> None:
    _class(entry, "a")["after"] = "rest"


def _another_winner_everywhere(entry: Json) -> None:
    entry["after"]["tables"][0]["routes"][0]["name"] = "b"


def _another_order(entry: Json) -> None:
    entry["after"]["tables"][0]["routes"].reverse()


def _another_weight(entry: Json) -> None:
    share = _does(entry, "after")["shares"][0]
    share[-1] = "1/3"


def _other_weights(entry: Json) -> None:
    one, other = _does(entry, "after")["shares"]
    one[-1], other[-1] = "1/3", "2/3"


def _other_pods(entry: Json) -> None:
    _does(entry, "after")["shares"][0][0] = "Deployment/shop/ratings"


def _no_timeout(entry: Json) -> None:
    _does(entry, "after")["timeout"] = None


def _no_difference(entry: Json) -> None:
    _class(entry, "a")["otherwise"] = []


def _a_class_less(entry: Json) -> None:
    entry["classes"].remove(_class(entry, "rest"))


def _a_class_more(entry: Json) -> None:
    entry["classes"].append({**_class(entry, "rest"), "after": "a"})


def _a_table_for_everybody(entry: Json) -> None:
    entry["after"]["tables"][1]["about"] = []


TAMPERED: tuple[Callable[[Json], None], ...] = (
    _another_path, _a_path_not_in_normal_form, _another_host, _another_caller, _another_winner,
    _another_winner_everywhere, _another_order, _another_weight, _other_weights, _other_pods, _no_timeout,
    _no_difference, _a_class_less, _a_class_more, _a_table_for_everybody,
)  # fmt: skip


@pytest.mark.parametrize("tamper", TAMPERED, ids=lambda one: one.__name__.strip("_"))
def test_what_was_tampered_with_is_refused(tamper: Callable[[Json], None]) -> None:
    told = _told()
    entry = next(one for one in told["routes"] if one["ports"] == [NAME])
    assert claimed(entry) == {("a", "a", "timeout"), ("rest", "rest"), ("own", "own")}
    assert not refused(entry, told["callers"])
    false = deepcopy(entry)
    tamper(false)
    assert false != entry
    assert refused(false, told["callers"])


def test_what_becomes_of_a_path_is_told_for_each_path_that_is_a_class_of_its_own() -> None:
    def moving(to: str) -> Model:
        rewrite = Rewrite(prefix=Traced(to), trail=trail("rewrite"))
        asking = on(Part.PATH, pattern("/a", PatternKind.ELEMENT_PREFIX))
        return model(table(replace(route("a", asking, to=(backend("reviews"),)), rewrite=rewrite)))

    told = certified(moving("/b"), moving("/c"))
    entry = next(one for one in told["routes"] if one["ports"] == [NAME])
    assert claimed(entry) == {("a", "a", "effects"), ("", "")}
    assert not refused(entry, told["callers"])
    (own,) = entry["after"]["tables"][0]["routes"]
    assert own["at"]
    own["at"] = entry["before"]["tables"][0]["routes"][0]["at"]
    assert refused(entry, told["callers"])


def _regex(text: str) -> Pattern:
    return replace(pattern(text, PatternKind.REGEX), dialect=RegexDialect.RE2_FULL)


def test_two_regular_expressions_under_an_order_that_ranks_none_are_not_judged() -> None:
    one, other = (
        route(name, on(Part.PATH, _regex(text)), to=(backend("reviews"),))
        for name, text in (("one", "/a.*"), ("other", "/.*b"))
    )
    both = table(one, other, order=Order.SPECIFICITY)
    told = certified(model(both), model(both))
    assert [why["why"] for why in told["left_out"]] == ["routes whose winner cannot be told"]
    listed = certified(*(2 * [model(replace(both, order=Order.LIST))]))
    entry = next(one for one in listed["routes"] if one["ports"] == [NAME])
    assert not refused(entry, listed["callers"])
    entry["before"]["tables"][0]["order"] = "specificity"
    with pytest.raises(NotUnderstood):
        routes(entry, listed["callers"])


def test_ports_whose_paths_are_merged_are_left_out() -> None:
    seen = table(route("r", on(Part.PATH, "/a")))
    merged = replace(seen, view=View(path=PathForm.MERGED))
    told = certified(model(merged), model(merged))
    assert told["routes"] == []
    assert told["left_out"]
