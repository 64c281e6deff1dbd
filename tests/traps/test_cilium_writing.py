"""Traps of writing Cilium's policies: what a reader of the two meshes is likely to get wrong."""

from __future__ import annotations

import re
from typing import Any

from tests.exporters.cilium.istio import policies, policy, spec, strict, to_cilium, translated
from translator.pipeline import Result
from translator.report.model import Impact, Severity

API = {"selector": {"matchLabels": {"app": "api"}}}
SPACE = "k8s:io.kubernetes.pod.namespace"
ACCOUNT = "k8s:io.cilium.k8s.policy.serviceaccount"


def allow(*rules: object) -> Result:
    return translated(policy({**API, "rules": [*rules]}))


def deny(*rules: object, beside: str = "") -> Result:
    return translated(beside, policy({**API, "action": "DENY", "rules": [*rules]}, name="no"))


def source(**fields: object) -> dict[str, object]:
    return {"from": [{"source": fields}]}


def to(**fields: object) -> dict[str, object]:
    return {"to": [{"operation": fields}]}


def peers(result: Result) -> list[Any]:
    return [e for item in spec(result)["ingress"] for e in item.get("fromEndpoints", [])]


def rules_of(result: Result) -> list[dict[str, Any]]:
    return [
        rule
        for item in spec(result)["ingress"]
        for ports in item.get("toPorts", [])
        for rule in ports.get("rules", {}).get("http", [])
    ]


def impacts(result: Result, code: str) -> set[Impact]:
    return {f.impact for f in result.report.findings if f.code == code}


def test_trap_cilium_1_a_refusal_of_requests_is_no_entry_of_ingress_deny() -> None:
    found = policies(deny(to(paths=["/admin"])))["no"]
    assert "ingressDeny" not in found
    assert not re.fullmatch(found["ingress"][0]["toPorts"][0]["rules"]["http"][0]["path"], "/admin")


def test_trap_cilium_3_an_empty_rule_lets_in_everybody_not_nobody() -> None:
    assert spec(allow({}))["ingress"] == [{"fromEntities": ["all"]}]


def test_trap_cilium_4_no_rules_are_one_empty_item() -> None:
    assert spec(translated(policy({})))["ingress"] == [{}]


def test_trap_cilium_5_a_rule_without_callers_lets_in_the_world() -> None:
    (item,) = spec(allow(to(ports=["8080"])))["ingress"]
    assert item["fromEntities"] == ["all"]


def test_trap_cilium_6_an_account_always_stands_with_its_namespace() -> None:
    assert peers(allow(source(principals=["cluster.local/ns/front/sa/web"]))) == [
        {"matchLabels": {SPACE: "front", ACCOUNT: "web"}}
    ]


def test_trap_cilium_7_an_identity_of_another_trust_domain_names_nobody() -> None:
    result = allow(source(principals=["partner.example/ns/front/sa/web"]))
    assert spec(result)["ingress"] == [{}]
    assert impacts(result, "MM402") == {Impact.STRICTER}


def test_trap_cilium_8_a_namespace_by_wildcard_drops_the_account_others_are_not_guessed() -> None:
    assert peers(allow(source(principals=["cluster.local/ns/front/*"]))) == [
        {"matchLabels": {SPACE: "front"}}
    ]
    result = allow(source(principals=["*/sa/web"]))
    assert spec(result)["ingress"] == [{}]
    assert impacts(result, "MM402") == {Impact.STRICTER}


def test_trap_cilium_9_any_certificate_is_any_pod_of_any_namespace() -> None:
    result = allow(source(principals=["*"]))
    assert peers(result) == [{"matchExpressions": [{"key": SPACE, "operator": "Exists"}]}]
    assert impacts(result, "MM411") == {Impact.DIFFERENT}


def test_trap_cilium_11_a_policy_of_the_root_namespace_spares_the_system() -> None:
    text = policy({}).replace("namespace: shop", "namespace: istio-system")
    (out,) = spec(translated(text))["endpointSelector"]["matchExpressions"]
    assert "kube-system" in out["values"]


def test_trap_cilium_14_ports_with_rules_for_requests_are_tcp() -> None:
    (item,) = spec(allow(to(methods=["GET"])))["ingress"]
    assert {p["protocol"] for p in item["toPorts"][0]["ports"]} == {"TCP"}


def test_trap_cilium_15_a_path_takes_any_query_and_a_suffix_does_not_look_into_it() -> None:
    (exact,) = rules_of(allow(to(paths=["/a"])))
    assert re.fullmatch(exact["path"], "/a?x=1")
    (suffix,) = rules_of(allow(to(paths=["*/a"])))
    assert not re.fullmatch(suffix["path"], "/secret?/a")


def test_trap_cilium_17_a_host_is_a_regular_expression_in_any_case() -> None:
    (rule,) = rules_of(allow(to(hosts=["foo.com"])))
    assert re.fullmatch(rule["host"], "FOO.com")
    assert not re.fullmatch(rule["host"], "fooxcom")
    assert not re.fullmatch(rule["host"], "foo.com:8080"), (
        "a host without a port is no host with any port"
    )


def test_trap_cilium_18_and_19_what_must_not_be_is_said_by_its_exact_complement() -> None:
    (rule,) = rules_of(allow(to(notMethods=["GET"], notPaths=["/a"])))
    assert [bool(re.fullmatch(rule["method"], m)) for m in ("GET", "PUT", "PURGE")] == [
        False,
        True,
        True,
    ]
    assert [bool(re.fullmatch(rule["path"], p)) for p in ("/a", "/a?x", "/ab", "/")] == [
        False,
        False,
        True,
        True,
    ]


def test_trap_cilium_20_headers_are_asked_for_by_name_and_whole_value() -> None:
    (rule,) = rules_of(allow({"when": [{"key": "request.headers[x-a]", "values": ["v w"]}]}))
    assert rule["headerMatches"] == [{"name": "x-a", "value": "v w"}]


def test_trap_cilium_21_alternatives_of_one_rule_are_multiplied() -> None:
    when = [{"key": "request.headers[x-a]", "values": ["v", "w"]}]
    assert len(rules_of(allow({**to(paths=["/a", "/b"]), "when": when}))) == 2


def test_trap_cilium_22_no_rule_without_requests_stands_beside_one_with_them() -> None:
    found = spec(allow({**source(namespaces=["front"]), **to(methods=["GET"])}))
    assert all("rules" in ports for item in found["ingress"] for ports in item["toPorts"])


def test_trap_cilium_24_nothing_is_said_of_what_leaves_a_pod() -> None:
    found = policies(translated(policy({}), strict()))
    assert [key for one in found.values() for key in one if key.startswith("egress")] == []


def test_trap_cilium_25_a_whitelist_of_requests_closes_its_pods() -> None:
    """With default deny switched off the agent would open every path from 1.18 on."""
    found = spec(allow(to(paths=["/a"])))
    assert "enableDefaultDeny" not in found


def test_trap_cilium_27_demanded_certificates_are_a_blocker_never_silence() -> None:
    (finding,) = (f for f in translated(strict()).report.findings if f.code == "MM405")
    assert finding.severity is Severity.BLOCKER


def test_trap_cilium_30_everywhere_as_a_block_is_about_the_outside_alone() -> None:
    result = allow(source(ipBlocks=["0.0.0.0/0"]))
    (item,) = spec(result)["ingress"]
    assert item == {"fromCIDRSet": [{"cidr": "0.0.0.0/0"}]}
    assert impacts(result, "MM410") == {Impact.STRICTER}


def test_trap_cilium_31_addresses_that_proxies_report_are_asked_of_nobody() -> None:
    result = allow(source(remoteIpBlocks=["10.0.0.0/8"]))
    assert spec(result)["ingress"] == [{}]
    assert Impact.STRICTER in impacts(result, "MM410")


def test_trap_cilium_33_the_node_is_named_where_rules_for_requests_would_hold_for_it() -> None:
    probed = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\n"
        "spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, "
        "ports: [{containerPort: 80}], readinessProbe: {httpGet: {path: /ready, port: 80}}}]}}}\n"
    )
    text = policy({"selector": {"matchLabels": {"app": "web"}}, "rules": [to(paths=["/a"])]})
    host = {
        "fromEntities": ["host"],
        "toPorts": [{"ports": [{"port": "80", "protocol": "TCP"}]}],
    }
    assert host in spec(to_cilium(f"{probed}---\n{text}"))["ingress"]
    assert host not in spec(to_cilium(f"{probed}---\n{text}", "1.19"))["ingress"]


def test_trap_cilium_58_everyone_but_one_is_a_grant_and_no_refusal_by_label() -> None:
    found = policies(deny(source(notPrincipals=["cluster.local/ns/front/sa/web"])))["no"]
    assert "ingressDeny" not in found
    (item,) = found["ingress"]
    assert item == {"fromEndpoints": [{"matchLabels": {SPACE: "front", ACCOUNT: "web"}}]}
