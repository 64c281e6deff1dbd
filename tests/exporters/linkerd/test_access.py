"""What an AuthorizationPolicy becomes in a mesh without refusals, negation or a normal form of paths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.exporters.linkerd.istio import policy, spec_of, translated, written
from translator.pipeline import translate
from translator.report.model import Impact

TO = "to"
GET_API = {TO: [{"operation": {"methods": ["GET"], "paths": ["/api/*"]}}]}
FROM_WEB = {"from": [{"source": {"principals": ["cluster.local/ns/shop/sa/web"]}}]}


def codes(result: object) -> set[str]:
    """Codes of the findings."""
    return {f.code for f in result.report.findings}  # type: ignore[attr-defined]  # a Result


def test_a_policy_without_rules_shuts_the_port_and_the_pod() -> None:
    result = translated(policy({}))
    (server,) = written(result, "Server")
    assert spec_of(server)["accessPolicy"] == "deny"
    assert written(result, "AuthorizationPolicy") == []
    (pod,) = [d for d in result.documents if d.edited]
    assert "default-inbound-policy: deny" in pod.text


def test_a_rule_that_matches_everything_lets_anyone_in() -> None:
    result = translated(policy({"rules": [{}]}))
    (network,) = written(result, "NetworkAuthentication")
    assert spec_of(network)["networks"] == [{"cidr": "0.0.0.0/0"}, {"cidr": "::/0"}]
    (authorization,) = written(result, "AuthorizationPolicy")
    target = spec_of(authorization)["targetRef"]
    assert target == {"group": "policy.linkerd.io", "kind": "Server", "name": "api-8080"}


def test_a_prefix_that_ends_in_a_slash_does_not_become_a_path_prefix() -> None:
    result = translated(policy({"rules": [{**FROM_WEB, **GET_API}]}))
    paths = [
        match["path"]
        for route in written(result, "HTTPRoute")
        for rule in spec_of(route)["rules"]
        for match in rule["matches"]
        if match["path"]["value"] != "/"
    ]
    assert {path["type"] for path in paths} == {"RegularExpression"}
    assert all(path["value"].startswith("/api/") for path in paths)


def test_callers_that_cannot_be_named_are_not_let_in() -> None:
    source = {"source": {"principals": ["partner.example/ns/x/sa/y"]}}
    result = translated(policy({"rules": [{"from": [source]}]}))
    assert written(result, "AuthorizationPolicy") == []
    assert {"MM410", "MM402"} <= codes(result)
    assert all(f.impact is not Impact.LOOSER for f in result.report.findings)


def test_a_refusal_outranks_every_grant() -> None:
    deny = policy({"action": "DENY", "rules": [{}]}, "never")
    result = translated(policy({"rules": [FROM_WEB]}), deny)
    assert written(result, "AuthorizationPolicy") == []


def test_a_refusal_with_an_unsayable_condition_refuses_more() -> None:
    rule = {
        TO: [{"operation": {"paths": ["/admin"]}}],
        "when": [{"key": "connection.sni", "values": ["on-call"]}],
    }
    deny = policy({"action": "DENY", "rules": [rule]}, "never")
    result = translated(policy({"rules": [FROM_WEB]}), deny)
    assert "MM403" in codes(result)
    assert all(f.impact is not Impact.LOOSER for f in result.report.findings)


def test_refusing_a_namespace_of_many_lets_in_only_those_that_are_known() -> None:
    rule = {"from": [{"source": {"namespaces": ["dev"]}}]}
    deny = policy({"action": "DENY", "rules": [rule]}, "never")
    anyone = policy({"rules": [{"from": [{"source": {"principals": ["*"]}}]}]})
    result = translated(anyone, deny)
    (authentication,) = written(result, "MeshTLSAuthentication")
    assert spec_of(authentication)["identityRefs"] == [{"kind": "Namespace", "name": "shop"}]
    assert "MM402" in codes(result)


def test_refusing_everyone_but_a_namespace_is_exact() -> None:
    rule = {"from": [{"source": {"notNamespaces": ["shop"]}}]}
    deny = policy({"action": "DENY", "rules": [rule]}, "never")
    anyone = policy({"rules": [{"from": [{"source": {"principals": ["*"]}}]}]})
    result = translated(anyone, deny)
    (authentication,) = written(result, "MeshTLSAuthentication")
    assert spec_of(authentication)["identityRefs"] == [{"kind": "Namespace", "name": "shop"}]
    assert "MM402" not in codes(result)


def test_networks_are_narrowed_by_except() -> None:
    source = {"ipBlocks": ["10.0.0.0/8"], "notIpBlocks": ["10.9.0.0/16"]}
    result = translated(policy({"rules": [{"from": [{"source": source}]}]}))
    (network,) = written(result, "NetworkAuthentication")
    assert spec_of(network)["networks"] == [{"cidr": "10.0.0.0/8", "except": ["10.9.0.0/16"]}]


def test_a_policy_for_nobody_of_the_input_is_a_blocker() -> None:
    result = translated(policy({"selector": {"matchLabels": {"app": "other"}}}))
    blockers = [f for f in result.report.findings if f.severity == "blocker"]
    assert [f.code for f in blockers] == ["MM412"]


def test_health_checks_without_known_nodes_are_refused_and_reported() -> None:
    probe = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: probed, namespace: shop}
spec:
  template:
    metadata: {labels: {app: probed}}
    spec:
      containers:
        - name: c
          ports: [{containerPort: 8080}]
          readinessProbe: {httpGet: {path: /ready, port: 8080}}
"""
    assert "MM404" in codes(translated(policy({}), probe))
    known = codes(translated(policy({}), probe, node_networks=("10.1.0.0/16",)))
    assert "MM404" not in known
    assert "MM411" in known


@pytest.mark.parametrize("port", ["8080", "9090"])
def test_a_rule_for_a_port_holds_on_that_port_only(port: str) -> None:
    """Declared by a container or not: 9090 has a server of its own, since the rule names it."""
    rule = {**FROM_WEB, TO: [{"operation": {"ports": [port]}}]}
    (opened,) = written(translated(policy({"rules": [rule]})), "AuthorizationPolicy")
    assert opened["spec"]["targetRef"]["name"] == f"api-{port}"


def test_a_method_that_only_a_health_check_asks_for_comes_from_its_pod() -> None:
    """No rule names a method; the probe's route does, and that is no invention."""
    shop = Path(__file__).parents[3] / "examples" / "shop"
    result = translate([shop], source="istio", target="linkerd", node_networks=("10.128.0.0/20",))
    assert not [f.message for f in result.report.findings if f.code == "MM902"]


def test_a_finding_begins_with_what_it_speaks_of_and_ends_with_the_name_of_its_object() -> None:
    when = {"key": "destination.ip", "values": ["10.0.0.1"]}
    result = translated(policy({"rules": [{**FROM_WEB, **GET_API, "when": [when]}]}))
    (told,) = [f for f in result.report.findings if "destination address" in f.message]
    paths = [source.path for source in told.sources]
    assert paths[0].startswith("spec.rules[0].when[0]")
    assert paths[-1] == "metadata.namespace"


def test_a_refusal_that_is_made_wider_names_the_pods_that_it_shuts() -> None:
    """A test on the server name cannot be said: what was refused for one name is refused for all."""
    rule = {"when": [{"key": "connection.sni", "values": ["a.example"]}]}
    result = translated(
        policy({"selector": {"matchLabels": {"app": "api"}}, "action": "DENY", "rules": [rule]})
    )
    (told,) = [f for f in result.report.findings if f.code == "MM403"]
    assert "at Deployment/shop/api it holds" in told.message


def witness_of(change: Any) -> dict[str, Any]:
    """The request that shows a change."""
    return dict(change["witness"])


def test_callers_that_are_named_whatever_their_trust_domain_are_told() -> None:
    """It is told of the port whose rules do, and explains nothing but callers of other domains."""
    result = translated(policy({"rules": [{"from": [{"source": {"namespaces": ["web"]}}]}]}))
    (told,) = [f for f in result.report.findings if f.code == "MM430"]
    assert "named whatever their trust domain" in told.message
    changes = result.report.verification.changes
    by_domain = [c for c in changes if "MM430" in str(c["explained_by"])]
    assert by_domain
    assert {witness_of(c)["trust_domain"] for c in by_domain} == {"foreign.example"}
    assert all(c["explained_by"] for c in changes)


def test_callers_that_are_named_by_their_trust_domain_are_nothing_to_tell() -> None:
    result = translated(policy({"rules": [FROM_WEB]}))
    assert "MM430" not in codes(result)


def test_methods_that_have_no_name_in_a_route_are_told() -> None:
    """``P*`` is POST, PUT and PATCH, and whatever an application may call its own."""
    rule = {**FROM_WEB, TO: [{"operation": {"methods": ["P*"]}}]}
    result = translated(policy({"rules": [rule]}))
    told = [f for f in result.report.findings if "of the methods that these patterns" in f.message]
    assert [(f.code, f.impact) for f in told] == [("MM402", Impact.STRICTER)]
    assert all(c["explained_by"] for c in result.report.verification.changes)
    plain = translated(policy({"rules": [{**FROM_WEB, **GET_API}]}))
    assert not [f for f in plain.report.findings if "of the methods that" in f.message]


def test_connections_that_are_refused_beside_rules_for_requests_are_told() -> None:
    rules = [FROM_WEB, {**FROM_WEB, **GET_API}]
    result = translated(policy({"rules": rules}))
    told = [f for f in result.report.findings if "connections that are not HTTP" in f.message]
    assert [(f.code, f.impact) for f in told] == [("MM402", Impact.STRICTER)]
    changes = result.report.verification.changes
    assert any(not witness_of(c)["http"] for c in changes)
    assert all(c["explained_by"] for c in changes)
