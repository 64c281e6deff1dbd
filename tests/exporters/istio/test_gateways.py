"""Gateways, which are not written yet: what entered by them is told to be shut out."""

from __future__ import annotations

from tests.exporters.istio.linkerd import WEB, codes, translated, written
from translator.report.model import Impact

GATEWAY = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: door, namespace: shop}
spec: {gatewayClassName: some, listeners: [{name: http, port: 80, protocol: HTTP}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: door, namespace: shop}
spec: {parentRefs: [{name: door}], rules: [{backendRefs: [{name: web, port: 80}]}]}
"""


def test_what_entered_by_a_gateway_is_told_to_be_shut_out() -> None:
    result = translated(WEB, GATEWAY)
    assert written(result, "Gateway") == []
    assert codes(result) == []
    told = [f.impact for f in result.report.findings if f.code == "MM501"]
    assert told
    assert set(told) == {Impact.STRICTER}
