"""Redirects as a proxy of Linkerd answers them: a full path drops the query, and what other meshes make of that is told."""

from __future__ import annotations

import pytest

from tests.exporters.istio.linkerd import written
from tests.laws.soundness import faults, translated
from tests.traps.test_newer_routes import CLUSTER
from translator.pipeline import Result

ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: web, port: 8080}]
  rules:
  - matches: [{path: {value: /old}}]
    filters: [{type: RequestRedirect, requestRedirect: {path: {type: ReplaceFullPath, replaceFullPath: PATH}}}]
  - backendRefs: [{name: web, port: 8080}]
"""


def told(result: Result) -> list[str]:
    """What is said of redirects."""
    return [one.message for one in result.report.findings if one.code == "MM204"]


def rewritten(result: Result) -> list[object]:
    """The findings that explain that a request is answered otherwise."""
    changes = result.report.verification.changes
    return [one["explained_by"] for one in changes if one["kind"] == "rewritten"]


def test_to_istio_an_empty_query_takes_the_place_of_the_requests() -> None:
    result = translated(CLUSTER + ROUTE.replace("PATH", "/new"), "linkerd", "istio")
    assert not faults(result)
    (service,) = written(result, "VirtualService")
    uris = [one["redirect"]["uri"] for one in service["spec"]["http"] if "redirect" in one]
    assert set(uris) == {"/new?"}
    assert ["question mark" in text for text in told(result)] == [True]
    assert rewritten(result) == [["MM204"]]


@pytest.mark.parametrize("target", ["cilium", "gateway-api"])
def test_a_query_that_stays_is_told(target: str) -> None:
    result = translated(CLUSTER + ROUTE.replace("PATH", "/new"), "linkerd", target)
    assert not faults(result)
    assert ["keeps the query" in text for text in told(result)] == [True]
    assert rewritten(result) == [["MM204"]]


@pytest.mark.parametrize("target", ["istio", "cilium", "gateway-api"])
def test_a_path_with_a_query_of_its_own_is_the_same_everywhere(target: str) -> None:
    result = translated(CLUSTER + ROUTE.replace("PATH", '"/new?a=b"'), "linkerd", target)
    assert not faults(result)
    assert told(result) == []
    assert rewritten(result) == []


ISTIO = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec:
  hosts: [web.shop.svc.cluster.local]
  http: [{redirect: {uri: "PATH"}}]
"""


def test_a_query_that_linkerd_drops_is_shown_by_the_proof() -> None:
    kept = translated(CLUSTER + ISTIO.replace("PATH", "/new"), "istio", "linkerd")
    assert not faults(kept)
    assert [text for text in told(kept) if "drops the query" in text]
    assert rewritten(kept) == [["MM204"]]


@pytest.mark.parametrize("target", ["istio", "cilium", "gateway-api"])
@pytest.mark.parametrize(
    "asked", ["{path: {value: /}}", "{path: {type: Exact, value: /new}}", "{}"]
)
def test_who_is_where_a_redirect_leads_is_passed_on(target: str, asked: str) -> None:
    """The proxy leaves out a redirect to the very address of the request; others send it there again and again."""
    text = ROUTE.replace("PATH", "/new").replace("{path: {value: /old}}", asked)
    result = translated(CLUSTER + text, "linkerd", target)
    assert not faults(result)
    changes = result.report.verification.changes
    plain = [one for one in changes if "%" not in str(one["witness"])]  # paths in normal form
    assert {one["kind"] for one in plain} <= {"rewritten"}
    if target == "istio":
        (service,) = written(result, "VirtualService")
        first = service["spec"]["http"][0]
        assert first["match"][0]["uri"] == {"exact": "/new"}
        assert first["route"][0]["destination"]["host"] == "web.shop.svc.cluster.local"


@pytest.mark.parametrize(
    "more", ["hostname: new.example", "scheme: https", "port: 8443", "hostname: web.shop"]
)
def test_a_redirect_to_another_host_scheme_or_port_leads_elsewhere(more: str) -> None:
    text = ROUTE.replace("{path: {type", f"{{{more}, path: {{type").replace("PATH", "/old")
    result = translated(CLUSTER + text, "linkerd", "istio")
    assert not faults(result)
    (service,) = written(result, "VirtualService")
    assert "route" not in service["spec"]["http"][0]


def test_to_linkerd_who_was_sent_in_a_circle_gets_in_and_it_is_told() -> None:
    result = translated(CLUSTER + ISTIO.replace("PATH", "/new"), "istio", "linkerd")
    assert not faults(result)
    assert [text for text in told(result) if "again and again" in text]
    changes = result.report.verification.changes
    assert [one["explained_by"] for one in changes if one["kind"] == "rerouted"] == [["MM204"]]
