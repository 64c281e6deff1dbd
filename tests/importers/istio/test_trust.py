"""Trust domains: the mesh's own, its aliases, and the name that stands for it."""

from __future__ import annotations

import pytest

from ir.access import Grant
from ir.behaviour.concrete import decide_access
from ir.behaviour.request import Caller, Request
from ir.match import Pattern
from ir.model import Model
from tests.exporters.linkerd.istio import policy, translated, written
from tests.importers.istio.test_mesh_config import config_map
from translator.pipeline import Result
from translator.report.model import Impact

MESH = config_map({"trustDomain": "new.example", "trustDomainAliases": ["old.example"]})


def named(principal: str, action: str = "ALLOW") -> str:
    """A policy that names one principal."""
    rule = {"from": [{"source": {"principals": [principal]}}]}
    return policy({"action": action, "rules": [rule]})


def principals(model: Model) -> list[str]:
    """The principals of all grants."""
    terms = [
        term.value
        for fact in model.facts
        if isinstance(fact, Grant)
        for alternative in fact.callers
        for test in alternative.tests
        for term in test.any_of
    ]
    return [term.text for term in terms if isinstance(term, Pattern)]


def from_domain(domain: str) -> Request:
    """A request of the same account under a trust domain."""
    caller = Caller(namespace="shop", service_account="web", trust_domain=domain)
    return Request(caller=caller, workload="Deployment/shop/api", port=8080)


def losses(result: Result) -> list[Impact]:
    """What the findings about aliases do."""
    found = [f for f in result.report.findings if f.code == "MM410"]
    return [finding.impact for finding in found]


@pytest.mark.parametrize("domain", ["new.example", "old.example", "cluster.local"])
def test_a_principal_of_the_mesh_holds_under_all_its_names(domain: str) -> None:
    model = translated(MESH, named(f"{domain}/ns/shop/sa/web")).model
    assert sorted(principals(model)) == [
        "new.example/ns/shop/sa/web",
        "old.example/ns/shop/sa/web",
    ]
    for own in ("new.example", "old.example"):
        assert decide_access(model, from_domain(own)).allowed
    assert not decide_access(model, from_domain("cluster.local")).allowed


@pytest.mark.parametrize(
    "principal", ["partner.example/ns/shop/sa/web", "*/ns/shop/sa/web", "old.example/ns/shop/*"]
)
def test_others_stay_as_they_are_written(principal: str) -> None:
    found = principals(translated(MESH, named(principal)).model)
    assert found == [principal.strip("*")]


def test_the_pointer_follows_the_command_line_too() -> None:
    model = translated(named("cluster.local/ns/shop/sa/web"), trust_domain="a.example").model
    assert principals(model) == ["a.example/ns/shop/sa/web"]


def test_the_target_has_one_trust_domain() -> None:
    result = translated(MESH, named("old.example/ns/shop/sa/web"))
    [authentication] = written(result, "MeshTLSAuthentication")
    spec = authentication["spec"]
    assert spec == {
        "identityRefs": [{"kind": "ServiceAccount", "name": "web", "namespace": "shop"}]
    }
    assert losses(result) == [Impact.STRICTER]


def test_a_refusal_that_names_an_alias_does_not_hold_for_it() -> None:
    assert Impact.LOOSER in losses(translated(MESH, named("old.example/ns/shop/sa/web", "DENY")))
