"""Pods that only a label told apart which goes with the source's mesh: no server says what holds for each."""

from __future__ import annotations

import pytest

from tests.laws.soundness import faults, translated
from translator.report.model import Impact

_PODS = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api-a, namespace: shop}
spec:
  template:
    metadata: {labels: {app: api, sidecar.istio.io/inject: "true"}}
    spec: {containers: [{name: app, ports: [{containerPort: 9000}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api-b, namespace: shop}
spec:
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: app, ports: [{containerPort: 9000}]}]}
"""
_POLICY = """---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: %s, namespace: shop}
spec:
  selector: {matchLabels: {%s}}
  action: %s
  rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/%s]}}]}]
"""
_OF_ALL = _POLICY % ("all", "app: api", "ALLOW", "cart")


@pytest.mark.parametrize("action", ["ALLOW", "DENY"])
@pytest.mark.parametrize("beside", ["", _OF_ALL])
def test_a_port_of_pods_with_the_same_labels_and_other_rules_is_shut_and_told(
    action: str, beside: str
) -> None:
    rules = _POLICY % ("some", 'sidecar.istio.io/inject: "true"', action, "web")
    result = translated(_PODS + rules + beside, "istio", "linkerd")
    assert faults(result) == []
    told = [f.message for f in result.report.findings if f.impact is Impact.STRICTER]
    assert any(
        "Deployment/shop/api-a port 9000" in t and "Deployment/shop/api-b" in t for t in told
    )
    kinds = [dict(value)["kind"] for value in result.manifests]
    assert "Server" in kinds
    assert "MeshTLSAuthentication" not in kinds


def test_pods_with_the_same_labels_and_the_same_rules_are_not_shut() -> None:
    result = translated(_PODS + _OF_ALL, "istio", "linkerd")
    assert faults(result) == []
    assert "MeshTLSAuthentication" in [dict(value)["kind"] for value in result.manifests]
