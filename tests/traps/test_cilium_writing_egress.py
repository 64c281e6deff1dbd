"""Traps of writing ways out for Cilium: what a policy of egress closes, and what names outside need."""

from __future__ import annotations

from typing import Any

from tests.exporters.cilium.egress import (
    changes,
    entry,
    leaves,
    limited,
    outward,
    resource,
    rules,
    told,
)
from tests.exporters.cilium.istio import policies

DNS = {
    "toEndpoints": [
        {
            "matchLabels": {
                "k8s-app": "kube-dns",
                "k8s:io.kubernetes.pod.namespace": "kube-system",
            }
        }
    ],
    "toPorts": [
        {
            "ports": [{"port": "53", "protocol": "ANY"}],
            "rules": {"dns": [{"matchPattern": "*"}]},
        }
    ],
}
SERVICE = (
    "apiVersion: v1\nkind: Service\nmetadata: {name: dns-default, namespace: openshift-dns}\n"
    "spec: {selector: {dns: default}, ports: [{name: dns-tcp, port: 53, targetPort: 5353}]}\n"
)


def test_trap_cilium_2_names_stand_in_no_denial() -> None:
    _, result = limited(entry("api.example"))
    assert [key for one in policies(result).values() for key in one if key.endswith("Deny")] == []


def test_trap_cilium_24_what_is_closed_leaves_the_cluster_and_its_dns_open() -> None:
    _, result = limited(entry("api.example"))
    assert rules(result)[0] == {"toEntities": ["cluster"]}
    assert DNS in rules(result)


def test_trap_cilium_61_names_are_learnt_from_the_answers_of_the_dns_of_the_cluster_alone() -> None:
    """Another resolver could send a name to any address, so what leaves by UDP has no rule of DNS."""
    _, result = limited(entry("api.example"))
    with_rules = [item for item in rules(result) if "dns" in str(item.get("toPorts"))]
    assert with_rules == [DNS]
    assert not [item for item in rules(limited()[1]) if "rules" in str(item)]


def test_trap_cilium_61_the_port_of_a_resolver_is_that_of_its_pods() -> None:
    _, result = limited(entry("api.example"), SERVICE)
    (found,) = (item for item in rules(result) if "toEndpoints" in item)
    assert found["toPorts"][0]["ports"] == [{"port": "5353", "protocol": "ANY"}]
    assert "openshift-dns" in str(found["toEndpoints"])


def test_trap_cilium_61_a_wildcard_of_the_source_covers_names_at_any_depth() -> None:
    of = limited(entry("*.x.example"))
    (item,) = outward(of[1])
    assert item["toFQDNs"] == [{"matchPattern": "**.x.example"}]
    asked = {"looked_up": "a.b.x.example", "server_name": "a.b.x.example"}
    assert leaves(of, **asked) == (True, True)
    assert leaves(of, looked_up="x.example", server_name="x.example") == (False, False)


def test_trap_cilium_61_two_names_at_one_address_are_told_apart_by_what_is_asked_for() -> None:
    of = limited(entry("api.example"), entry("web.example", port=80, protocol="HTTP", name="w"))
    shared: dict[str, Any] = {"looked_up": "web.example", "service_port": 80, "http": True}
    assert leaves(of, authority="web.example", **shared) == (True, True)
    assert leaves(of, authority="evil.example", **shared) == (False, False)
    assert {codes for _, codes in changes(of[1])} == {("MM528",)}


def test_trap_cilium_62_services_of_the_cluster_are_peers_by_entity_never_by_block() -> None:
    """A block never selects a pod or a node, whatever addresses they have."""
    of = limited(entry("api.example", resolution="NONE", addresses=["10.0.0.0/8"]))
    assert rules(of[1])[0] == {"toEntities": ["cluster"]}
    assert outward(of[1])[0]["toCIDRSet"] == [{"cidr": "10.0.0.0/8"}]
    assert told(of[1], "MM521")


def test_trap_cilium_30_everywhere_outside_is_the_entity_of_the_world() -> None:
    spec = {
        "hosts": ["any.example"],
        "addresses": ["0.0.0.0/0"],
        "ports": [{"number": 9000, "name": "tcp", "protocol": "TCP"}],
        "resolution": "NONE",
    }
    (item,) = outward(limited(resource("ServiceEntry", spec))[1])
    assert item["toEntities"] == ["world"]
