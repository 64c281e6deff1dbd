"""Rules of access as policies of the network, rule by rule."""

from __future__ import annotations

import re

import pytest

from ir.language import Dialect, Language
from tests.exporters.cilium.istio import policies, policy, spec, strict, to_cilium, translated
from translator.report.model import Impact, Severity

API = {"selector": {"matchLabels": {"app": "api"}}}
WEB = {"source": {"principals": ["cluster.local/ns/front/sa/web"]}}
SPACE = "k8s:io.kubernetes.pod.namespace"
ACCOUNT = "k8s:io.cilium.k8s.policy.serviceaccount"


def allow(*rules: object) -> str:
    return policy({**API, "rules": [*rules]})


def to(**operation: object) -> dict[str, object]:
    return {"to": [{"operation": operation}]}


def http(*documents: str) -> list[dict[str, object]]:
    (item,) = spec(translated(*documents))["ingress"]
    (ports,) = item["toPorts"]
    found = ports["rules"]["http"]
    assert isinstance(found, list)
    return found


def path_of(*documents: str) -> str:
    (rule,) = http(*documents)
    return str(rule["path"])


def test_a_rule_without_callers_lets_the_whole_world_in() -> None:
    found = spec(translated(allow(to(ports=["8080"]))))
    assert found["ingress"] == [
        {
            "fromEntities": ["all"],
            "toPorts": [{"ports": [{"port": "8080", "protocol": "TCP"}]}],
        }
    ]


def test_a_rule_for_everything_is_no_empty_item_which_would_let_nobody_in() -> None:
    assert spec(translated(allow({})))["ingress"] == [{"fromEntities": ["all"]}]


def test_a_policy_without_rules_lets_nobody_in_by_an_empty_item() -> None:
    found = spec(translated(policy({})))
    assert found["ingress"] == [{}]
    assert found["endpointSelector"] == {}


def test_the_selector_of_a_policy_stays() -> None:
    assert spec(translated(allow({})))["endpointSelector"] == {"matchLabels": {"app": "api"}}


def test_several_namespaces_are_one_selector() -> None:
    found = spec(translated(allow({"from": [{"source": {"namespaces": ["a", "b"]}}]})))
    (item,) = found["ingress"]
    named = {
        e["matchLabels"][SPACE] if "matchLabels" in e else tuple(e["matchExpressions"][0]["values"])
        for e in item["fromEndpoints"]
    }
    assert named in ({"a", "b"}, {("a", "b")})


def test_callers_that_are_left_out_stay_left_out_of_pods_nodes_and_the_world() -> None:
    found = spec(translated(allow({"from": [{"source": {"notNamespaces": ["evil"]}}]})))
    pods, world = found["ingress"]
    assert pods == {
        "fromEndpoints": [
            {
                "matchExpressions": [
                    {"key": SPACE, "operator": "Exists"},
                    {"key": SPACE, "operator": "NotIn", "values": ["evil"]},
                ]
            }
        ]
    }
    assert "world" in world["fromEntities"]
    assert "remote-node" in world["fromEntities"]


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("/a", ["/a", "/a?x=1", "/a?"], ["/a/", "/ab", "/b?/a"]),
        ("/a/*", ["/a/", "/a/b", "/a/b?c"], ["/a", "/b?/a/"]),
        ("*/a", ["/a", "/b/a", "/b/a?x"], ["/a/", "/x?y/a", "/x?/a"]),
        ("/a.b", ["/a.b"], ["/axb"]),
        ("/{*}/x", ["/a/x", "/a/x?b"], ["/a/b/x", "/x", "/a?b/x"]),
        ("/x/{**}", ["/x/", "/x/a/b", "/x/a?b"], ["/x", "/y?/x/"]),
    ],
)
def test_a_path_takes_any_query_and_never_looks_into_it(
    pattern: str, yes: list[str], no: list[str]
) -> None:
    text = path_of(allow(to(paths=[pattern])))
    assert [bool(re.fullmatch(text, one)) for one in yes] == [True] * len(yes)
    assert [bool(re.fullmatch(text, one)) for one in no] == [False] * len(no)


def test_what_a_path_must_not_be_is_said_exactly() -> None:
    text = path_of(allow(to(paths=["/api/*"], notPaths=["/api/admin*"])))
    said = Language.regex(text, Dialect.RE2_FULL)
    own = Language.prefix("/api/") - Language.regex("/api/admin[^?]*(?:\\?.*)?", Dialect.RE2_FULL)
    wire = Language.regex("/[!-~]*", Dialect.RE2_FULL)
    assert (said & wire).equals(own & wire)


def test_hosts_are_compared_in_any_case_and_with_their_port() -> None:
    (rule,) = http(allow(to(hosts=["shop.example"])))
    text = str(rule["host"])
    assert re.fullmatch(text, "Shop.example")
    assert not re.fullmatch(text, "shopxexample")
    assert not re.fullmatch(text, "shop.example:8080")


def test_methods_that_are_left_out_leave_all_others_unknown_ones_too() -> None:
    (rule,) = http(allow(to(notMethods=["GET"])))
    text = str(rule["method"])
    assert re.fullmatch(text, "PURGE")
    assert not re.fullmatch(text, "GET")


def test_header_values_stand_whole_and_each_is_an_alternative() -> None:
    when = [{"key": "request.headers[x-team]", "values": ["a", "b"]}]
    found = http(allow({"when": when}))
    assert [rule["headerMatches"] for rule in found] == [
        [{"name": "x-team", "value": "a"}],
        [{"name": "x-team", "value": "b"}],
    ]


def test_a_header_by_prefix_is_not_let_in_and_told() -> None:
    result = translated(allow({"when": [{"key": "request.headers[x-team]", "values": ["a*"]}]}))
    assert spec(result)["ingress"] == [{}]
    assert "MM402" in [f.code for f in result.report.findings if f.impact is Impact.STRICTER]


def test_rules_for_requests_name_the_ports_that_are_declared() -> None:
    (item,) = spec(translated(allow(to(methods=["GET"]))))["ingress"]
    assert item["toPorts"][0]["ports"] == [{"port": "8080", "protocol": "TCP"}]


def test_a_port_that_nobody_declared_is_one_of_a_range() -> None:
    rule = to(methods=["GET"])
    found = spec(to_cilium(policy({"selector": {"matchLabels": {"app": "x"}}, "rules": [rule]})))
    assert found["ingress"][0]["toPorts"][0]["ports"] == [
        {"port": "1", "endPort": 65535, "protocol": "TCP"}
    ]


def test_a_refusal_by_caller_outranks_and_closes_nothing() -> None:
    found = spec(translated(policy({**API, "action": "DENY", "rules": [{"from": [WEB]}]})))
    assert found["enableDefaultDeny"] == {"ingress": False}
    assert found["ingressDeny"] == [
        {"fromEndpoints": [{"matchLabels": {SPACE: "front", ACCOUNT: "web"}}]}
    ]
    assert "ingress" not in found


def test_a_refusal_of_a_port_is_every_other_port_for_everyone() -> None:
    """An entry that refuses everyone would refuse the node's health checks too."""
    found = spec(translated(policy({**API, "action": "DENY", "rules": [to(ports=["9090"])]})))
    assert found["ingress"] == [
        {
            "fromEntities": ["all"],
            "toPorts": [
                {
                    "ports": [
                        {"port": "1", "endPort": 9089, "protocol": "TCP"},
                        {"port": "9091", "endPort": 65535, "protocol": "TCP"},
                    ]
                }
            ],
        }
    ]


def test_a_refusal_for_some_pods_of_a_grant_is_taken_out_for_these_alone() -> None:
    wide = policy({"rules": [{}]}, name="open")
    narrow = policy({**API, "action": "DENY", "rules": [to(paths=["/admin"])]}, name="no-admin")
    found = policies(translated(wide, narrow))
    whole, rest = found["open"], found["open-2"]
    assert "rules" in whole["ingress"][0]["toPorts"][0]
    assert rest["endpointSelector"] == {
        "matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["api"]}]
    }
    assert rest["ingress"] == [{"fromEntities": ["all"]}]


def test_a_refusal_of_requests_beside_a_port_of_bytes_shuts_that_port() -> None:
    service = (
        "apiVersion: v1\nkind: Service\nmetadata: {name: raw, namespace: shop}\n"
        "spec: {selector: {app: api}, ports: [{name: tcp-raw, port: 7000, targetPort: 7000}]}\n"
    )
    found = spec(
        translated(service, policy({**API, "action": "DENY", "rules": [to(paths=["/x"])]}))
    )
    for item in found["ingress"]:
        for ports in item["toPorts"]:
            ranges = [(int(p["port"]), p.get("endPort", int(p["port"]))) for p in ports["ports"]]
            assert not any(first <= 7000 <= last for first, last in ranges)


def test_demanded_certificates_let_pods_in_alone_and_are_a_blocker() -> None:
    result = translated(strict())
    (item,) = spec(result)["ingress"]
    assert item == {"fromEndpoints": [{"matchExpressions": [{"key": SPACE, "operator": "Exists"}]}]}
    (finding,) = (f for f in result.report.findings if f.code == "MM405")
    assert (finding.impact, finding.severity) == (Impact.LOOSER, Severity.BLOCKER)


def test_weaker_evidence_is_told_once_a_namespace() -> None:
    result = translated(allow({"from": [WEB]}), policy({**API, "rules": [{"from": [WEB]}]}, "q"))
    (finding,) = (f for f in result.report.findings if f.code == "MM411")
    assert finding.severity is Severity.HIGH
    assert finding.message.startswith("shop:")


def test_a_policy_of_the_root_namespace_is_clusterwide_and_spares_the_system() -> None:
    text = policy({}).replace("namespace: shop", "namespace: istio-system")
    (document,) = (d for d in translated(text).documents if d.resource.startswith("Cilium"))
    assert document.resource.startswith("CiliumClusterwideNetworkPolicy//")
    (out,) = document.value["spec"]["endpointSelector"]["matchExpressions"]  # type: ignore[index]
    assert out["operator"] == "NotIn"
    assert {"istio-system", "kube-system"} <= set(out["values"])


def test_a_networkpolicy_beside_rules_of_the_mesh_is_a_blocker() -> None:
    network = (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        "metadata: {name: open, namespace: shop}\nspec: {podSelector: {}, ingress: [{}]}\n"
    )
    report = translated(network, allow({"from": [WEB]})).report
    assert [f.severity for f in report.findings if f.code == "MM481"] == [Severity.BLOCKER]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("policyTypes: [Egress], egress: [{}]", []),
        ("policyTypes: [Ingress, Egress]", ["it lets nobody in"]),
        ("ingress: [{from: [{podSelector: {}}]}]", ["what it lets in is let in"]),
    ],
)
def test_a_networkpolicy_is_told_for_what_it_does_to_callers(spec: str, said: list[str]) -> None:
    network = (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        f"metadata: {{name: beside, namespace: shop}}\nspec: {{podSelector: {{}}, {spec}}}\n"
    )
    report = translated(network, allow({"from": [WEB]})).report
    found = [f.message for f in report.findings if f.code == "MM481"]
    assert [words in one for words, one in zip(said, found, strict=True)] == [True] * len(said)


def test_blocks_of_addresses_are_about_the_outside_alone_and_told() -> None:
    result = translated(allow({"from": [{"source": {"ipBlocks": ["10.0.0.0/8"]}}]}))
    assert spec(result)["ingress"] == [{"fromCIDRSet": [{"cidr": "10.0.0.0/8"}]}]
    assert "MM410" in [f.code for f in result.report.findings if f.impact is Impact.STRICTER]


def test_paths_with_several_slashes_are_told_in_both_directions() -> None:
    result = translated(allow(to(paths=["/a"], methods=["GET"]), to(notPaths=["/b"], ports=["1"])))
    told = {f.impact: f.severity for f in result.report.findings if f.code == "MM408"}
    assert told == {Impact.LOOSER: Severity.BLOCKER, Impact.STRICTER: Severity.LOW}


def test_where_the_source_merges_slashes_too_nothing_is_told() -> None:
    config = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\n"
        "data: {mesh: 'pathNormalization: {normalization: DECODE_AND_MERGE_SLASHES}'}\n"
    )
    result = translated(config, allow(to(paths=["/a"])))
    assert [f for f in result.report.findings if f.code == "MM408"] == []


def test_undeclared_ports_are_shut_to_rules_for_requests_and_told() -> None:
    report = translated(allow(to(methods=["GET"]))).report
    (finding,) = (f for f in report.findings if f.code == "MM412")
    assert "Deployment/shop/api" in finding.message


def test_a_refusal_of_what_nothing_lets_in_is_held_already() -> None:
    result = translated(
        allow(to(paths=["/a"])),
        policy({**API, "action": "DENY", "rules": [to(paths=["/b"])]}, name="no-b"),
    )
    assert set(policies(result)) == {"p"}
    assert [f.severity for f in result.report.findings if f.code == "MM403"] == [Severity.INFO]


def test_words_of_the_source_leave_the_objects_that_carried_them() -> None:
    space = (
        "apiVersion: v1\nkind: Namespace\n"
        "metadata: {name: shop, labels: {istio-injection: enabled, team: a}}\n"
    )
    (edited,) = (d for d in translated(space).documents if d.edited)
    assert edited.value["metadata"] == {"name": "shop", "labels": {"team": "a"}}


def test_pods_that_serve_udp_are_told_to_be_closed_for_it() -> None:
    pod = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: dns, namespace: shop, labels: {app: dns}}\n"
        "spec: {containers: [{name: c, ports: [{containerPort: 53, protocol: UDP}]}]}\n"
    )
    found = [f for f in translated(pod, policy({})).report.findings if f.code == "MM482"]
    told = {one.severity: one.message for one in found if one.impact is Impact.STRICTER}
    assert set(told) == {Severity.HIGH, Severity.INFO}
    assert "Pod/shop/dns" in told[Severity.HIGH]
    assert "Deployment/shop/api" not in told[Severity.HIGH]
    assert "Deployment/shop/api" in told[Severity.INFO]
