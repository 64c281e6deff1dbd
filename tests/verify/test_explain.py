"""Which findings explain a difference, and which do not."""

from __future__ import annotations

import pytest

from ir.behaviour.request import Caller, Request
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


@pytest.mark.parametrize("code", ["MM302", "MM303", "MM304", "MM307", "MM330", "MM331"])
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


def test_each_kind_of_change_has_a_title() -> None:
    assert set(CHANGES) == {kind.value for kind in Kind}
