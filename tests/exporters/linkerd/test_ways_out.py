"""What policies of a network say of what leaves, as NetworkPolicies beside Linkerd."""

from __future__ import annotations

from typing import Any

from tests.exporters.istio.linkerd import written
from tests.exporters.istio.test_ways_out import SERVICE, faults, found, leaves, policy
from translator import pipeline
from translator.pipeline import Result
from translator.report.model import Impact
from translator.source.load import load_text

TO_BACK = (
    "toEndpoints: [{matchLabels: {app: back}}], toPorts: [{ports: [{port: '80', protocol: TCP}]}]"
)
DNS = (
    "toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: kube-system}}], "
    "toPorts: [{ports: [{port: '53', protocol: TCP}]}]"
)


def translated(*texts: str, target: str = "linkerd", **settings: object) -> Result:
    """What the documents come to."""
    own = pipeline.options_of(load_text(""), "cilium", target, settings)
    return pipeline.translate_loaded(load_text("\n---\n".join(texts)), own)


def rules(result: Result) -> list[Any]:
    """The rules of the only NetworkPolicy, less those for the control plane."""
    (one,) = written(result, "NetworkPolicy")
    *own, identity, destination = one["spec"]["egress"]
    for rule, component, ports in (
        (identity, "identity", [8080]),
        (destination, "destination", [8086, 8090]),
    ):
        (peer,) = rule["to"]
        assert peer["podSelector"]["matchLabels"] == {
            "linkerd.io/control-plane-component": component
        }
        assert [port["port"] for port in rule["ports"]] == ports
    return list(own)


def test_pods_are_let_out_to_others_on_their_ports_and_to_nothing_else() -> None:
    text = policy(TO_BACK)
    result = translated(text)
    (rule,) = rules(result)
    assert rule["to"][0]["podSelector"] == {"matchLabels": {"app": "back"}}
    assert rule["ports"] == [{"protocol": "TCP", "port": 80}]
    assert leaves(text, result) == (False, False)
    assert found(result, "MM475", Impact.LOOSER) == []
    assert not faults(result)


def test_the_proxys_own_port_is_not_let_out_to_and_it_is_told() -> None:
    result = translated(policy(TO_BACK))
    assert 4143 not in [port["port"] for rule in rules(result) for port in rule["ports"]]
    (message,) = found(result, "MM607", Impact.STRICTER)
    assert "proxy.outboundTransportMode=transparent" in message
    assert any("outboundTransportMode" in text for text in result.report.assumptions)


def test_before_only_opaque_ports_were_replaced() -> None:
    (message,) = found(translated(policy(TO_BACK), target="linkerd@2.17"), "MM607", Impact.STRICTER)
    assert "transparent" not in message


def test_of_rules_without_ports_and_of_those_for_pods_of_kubernetes_nothing_is_told() -> None:
    result = translated(
        SERVICE, policy(DNS, "toServices: [{k8sService: {serviceName: orders, namespace: shop}}]")
    )
    assert len(rules(result)) == 2
    assert found(result, "MM607", Impact.STRICTER) == []
    assert not faults(result)


def test_a_name_is_taken_where_a_policy_of_it_stays() -> None:
    beside = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: front-egress, namespace: shop}
spec: {podSelector: {matchLabels: {app: other}}, policyTypes: [Ingress]}
"""
    result = translated(policy(TO_BACK), beside)
    (one,) = written(result, "NetworkPolicy")
    assert one["metadata"]["name"] == "front-egress-2"
