"""Policies of the network as rules of each mesh: all of them told, none wider unless it is said."""

from __future__ import annotations

import pytest
import yaml

from tests.importers.cilium.cluster import API, FROM_WEB, Cluster, cluster, http, policy, port
from translator import pipeline
from translator.pipeline import Result
from translator.report.model import Fate, Impact, Severity
from translator.source.load import load_text

RULES = http({"method": "GET|HEAD", "path": "/api(/.*)?"}, {"path": r"/v\d+/.*"}, {"path": "/x"})
SHAPES: dict[str, Cluster] = {
    "requests": cluster(policy(ingress=[{**FROM_WEB, "toPorts": [RULES]}])),
    "world": cluster(policy(ingress=[{"fromEntities": ["world"], "toPorts": [port("http")]}])),
    "world refused": cluster(policy(ingress=[{"fromEntities": ["all"]}], ingressDeny=[{"fromEntities": ["world"]}])),
    "own addresses refused": cluster(policy(ingress=[{"fromEntities": ["all"]}], ingressDeny=[
        {"fromCIDR": ["10.0.0.0/8"]}, {"fromCIDR": ["172.0.0.0/8"]}])),
    "blocks beside a refusal": cluster(
        policy(wide=True, endpointSelector={}, ingress=[{"fromCIDRSet": [{"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}]}]),
        policy(ingressDeny=[{**FROM_WEB, "toPorts": [port()]}])),
    "everybody": cluster(policy(ingress=[{"fromEntities": ["all"]}], ingressDeny=[FROM_WEB])),
    "wide": cluster(policy(wide=True, endpointSelector={}, ingress=[{"fromEndpoints": [{}]}])),
    "out": cluster(policy(endpointSelector=API, egress=[{"toCIDR": ["192.0.2.0/24"]}])),
    "range": cluster(policy(ingress=[{**FROM_WEB, "toPorts": [
        {"ports": [{"port": "8000", "endPort": 9000, "protocol": "TCP"}]}]}])),
    "refused range": cluster(policy(ingress=[{"fromEntities": ["all"]}], ingressDeny=[{**FROM_WEB, "toPorts": [
        {"ports": [{"port": "8000", "endPort": 9000, "protocol": "TCP"}]}]}])),
}  # fmt: skip


def moved(here: Cluster, target: str) -> Result:
    """The translation."""
    loaded = load_text(here.text)
    return pipeline.translate_loaded(loaded, pipeline.options_of(loaded, "cilium", target, {}))


@pytest.mark.parametrize("target", ["linkerd", "istio", "gateway-api"])
@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_all_is_accounted_for_and_explained(shape: str, target: str) -> None:
    report = moved(SHAPES[shape], target).report
    assert not {row.fate.value for row in report.ledger} & {"dropped", "stranded", "unread"}
    unexplained = [c["slice"] for c in report.verification.changes if not c["explained_by"]]
    assert not unexplained


def test_expressions_become_words_where_they_are_words() -> None:
    result = moved(SHAPES["requests"], "istio")
    documents = [yaml.safe_load(one.text) for one in result.documents]
    (spec,) = [d["spec"] for d in documents if d["kind"] == "AuthorizationPolicy"]
    (rule,) = spec["rules"]
    assert rule["from"] == [{"source": {"serviceAccounts": ["shop/web"]}}]
    assert "8080" in yaml.safe_dump(rule)
    (operation,) = [one["operation"] for one in rule["to"]]
    assert sorted(operation["methods"]) == ["GET", "HEAD"]
    assert all(path.startswith("/api/") for path in operation["paths"])
    assert {"MM402", "MM479"} <= {finding.code for finding in result.report.findings}


@pytest.mark.parametrize("target", ["linkerd", "istio"])
def test_a_block_that_is_left_out_lets_in_nobody_and_is_not_told_to(target: str) -> None:
    def looser(block: str) -> set[str]:
        here = cluster(policy(ingress=[{"fromCIDR": [block], "toPorts": [port()]}]))
        findings = moved(here, target).report.findings
        return {one.code for one in findings if one.impact.value == "LOOSER"}

    assert "MM411" in looser("203.0.113.0/24")
    assert "MM411" not in looser("10.0.0.0/8")


GATEWAY = """
apiVersion: cilium.io/v2
kind: CiliumEgressGatewayPolicy
metadata: {name: partners}
spec:
  selectors: [{podSelector: {matchLabels: {app: api}}}]
  destinationCIDRs: [203.0.113.0/24]
  egressGateway: {nodeSelector: {matchLabels: {egress: "true"}}, egressIP: 192.0.2.10}
"""


@pytest.mark.parametrize("target", ["linkerd", "istio", "gateway-api"])
def test_what_leaves_from_another_address_is_a_blocker(target: str) -> None:
    """Whoever is outside and lets in by address refuses it, though nothing here does."""
    loaded = load_text(GATEWAY)
    report = pipeline.translate_loaded(
        loaded, pipeline.options_of(loaded, "cilium", target, {})
    ).report
    (finding,) = [f for f in report.findings if f.code == "MM536"]
    assert (finding.severity, finding.impact) == (Severity.BLOCKER, Impact.DIFFERENT)
    assert "CiliumEgressGatewayPolicy/partners" in finding.message
    assert {row.fate for row in report.ledger if row.path.startswith("spec")} == {Fate.LOST}


NAMELESS = """
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: all-of-the-namespace}
spec: {endpointSelector: {matchLabels: {role: victim}}, ingress: [{fromEndpoints: [{}]}]}
"""


@pytest.mark.parametrize("target", ["istio", "linkerd"])
def test_a_namespace_that_no_object_names_comes_from_the_policy(target: str) -> None:
    """It is that of --namespace: what is written of it has the object as its reason."""
    options = pipeline.options_of(load_text(""), "cilium", target, {"namespace": "shop"})
    result = pipeline.translate_loaded(load_text(NAMELESS), options)
    assert [
        f.message for f in result.report.findings if f.code.startswith("MM90") and f.code != "MM906"
    ] == []


def test_what_becomes_of_a_policy_of_the_whole_cluster_names_it_without_a_namespace() -> None:
    text = """\
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
spec: {containers: [{name: api, image: api, ports: [{containerPort: 80}]}]}
---
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: shut}
spec: {endpointSelector: {matchLabels: {app: api}}, ingress: [{}]}
"""
    loaded = load_text(text)
    result = pipeline.translate_loaded(loaded, pipeline.options_of(loaded, "cilium", "istio", {}))
    named = [
        line
        for document in result.documents
        for line in document.text.splitlines()
        if "meshmigrate.io/source" in line
    ]
    assert named
    assert {line.partition(": ")[2] for line in named} == {"CiliumClusterwideNetworkPolicy//shut"}


def test_the_ledger_has_no_namespace_of_what_is_in_none() -> None:
    text = """\
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: own}
spec: {controllerName: example.com/own}
"""
    loaded = load_text(text)
    rows = pipeline.translate_loaded(
        loaded, pipeline.options_of(loaded, "cilium", "istio", {})
    ).report.ledger
    assert {row.resource for row in rows} == {"GatewayClass//own"}


NODES = """
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: nodes}
spec:
  nodeSelector: {}
  ingress: [{fromEntities: [cluster], toPorts: [{ports: [{port: "22", protocol: TCP}]}]}]
"""


@pytest.mark.parametrize("target", ["istio", "linkerd", "gateway-api"])
def test_a_firewall_of_nodes_that_goes_is_looser(target: str) -> None:
    """It was lost as if nothing changed, though the nodes were open afterwards."""
    loaded = load_text(NODES)
    options = pipeline.options_of(loaded, "cilium", target, {})
    report = pipeline.translate_loaded(loaded, options).report
    (finding,) = [f for f in report.findings if f.code == "MM538"]
    assert (finding.impact, finding.severity) == (Impact.LOOSER, Severity.BLOCKER)
    assert not report.verification.exaggerated
