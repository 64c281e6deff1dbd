"""An object that stands in the input several times: the last is what the cluster holds in the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ir.access import Grant
from ir.match import Pattern
from tests.laws.soundness import faults, translated
from translator.pipeline import Result
from translator.report.model import Fate, Severity

SHOP = """
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, ports: [{containerPort: 8080}]}]}
"""

POLICY = """
---
apiVersion: security.istio.io/VERSION
kind: AuthorizationPolicy
metadata: {name: callers, namespace: SPACE}
spec:
  rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/CALLER]}}]}]
"""


def policy(caller: str, version: str = "v1", space: str = "shop") -> str:
    """A policy that lets one account in; always of the same name."""
    return POLICY.replace("CALLER", caller).replace("VERSION", version).replace("SPACE", space)


def callers(result: Result) -> Iterator[str]:
    """The accounts that the model lets in."""
    for fact in result.model.facts:
        for way in fact.callers if isinstance(fact, Grant) else ():
            for test in way.tests:
                for term in test.any_of:
                    assert isinstance(term.value, Pattern)
                    yield term.value.text.rpartition("/")[2]


@pytest.mark.parametrize("target", ["linkerd", "cilium", "gateway-api"])
def test_only_the_last_of_several_policies_of_one_name_lets_anybody_in(target: str) -> None:
    result = translated(SHOP + policy("old") + policy("new"), "istio", target)
    assert {*callers(result)} == {"new"}
    assert not any("old" in document.text for document in result.documents)
    assert faults(result) == []


def test_the_order_of_documents_decides() -> None:
    result = translated(SHOP + policy("new") + policy("old"), "istio", "linkerd")
    assert {*callers(result)} == {"old"}


def test_the_version_does_not_tell_two_objects_apart() -> None:
    result = translated(SHOP + policy("old", "v1beta1") + policy("new"), "istio", "linkerd")
    assert {*callers(result)} == {"new"}


def test_the_namespace_does() -> None:
    text = SHOP + policy("old", space="elsewhere") + policy("new")
    result = translated(text, "istio", "linkerd")
    assert {*callers(result)} == {"old", "new"}
    assert not [one for one in result.report.findings if one.code == "MM105"]


def test_a_policy_that_others_take_the_place_of_is_told() -> None:
    result = translated(SHOP + policy("old") + policy("new"), "istio", "linkerd")
    (told,) = (one for one in result.report.findings if one.code == "MM105")
    assert told.severity is Severity.HIGH
    rows = [row for row in result.report.ledger if row.line in range(17, 23)]
    assert len(rows) == 5
    assert {row.fate for row in rows} == {Fate.INERT}


def test_a_policy_that_stands_again_word_for_word_is_not_heeded_twice() -> None:
    result = translated(SHOP + policy("one") + policy("one"), "istio", "linkerd")
    found = {one.code for one in result.report.findings}
    assert "MM107" in found
    assert not {"MM101", "MM105"} & found
    assert faults(result) == []


def test_a_service_that_stands_again_with_other_ports_has_the_last_ones() -> None:
    other = SHOP.partition("---")[0].replace("port: 80,", "port: 81,")
    result = translated(f"{other}---\n{SHOP}", "istio", "linkerd")
    service = result.model.inventory.service("shop", "api")
    assert service is not None
    assert [port.number for port in service.ports] == [80]
    (told,) = (one for one in result.report.findings if one.code == "MM105")
    assert told.severity is Severity.HIGH
    assert faults(result) == []
