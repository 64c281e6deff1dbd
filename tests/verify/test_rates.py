"""Limits of requests and the reading of ports, compared between what was there and what is in force."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ir.behaviour.lower import Lowering
from ir.model import Fact, Model
from ir.provenance import Traced
from ir.resilience import RateLimit
from ir.traffic import PortProtocol
from tests.exporters.linkerd.istio import WORKLOAD, translated
from tests.exporters.linkerd.test_rate_limits import limit
from tests.translation import in_force_after, to_linkerd
from translator.verify.compare import Terms, compare
from translator.verify.rates import RateComparison
from translator.verify.result import Kind, Slice, Verdict
from translator.verify.spoken import Spoken, SpokenComparison

_PORT = "Deployment/shop/api port 8080, rate"


def models(*documents: str) -> tuple[Model, Model]:
    """The source and what is in force after its translation."""
    result = translated(*documents)
    return result.model, in_force_after("\n---\n".join((WORKLOAD, *documents)), result)


def rates(before: Model, after: Model) -> dict[str, Slice]:
    """The slices of limits by name."""
    sides = Lowering(before), Lowering(after)
    return {one.name: one for one in RateComparison(sides, Spoken(sides[0])).slices()}


def spoken(before: Model, after: Model) -> list[Slice]:
    """The slices of ports that some proxy does not read."""
    return list(SpokenComparison(Spoken(Lowering(before)), Spoken(Lowering(after))).slices())


def with_rate(model: Model, requests: int, burst: int) -> Model:
    """The model with another limit."""

    def other(fact: Fact) -> Fact:
        if not isinstance(fact, RateLimit):
            return fact
        return replace(fact, requests=Traced(requests), burst=Traced(burst))

    return replace(model, facts=tuple(map(other, model.facts)))


def test_a_limit_that_is_the_same_is_proved_equal() -> None:
    found = rates(*models(limit(5, 5, "1s")))
    assert {name: one.verdict for name, one in found.items()} == {_PORT: Verdict.EQUAL_EXACT}


@pytest.mark.parametrize(
    ("requests", "burst", "kind"),
    [
        (4, 5, Kind.RATE_LOWERED),
        (5, 4, Kind.RATE_LOWERED),
        (6, 5, Kind.RATE_RAISED),
        (5, 6, Kind.RATE_RAISED),
        (9, 1, Kind.RATE_RAISED),
    ],
)
def test_more_at_once_or_more_in_the_long_run_is_more(
    requests: int, burst: int, kind: Kind
) -> None:
    before, after = models(limit(5, 5, "1s"))
    (one,) = rates(before, with_rate(after, requests, burst)).values()
    assert [change.kind for change in one.changes] == [kind]


def test_a_limit_that_goes_is_a_limit_raised_and_nothing_explains_it() -> None:
    before, after = models(limit(5, 5, "1s"))
    gone = replace(after, facts=tuple(f for f in after.facts if not isinstance(f, RateLimit)))
    proof = compare(before, gone, Terms())
    assert Kind.RATE_RAISED in {change.change.kind for _, change in proof.unexplained()}


def test_the_findings_of_a_translation_explain_lower_and_missing_limits() -> None:
    for text, kind, code in (
        (limit(300, 600, "60s"), "rate_lowered", "MM540"),
        (limit(4, 4, "60s"), "rate_raised", "MM542"),
    ):
        changes = translated(text).report.verification.changes
        (codes,) = [c["explained_by"] for c in changes if c["kind"] == kind]
        assert isinstance(codes, list)
        assert code in codes


def test_ports_that_nobody_declares_are_compared_unless_they_are_shut() -> None:
    text = limit(5, 5, "1s").replace("listener:\n        portNumber: 8080", "")
    shut = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: none, namespace: shop}
spec: {}
"""
    other = "Deployment/shop/api other ports, rate"
    assert rates(*models(text))[other].changes[0].kind is Kind.RATE_RAISED
    assert other not in rates(*models(text, shut))


def test_a_port_that_is_not_read_has_no_limit_to_compare() -> None:
    tcp = WORKLOAD.replace("name: http", "name: tcp")
    text = f"{tcp}\n---\n{limit(5, 5, '1s')}"
    result = to_linkerd(text)
    assert rates(result.model, in_force_after(text, result)) == {}


@pytest.mark.parametrize("name", ["tcp-x", "mysql", "https"])
def test_what_is_not_read_is_not_read_after_the_translation(name: str) -> None:
    text = WORKLOAD.replace("name: http", f"name: {name}")
    result = to_linkerd(text)
    (one,) = spoken(result.model, in_force_after(text, result))
    assert one.verdict is Verdict.EQUAL_EXACT


def test_a_list_that_is_forgotten_shows() -> None:
    text = WORKLOAD.replace("name: http", "name: tcp-x")
    result = to_linkerd(text)
    untouched = in_force_after(text, to_linkerd(WORKLOAD))
    facts = [f for f in untouched.facts if isinstance(f, PortProtocol)]
    assert {fact.protocol.value for fact in facts} == {"unknown"}
    (one,) = spoken(result.model, untouched)
    assert [change.kind for change in one.changes] == [Kind.READ]


def test_a_port_that_is_read_no_more_is_explained() -> None:
    text = WORKLOAD.replace("name: http, port: 80", "name: search, port: 9300")
    changes = to_linkerd(text).report.verification.changes
    (one,) = [change for change in changes if change["kind"] == "read"]
    assert one["explained_by"] == ["MM550"]


def test_pods_without_a_proxy_are_not_asked() -> None:
    """What they would read is nobody's business, nor how many requests they would take."""
    out = WORKLOAD.replace("app: api, version: v1}", 'app: api, sidecar.istio.io/inject: "false"}')
    text = "\n---\n".join((out.replace("name: http", "name: tcp-x"), limit(5, 5, "1s")))
    result = to_linkerd(text)
    after = in_force_after(text, result)
    assert rates(result.model, after) == {}
    (one,) = spoken(result.model, after)
    assert one.verdict is Verdict.EQUAL_EXACT
