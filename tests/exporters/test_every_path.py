"""The prefix of every path: elements keep a slash before the rest of a path, texts do not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.importers.cilium.envoy import route, to_api, usual
from tests.importers.cilium.envoy import service as shop_service
from tests.laws.soundness import faults, translated
from translator.pipeline import Result

NEW = "{type: ReplacePrefixMatch, replacePrefixMatch: /new}"
ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: api, port: 80}]
  rules:
  - matches: [{path: {type: PathPrefix, value: /}, headers: [{name: a, value: b}]}]
    filters: [{type: URLRewrite, urlRewrite: {path: %s}}]
    backendRefs: [{name: api, port: 80}]
  - filters: [{type: RequestRedirect, requestRedirect: {path: %s}}]
"""


def found(result: Result, kind: str) -> Any:
    (document,) = [d.value for d in result.documents if d.resource.startswith(kind)]
    return document["spec"]


def test_elements_in_place_of_none_end_in_a_slash_where_texts_are_replaced() -> None:
    text = shop_service("api") + ROUTE % (NEW, NEW)
    result = translated(text, "gateway-api", "istio")
    rules = found(result, "VirtualService")["http"]
    assert rules[0]["rewrite"] == {"uri": "/new/"}
    assert rules[1]["redirect"]["prefixRewrite"] == "/new/"
    assert faults(result) == []


def test_the_proxy_of_a_node_replaces_them_as_a_text_too() -> None:
    budget = """
apiVersion: gateway.networking.x-k8s.io/v1alpha1
kind: XBackendTrafficPolicy
metadata: {name: b, namespace: shop}
spec:
  targetRefs: [{group: "", kind: Service, name: api}]
  retryConstraint: {budget: {percent: 20}}
"""
    result = translated(
        shop_service("api") + ROUTE.rpartition("  - filters")[0] % NEW + "---" + budget,
        "gateway-api@1.4+experimental",
        "cilium",
        allow_envoy_config=True,
    )
    tables = found(result, "CiliumEnvoyConfig")["resources"]
    (first, *_) = tables[1]["virtual_hosts"][0]["routes"]
    assert first["match"]["prefix"] == "/"
    assert first["route"]["prefix_rewrite"] == "/new/"
    assert faults(result) == []


@pytest.mark.parametrize("put", ["/new", "/new/", "/"])
def test_a_text_stays_as_it_is_in_a_list(put: str) -> None:
    result = usual(route("/", **to_api(prefix_rewrite=put))).to("istio")
    (rule,) = found(result, "VirtualService")["http"]
    assert rule["rewrite"] == {"uri": put}
    assert result.report.verification.verdict == "EQUAL_EXACT"
