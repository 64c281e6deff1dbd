"""Pods made up for rules that speak of none that is listed."""

from __future__ import annotations

from ir.attachment import Scope
from ir.model import Fact, Model
from tests.ir.facts import at, closed, grant, labelled, model, shop, subject
from translator.verify.standins import with_standins


def chosen(**labels: str) -> Fact:
    """A grant for pods with these labels."""
    wanted = subject(Scope.WORKLOADS, namespace="shop", labels=labelled(**labels))
    return grant(where=at(wanted))


def made_up(before: Model, after: Model) -> list[dict[str, str]]:
    """The labels of the pods that are added, the same on both sides."""
    first, second, made = with_standins(before, after)
    found = [
        [dict(w.labels) for w in side.inventory.workloads if "(not listed)" in w.name]
        for side in (first, second)
    ]
    assert found[0] == found[1]
    assert made is bool(found[0])
    return found[0]


def test_rules_for_pods_that_are_listed_need_none() -> None:
    assert made_up(model(closed(), chosen(app="reviews")), model(chosen(app="ratings"))) == []


def test_a_selector_that_chooses_nothing_has_a_pod_of_its_own_on_both_sides() -> None:
    assert made_up(model(chosen(app="cart")), model()) == [{"app": "cart"}]
    assert made_up(model(), model(chosen(app="cart"))) == [{"app": "cart"}]


def test_two_selectors_that_can_choose_one_pod_have_one_together() -> None:
    found = made_up(model(chosen(app="cart")), model(chosen(version="v9"), chosen(app="web")))
    assert {"app": "cart", "version": "v9"} in found
    assert {"app": "web", "version": "v9"} in found
    assert len(found) == 5


def test_a_namespace_without_pods_has_one() -> None:
    there = at(subject(Scope.NAMESPACE, namespace="empty"))
    first, _, made = with_standins(model(closed(there)), model())
    assert made
    assert {w.namespace for w in first.inventory.workloads} == {"empty", "shop"}
    assert len(first.inventory.workloads) == len(shop().workloads) + 1


def test_pairs_that_cannot_be_one_pod_do_not_crowd_out_those_that_can() -> None:
    apart = [chosen(app=f"a{n}") for n in range(30)]
    found = made_up(model(*apart, chosen(tier="x")), model(chosen(version="v9")))
    assert {"tier": "x", "version": "v9"} in found
