"""What policies of a network say of what leaves, as NetworkPolicies beside Linkerd."""

from __future__ import annotations

from typing import Any

from tests.exporters.istio.linkerd import written
from tests.exporters.istio.test_ways_out import SERVICE, deployment, faults, found, leaves, policy
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


TLS = "toPorts: [{ports: [{port: '443', protocol: TCP}]}]"
SHOP = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}"
ALL = "{}"


def names(*texts: str, ports: str = TLS) -> str:
    """A rule for names outside."""
    return f"toFQDNs: [{', '.join(f'{{matchName: {text}}}' for text in texts)}], {ports}"


def let_out(result: Result) -> set[str]:
    """The names that routes of networks outside let out."""
    routes = [*written(result, "TLSRoute"), *written(result, "HTTPRoute")]
    return {host for route in routes for host in route["spec"]["hostnames"]}


def test_names_of_a_whole_namespace_are_held_by_a_network_of_it() -> None:
    text = policy(names("api.example.com"), labels=ALL)
    result = translated(text)
    (network,) = written(result, "EgressNetwork")
    assert network["spec"] == {"trafficPolicy": "Deny"}
    assert network["metadata"]["namespace"] == "shop"
    assert let_out(result) == {"api.example.com"}
    assert found(result, "MM535", Impact.LOOSER)
    there = {"looked_up": "api.example.com", "server_name": "api.example.com"}
    assert leaves(text, result, **there) == (True, True)
    assert leaves(text, result, looked_up="evil.example", server_name="evil.example") == (
        False,
        False,
    )
    assert not faults(result)


def test_names_on_a_port_of_requests_are_told_by_host() -> None:
    web = "toPorts: [{ports: [{port: '80', protocol: TCP}]}]"
    result = translated(policy(names("api.example.com", ports=web), labels=ALL))
    (route,) = written(result, "HTTPRoute")
    assert route["spec"]["hostnames"] == ["api.example.com"]
    assert not faults(result)


def test_names_of_some_pods_are_held_where_all_others_are_closed_too() -> None:
    text = policy(names("api.example.com"))
    shut = policy("", labels=ALL, name="shut")
    open_to_some = translated(text)
    assert written(open_to_some, "EgressNetwork") == []
    assert found(open_to_some, "MM525", Impact.STRICTER)
    assert found(open_to_some, "MM535", Impact.LOOSER) == []
    result = translated(text, shut)
    assert let_out(result) == {"api.example.com"}
    assert not faults(result)
    assert not faults(open_to_some)


def test_names_are_held_that_all_may_reach_who_leave_by_the_port() -> None:
    front = policy(names("api.example.com", "own.example.com"))
    back = policy(names("api.example.com", "other.example.com"), labels="{app: back}", name="back")
    shut = policy("", labels=ALL, name="shut")
    result = translated(front, back, shut)
    assert let_out(result) == {"api.example.com"}
    messages = found(result, "MM525", Impact.STRICTER)
    assert any("leave by the same port" in message for message in messages)
    text = f"{front}\n---\n{back}\n---\n{shut}"
    own = {"looked_up": "own.example.com", "server_name": "own.example.com"}
    assert leaves(text, result, **own) == (True, False)
    other = {"looked_up": "other.example.com", "server_name": "other.example.com"}
    assert leaves(text, result, **other) == (False, False)
    assert not faults(result)


def test_names_beside_addresses_or_on_other_ports_are_shut() -> None:
    postgres = "toPorts: [{ports: [{port: '5432', protocol: TCP}]}]"
    for rules_of, reason in (
        ((names("api.example.com"), "toCIDR: [203.0.113.0/24]"), "addresses outside besides"),
        ((names("db.example.com", ports=postgres),), "bears no name"),
        (("toFQDNs: [{matchName: api.example.com}]",), "on every port"),
    ):
        result = translated(policy(*rules_of, labels=ALL))
        assert let_out(result) == set()
        assert any(reason in message for message in found(result, "MM525", Impact.STRICTER))
        assert found(result, "MM535", Impact.LOOSER) == []
        assert not faults(result)


def test_a_target_without_networks_outside_shuts_names() -> None:
    result = translated(policy(names("api.example.com"), labels=ALL), target="linkerd@2.16")
    assert written(result, "EgressNetwork") == []
    assert found(result, "MM525", Impact.STRICTER)
    assert not faults(result)


def test_a_network_of_the_namespace_that_stays_is_in_the_way() -> None:
    beside = """
apiVersion: policy.linkerd.io/v1alpha1
kind: EgressNetwork
metadata: {name: own, namespace: shop}
spec: {trafficPolicy: Allow}
"""
    result = translated(policy(names("api.example.com"), labels=ALL), beside)
    assert written(result, "EgressNetwork") == []
    assert any("stays" in m for m in found(result, "MM525", Impact.STRICTER))


def test_pods_that_are_added_later_are_held_too_and_it_is_told() -> None:
    """All listed pods are closed, and whoever comes later is not."""
    result = translated(SHOP, deployment("front"), policy(names("api.example.com")), complete=True)
    assert let_out(result) == {"api.example.com"}
    (message,) = found(result, "MM524", Impact.STRICTER)
    assert "added to the namespace shop" in message
    assert not faults(result)
