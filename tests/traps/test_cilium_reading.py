"""What is easily read wrong in Cilium's policies, and what becomes of it in a mesh."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ir.access import Closed, Grant, Refusal
from ir.match import Part, RegexDialect
from ir.opaque import Column, Opaque
from tests.importers.cilium.cluster import (
    FROM_WEB,
    HOST,
    NODE,
    TELLER,
    WEB,
    WORLD,
    Cluster,
    cluster,
    http,
    policy,
    port,
)

ALL = {"fromEntities": ["all"]}
OF_WEB = {"matchLabels": {"app": "web"}}


def written(here: Cluster) -> str:
    """All outputs for Linkerd."""
    return "\n".join(document.text for document in here.translated.documents)


def told(here: Cluster) -> set[str]:
    """The codes of the translation to Linkerd."""
    return {finding.code for finding in here.translated.report.findings}


def test_trap_cilium_01_rules_on_requests_are_dropped_from_a_denial() -> None:
    denied = {**FROM_WEB, "toPorts": [http({"path": "/admin"})]}
    here = cluster(policy(ingress=[ALL], ingressDeny=[denied]))
    assert not here.lets(WEB, path="/other")
    assert here.lets(WEB, path="/admin", port=9090)
    assert "MM171" in here.codes


def test_trap_cilium_02_names_of_hosts_are_dropped_from_a_denial_and_leave_everybody() -> None:
    denied = {"toFQDNs": [{"matchName": "example.com"}], "toPorts": [port("8080")]}
    here = cluster(
        policy(endpointSelector=OF_WEB, egress=[{"toEntities": ["all"]}], egressDeny=[denied])
    )
    assert not here.lets(WEB)
    assert here.lets(WEB, port=9090)
    assert "MM171" in here.codes


def test_trap_cilium_03_an_empty_entry_lets_nothing_pass() -> None:
    here = cluster(policy(ingress=[{}]))
    assert not here.lets(WEB)
    assert not here.lets(WORLD)
    assert here.lets(HOST)


def test_trap_cilium_04_an_empty_list_alone_is_refused_by_the_agent() -> None:
    here = cluster(policy(ingress=[]))
    assert here.lets(WORLD)
    assert here.codes == ["MM170"]


def test_trap_cilium_05_ports_without_peers_are_open_to_the_world() -> None:
    here = cluster(policy(ingress=[{"toPorts": [port()]}]))
    assert here.lets(WORLD)
    inside = cluster(policy(ingress=[{"fromEndpoints": [{}], "toPorts": [port()]}]))
    assert inside.lets(WEB)
    assert not inside.lets(TELLER)
    assert not inside.lets(WORLD)


def test_trap_cilium_06_an_account_without_a_namespace_is_one_of_the_policys_own() -> None:
    labels = {"io.cilium.k8s.policy.serviceaccount": "teller"}
    here = cluster(policy(ingress=[{"fromEndpoints": [{"matchLabels": labels}]}]))
    assert not here.lets(TELLER)
    assert here.lets(replace(TELLER, namespace="shop"))


def test_trap_cilium_12_ports_are_not_those_of_services() -> None:
    here = cluster(policy(ingress=[{**FROM_WEB, "toPorts": [port("80")]}]))
    assert not here.lets(WEB)


def test_trap_cilium_13_names_of_ports_are_those_of_containers() -> None:
    assert cluster(policy(ingress=[{**FROM_WEB, "toPorts": [port("http")]}])).lets(WEB)
    assert not cluster(policy(ingress=[{**FROM_WEB, "toPorts": [port("web")]}])).lets(WEB)


def test_trap_cilium_13_a_denial_by_a_name_that_no_container_has_denies_nothing() -> None:
    here = cluster(policy(ingress=[ALL], ingressDeny=[{**FROM_WEB, "toPorts": [port("web")]}]))
    assert here.lets(WEB)


def test_trap_cilium_14_rules_on_requests_without_tcp_are_refused() -> None:
    rules = {"ports": [{"port": "8080"}], "rules": {"http": [{}]}}
    here = cluster(policy(ingress=[{**FROM_WEB, "toPorts": [rules]}]))
    assert here.codes == ["MM170"]
    assert here.lets(WORLD)


def test_trap_cilium_16_a_path_is_a_whole_expression_and_no_prefix() -> None:
    here = cluster(policy(ingress=[{**FROM_WEB, "toPorts": [http({"path": "/public"})]}]))
    assert here.lets(WEB, path="/public")
    assert not here.lets(WEB, path="/public/x")
    assert not here.lets(WEB, path="/public?x")
    terms = [t.value for f in here.model.facts if isinstance(f, Grant) for way in f.requests
             for test in way.tests if test.part is Part.PATH for t in test.any_of]  # fmt: skip
    assert [term.dialect for term in terms] == [RegexDialect.RE2_FULL]  # type: ignore[union-attr]  # patterns


def test_trap_cilium_16_a_path_that_asks_for_no_query_does_not_become_one_that_takes_any() -> None:
    here = cluster(policy(ingress=[{**FROM_WEB, "toPorts": [http({"path": "/public"})]}]))
    assert "/public" not in written(here)
    assert "MM479" in told(here)
    wide = cluster(policy(ingress=[{**FROM_WEB, "toPorts": [http({"path": r"/public(\?.*)?"})]}]))
    assert "public" in written(wide)
    assert "MM479" not in told(wide)


def test_trap_cilium_17_a_host_is_compared_in_its_case_and_with_its_port() -> None:
    here = cluster(policy(ingress=[{**FROM_WEB, "toPorts": [http({"host": r"api\.example"})]}]))
    assert here.lets(WEB, authority="api.example")
    assert not here.lets(WEB, authority="API.example")
    assert not here.lets(WEB, authority="api.example:8080")


@pytest.mark.parametrize(
    ("text", "headers", "passes"),
    [
        ("X-A: v", {"x-a": "v"}, True),
        ("X-A v", {"x-a": "v"}, True),
        ("X-A: v", {"x-a": "w"}, False),
        ("X-A", {"x-a": "w"}, True),
        ("X-A:v", {"x-a": "v"}, False),
        ("X-A: ", {"x-a": "w"}, True),
    ],
)
def test_trap_cilium_20_a_header_is_cut_at_its_first_space(
    text: str, headers: dict[str, str], passes: bool  # noqa: FBT001  # a parameter of the test
) -> None:  # fmt: skip
    here = cluster(policy(ingress=[{**FROM_WEB, "toPorts": [http({"headers": [text]})]}]))
    assert here.lets(WEB, headers=headers) is passes


def test_trap_cilium_22_a_rule_for_the_port_alone_voids_the_rules_on_requests() -> None:
    narrow = {**FROM_WEB, "toPorts": [http({"path": "/api"})]}
    for companion in ({**FROM_WEB, "toPorts": [port()]}, FROM_WEB):
        here = cluster(policy(ingress=[narrow]), policy("more", ingress=[companion]))
        assert here.lets(WEB, path="/other", http=True)
        assert here.lets(WEB, http=False)


NETWORK = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "old", "namespace": "shop"},
    "spec": {
        "podSelector": {"matchLabels": {"app": "api"}},
        "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"team": "blue"}}}]}],
    },
}


def test_trap_cilium_23_policies_of_all_kinds_are_one_union() -> None:
    here = cluster(policy(ingress=[FROM_WEB]), NETWORK)
    assert here.lets(WEB)
    assert here.lets(TELLER)
    assert not here.lets(WORLD)
    denied = cluster(policy(ingressDeny=[ALL]), NETWORK)
    assert not denied.lets(TELLER)


def test_trap_cilium_23_what_stays_is_a_gate_of_its_own_and_opens_nothing_in_the_mesh() -> None:
    here = cluster(policy(ingress=[FROM_WEB]), NETWORK)
    assert "MM478" in told(here)
    changes = here.translated.report.verification.changes
    assert all(change["explained_by"] for change in changes)


def test_trap_cilium_24_a_name_for_egress_closes_all_else_and_a_switch_does_not() -> None:
    rule = {"toFQDNs": [{"matchName": "example.com"}]}
    assert not cluster(policy(endpointSelector=OF_WEB, egress=[rule])).lets(WEB)
    added = policy(endpointSelector=OF_WEB, egress=[rule], enableDefaultDeny={"egress": False})
    assert cluster(added).lets(WEB)


def test_trap_cilium_25_a_switch_opens_the_paths_that_rules_on_requests_leave_out() -> None:
    rules = {**FROM_WEB, "toPorts": [http({"path": "/api"})]}
    here = cluster(policy(ingress=[rules], enableDefaultDeny={"ingress": False}))
    assert here.lets(WEB, path="/other")


def test_trap_cilium_27_a_handshake_of_identities_is_asked_of_the_peers_of_one_entry() -> None:
    here = cluster(policy(ingress=[{**FROM_WEB, "authentication": {"mode": "required"}},
                                   {"fromEndpoints": [{"matchLabels": {"app": "other"}}]}]))  # fmt: skip
    assert not here.lets(WEB)
    assert here.lets(replace(WEB, mtls=True))
    assert here.lets(replace(WEB, labels={"app": "other"}))


def test_trap_cilium_30_blocks_of_addresses_select_neither_pods_nor_nodes() -> None:
    here = cluster(policy(ingress=[{"fromCIDR": ["0.0.0.0/0"]}]))
    assert here.lets(WORLD)
    assert not here.lets(WEB)
    assert not here.lets(NODE)


def test_trap_cilium_33_the_node_is_let_in_without_a_word_and_the_mesh_is_told() -> None:
    here = cluster(policy(ingress=[FROM_WEB]))
    assert here.lets(HOST)
    assert "MM404" in told(here)


def test_trap_cilium_56_labels_of_controllers_select_nobody() -> None:
    hashed = {"fromEndpoints": [{"matchLabels": {"pod-template-hash": "5d8f"}}]}
    here = cluster(policy(ingress=[hashed]))
    assert not here.lets(replace(WEB, labels={"pod-template-hash": "5d8f"}))
    assert here.codes == ["MM172"]
    assert cluster(
        policy(endpointSelector={"matchLabels": {"kubernetes.io/os": "x"}}, ingress=[{}])
    ).lets(WORLD)


def test_trap_cilium_56_the_labels_of_applications_are_kept() -> None:
    labels = {"app.kubernetes.io/name": "web", "topology.kubernetes.io/zone": "a"}
    here = cluster(policy(ingress=[{"fromEndpoints": [{"matchLabels": labels}]}]))
    assert here.lets(replace(WEB, labels=labels))


def test_trap_cilium_57_pods_without_the_label_are_not_among_its_values() -> None:
    out = {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}
    here = cluster(policy(ingress=[{"fromEndpoints": [out]}]))
    assert not here.lets(WEB)
    assert here.lets(replace(WEB, labels={}))
    assert not here.lets(WORLD)


def test_trap_cilium_58_a_denial_of_others_says_nothing_of_the_world() -> None:
    out = {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}
    here = cluster(policy(ingress=[ALL], ingressDeny=[{"fromEndpoints": [out]}]))
    assert here.lets(WORLD)
    assert not here.lets(replace(WEB, labels={}))
    assert here.lets(WEB)


def test_trap_cilium_61_a_star_is_one_label_and_two_are_any_number() -> None:
    for text, names in (("*.x.example", ["a"]), ("**.x.example", ["a", "a.b"])):
        here = cluster(
            policy(endpointSelector=OF_WEB, egress=[{"toFQDNs": [{"matchPattern": text}]}])
        )
        (grant,) = [f for f in here.model.facts if isinstance(f, Grant)]
        (test,) = [t for way in grant.callers for t in way.tests if t.part is Part.DNS_NAME]
        found = [n for n in ("a", "a.b") if _covers(test.any_of[0].value, f"{n}.x.example")]
        assert found == names


def _covers(pattern: object, text: str) -> bool:
    from ir.behaviour.concrete_match import pattern_matches
    from ir.match import Pattern

    assert isinstance(pattern, Pattern)
    return pattern_matches(pattern, text)


def test_trap_cilium_63_rules_of_protocols_that_are_gone_are_in_doubt_and_open_nothing() -> None:
    rules = port(rules={"kafka": [{"role": "produce", "topic": "orders"}]})
    here = cluster(policy(ingress=[{**FROM_WEB, "toPorts": [rules]}]))
    assert "AuthorizationPolicy" not in written(here)
    assert told(here) & {"MM402", "MM410"}


def test_trap_cilium_64_spec_and_specs_add_up() -> None:
    one = policy(ingress=[FROM_WEB])
    assert isinstance(one, dict)
    more = {
        "endpointSelector": {"matchLabels": {"app": "api"}},
        "ingress": [{"fromEntities": ["world"]}],
    }
    here = cluster({**one, "specs": [more]})
    assert here.lets(WEB)
    assert here.lets(WORLD)
    assert not here.lets(TELLER)


def test_trap_cilium_65_every_pod_is_neither_node_nor_world() -> None:
    here = cluster(policy(wide=True, ingress=[{"fromEndpoints": [{}]}]))
    assert here.lets(TELLER)
    assert not here.lets(WORLD)
    assert not here.lets(NODE)
    assert "cluster-unauthenticated" not in written(here)
    assert "all-unauthenticated" not in written(here)


def test_trap_cilium_66_a_service_is_its_pods_on_every_port() -> None:
    chosen = {"toServices": [{"k8sService": {"serviceName": "api", "namespace": "shop"}}]}
    here = cluster(policy(endpointSelector=OF_WEB, egress=[{**chosen, "toPorts": [port("9090")]}]))
    assert here.lets(WEB, port=9090)
    assert not here.lets(WEB, port=8080)
    assert not here.lets(WEB, to="web", port=9090)


def test_trap_cilium_67_the_cluster_is_more_than_its_pods() -> None:
    here = cluster(policy(ingress=[{"fromEntities": ["cluster"]}]))
    assert here.lets(WEB)
    assert here.lets(NODE)
    assert not here.lets(WORLD)
    assert "MM411" in told(here)


def test_trap_cilium_68_pods_of_a_named_cluster_are_in_doubt() -> None:
    labels = {"app": "web", "io.cilium.k8s.policy.cluster": "east"}
    here = cluster(policy(ingress=[{"fromEndpoints": [{"matchLabels": labels}]}]))
    (grant,) = [f for f in here.model.facts if isinstance(f, Grant) and not _of_host(f)]
    assert Part.EXTENSION in {t.part for way in grant.callers for t in way.tests}
    assert "MeshTLSAuthentication" not in written(here)


def _of_host(fact: Grant) -> bool:
    return any(t.part is Part.ENTITY for way in fact.callers for t in way.tests)


def test_trap_cilium_69_what_asked_for_a_handshake_is_no_plain_grant() -> None:
    here = cluster(policy(ingress=[{**ALL, "authentication": {"mode": "required"}}]))
    assert not here.lets(WEB)
    assert "all-unauthenticated" not in written(here)
    assert not here.lets(WORLD)


def test_trap_cilium_70_a_listener_of_its_own_is_kept_as_a_piece() -> None:
    listener = {"envoyConfig": {"kind": "CiliumEnvoyConfig", "name": "own"}, "name": "l"}
    here = cluster(policy(endpointSelector=OF_WEB, egress=[
        {"toEntities": ["all"], "toPorts": [port(listener=listener)]}]))  # fmt: skip
    (piece,) = [f for f in here.model.facts if isinstance(f, Opaque)]
    assert Column.ROUTING in piece.may_touch
    assert len(piece.trail.origin) == 3


def test_no_rule_is_made_of_what_is_refused() -> None:
    here = cluster(policy(ingress=[{**FROM_WEB, "fromEntities": ["world"]}]))
    assert not [f for f in here.model.facts if isinstance(f, (Closed, Grant, Refusal))]


def test_callers_that_are_known_by_their_address_need_no_proxy() -> None:
    def said(**rule: object) -> list[str]:
        here = cluster(policy(ingress=[rule]))
        messages = (finding.message for finding in here.translated.report.findings)
        return [text for text in messages if "must have a proxy of the mesh" in text]

    assert not said(fromCIDR=["203.0.113.0/24"])
    assert said(**FROM_WEB)
