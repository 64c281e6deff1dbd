"""CiliumNetworkPolicy: what of it gets in, out and by."""

from __future__ import annotations

import pytest

from ir.behaviour.request import Caller
from ir.membership import Aspect, ProxySetting
from ir.opaque import Opaque
from tests.importers.cilium.cluster import (
    FROM_WEB,
    HOST,
    NODE,
    TELLER,
    WEB,
    WORLD,
    cluster,
    http,
    policy,
    port,
)


def test_a_pod_that_no_rule_selects_is_open() -> None:
    assert cluster(policy(ingress=[FROM_WEB])).lets(WORLD, to="web")


def test_a_rule_closes_its_pods_and_lets_its_peers_in() -> None:
    here = cluster(policy(ingress=[FROM_WEB]))
    assert here.lets(WEB)
    assert not here.lets(TELLER)
    assert not here.lets(WORLD)


def test_the_node_of_a_pod_is_always_let_in_and_other_nodes_are_not() -> None:
    here = cluster(policy(ingress=[FROM_WEB]))
    assert here.lets(HOST)
    assert not here.lets(NODE)
    assert cluster(policy(ingress=[{"fromEntities": ["remote-node"]}])).lets(NODE)


def test_the_node_of_the_api_server_is_one_of_the_others() -> None:
    """Its identity has both labels (pkg/identity/numericidentity.go ``reservedIdentityLabels``, 1.20)."""
    server = Caller(mtls=False, entity="kube-apiserver")
    assert cluster(policy(ingress=[{"fromEntities": ["remote-node"]}])).lets(server)
    assert not cluster(policy(ingress=[{"fromEntities": ["kube-apiserver"]}])).lets(NODE)
    barred = policy(ingress=[{}], ingressDeny=[{"fromEntities": ["remote-node"]}])
    assert not cluster(barred).lets(server)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("operator", ["NotIn", "DoesNotExist"])
def test_peers_by_the_namespace_that_they_are_not_in_are_pods(operator: str, *, wide: bool) -> None:
    """A label of the cluster is asked for besides, which nodes and the world do not have (1.19 and later)."""
    asked = {"key": "k8s:io.kubernetes.pod.namespace", "operator": operator}
    values = {"values": ["bank"]} if operator == "NotIn" else {}
    peer = {"fromEndpoints": [{"matchExpressions": [{**asked, **values}]}]}
    here = cluster(policy(ingress=[peer], wide=wide))
    assert here.lets(WEB) is (operator == "NotIn")
    assert not any(here.lets(one) for one in (TELLER, NODE, WORLD))


def test_ports_are_those_of_containers_by_number_or_name() -> None:
    for number in ("8080", "http"):
        here = cluster(policy(ingress=[{**FROM_WEB, "toPorts": [port(number)]}]))
        assert here.lets(WEB)
        assert not here.lets(WEB, port=9090)


def test_a_range_of_ports_holds_what_is_between() -> None:
    ranged = {"ports": [{"port": "8000", "endPort": 9000, "protocol": "TCP"}]}
    here = cluster(policy(ingress=[{**FROM_WEB, "toPorts": [ranged]}]))
    assert here.lets(WEB)
    assert not here.lets(WEB, port=9090)


@pytest.mark.parametrize(("protocol", "gets_in"), [("TCP", True), ("ANY", True), ("UDP", False)])
def test_a_protocol_is_asked_for(protocol: str, gets_in: bool) -> None:  # noqa: FBT001  # a parameter of the test
    ports = [port(protocol=protocol)]
    here = cluster(policy(ingress=[{**FROM_WEB, "toPorts": ports}]))
    assert here.lets(WEB) is gets_in


def test_denials_outrank_what_is_allowed() -> None:
    here = cluster(policy(ingress=[{"fromEntities": ["all"]}], ingressDeny=[FROM_WEB]))
    assert not here.lets(WEB)
    assert here.lets(TELLER)


def test_rules_on_requests_are_a_list_of_what_passes() -> None:
    rules = http({"method": "GET", "path": "/api/.*"}, {"path": "/public"})
    here = cluster(policy(ingress=[{**FROM_WEB, "toPorts": [rules]}]))
    assert here.lets(WEB, path="/api/x?page=2")
    assert not here.lets(WEB, path="/api/x", method="POST")
    assert here.lets(WEB, path="/public", method="POST")
    assert not here.lets(WEB, path="/public?x=1")
    assert not here.lets(WEB, http=False)


def test_headers_are_compared_whole_or_asked_for() -> None:
    rules = http({"headers": ["X-Team: red", "X-Key"]})
    here = cluster(policy(ingress=[{**FROM_WEB, "toPorts": [rules]}]))
    assert here.lets(WEB, headers={"x-team": "red", "x-key": "1"})
    assert not here.lets(WEB, headers={"x-team": "red"})
    assert not here.lets(WEB, headers={"x-team": "blue", "x-key": "1"})


def test_a_mismatch_with_an_action_lets_the_request_pass() -> None:
    log = {"headerMatches": [{"name": "X-Team", "value": "red", "mismatch": "LOG"}]}
    here = cluster(policy(ingress=[{**FROM_WEB, "toPorts": [http(log)]}]))
    assert here.lets(WEB, headers={"x-team": "blue"})


def test_the_host_is_compared_with_its_port() -> None:
    rules = http({"host": r"api\.shop"})
    here = cluster(policy(ingress=[{**FROM_WEB, "toPorts": [rules]}]))
    assert here.lets(WEB, authority="api.shop")
    assert not here.lets(WEB, authority="api.shop:8080")


def test_what_leaves_is_closed_by_rules_for_egress() -> None:
    here = cluster(policy(endpointSelector={"matchLabels": {"app": "web"}}, egress=[
        {"toEndpoints": [{"matchLabels": {"app": "api"}}], "toPorts": [port("8080")]}]))  # fmt: skip
    assert here.lets(WEB)
    assert not here.lets(WEB, port=9090)
    assert not here.lets(WEB, to="web")
    assert here.lets(TELLER, port=9090)


def test_a_switch_opens_without_closing() -> None:
    here = cluster(policy(ingress=[FROM_WEB], enableDefaultDeny={"ingress": False}))
    assert here.lets(WORLD)
    shut = policy("other", ingress=[{"fromEntities": ["host"]}])
    assert not cluster(shut, policy(ingress=[FROM_WEB], enableDefaultDeny={"ingress": False})).lets(
        WORLD
    )


def test_accounts_and_namespaces_are_labels() -> None:
    labels = {
        "io.kubernetes.pod.namespace": "bank",
        "io.cilium.k8s.policy.serviceaccount": "teller",
    }
    here = cluster(policy(ingress=[{"fromEndpoints": [{"matchLabels": labels}]}]))
    assert here.lets(TELLER)
    assert not here.lets(WEB)


def test_labels_of_namespaces_are_asked_for_by_their_own_prefix() -> None:
    labels = {"k8s:io.cilium.k8s.namespace.labels.team": "blue"}
    here = cluster(policy(ingress=[{"fromEndpoints": [{"matchLabels": labels}]}]))
    assert here.lets(TELLER)
    assert not here.lets(WEB)


def test_a_clusterwide_policy_is_for_all_namespaces_and_its_empty_peer_is_every_pod() -> None:
    here = cluster(policy(wide=True, endpointSelector={}, ingress=[{"fromEndpoints": [{}]}]))
    assert here.lets(WEB)
    assert here.lets(TELLER)
    assert not here.lets(WORLD)
    assert not here.lets(NODE)


def test_named_blocks_of_addresses_are_those_of_their_group() -> None:
    group = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumCIDRGroup",
        "metadata": {"name": "partners"},
        "spec": {"externalCIDRs": ["203.0.113.0/24"]},
    }
    chosen = {"fromCIDRSet": [{"cidrGroupRef": "partners"}]}
    here = cluster(group, policy(ingress=[chosen]))
    assert here.lets(WORLD)
    assert not here.lets(WEB)
    assert cluster(policy(ingress=[chosen])).codes == ["MM172"]


def test_a_policy_that_the_agent_refuses_is_in_force_nowhere() -> None:
    here = cluster(policy(ingress=[{**FROM_WEB, "fromEntities": ["world"]}]))
    assert here.lets(WORLD)
    assert here.codes == ["MM170"]


def test_a_policy_for_nodes_says_nothing_of_pods() -> None:
    here = cluster(policy(wide=True, nodeSelector={}, ingress=[{"fromEntities": ["cluster"]}]))
    assert here.lets(WORLD)
    assert [type(fact) for fact in here.model.facts] == [Opaque]


def test_a_service_stands_for_its_pods_whatever_its_ports() -> None:
    chosen = {"toServices": [{"k8sService": {"serviceName": "api", "namespace": "shop"}}]}
    here = cluster(policy(endpointSelector={"matchLabels": {"app": "web"}}, egress=[chosen]))
    assert here.lets(WEB, port=9090)
    assert not here.lets(WEB, to="web")


def test_all_of_a_translation_is_explained_and_accounted_for() -> None:
    rules = http({"method": "GET", "path": "/api/.*"}, {"path": "/public"})
    found = cluster(
        policy(ingress=[{**FROM_WEB, "toPorts": [rules]}, {"fromEntities": ["world"]}]),
        policy("out", endpointSelector={"matchLabels": {"app": "web"}}, egress=[{"toEntities": ["all"]}]),
    ).translated  # fmt: skip
    fates = {row.fate.value for row in found.report.ledger}
    assert not fates & {"dropped", "stranded", "unread"}
    assert all(change["explained_by"] for change in found.report.verification.changes)


def test_a_wide_policy_may_leave_out_namespaces() -> None:
    asked = {"key": "io.kubernetes.pod.namespace", "operator": "NotIn", "values": ["bank"]}
    selector = {"matchExpressions": [asked]}
    here = cluster(policy(wide=True, endpointSelector=selector, ingress=[{}]))
    assert not here.lets(TELLER)
    assert not here.lets(WORLD, to="web")
    assert not [f for f in here.model.facts if isinstance(f, Opaque)]
    spared = {"key": "io.kubernetes.pod.namespace", "operator": "NotIn", "values": ["shop"]}
    other = cluster(
        policy(wide=True, endpointSelector={"matchExpressions": [spared]}, ingress=[{}])
    )
    assert other.lets(WORLD, to="web")


def test_annotations_of_services_are_settings() -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "far",
            "namespace": "shop",
            "annotations": {
                "service.cilium.io/global": "true",
                "service.cilium.io/lb-l7-algorithm": "random",
                "other": "x",
            },
        },
        "spec": {"ports": [{"port": 80}]},
    }
    found = [f for f in cluster(service).model.facts if isinstance(f, ProxySetting)]
    assert {(f.aspect, f.value.value) for f in found} == {
        (Aspect.NETWORKS, "true"),
        (Aspect.BALANCING, "random"),
    }
    told = {f.code for f in cluster(service).translated.report.findings}
    assert {"MM306", "MM604"} <= told


def test_policies_with_an_order_are_in_doubt_and_stay() -> None:
    top = {
        "apiVersion": "policy.networking.k8s.io/v1alpha2",
        "kind": "ClusterNetworkPolicy",
        "metadata": {"name": "top"},
        "spec": {"tier": "Admin", "priority": 1, "subject": {"namespaces": {}}},
    }
    report = cluster(top).translated.report
    fates = {r.fate.value for r in report.ledger if r.resource.startswith("ClusterNetworkPolicy")}
    assert fates == {"carried"}
    assert report.verification.verdict == "MAY_DIFFER"
