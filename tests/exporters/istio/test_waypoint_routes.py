"""Routes at waypoints: which are written, and that none leads past the rules of pods."""

from __future__ import annotations

import pytest

from tests.exporters.istio.linkerd import WEB, admits, codes, route, server, written
from tests.exporters.istio.test_ambient import CALLER, ambient

OTHER = WEB.replace("name: web", "name: other").replace("app: web", "app: other")
GATEWAY_API = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: NAMESPACE}
spec:
  parentRefs: [{group: '', kind: Service, name: web, namespace: shop, port: 80}]
  rules: [RULE]
"""
ITSELF = "{timeouts: {request: 2s}, backendRefs: [{name: web, port: 80}]}"
ELSEWHERE = "{backendRefs: [{name: other, port: 80}]}"
EDITED = (
    "{filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: b}]}}],"
    " backendRefs: [{name: web, port: 80}]}"
)


def routes(rule: str, namespace: str = "shop") -> str:
    """A route on the service."""
    return GATEWAY_API.replace("RULE", rule).replace("NAMESPACE", namespace)


@pytest.mark.parametrize("rule", [ITSELF, ELSEWHERE, EDITED])
def test_a_service_with_routes_gets_a_waypoint(rule: str) -> None:
    result = ambient(WEB, OTHER, routes(rule))
    (service,) = written(result, "Service")
    assert service["metadata"]["labels"] == {"istio.io/use-waypoint": "ambient-waypoint"}
    assert [g["metadata"]["name"] for g in written(result, "Gateway")] == ["ambient-waypoint"]
    assert len(written(result, "VirtualService")) == 1
    assert codes(result, "MM226", "MM533") == ["MM533"]


def test_routes_for_some_clients_are_not_for_all() -> None:
    consumer = routes(
        "{timeouts: {request: 2s}, backendRefs: [{name: web, namespace: shop, port: 80}]}", "front"
    )
    result = ambient(WEB, consumer)
    assert written(result, "VirtualService") == []
    assert written(result, "Gateway") == []
    assert codes(result, "MM226") == ["MM226"]


def test_routes_stand_beside_the_rules_of_the_same_pods() -> None:
    result = ambient(WEB, routes(ITSELF), server(), admits("web", CALLER))
    assert len(written(result, "VirtualService")) == 1
    policies = {p["metadata"]["name"]: p["spec"] for p in written(result, "AuthorizationPolicy")}
    assert policies["web-waypoint"]["rules"][0]["from"] == [
        {"source": {"principals": ["cluster.local/ns/shop/sa/boss"]}}
    ]
    assert codes(result, "MM226") == []


@pytest.mark.parametrize("rule", [ELSEWHERE, EDITED])
def test_rules_of_pods_are_not_asked_of_other_requests_than_they_get(rule: str) -> None:
    """A waypoint asks its policies before it changes a request: who may ask for one would get another."""
    result = ambient(
        WEB,
        OTHER,
        routes(rule),
        server(),
        route("read", "{path: {type: PathPrefix, value: /read}}"),
        admits("read", CALLER, "HTTPRoute"),
    )
    assert written(result, "VirtualService") == []
    assert codes(result, "MM226") == ["MM226"]


def test_a_waypoint_does_not_call_pods_with_rules_for_others() -> None:
    result = ambient(
        WEB,
        OTHER,
        routes(ELSEWHERE),
        server("other", labels="{app: other}"),
        admits("other", CALLER),
    )
    assert written(result, "VirtualService") == []
    assert codes(result, "MM226") == ["MM226"]


def test_what_answers_must_be_listed() -> None:
    result = ambient(WEB, routes(ELSEWHERE))
    assert written(result, "VirtualService") == []
    assert codes(result, "MM226") == ["MM226"]
