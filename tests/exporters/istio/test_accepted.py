"""What is written is taken by the webhook of the target (istio/istio pkg/config/validation, 1.31)."""

from __future__ import annotations

import pytest

from ir.match import AllOf, Part
from ir.provenance import Traced
from tests.exporters.istio.linkerd import Tree
from tests.importers.cilium.envoy import route, to_api, usual
from tests.ir.facts import on, pattern
from tests.laws.soundness import faults, translated
from translator.exporters.istio.legalise.callers import in_source_words
from translator.pipeline import Result

SHOP = """
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {serviceAccountName: api, containers: [{name: api, ports: [{containerPort: 8080}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {serviceAccountName: web, containers: [{name: web, ports: [{containerPort: 8080}]}]}
---
"""

_TOGETHER = ("principals", "namespaces", "notPrincipals", "notNamespaces")


def of(result: Result, kind: str) -> list[Tree]:
    """The specs of a kind."""
    return [d.value["spec"] for d in result.documents if d.value["kind"] == kind]


def sources(result: Result) -> list[Tree]:
    """The sources of all policies."""
    found = of(result, "AuthorizationPolicy")
    return [
        one["source"]
        for spec in found
        for rule in spec.get("rules", [])
        for one in rule.get("from", [])
    ]


def policy(*peers: str) -> str:
    """A policy of Cilium that lets these in."""
    listed = "".join(f"\n  - fromEndpoints: [{{{peer}}}]" for peer in peers)
    return f"""
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {{name: api, namespace: shop}}
spec:
  endpointSelector: {{matchLabels: {{app: api}}}}
  ingress:{listed}
"""


_ACCOUNT = "io.cilium.k8s.policy.serviceaccount: web"
_SPACE = "k8s:io.kubernetes.pod.namespace: shop"


@pytest.mark.parametrize(
    "peer",
    [
        f"matchLabels: {{{_ACCOUNT}, {_SPACE}}}",
        f"matchLabels: {{{_ACCOUNT}}}",
        f"matchLabels: {{{_ACCOUNT}}}, matchExpressions: [{{key: 'k8s:io.kubernetes.pod.namespace', operator: NotIn, values: [dev]}}]",
        f"matchExpressions: [{{key: io.cilium.k8s.policy.serviceaccount, operator: NotIn, values: [web]}}], matchLabels: {{{_SPACE}}}",
    ],
)
def test_service_accounts_stand_beside_no_namespace_and_no_identity(peer: str) -> None:
    result = translated(SHOP + policy(peer), "cilium", "istio")
    found = sources(result)
    assert found
    for one in found:
        assert not ("serviceAccounts" in one and {*_TOGETHER} & {*one}), one
        assert not ("notServiceAccounts" in one and {*_TOGETHER} & {*one}), one
    assert faults(result) == []


@pytest.mark.parametrize(("number", "part"), [(16, "SERVICE_ACCOUNT"), (17, "IDENTITY")])
def test_a_list_holds_no_more_accounts_than_the_webhook_takes(number: int, part: str) -> None:
    asked = on(Part.SERVICE_ACCOUNT, *(pattern(f"shop/a{one}") for one in range(number)))
    (found,) = in_source_words((AllOf(tests=(asked,), trail=Traced("callers")),))
    (test,) = found.tests
    assert (test.part, len(test.any_of)) == (Part[part], number)


def rewrites(regex: str, put: str) -> tuple[list[object], Result]:
    """The rewrites that are written."""
    rewrite = {"pattern": {"regex": regex}, "substitution": put}
    result = usual(route("/", **to_api(regex_rewrite=rewrite))).to("istio")
    assert faults(result) == []
    rules = [rule for spec in of(result, "VirtualService") for rule in spec["http"]]
    assert rules
    return [rule.get("rewrite") for rule in rules], result


def test_a_rewrite_by_a_regular_expression_is_written() -> None:
    found, result = rewrites("^/v([0-9])/", r"/\1/")
    assert found == [{"uriRegexRewrite": {"match": "^/v([0-9])/", "rewrite": r"/\1/"}}]
    assert not [one for one in result.report.findings if one.code == "MM205"]


@pytest.mark.parametrize(("regex", "put"), [("^/foo", ""), ("/" + "a" * 1024, "/b")])
def test_a_rewrite_that_the_webhook_refuses_is_lost_whole(regex: str, put: str) -> None:
    found, result = rewrites(regex, put)
    assert found == [None]
    assert [one for one in result.report.findings if one.code == "MM205"]


ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: routes, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: api}]
  rules:
  - filters: [{type: URLRewrite, urlRewrite: {hostname: other.example}}]
    backendRefs: [{group: gateway.example, kind: Upstream, name: other}]
  - matches: [{path: {type: PathPrefix, value: /b}}]
    backendRefs: [{name: api, port: 80}]
"""


def test_a_rule_that_answers_rewrites_nothing() -> None:
    result = translated(SHOP + ROUTE, "gateway-api", "istio")
    rules = [rule for spec in of(result, "VirtualService") for rule in spec["http"]]
    assert [rule for rule in rules if "directResponse" in rule]
    assert not [rule for rule in rules if "directResponse" in rule and "rewrite" in rule]
    assert faults(result) == []
