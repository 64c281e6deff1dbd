"""A rule with one backend, and limits that an annotation outranks."""

from __future__ import annotations

import pytest

from tests.laws.soundness import faults, translated
from tests.traps.test_newer_routes import CLUSTER

ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop, annotations: {timeout.linkerd.io/request: 2s}}
spec:
  parentRefs: [{group: "", kind: Service, name: web, port: 8080}]
  rules:
  - backendRefs: [{name: other, port: 80, weight: 0}]
    timeouts: {request: 1s}
---
apiVersion: v1
kind: Service
metadata: {name: other, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
"""


@pytest.mark.parametrize("target", ["istio", "cilium", "gateway-api"])
def test_a_single_backend_takes_all_requests_whatever_its_weight(target: str) -> None:
    result = translated(CLUSTER + ROUTE, "linkerd", target)
    assert not faults(result)
    assert "'weight': 0" not in str(result.manifests)


def test_a_limit_that_an_annotation_outranks_is_inert() -> None:
    result = translated(CLUSTER + ROUTE, "linkerd", "istio")
    (row,) = [r for r in result.report.ledger if r.path.endswith("timeouts.request")]
    assert row.fate == "inert"


@pytest.mark.parametrize("target", ["istio", "cilium", "gateway-api"])
@pytest.mark.parametrize(
    "asked", ["{method: GET}", "{headers: [{name: x-team, value: red}]}", "{}"]
)
def test_a_rule_that_asks_for_no_path_is_written(target: str, asked: str) -> None:
    text = ROUTE.replace("- backendRefs", f"- matches: [{asked}]\n    backendRefs")
    assert not faults(translated(CLUSTER + text, "linkerd", target))


@pytest.mark.parametrize("target", ["istio", "cilium", "gateway-api"])
def test_what_a_server_of_calls_refuses_is_held_or_told(target: str) -> None:
    """Without a route it takes calls alone, from those who are let in."""
    server = """
---
apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, port: 8080, proxyProtocol: gRPC}
"""
    result = translated(CLUSTER + server, "linkerd", target)
    assert not faults(result)
    if target == "gateway-api":
        assert "MM460" in {finding.code for finding in result.report.findings}
