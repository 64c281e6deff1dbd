"""Routes with values that are newer than what Linkerd is built against, which it leaves out as wholes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.laws.soundness import faults, translated
from translator.pipeline import Result

CLUSTER = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, annotations: {linkerd.io/inject: enabled}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 8080, name: http}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, ports: [{containerPort: 8080, name: http}]}]}
---
"""
REDIRECT = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: web, port: 8080}]
  rules:
  - matches: [{path: {type: PathPrefix, value: /old}}]
    filters: [{type: RequestRedirect, requestRedirect: {hostname: new.example, statusCode: STATUS}}]
  - backendRefs: [{name: web, port: 8080}]
"""
CONNECTIONS = """
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TCPRoute
metadata: {name: web, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: web, port: 8080}]
  rules: [{name: none}]
"""


def of(text: str, version: str) -> Result:
    """What the routes come to in Istio, from a version of Linkerd."""
    return translated(CLUSTER + text, f"linkerd@{version}", "istio")


def written(result: Result) -> list[str]:
    """The kinds of the routes that are written."""
    return [one["kind"] for one in result.manifests if one["kind"] == "VirtualService"]


@pytest.mark.parametrize("status", [303, 307, 308])
def test_trap_linkerd_42_a_redirect_with_a_newer_status_takes_its_whole_route_out(
    status: int,
) -> None:
    text = REDIRECT.replace("STATUS", str(status))
    before, later = of(text, "2.20"), of(text, "edge")
    assert not written(before)
    assert written(later)
    assert not faults(before)
    assert not faults(later)


@pytest.mark.parametrize("status", [301, 302])
def test_a_redirect_with_an_older_status_is_heeded_by_all(status: int) -> None:
    assert written(of(REDIRECT.replace("STATUS", str(status)), "2.20"))


SERVER = """
---
apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, port: http, accessPolicy: all-unauthenticated}
"""


def on_server(text: str) -> str:
    """The same route with the Server as its parent."""
    service = '{group: "", kind: Service, name: web, port: 8080}'
    return text.replace(service, "{group: policy.linkerd.io, kind: Server, name: web}") + SERVER


def asked_paths(result: Result) -> list[Any]:
    """The paths that the rules written for the pods ask for."""
    policies: list[Any] = [one for one in result.manifests if one["kind"] == "AuthorizationPolicy"]
    rules = [rule for one in policies for rule in one["spec"]["rules"]]
    operations = [to["operation"] for rule in rules for to in rule["to"]]
    return [asked["paths"] for asked in operations if "paths" in asked]


@pytest.mark.parametrize(
    ("status", "version", "heeded"),
    [(308, "2.20", False), (308, "edge", True), (302, "2.20", True)],
)
def test_a_route_on_a_server_is_left_out_in_the_same_way(
    status: int, version: str, *, heeded: bool
) -> None:
    """Then the Server has no route, and takes every path."""
    result = of(on_server(REDIRECT.replace("STATUS", str(status))), version)
    assert not faults(result)
    assert bool(asked_paths(result)) is heeded
    told = [f for f in result.report.findings if f.code == "MM801"]
    assert bool(told) is heeded, "that its proxy redirects is told"


def test_a_filter_that_linkerd_does_not_have_leaves_out_a_route_on_a_server() -> None:
    filters = "filters: [{type: URLRewrite, urlRewrite: {hostname: x.example}}]"
    text = REDIRECT.replace(
        "filters: [{type: RequestRedirect, requestRedirect: {hostname: new.example, statusCode: STATUS}}]",
        filters,
    )
    result = of(on_server(text), "2.20")
    assert not faults(result)
    assert not asked_paths(result)


def test_connections_without_backends_are_read_until_the_types_are_stricter() -> None:
    before, later = of(CONNECTIONS, "2.20"), of(CONNECTIONS, "edge")
    assert before.report.summary.fates != later.report.summary.fates
    assert not faults(before)
    assert not faults(later)
