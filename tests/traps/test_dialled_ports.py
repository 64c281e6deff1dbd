"""Destinations without a port: a sidecar means the port that the client dialled, whatever ports their Service has.

istio/istio pilot/pkg/networking/core/httproute.go ``BuildSidecarOutboundVirtualHosts`` and route/route.go
``GetDestinationCluster``, 1.31.
"""

from __future__ import annotations

import pytest

from ir.behaviour.concrete import decide_route
from ir.behaviour.request import Caller, Delivery, Request
from tests.laws.soundness import faults, translated
from translator.pipeline import Result
from translator.report.model import Impact

SERVICES = """
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 80}, {name: http-b, port: 9000}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: old, namespace: shop}
spec: {selector: {app: old}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: api, namespace: shop}
spec:
  hosts: [api]
  %s: [%s]
"""
TARGETS = ("istio", "linkerd", "cilium", "gateway-api")


def rules(rule: str, kind: str = "http", target: str = "istio") -> Result:
    """A translation without a fault."""
    result = translated(SERVICES % (kind, rule), "istio", target)
    assert faults(result) == []
    return result


def on_port(result: Result, port: int, *, http: bool = True) -> Delivery:
    """What becomes of a request to the service that has the rules."""
    caller = Caller(namespace="shop", service_account="web", mtls=True, address="10.0.0.1")
    asked = Request(
        caller=caller, service="shop/api", service_port=port, authority="api", http=http
    )
    return decide_route(result.model, asked)


def shares(delivery: Delivery) -> dict[str, str]:
    """Who gets how much."""
    return {f"{share.endpoints[0]}:{share.port}": str(share.fraction) for share in delivery.shares}


@pytest.mark.parametrize("target", TARGETS)
def test_a_service_without_the_port_is_nobody(target: str) -> None:
    """It was taken for the only port that the Service has, and the output sent there what the source answered with 503."""
    result = rules("{route: [{destination: {host: web}}]}", target=target)
    for port in (80, 9000):
        assert on_port(result, port).status == 503
    told = [f for f in result.report.findings if f.code == "MM203" and f.impact is Impact.NONE]
    assert len(told) == 2


def test_a_service_with_the_port_gets_the_requests_of_that_port_alone() -> None:
    result = rules("{route: [{destination: {host: old}}]}")
    assert shares(on_port(result, 80)) == {"shop/old:80": "1"}
    assert on_port(result, 9000).status == 503


def test_the_share_of_a_service_without_the_port_stays_its_own() -> None:
    rule = "{route: [{destination: {host: old}, weight: 1}, {destination: {host: web, port: {number: 8080}}, weight: 3}]}"
    result = rules(rule)
    assert shares(on_port(result, 80)) == {"shop/old:80": "1/4", "shop/web:8080": "3/4"}
    assert shares(on_port(result, 9000)) == {"old.shop.invalid:9000": "1/4", "shop/web:8080": "3/4"}


def test_rules_for_one_port_are_judged_on_it() -> None:
    result = rules(
        "{match: [{port: 80}], route: [{destination: {host: old}}]}, {route: [{destination: {host: api}}]}"
    )
    assert shares(on_port(result, 80)) == {"shop/old:80": "1"}
    assert shares(on_port(result, 9000)) == {"shop/api:9000": "1"}
    assert not [f for f in result.report.findings if f.code == "MM203"]


def test_rules_for_connections_know_the_service_as_a_whole() -> None:
    """pilot/pkg/networking/core/networkfilter.go ``buildOutboundNetworkFilters``, 1.31: it looks the Service up anew."""
    text = SERVICES.replace("name: http-b, port: 9000", "name: tcp-b, port: 9000")
    result = translated(text % ("tcp", "{route: [{destination: {host: web}}]}"), "istio", "istio")
    assert shares(on_port(result, 9000, http=False)) == {"shop/web:8080": "1"}
