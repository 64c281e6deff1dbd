"""Which findings explain a difference, and which do not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ir.behaviour.request import Caller, Request
from ir.match import Part
from tests.ir.facts import on, ways
from translator.report.bounds import At, all_but
from translator.report.model import Impact
from translator.report.words import CHANGES
from translator.verify.explain import Claim, Claims
from translator.verify.result import Change, Kind, Sample

REQUEST = Request(caller=Caller(), service="shop/api", service_port=80)


def explained(kind: Kind, code: str, impact: Impact = Impact.DIFFERENT) -> tuple[str, ...]:
    """What explains a change of this kind, if one finding stands on the rule that decides."""
    claim = Claim(code, impact, frozenset((1,)), "Service/shop/api: told")
    sample = Sample(REQUEST, "before", "after", before_leaves=(1,))
    return Claims((claim,)).explain(Change(kind, listed=True, samples=(sample,))).codes


@pytest.mark.parametrize(
    "code", ["MM302", "MM303", "MM304", "MM306", "MM307", "MM330", "MM331", "MM334"]
)
@pytest.mark.parametrize("kind", [Kind.REROUTED, Kind.REWEIGHTED, Kind.REWRITTEN])
def test_what_is_said_of_failures_explains_no_other_way(code: str, kind: Kind) -> None:
    assert explained(kind, code) == ()


@pytest.mark.parametrize(
    ("kind", "impact"),
    [(Kind.NEWLY_ALLOWED, Impact.LOOSER), (Kind.NEWLY_DENIED, Impact.STRICTER)],
)
def test_what_is_said_of_rates_explains_no_access(kind: Kind, impact: Impact) -> None:
    assert [explained(kind, code, impact) for code in ("MM540", "MM542", "MM543")] == [()] * 3
    assert explained(kind, "MM402", impact) == ("MM402",)


def test_a_finding_explains_what_it_is_about() -> None:
    assert explained(Kind.RETRY, "MM302") == ("MM302",)
    assert explained(Kind.TIMEOUT, "MM302") == ()
    assert explained(Kind.REROUTED, "MM203") == ("MM203",)
    assert explained(Kind.NEWLY_ALLOWED, "MM411", Impact.STRICTER) == ()


@pytest.mark.parametrize("code", ["MM205", "MM206", "MM212"])
def test_what_is_said_of_one_thing_that_a_route_does_explains_no_other(code: str) -> None:
    assert explained(Kind.REWRITTEN, code) == (code,)
    for kind in (Kind.REROUTED, Kind.REWEIGHTED, Kind.RETRY, Kind.TIMEOUT):
        assert explained(kind, code) == ()
    assert explained(Kind.NEWLY_DENIED, code, Impact.STRICTER) == ()


@pytest.mark.parametrize("code", ["MM214", "MM305", "MM306"])
def test_what_is_not_compared_explains_nothing(code: str) -> None:
    assert not any(explained(kind, code) for kind in Kind)


def test_who_enters_by_a_gateway_explains_nothing_inside() -> None:
    assert explained(Kind.REROUTED, "MM501") == ()
    claim = Claim("MM501", Impact.STRICTER, frozenset((1,)), "told")
    outside = replace(REQUEST, listener="shop/gw")
    sample = Sample(outside, "before", "after", before_leaves=(1,))
    change = Change(Kind.NEWLY_DENIED, listed=True, samples=(sample,))
    assert Claims((claim,)).explain(change).codes == ("MM501",)


def test_the_longest_time_explains_no_other_rule_about_failing_endpoints() -> None:
    assert explained(Kind.EJECTION_LONGEST, "MM334") == ("MM334",)
    assert explained(Kind.EJECTION_LONGEST, "MM331") == ("MM331",)
    assert explained(Kind.EJECTION_LONGEST, "MM304") == ()
    assert explained(Kind.EJECTION, "MM334") == ()
    assert explained(Kind.EJECTION_MANNER, "MM334") == ()


def test_each_kind_of_change_has_a_title() -> None:
    assert set(CHANGES) == {kind.value for kind in Kind}


@pytest.mark.parametrize(
    ("method", "path", "explains"),
    [
        ("POST", "/shop.Orders/Place", False),
        ("GET", "/shop.Orders/Place", True),
        ("POST", "/shop.Orders/Place/more", True),
        ("POST", "/", True),
    ],
)
def test_what_is_said_of_requests_that_are_no_calls_explains_no_call(
    method: str, path: str, *, explains: bool
) -> None:
    claim = Claim("MM227", Impact.DIFFERENT, frozenset(), "the GRPCRoute of shop/api")
    sample = Sample(replace(REQUEST, method=method, path=path), "before", "after")
    found = Claims((claim,)).explain(Change(Kind.REROUTED, listed=True, samples=(sample,)))
    assert bool(found.codes) is explains


@pytest.mark.parametrize(("port", "explains"), [(9000, True), (9002, True), (8080, False)])
def test_a_finding_about_some_ports_explains_no_other(port: int, *, explains: bool) -> None:
    """Whatever its message says: what it is about is data."""
    names = "Deployment/shop/api, Deployment/shop/web"
    at = (At("Deployment/shop/api", ((9000, 9002),)), At("Deployment/shop/web", all_but(())))
    claim = Claim("MM412", Impact.STRICTER, frozenset((1,)), names, at=at)
    asked = Request(caller=Caller(), workload="Deployment/shop/api", port=port)
    sample = Sample(asked, "before", "after", before_leaves=(1,))
    found = Claims((claim,)).explain(Change(Kind.NEWLY_DENIED, listed=True, samples=(sample,)))
    assert bool(found.codes) is explains


def test_all_ports_but_some() -> None:
    assert all_but(()) == ((1, 65535),)
    assert all_but([(80, 80), (1, 1), (8080, 65535)]) == ((2, 79), (81, 8079))


@pytest.mark.parametrize(("account", "explains"), [("batch", True), ("web", False)])
def test_a_finding_about_some_callers_of_a_rule_explains_no_others(
    account: str, *, explains: bool
) -> None:
    callers = ways(on(Part.SERVICE_ACCOUNT, "shop/batch"))
    claim = Claim("MM410", Impact.STRICTER, frozenset((1,)), "not let in", ways=callers)
    caller = Caller(namespace="shop", service_account=account)
    asked = Request(caller=caller, workload="Deployment/shop/api", port=80)
    sample = Sample(asked, "before", "after", before_leaves=(1,))
    found = Claims((claim,)).explain(Change(Kind.NEWLY_DENIED, listed=True, samples=(sample,)))
    assert bool(found.codes) is explains


def test_what_is_said_of_datagrams_explains_no_connection() -> None:
    assert explained(Kind.NEWLY_ALLOWED, "MM476", Impact.LOOSER) == ()
