"""Traps of who is in a mesh: an input that does not say it, and one that is of another mesh altogether."""

from __future__ import annotations

import pytest

from translator import pipeline
from translator.pipeline import Result
from translator.report.headline import headline
from translator.report.model import Finding, Severity
from translator.source.load import load_text

PODS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, ports: [{containerPort: 8080, name: http}]}]}
"""
RULE = """
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/api]}}]}]
"""
ROUTE = """
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec: {hosts: [web], http: [{timeout: 3s, route: [{destination: {host: web}}]}]}
"""
NETWORK = """
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: web}}
  ingress: [{fromEndpoints: [{matchLabels: {app: web}}]}]
"""


def namespace(labels: str = "", annotations: str = "") -> str:
    """The Namespace of the pods."""
    metadata = f"{{name: shop, labels: {{{labels}}}, annotations: {{{annotations}}}}}"
    return f"\n---\napiVersion: v1\nkind: Namespace\nmetadata: {metadata}\n"


def translated(text: str, source: str, target: str, **settings: object) -> Result:
    """From any mesh to any other."""
    options = pipeline.options_of(load_text(""), source, target, settings)
    return pipeline.translate_loaded(load_text(text), options)


def told(text: str, source: str = "istio", target: str = "linkerd", code: str = "MM609") -> list[Finding]:  # fmt: skip
    """The findings about who is in the mesh."""
    return [f for f in translated(text, source, target).report.findings if f.code == code]


def test_rules_for_pods_that_nobody_puts_into_the_mesh_refuse_nothing_and_that_is_told() -> None:
    result = translated(PODS + RULE, "istio", "linkerd")
    assert any(document.resource.startswith("Server/") for document in result.documents)
    assert not any("linkerd.io/inject" in document.text for document in result.documents)
    (finding,) = [f for f in result.report.findings if f.code == "MM609"]
    assert finding.severity is Severity.HIGH
    assert "shop" in finding.message
    assert "linkerd.io/inject=enabled" in finding.advice
    assert headline(result.report).sentence.endswith("(MM609)")


def test_without_rules_that_refuse_it_is_told_less_loudly() -> None:
    result = translated(PODS + ROUTE, "istio", "linkerd")
    (finding,) = [f for f in result.report.findings if f.code == "MM609"]
    assert finding.severity is Severity.MEDIUM
    assert "MM609" not in headline(result.report).sentence


@pytest.mark.parametrize(
    "text",
    [
        PODS + RULE + namespace("istio-injection: enabled"),
        PODS + RULE + namespace("istio-injection: disabled"),
        PODS + RULE + namespace(annotations="linkerd.io/inject: enabled"),
        PODS.replace("labels: {app: web}}\n    spec", 'labels: {app: web, sidecar.istio.io/inject: "true"}}\n    spec') + RULE,
        PODS.replace("namespace: shop", "namespace: istio-system"),
    ],
)  # fmt: skip
def test_pods_of_which_some_object_says_it_are_not_told(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize(
    ("target", "word"),
    [("istio", "istio-injection=enabled"), ("linkerd", "linkerd.io/inject=enabled")],
)
def test_pods_that_come_from_the_network_alone_need_the_word_of_the_mesh(
    target: str, word: str
) -> None:
    (finding,) = told(PODS + NETWORK, "cilium", target)
    assert finding.severity is Severity.HIGH
    assert word in finding.advice


def test_the_ambient_mesh_has_a_word_of_its_own() -> None:
    result = translated(PODS + NETWORK, "cilium", "istio", profile="ambient")
    (finding,) = [f for f in result.report.findings if f.code == "MM609"]
    assert "istio.io/dataplane-mode=ambient" in finding.advice


@pytest.mark.parametrize("target", ["cilium", "gateway-api", "istio"])
def test_where_no_pod_joins_nothing_is_told(target: str) -> None:
    assert told(PODS + RULE, target=target) == []


def test_an_input_of_another_mesh_is_told_with_the_right_command() -> None:
    (finding,) = told(PODS + RULE, "cilium", "linkerd", "MM110")
    assert finding.severity is Severity.HIGH
    assert "objects of istio" in finding.message
    assert "istio-to-linkerd" in finding.advice
    assert told(PODS + RULE, "cilium", "linkerd") == []


@pytest.mark.parametrize(
    ("text", "source"),
    [(PODS + RULE, "istio"), (PODS, "istio"), (PODS + RULE + NETWORK, "cilium")],
)
def test_an_input_with_something_of_the_source_or_of_none_is_no_other_ones(
    text: str, source: str
) -> None:
    assert told(text, source, "linkerd", "MM110") == []
