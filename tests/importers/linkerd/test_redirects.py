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
    assert ["drops the query" in text for text in told(kept)] == [True]
    assert rewritten(kept) == [["MM204"]]
