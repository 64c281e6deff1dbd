"""UDPRoutes: where datagrams go that enter by a Gateway, beside connections on the same port."""

from __future__ import annotations

import pytest

from ir.traffic import Protocol, RouteTable
from translator.pipeline import Result, options_of, translate_loaded
from translator.report.model import Fate, Finding
from translator.source.load import load_text

ESTATE = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: net}
spec:
  gatewayClassName: CLASS
  listeners:
  - {name: dns, port: 53, protocol: UDP}
  - {name: dns-tcp, port: 53, protocol: TCP}
---
apiVersion: gateway.networking.k8s.io/v1
kind: UDPRoute
metadata: {name: datagrams, namespace: net}
spec:
  parentRefs: [{name: edge, sectionName: dns}]
  rules: [{backendRefs: [{name: dns, port: 53, weight: 3}, {name: next, port: 53, weight: WEIGHT}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: connections, namespace: net}
spec:
  parentRefs: [{name: edge, sectionName: dns-tcp}]
  rules: [{backendRefs: [{name: dns, port: 53}]}]
---
apiVersion: v1
kind: Service
metadata: {name: dns, namespace: net}
spec:
  selector: {app: dns}
  ports: [{name: udp, port: 53, protocol: UDP}, {name: tcp, port: 53, protocol: TCP}]
---
apiVersion: v1
kind: Service
metadata: {name: next, namespace: net}
spec: {selector: {app: next}, ports: [{name: udp, port: 53, protocol: UDP}]}
"""


def translated(target: str, source: str = "gateway-api", **settings: object) -> Result:
    own = "cilium" if source == "cilium" else "eg"
    loaded = load_text(ESTATE.replace("CLASS", own).replace("WEIGHT", "1"))
    return translate_loaded(loaded, options_of(loaded, source, target, settings))


def found(result: Result, code: str) -> list[Finding]:
    return [finding for finding in result.report.findings if finding.code == code]


def test_where_datagrams_go_is_read_with_its_shares() -> None:
    model = translated("cilium", gateway_class="cilium").model
    tables = [f for f in model.facts if isinstance(f, RouteTable)]
    (table,) = [one for one in tables if one.protocol is Protocol.UDP]
    weights = [b.weight.value for b in table.routes[0].backends if b.weight is not None]
    assert weights == [3, 1]
    assert {one.protocol for one in tables} == {Protocol.UDP, Protocol.TCP}


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("cilium@1.20", []),
        ("cilium@1.19", ["TCPRoute", "UDPRoute"]),
        ("istio@1.31", ["UDPRoute"]),
        ("linkerd@2.20", []),
    ],
)
def test_a_class_that_serves_no_such_routes_is_told(target: str, told: list[str]) -> None:
    result = translated(target, gateway_class=target.partition("@")[0])
    words = sorted(f.message for f in found(result, "MM213"))
    assert [kind for kind in told if any(f"no {kind} in" in one for one in words)] == told
    assert len(words) == len(told)
    assert not {row.fate for row in result.report.ledger} & {Fate.DROPPED, Fate.STRANDED}


def test_a_listener_for_datagrams_that_is_left_out_keeps_no_connections_out() -> None:
    result = translated("istio", "cilium", gateway_selector=("istio=ingressgateway",))
    kinds = [str(one["kind"]) for one in map(dict, result.manifests)]
    assert "VirtualService" in kinds
    (loss,) = found(result, "MM506")
    assert "dns on port 53" in loss.message
    assert not found(result, "MM904")
