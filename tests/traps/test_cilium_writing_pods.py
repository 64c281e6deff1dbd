"""Traps of writing Cilium's policies: which pods are meant, and what is left out on purpose."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.exporters.cilium.istio import (
    WORKLOAD,
    policies,
    policy,
    spec,
    strict,
    to_cilium,
    translated,
)
from tests.exporters.cilium.test_linkerd import admits
from tests.exporters.cilium.test_linkerd import to_cilium as from_linkerd
from tests.traps.test_cilium_writing import API, SPACE, allow, impacts, peers, source, to
from translator.pipeline import Result
from translator.report.model import Impact, Severity

POD = "statefulset.kubernetes.io/pod-name"
NUMBERED = WORKLOAD.replace("version: v1", f"{POD}: api-0")
ON_NODE = WORKLOAD.replace(
    "      serviceAccountName: api", "      hostNetwork: true\n      serviceAccountName: api"
)


def keys(value: Any) -> set[str]:
    """All keys of a tree."""
    if isinstance(value, dict):
        return set(value).union(*(keys(one) for one in value.values()))
    return set().union(*(keys(one) for one in value)) if isinstance(value, list) else set()


def destination_rule(**traffic: object) -> str:
    return yaml.safe_dump({"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule",
                           "metadata": {"name": "api", "namespace": "shop"},
                           "spec": {"host": "api", "trafficPolicy": traffic}})  # fmt: skip


def codes(result: Result) -> dict[str, Impact]:
    return {f.code: f.impact for f in result.report.findings}


def test_trap_cilium_10_namespaces_by_a_beginning_are_not_guessed() -> None:
    assert peers(allow(source(namespaces=["a", "b"]))) == [
        {"matchLabels": {SPACE: "a"}},
        {"matchLabels": {SPACE: "b"}},
    ]
    result = allow(source(namespaces=["a*"]))
    assert spec(result)["ingress"] == [{}]
    assert impacts(result, "MM402") == {Impact.STRICTER}


def test_trap_cilium_12_ports_of_rules_are_the_pods_and_stay_as_they_are() -> None:
    (item,) = spec(allow(to(ports=["80"])))["ingress"]
    assert item["toPorts"] == [{"ports": [{"port": "80", "protocol": "TCP"}]}]


def test_trap_cilium_13_a_port_by_name_becomes_its_number() -> None:
    found = policies(from_linkerd(admits("Server", "api", "web")))["api"]["ingress"][0]
    assert found["toPorts"][0]["ports"] == [{"port": "8080", "protocol": "TCP"}]


NETWORK = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: old, namespace: shop}
spec: {podSelector: {matchLabels: {app: api}}, ingress: [{}]}
"""


def test_trap_cilium_23_a_policy_of_the_network_that_stays_voids_the_rules_and_is_told() -> None:
    result = translated(policy({**API, "rules": [source(namespaces=["front"])]}), NETWORK)
    assert impacts(result, "MM481") == {Impact.LOOSER}


def test_trap_cilium_26_rules_about_tokens_let_nobody_in() -> None:
    result = allow(source(requestPrincipals=["*"]))
    assert spec(result)["ingress"] == [{}]
    assert impacts(result, "MM406") == {Impact.STRICTER}


def test_trap_cilium_32_every_address_of_both_families_is_everybody() -> None:
    group = "policy.linkerd.io"
    anyone = f"""
apiVersion: {group}/v1alpha1
kind: NetworkAuthentication
metadata: {{name: any, namespace: shop}}
spec: {{networks: [{{cidr: 0.0.0.0/0}}, {{cidr: "::/0"}}]}}
---
apiVersion: {group}/v1alpha1
kind: AuthorizationPolicy
metadata: {{name: any, namespace: shop}}
spec:
  targetRef: {{group: {group}, kind: Server, name: api}}
  requiredAuthenticationRefs: [{{group: {group}, kind: NetworkAuthentication, name: any}}]
"""
    found = policies(from_linkerd(anyone))
    items = [item for one in found.values() for item in one["ingress"]]
    assert items
    assert all(item.get("fromEntities") == ["all"] for item in items)


@pytest.mark.parametrize(
    "limits",
    [
        {"outlierDetection": {"consecutive5xxErrors": 5}},
        {"connectionPool": {"tcp": {"maxConnections": 10}}},
    ],
)
def test_trap_cilium_51_and_52_limits_are_not_put_on_the_proxy_of_a_node_in_silence(
    limits: dict[str, object],
) -> None:
    result = translated(destination_rule(**limits))
    assert not [d for d in result.documents if "EnvoyConfig" in d.resource]
    harm = [f for f in result.report.findings if f.impact is Impact.DIFFERENT and f.sources]
    assert harm


def test_trap_cilium_55_a_rule_for_a_service_is_one_for_its_pods() -> None:
    target = {"targetRefs": [{"kind": "Service", "group": "", "name": "api"}]}
    found = spec(translated(policy({**target, "rules": [to(methods=["GET"])]})))
    assert found["endpointSelector"] == {"matchLabels": {"app": "api"}}


def test_trap_cilium_56_pods_are_not_selected_by_labels_that_no_identity_has() -> None:
    rule = {"rules": [source(namespaces=["front"])]}
    text = policy({"selector": {"matchLabels": {POD: "api-0"}}, **rule})
    result = to_cilium(f"{NUMBERED}---\n{text}")
    assert spec(result)["endpointSelector"] == {"matchLabels": {"app": "api"}}
    assert "MM903" not in codes(result)


def test_trap_cilium_56_pods_that_nothing_else_tells_apart_are_a_blocker() -> None:
    text = policy({"selector": {"matchLabels": {POD: "api-0"}}, "rules": [{}]})
    other = NUMBERED.replace("name: api,", "name: other,").replace("api-0", "api-1")
    for shop in (WORKLOAD, f"{NUMBERED}---\n{other}"):
        result = to_cilium(f"{shop}---\n{text}")
        assert policies(result) == {}
        found = [f for f in result.report.findings if f.code == "MM412" and POD in f.message]
        assert Severity.BLOCKER in {f.severity for f in found}


def test_trap_cilium_57_callers_that_are_left_out_leave_pods_nodes_and_the_world() -> None:
    result = allow(source(notNamespaces=["front"]))
    pods, others = spec(result)["ingress"]
    (selector,) = pods["fromEndpoints"]
    operators = sorted(e["operator"] for e in selector["matchExpressions"])
    assert operators == ["Exists", "NotIn"]
    assert {"world", "remote-node", "unmanaged"} <= set(others["fromEntities"])


def test_trap_cilium_59_pods_on_the_network_of_their_node_are_told_and_proved() -> None:
    text = policy({**API, "rules": [to(methods=["GET"])]})
    result = to_cilium(f"{ON_NODE}\n---\n{text}")
    assert not {"MM903", "MM904"} & set(codes(result))
    assert policies(result) == {}
    found = [f for f in result.report.findings if f.code == "MM412"]
    assert [f.impact for f in found] == [Impact.NONE], "no proxy of the source stands before them"
    wide = to_cilium(
        f"{WORKLOAD}\n---\n{ON_NODE.replace('name: api', 'name: web')}\n---\n{policy({'rules': [{}]})}"
    )
    assert not {"MM903", "MM904"} & set(codes(wide))
    (told,) = [f.message for f in wide.report.findings if f.code == "MM412" and "node" in f.message]
    assert "Deployment/shop/web use the network of their node and stay as free as they are" in told


def test_trap_cilium_65_any_pod_of_a_clusterwide_policy_is_said_by_its_namespace() -> None:
    text = policy({"rules": [source(principals=["*"])]})
    found = spec(translated(text.replace("namespace: shop", "namespace: istio-system")))
    entries = [e for item in found["ingress"] for e in item.get("fromEndpoints", [])]
    assert entries == [{"matchExpressions": [{"key": SPACE, "operator": "Exists"}]}]


def test_trap_cilium_67_the_cluster_is_no_word_for_its_pods() -> None:
    rules = [source(principals=["*"]), source(namespaces=["front"]), source(notNamespaces=["x"])]
    for rule in rules:
        words = [w for item in spec(allow(rule))["ingress"] for w in item.get("fromEntities", [])]
        assert "cluster" not in words


def test_trap_cilium_69_no_rule_asks_for_the_handshake_that_is_withdrawn() -> None:
    found = policies(translated(policy({**API, "rules": [source(principals=["*"])]}), strict()))
    assert found
    assert "authentication" not in keys(found)
