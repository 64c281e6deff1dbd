"""What policies of a network say of what leaves, as NetworkPolicies beside Istio, and names as Sidecars."""

from __future__ import annotations

from typing import Any

import pytest

from ir.behaviour.concrete_egress import decide_egress
from ir.behaviour.request import Caller, Request
from tests.exporters.istio.linkerd import written
from tests.translation import in_force_after
from translator import pipeline
from translator.pipeline import Result
from translator.report.model import Impact
from translator.source.load import load_text

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: orders, namespace: shop}
spec: {selector: {app: orders}, ports: [{name: http, port: 80, targetPort: 8080}]}
"""
TLS = "toPorts: [{ports: [{port: '443', protocol: TCP}]}]"
CONTROL = {
    "to": [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "istio-system"}},
            "podSelector": {"matchLabels": {"app": "istiod"}},
        }
    ],
    "ports": [{"protocol": "TCP", "port": 15012}],
}
WORLD = [
    {
        "ipBlock": {
            "cidr": "0.0.0.0/0",
            "except": ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"],
        }
    },
    {"ipBlock": {"cidr": "::/0", "except": ["fd00::/8"]}},
]


def policy(*rules: str, labels: str = "{app: front}", deny: str = "", name: str = "front") -> str:
    """A CiliumNetworkPolicy for what leaves pods of the namespace ``shop``."""
    denied = f"\n  egressDeny: [{{{deny}}}]" if deny else ""
    listed = ", ".join(f"{{{rule}}}" for rule in rules)
    return f"""
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {{name: {name}, namespace: shop}}
spec:
  endpointSelector: {{matchLabels: {labels}}}
  egress: [{listed}]{denied}
"""


def translated(*texts: str, **settings: object) -> Result:
    """What the documents come to."""
    own = pipeline.options_of(load_text(""), "cilium", "istio", settings)
    return pipeline.translate_loaded(load_text("\n---\n".join(texts)), own)


def rules(result: Result) -> list[Any]:
    """The rules of the only NetworkPolicy, less that for the control plane."""
    (one,) = written(result, "NetworkPolicy")
    assert one["spec"]["policyTypes"] == ["Egress"]
    assert one["spec"]["egress"][-1] == CONTROL
    return list(one["spec"]["egress"][:-1])


def test_a_block_is_written_by_its_first_address() -> None:
    """The API server warns of any other: enforcers may take it for the one address."""
    result = translated(policy("toCIDR: [10.10.10.1/16]"))
    assert rules(result) == [{"to": [{"ipBlock": {"cidr": "10.10.0.0/16"}}]}]


def found(result: Result, code: str, impact: Impact) -> list[str]:
    """The messages of findings of one code and impact."""
    return [f.message for f in result.report.findings if f.code == code and f.impact is impact]


def faults(result: Result) -> set[str]:
    """Findings that say something is a fault of this tool."""
    return {
        f.code for f in result.report.findings if f.code.startswith("MM90") and f.code != "MM907"
    }


def leaves(text: str, result: Result, **more: Any) -> tuple[bool, bool]:
    """Whether a request of the pods leaves, before and after."""
    given: dict[str, Any] = {"external": "203.0.113.7", "service_port": 443, "http": False, **more}
    request = Request(caller=Caller(namespace="shop", labels={"app": "front"}), **given)
    after = in_force_after(text, result)
    return decide_egress(result.model, request).allowed, decide_egress(after, request).allowed


def test_pods_by_label_on_their_ports() -> None:
    result = translated(
        policy(
            "toEndpoints: [{matchLabels: {app: back}}], toPorts: [{ports: [{port: '80', endPort: 90, protocol: TCP}]}]"
        )
    )
    assert rules(result) == [
        {
            "to": [
                {
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}},
                    "podSelector": {"matchLabels": {"app": "back"}},
                }
            ],
            "ports": [{"protocol": "TCP", "port": 80, "endPort": 90}],
        }
    ]
    assert not faults(result)
    assert found(result, "MM475", Impact.LOOSER) == []


def test_a_service_is_its_pods_on_every_port() -> None:
    result = translated(
        SERVICE, policy("toServices: [{k8sService: {serviceName: orders, namespace: shop}}]")
    )
    (rule,) = rules(result)
    assert rule["to"][0]["podSelector"] == {"matchLabels": {"app": "orders"}}
    assert "ports" not in rule


def test_blocks_are_written_less_the_networks_of_the_cluster() -> None:
    result = translated(policy(f"toEntities: [world], {TLS}"))
    assert rules(result) == [{"to": WORLD, "ports": [{"protocol": "TCP", "port": 443}]}]
    assert len(found(result, "MM486", Impact.STRICTER)) == 1


def test_a_block_within_a_private_network_stays_where_nobody_says_that_it_is_the_clusters() -> None:
    rule = "toCIDR: [10.9.0.0/16]"
    assert rules(translated(policy(rule)))[0]["to"] == [{"ipBlock": {"cidr": "10.9.0.0/16"}}]
    told = translated(policy(rule), cluster_networks=("10.0.0.0/8",))
    assert rules(told) == []
    assert found(told, "MM486", Impact.STRICTER)


def test_a_refused_block_is_taken_out_of_those_that_are_let_out() -> None:
    text = policy("toCIDR: [198.51.100.0/24]", deny="toCIDR: [198.51.100.64/26]")
    result = translated(text)
    assert rules(result)[0]["to"] == [
        {"ipBlock": {"cidr": "198.51.100.0/24", "except": ["198.51.100.64/26"]}}
    ]
    assert found(result, "MM475", Impact.LOOSER) == []
    assert leaves(text, result, external="198.51.100.70") == (False, False)
    assert leaves(text, result, external="198.51.100.7") == (True, True)


def test_everybody_less_a_block_is_all_pods_and_the_rest_of_the_blocks() -> None:
    text = policy("toEntities: [all]", deny="toCIDR: [198.51.100.64/26]")
    result = translated(text)
    pods, *blocks = rules(result)[0]["to"]
    assert pods == {"namespaceSelector": {}}
    assert "198.51.100.64/26" in blocks[0]["ipBlock"]["except"]
    assert found(result, "MM475", Impact.LOOSER) == []
    assert found(result, "MM486", Impact.STRICTER)  # nodes
    assert leaves(text, result, external="198.51.100.70") == (False, False)
    assert leaves(text, result) == (True, True)
    assert not faults(result)


def test_everybody_less_the_world_is_all_pods() -> None:
    text = policy("toEntities: [all]", deny="toEntities: [world]")
    result = translated(text)
    assert rules(result) == [{"to": [{"namespaceSelector": {}}]}]
    assert found(result, "MM475", Impact.LOOSER) == []
    assert leaves(text, result) == (False, False)
    assert not faults(result)


@pytest.mark.parametrize(
    "deny", ["toEntities: [world]", "toCIDR: [198.51.100.0/24]", "toCIDR: [198.51.0.0/16]"]
)
def test_of_a_block_that_is_refused_as_a_whole_nothing_is_left(deny: str) -> None:
    """It was read and then forgotten (MM901)."""
    text = policy("toCIDR: [198.51.100.0/25]", deny=deny)
    result = translated(text)
    assert rules(result) == []
    assert not any(f.impact is Impact.STRICTER for f in result.report.findings)
    assert not faults(result)


def test_a_refusal_for_nodes_cannot_be_taken_out_and_is_a_blocker() -> None:
    result = translated(policy("toEntities: [all]", deny="toEntities: [remote-node]"))
    assert found(result, "MM475", Impact.LOOSER)
    assert not faults(result)


def test_a_refusal_is_taken_out_of_the_rules_of_which_it_can_be() -> None:
    """Another rule for the same pods lets the block out on one port, which is told; on others it stays shut."""
    wide = policy(f"toEntities: [all], {TLS}", labels="{tier: web}", name="wide")
    text = "\n---\n".join(
        (policy("toCIDR: [198.51.100.0/24]", deny="toCIDR: [198.51.100.64/26]"), wide)
    )
    result = translated(text)
    blocks = [
        peer["ipBlock"]
        for one in written(result, "NetworkPolicy")
        for rule in one["spec"]["egress"]
        for peer in rule.get("to", ())
        if "ipBlock" in peer
    ]
    assert blocks == [{"cidr": "198.51.100.0/24", "except": ["198.51.100.64/26"]}]
    assert found(result, "MM475", Impact.LOOSER)
    assert leaves(text, result, external="198.51.100.70", service_port=80) == (False, False)
    assert not faults(result)


def test_a_refusal_for_other_ports_leaves_a_rule_as_it_is() -> None:
    deny = "toCIDR: [198.51.100.64/26], toPorts: [{ports: [{port: '80', protocol: TCP}]}]"
    result = translated(policy(f"toCIDR: [198.51.100.0/24], {TLS}", deny=deny))
    assert rules(result)[0]["to"] == [{"ipBlock": {"cidr": "198.51.100.0/24"}}]
    assert found(result, "MM475", Impact.LOOSER) == []
    assert not faults(result)


OPEN_BUT = """
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: no-metadata}
spec:
  endpointSelector: {}
  enableDefaultDeny: {egress: false}
  egressDeny: [{toCIDR: [169.254.169.254/32]}]
"""
SHOP = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}"


def test_what_is_refused_to_pods_that_nothing_closes_is_a_blocker() -> None:
    result = translated(OPEN_BUT, SHOP, policy("toCIDR: [169.254.0.0/16]"), complete=True)
    assert rules(result)[0]["to"][0]["ipBlock"]["except"] == ["169.254.169.254/32"]
    (message,) = found(result, "MM475", Impact.LOOSER)
    assert "nothing closes some of these pods" in message
    assert not faults(result)


QUESTIONS = "toPorts: [{ports: [{port: '53', protocol: UDP}], rules: {dns: [{matchPattern: '*'}]}}]"


def test_ports_for_questions_are_told_of_the_pods_that_have_them() -> None:
    """What it is about explains no other port, and no pods of other policies."""
    dns = "toEndpoints: [{matchLabels: {'k8s:io.kubernetes.pod.namespace': kube-system}}]"
    other = policy("toFQDNs: [{matchName: db.example.com}], "
                   "toPorts: [{ports: [{port: '5432', protocol: TCP}]}]", labels="{app: batch}", name="batch")  # fmt: skip
    result = translated(policy(f"{dns}, {QUESTIONS}"), other)
    (one,) = [f for f in result.report.findings if f.code == "MM488"]
    assert one.message.startswith("pods of the namespace shop with app=front: ")
    assert "port 53 of the pods that this rule names" in one.message
    assert {place.resource for place in one.sources} == {"CiliumNetworkPolicy/shop/front"}
    changes = result.report.verification.changes
    assert changes
    assert all("MM488" not in str(change["explained_by"]) for change in changes)


def test_ports_for_questions_to_destinations_outside_are_told_as_such() -> None:
    result = translated(policy(f"toEntities: [world], {QUESTIONS.replace('UDP', 'ANY')}"))
    (message,) = found(result, "MM488", Impact.LOOSER)
    assert "port 53 of these destinations" in message
    shown: list[Any] = [
        c for c in result.report.verification.changes if "MM488" in str(c["explained_by"])
    ]
    assert {change["witness"]["port"] for change in shown} == {53}
    assert not faults(result)


def test_namespaces_that_are_added_later_have_no_policy() -> None:
    base = OPEN_BUT.replace("  enableDefaultDeny: {egress: false}\n", "").replace(
        "egressDeny: [{toCIDR: [169.254.169.254/32]}]", "egress: [{toEntities: [cluster]}]"
    )
    result = translated(base, SHOP, complete=True)
    assert [p["metadata"]["namespace"] for p in written(result, "NetworkPolicy")] == ["shop"]
    (message,) = found(result, "MM475", Impact.LOOSER)
    assert "namespaces that are added later" in message
    assert not faults(result)


def test_rules_for_some_requests_and_for_nodes_are_left_out() -> None:
    result = translated(
        policy(
            "toEndpoints: [{matchLabels: {app: back}}], toPorts: [{ports: [{port: '80', protocol: TCP}], "
            "rules: {http: [{method: GET}]}}]",
            "toEntities: [kube-apiserver]",
        )
    )
    assert rules(result) == []
    assert len(found(result, "MM486", Impact.STRICTER)) >= 2  # one for each
    assert not faults(result)


def test_names_are_held_by_a_sidecar_of_the_same_pods() -> None:
    text = policy(f"toFQDNs: [{{matchName: api.example.com}}], {TLS}")
    result = translated(text)
    (sidecar,) = written(result, "Sidecar")
    assert sidecar["spec"] == {
        "workloadSelector": {"labels": {"app": "front"}},
        "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"},
        "egress": [{"hosts": ["*/*.svc.cluster.local", "./api.example.com"]}],
    }
    (entry,) = written(result, "ServiceEntry")
    assert entry["spec"]["resolution"] == "DNS"
    assert entry["spec"]["ports"] == [{"number": 443, "name": "tls-443", "protocol": "TLS"}]
    assert rules(result) == [{"to": WORLD, "ports": [{"protocol": "TCP", "port": 443}]}]
    assert found(result, "MM535", Impact.LOOSER)
    assert not faults(result)
    there = {"looked_up": "api.example.com", "server_name": "api.example.com"}
    assert leaves(text, result, **there) == (True, True)
    assert leaves(text, result, looked_up="evil.example", server_name="evil.example") == (
        False,
        False,
    )
    assert leaves(text, result, **{**there, "looked_up": "evil.example"}) == (False, True)


@pytest.mark.parametrize("name", ["orders", "orders.shop", "orders.shop.svc.cluster.local"])
def test_a_name_that_is_a_services_too_gets_no_entry(name: str) -> None:
    result = translated(SERVICE, policy(f"toFQDNs: [{{matchName: {name}}}], {TLS}"))
    assert not written(result, "ServiceEntry")
    assert not written(result, "Sidecar")
    assert found(result, "MM525", Impact.STRICTER)
    assert not faults(result)


def test_a_name_with_a_wildcard_goes_where_it_was_dialled() -> None:
    result = translated(policy(f"toFQDNs: [{{matchPattern: '*.example.com'}}], {TLS}"))
    (entry,) = written(result, "ServiceEntry")
    assert (entry["spec"]["hosts"], entry["spec"]["resolution"]) == (["*.example.com"], "NONE")


def test_names_beside_addresses_are_left_out() -> None:
    text = policy(f"toFQDNs: [{{matchName: api.example.com}}], {TLS}", "toCIDR: [203.0.113.0/24]")
    result = translated(text)
    assert written(result, "Sidecar") == []
    assert found(result, "MM525", Impact.STRICTER)
    assert leaves(text, result, external="198.51.100.1", looked_up="api.example.com") == (
        True,
        False,
    )
    assert not faults(result)


def test_names_of_pods_with_rules_of_others_are_left_out() -> None:
    other = policy("toEntities: [world]", labels="{tier: web}", name="other")
    result = translated(policy(f"toFQDNs: [{{matchName: api.example.com}}], {TLS}"), other)
    assert written(result, "Sidecar") == []
    assert found(result, "MM525", Impact.STRICTER)


POSTGRES = "toPorts: [{ports: [{port: '5432', protocol: TCP}]}]"
DATABASE = f"toFQDNs: [{{matchName: db.example.com}}], {POSTGRES}"


def deployment(name: str) -> str:
    """Pods of the namespace ``shop``."""
    return f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{containers: [{{name: app, image: example}}]}}
"""


def test_bytes_of_other_pods_are_not_sent_to_a_name() -> None:
    """An entry of bytes takes all that is sent to its port, by every proxy of the namespace."""
    result = translated(
        policy(DATABASE), SHOP, deployment("front"), deployment("free"), complete=True
    )
    assert written(result, "ServiceEntry") == written(result, "Sidecar") == []
    (message,) = found(result, "MM525", Impact.STRICTER)
    assert "other pods of the namespace shop send to port 5432" in message
    assert not faults(result)


def test_bytes_are_held_to_a_name_where_there_are_no_other_pods() -> None:
    for text, settings in (
        (policy(DATABASE), {"complete": True}),
        (policy(DATABASE, labels="{}"), {"complete": False}),
    ):
        result = translated(text, SHOP, deployment("front"), **settings)
        (entry,) = written(result, "ServiceEntry")
        assert entry["spec"]["ports"] == [{"number": 5432, "name": "tcp-5432", "protocol": "TCP"}]
        assert not faults(result)


def test_a_port_that_a_service_has_for_all_addresses_is_not_that_of_a_name() -> None:
    web = SERVICE.replace("port: 80,", "port: 5432,")
    result = translated(web, policy(DATABASE, labels="{}"))
    assert written(result, "ServiceEntry") == []
    (message,) = found(result, "MM525", Impact.STRICTER)
    assert "shop/orders has a listener for all addresses on port 5432" in message
    assert not faults(result)


def test_agents_of_nodes_see_another_port() -> None:
    result = translated(policy("toEndpoints: [{}]"), profile="ambient")
    assert written(result, "NetworkPolicy") == []
    assert found(result, "MM475", Impact.LOOSER)
