"""A route for a port that its Service does not have: nobody is called there, in no mesh."""

from __future__ import annotations

import pytest

from tests.laws.linkerd_estates import estate
from tests.laws.soundness import faults, translated
from tests.traps.test_newer_routes import CLUSTER
from translator.report.model import Fate

ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: web, port: 9000}%s]
  rules:
  - matches: [{path: {value: /a}}]
    backendRefs: [{name: other, port: 80}]
---
apiVersion: v1
kind: Service
metadata: {name: other, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
"""
PAIRS = [
    ("linkerd", "istio"),
    ("linkerd", "cilium"),
    ("linkerd", "gateway-api"),
    ("gateway-api", "istio"),
    ("gateway-api", "linkerd"),
]


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_it_changes_nothing(source: str, target: str) -> None:
    result = translated(CLUSTER + ROUTE % "", source, target)
    assert not faults(result)
    (asked,) = [row for row in result.report.ledger if row.path.endswith("matches[0].path.value")]
    assert asked.fate is Fate.INERT
    assert not [one for one in result.report.outputs if "Route/" in one.resource]
    assert not [change for change in result.report.verification.changes if "9000" in str(change)]


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_beside_another_parent_it_says_nothing_there(source: str, target: str) -> None:
    for more in (
        ', {group: "", kind: Service, name: web, port: 8080}',
        ', {group: "", kind: Service, name: web, port: 9001}',
    ):
        result = translated(CLUSTER + ROUTE % more, source, target)
        assert not faults(result)
        assert "9000" not in str(result.manifests)


@pytest.mark.parametrize("seed", [257, 5060, 5176, 5200, 5279])
def test_estates_with_such_a_route_are_told(seed: int) -> None:
    assert faults(translated(estate(seed), "linkerd", "istio")) == []
