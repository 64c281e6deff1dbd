"""Callers outside of Cilium's cluster, whom a mesh knows by address: each difference has the finding that is about it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.laws.soundness import faults, translated

PODS = """
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: back, namespace: shop}
spec:
  template:
    metadata: {labels: {app: back}}
    spec: {serviceAccountName: back, containers: [{name: app, ports: [{containerPort: 8080}]}]}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: back, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: back}}
  ingress:
"""
PORT = 'toPorts: [{ports: [{port: "8080", protocol: TCP}]'
FROM_INSIDE = "10.1.0.1"


def _explained(text: str, target: str, source: str) -> list[Sequence[str]]:
    """By what the changes on the port are explained whose witness is that source."""
    result = translated(PODS + text, "cilium", target)
    assert faults(result) == []
    return [
        change["explained_by"]  # type: ignore[misc]  # a list of codes
        for change in result.report.verification.changes
        if change["witness"]["source"] == source and change["slice"].endswith("port 8080")  # type: ignore[index,attr-defined]
    ]


@pytest.mark.parametrize("target", ["istio", "linkerd"])
@pytest.mark.parametrize("peers", ["fromCIDR: [0.0.0.0/0]", "fromEntities: [world]"])
def test_who_is_outside_with_an_address_of_the_cluster_is_told_to_be_refused(
    peers: str, target: str
) -> None:
    text = f"  - {peers}\n    {PORT}}}]\n"
    (codes,) = _explained(text, target, FROM_INSIDE)
    assert "MM410" in codes
    found = translated(PODS + text, "cilium", target).report.findings
    (told,) = [f for f in found if f.code == "MM410"]
    assert told.impact == "STRICTER"
    assert "let in no more" in told.message


@pytest.mark.parametrize("target", ["istio", "linkerd"])
def test_a_block_beside_the_networks_of_the_cluster_loses_nobody(target: str) -> None:
    text = f"  - fromCIDR: [203.0.113.0/24]\n    {PORT}}}]\n"
    found = translated(PODS + text, "cilium", target).report.findings
    assert not [f for f in found if f.code == "MM410"]


def test_a_path_with_two_slashes_is_told_to_be_refused() -> None:
    text = f'  - fromEntities: [all]\n    {PORT}, rules: {{http: [{{path: "/a(\\\\?.*)?"}}]}}}}]\n'
    result = translated(PODS + text, "cilium", "istio")
    assert faults(result) == []
    changes = [c for c in result.report.verification.changes if c["witness"]["path"] == "//a"]  # type: ignore[index]
    assert [c["explained_by"] for c in changes] == [["MM408"]]


@pytest.mark.parametrize("target", ["istio", "linkerd"])
@pytest.mark.parametrize("rule", ["{method: '.*'}", "{path: '.*'}", "{path: '/.*', method: '.*'}"])
def test_a_rule_for_every_method_and_every_path_asks_for_neither(rule: str, target: str) -> None:
    text = f"  - fromEntities: [all]\n    {PORT}, rules: {{http: [{rule}]}}}}]\n"
    result = translated(PODS + text, "cilium", target)
    assert faults(result) == []
    assert not [d for d in result.documents if "GET" in d.text or "paths" in d.text]


@pytest.mark.parametrize("target", ["istio", "linkerd"])
def test_what_leaves_every_namespace_leaves_one_that_only_a_policy_names(target: str) -> None:
    """A policy of the whole cluster adds up with one of a namespace that the input does not list."""
    text = (
        PODS.partition("---\napiVersion: cilium.io")[0]
        + """---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: own, namespace: dev}
spec: {endpointSelector: {matchLabels: {app: batch}}, egress: [{toEndpoints: [{matchLabels: {app: store}}]}]}
---
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: wide}
spec: {endpointSelector: {}, egress: [{toCIDR: [203.0.113.0/24]}]}
"""
    )
    result = translated(text, "cilium", target)
    assert faults(result) == []
    (policy,) = [d.text for d in result.documents if "namespace: dev" in d.text]
    assert "cidr: 203.0.113.0/24" in policy


@pytest.mark.parametrize("target", ["istio", "linkerd"])
def test_peers_beside_everybody_have_their_place_in_a_rule_for_everybody(target: str) -> None:
    text = PODS.partition("  ingress:")[0] + "  egress: [{toEntities: [cluster, all]}]\n"
    assert faults(translated(text, "cilium", target)) == []
