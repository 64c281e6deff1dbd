"""Names in VirtualServices of gateways: one without a dot is completed there as well (found with istiod's own code, 1.31)."""

from __future__ import annotations

import pytest

from ir.behaviour.concrete import decide_route
from ir.behaviour.request import Caller, Request, Shown
from tests.laws.soundness import faults, translated

SHOP = """
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: front, namespace: edge}
spec:
  selector: {matchLabels: {istio: front}}
  template:
    metadata: {labels: {istio: front}}
    spec: {containers: [{name: c, ports: [{containerPort: 80}]}]}
---
"""

ISTIO = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: front, namespace: edge}
spec:
  selector: {istio: front}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: api, namespace: shop}
spec:
  hosts: [api]
  gateways: [edge/front]
  http: [{route: [{destination: {host: api}}]}]
"""

GATEWAY_API = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: front, namespace: shop}
spec: {gatewayClassName: other, listeners: [{name: http, port: 80, protocol: HTTP}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: api, namespace: shop}
spec:
  parentRefs: [{name: front}]
  hostnames: [api, api.example.com]
  rules: [{backendRefs: [{name: api, port: 80}]}]
"""


@pytest.mark.parametrize(
    ("name", "kind"), [("api", "not_found"), ("api.shop.svc.cluster.local", "forward")]
)
def test_a_name_without_a_dot_is_that_of_a_service(name: str, kind: str) -> None:
    model = translated(SHOP + ISTIO, "istio", "gateway-api").model
    caller = Caller(address="192.0.2.1", mtls=False)
    request = Request(
        caller=caller, listener="edge/front", service_port=80, shows=Shown.PLAIN, authority=name
    )
    assert decide_route(model, request).kind == kind


def test_and_cannot_be_written_as_it_is() -> None:
    result = translated(
        SHOP + GATEWAY_API, "gateway-api", "istio", gateway_selector=("istio=front",)
    )
    hosts = [
        d.value["spec"]["hosts"]  # type: ignore[index]
        for d in result.documents
        if d.value["kind"] == "VirtualService"
    ]
    assert hosts == [["api.example.com"]]
    assert any(f.code == "MM202" and "without a dot" in f.message for f in result.report.findings)
    assert faults(result) == []


def test_a_listener_for_such_a_name_is_left_out_and_the_others_are_not() -> None:
    more = """listeners:
  - {name: short, port: 80, protocol: HTTP, hostname: api}
  - {name: long, port: 80, protocol: HTTP, hostname: api.example.com}
"""
    spec = "spec: {gatewayClassName: other, listeners: [{name: http, port: 80, protocol: HTTP}]}"
    text = GATEWAY_API.replace(spec, f"spec:\n  gatewayClassName: other\n  {more}")
    result = translated(SHOP + text, "gateway-api", "istio", gateway_selector=("istio=front",))
    (gateway,) = (
        d.value["spec"]
        for d in result.documents
        if d.resource == "Gateway/shop/front" and not d.edited
    )
    (server,) = gateway["servers"]  # type: ignore[index]
    assert [host.partition("/")[2] for host in server["hosts"]] == ["api.example.com"]
    assert any(f.code == "MM506" and "no dot" in f.message for f in result.report.findings)
    assert faults(result) == []
