"""Ways out: who is closed for what leaves, what is let out, by what, and what is told of the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from tests.exporters.cilium.egress import (
    OUTSIDE,
    after,
    changes,
    compared,
    entry,
    from_linkerd,
    leaves,
    limited,
    outward,
    resource,
    rules,
    text,
    told,
)
from tests.exporters.cilium.istio import policies, to_cilium
from translator.report.model import Fate, Impact, Severity
from translator.verify.result import Kind, Verdict

REFUSE = {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}}
PASS = {"outboundTrafficPolicy": {"mode": "ALLOW_ANY"}}
TCP_443 = {"ports": [{"port": "443", "protocol": "TCP"}]}


# --- who is closed ----------------------------------------------------------------------------------


def test_nothing_is_closed_where_everything_may_leave() -> None:
    result = to_cilium(text(entry("api.example")))
    assert rules(result) == []
    assert changes(result) == set()


def test_what_no_proxy_looks_at_still_leaves() -> None:
    _, result = limited()
    assert rules(result) == [
        {"toEntities": ["cluster"]},
        {"toEntities": ["all"], "toPorts": [{"ports": [{"port": "0", "protocol": "UDP"}]}]},
        {
            "toEntities": ["all"],
            "icmps": [{"fields": [{"family": "IPv4", "type": 8}, {"family": "IPv6", "type": 128}]}],
        },
    ]


def test_a_mode_of_the_mesh_closes_all_namespaces_but_those_without_proxies() -> None:
    plain = "apiVersion: v1\nkind: Namespace\nmetadata: {name: old}\n"
    joined = (
        "apiVersion: v1\nkind: Namespace\n"
        "metadata: {name: shop, labels: {istio-injection: enabled}}\n"
    )
    of = limited(joined, plain)
    (selector,) = (one["endpointSelector"] for one in policies(of[1]).values())
    assert selector["matchExpressions"][0]["operator"] == "NotIn"
    assert "old" in selector["matchExpressions"][0]["values"]
    assert leaves(of, "old") == (True, True)
    assert leaves(of, "crm") == (False, False)


def test_a_sidecar_closes_its_own_pods() -> None:
    spec = {"workloadSelector": {"labels": {"app": "api"}}, **REFUSE}
    whole = text(resource("Sidecar", spec))
    of = whole, to_cilium(whole)
    assert policies(of[1])["egress"]["endpointSelector"] == {"matchLabels": {"app": "api"}}
    assert leaves(of) == (False, False)
    assert leaves(of, labels={"app": "other"}) == (True, True)


def test_a_sidecar_that_lets_everything_out_is_left_out_of_the_mesh() -> None:
    of = limited(resource("Sidecar", PASS))
    assert leaves(of) == (True, True)
    assert leaves(of, "bank") == (False, False)


def test_pods_without_a_proxy_stay_open() -> None:
    out = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: job, namespace: shop}\n"
        "spec: {template: {metadata: {labels: {app: job}, annotations: {sidecar.istio.io/inject: 'false'}}, "
        "spec: {containers: [{name: c}]}}}\n"
    )
    of = limited(out)
    assert leaves(of, labels={"app": "job"}) == (True, True)
    assert leaves(of) == (False, False)
    assert not [f for f in of[1].report.findings if f.code in ("MM902", "MM903")]


def test_ports_that_are_dialled_past_the_proxy_lead_everywhere() -> None:
    past = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: cart, namespace: shop}\n"
        "spec: {template: {metadata: {labels: {app: cart}, annotations: "
        "{traffic.sidecar.istio.io/excludeOutboundPorts: '3306'}}, spec: {containers: [{name: c}]}}}\n"
    )
    of = limited(past)
    assert leaves(of, labels={"app": "cart"}, service_port=3306) == (True, True)
    assert leaves(of, service_port=3306) == (False, False)


# --- what is let out --------------------------------------------------------------------------------


def test_a_name_that_the_proxy_looks_up_is_let_out_by_its_look_up_and_by_what_is_asked_for() -> (
    None
):
    of = limited(entry("api.example"))
    (item,) = outward(of[1])
    assert item == {
        "toFQDNs": [{"matchName": "api.example"}],
        "toPorts": [{**TCP_443, "serverNames": ["api.example"]}],
    }
    asked = {"server_name": "api.example"}
    assert leaves(of, looked_up="api.example", **asked) == (True, True)
    assert leaves(of, **asked) == (True, False)
    assert leaves(of, looked_up="api.example", server_name="evil.example") == (False, False)
    assert changes(of[1]) == {("newly_denied", ("MM528",))}


def test_http_has_its_host_beside_the_look_up_whatever_the_port_in_it() -> None:
    of = limited(entry("api.example", port=80, protocol="HTTP"))
    (item,) = outward(of[1])
    (rule,) = item["toPorts"][0]["rules"]["http"]
    assert rule == {"host": r"(?i)api\.example(:[0-9]+)?"}
    web: dict[str, Any] = {"service_port": 80, "http": True, "looked_up": "api.example"}
    for host in ("api.example", "API.example:80"):
        assert leaves(of, authority=host, **web) == (True, True)
    for host in ("apixexample", "x.api.example", "api.example.evil"):
        assert leaves(of, authority=host, **web) == (False, False)


def test_names_that_are_passed_on_as_dialled_are_let_out_by_what_is_asked_for_alone() -> None:
    of = limited(entry("*.cdn.example", resolution="NONE"))
    (item,) = outward(of[1])
    assert item["toEntities"] == ["world"]
    assert item["toPorts"][0]["serverNames"] == ["**.cdn.example"]
    assert changes(of[1]) == set()
    assert told(of[1], "MM528") == []


def test_bytes_go_to_the_blocks_that_are_declared() -> None:
    of = limited(entry("db.example", port=5432, protocol="TCP", resolution="NONE", addresses=["192.0.2.0/28"]))  # fmt: skip
    (item,) = outward(of[1])
    assert item["toCIDRSet"] == [{"cidr": "192.0.2.0/28"}]
    assert changes(of[1]) == set()


def test_bytes_to_a_name_go_where_its_look_up_leads() -> None:
    of = limited(entry("mail.example", port=587, protocol="TCP"))
    (item,) = outward(of[1])
    assert "rules" not in item["toPorts"][0]
    smtp: dict[str, Any] = {"service_port": 587}
    assert leaves(of, looked_up="mail.example", **smtp) == (True, True)
    assert leaves(of, **smtp) == (True, False)


def test_a_service_with_endpoints_of_its_own_is_reached_at_these() -> None:
    ends = [{"address": "192.0.2.5"}]
    of = limited(entry("api.example", resolution="STATIC", endpoints=ends))
    (item,) = outward(of[1])
    assert item["toCIDRSet"] == [{"cidr": "192.0.2.5/32"}]
    assert leaves(of, external="192.0.2.5", server_name="api.example") == (True, True)
    (finding,) = told(of[1], "MM502")
    assert finding.impact is Impact.DIFFERENT


@pytest.mark.parametrize(("protocol", "port"), [("TLS", 443), ("HTTP", 80), ("TCP", 5432)])
def test_a_client_that_dials_another_address_than_those_of_endpoints_is_refused_and_told(
    protocol: str, port: int
) -> None:
    """The source's proxy leads to the endpoints whatever was dialled; no look-up is known by which it could be told."""
    ends = [{"address": "192.0.2.5"}]
    declared = entry("api.example", port=port, protocol=protocol, resolution="STATIC", endpoints=ends)  # fmt: skip
    of = limited(declared)
    asked: dict[str, Any] = {"service_port": port, "http": protocol == "HTTP"}
    asked["authority" if protocol == "HTTP" else "server_name"] = "api.example"
    assert leaves(of, external="192.0.2.5", **asked) == (True, True)
    assert leaves(of, **asked) == (True, False)
    (finding,) = told(of[1], "MM525")
    assert (finding.impact, finding.fate) == (Impact.STRICTER, Fate.APPROXIMATED)
    assert "api.example" in finding.message
    assert changes(of[1]) == {("newly_denied", ("MM525",))}


def test_a_service_whose_addresses_are_those_of_its_endpoints_is_the_same() -> None:
    more: dict[str, Any] = {"addresses": ["192.0.2.5"], "endpoints": [{"address": "192.0.2.5"}]}
    _, result = limited(entry("api.example", resolution="STATIC", **more))
    assert told(result, "MM525") == []
    assert changes(result) == set()


def test_a_name_that_is_looked_up_behind_addresses_goes_where_it_was_dialled_and_is_told() -> None:
    _, result = limited(entry("api.example", addresses=["240.0.0.1"]))
    (finding,) = told(result, "MM522")
    assert finding.impact is Impact.DIFFERENT
    assert "api.example" in finding.message
    assert told(limited(entry("api.example"))[1], "MM522") == []


def test_an_address_that_only_the_proxy_knows_is_refused_and_told() -> None:
    more: dict[str, Any] = {
        "resolution": "STATIC",
        "addresses": ["240.0.0.1"],
        "endpoints": [{"address": "192.0.2.5"}],
    }
    _, result = limited(entry("api.example", port=9000, protocol="TCP", **more))
    assert outward(result) == []
    (finding,) = told(result, "MM525")
    assert "other addresses" in finding.message
    assert {codes for _, codes in changes(result)} == {("MM525",)}


def test_a_port_without_a_protocol_is_let_out_as_http_alone() -> None:
    spec = {"hosts": ["api.example"], "ports": [{"number": 80, "name": "x"}], "resolution": "DNS"}
    _, result = limited(resource("ServiceEntry", spec))
    (item,) = outward(result)
    assert item["toPorts"][0]["rules"]["http"]
    assert told(result, "MM525")[0].impact is Impact.STRICTER


def test_a_port_with_http_and_tls_is_read_as_http() -> None:
    of = limited(entry("a.example", protocol="HTTP", name="a"), entry("b.example", name="b"))
    (item,) = outward(of[1])
    assert item["toFQDNs"] == [{"matchName": "a.example"}]
    assert "read in one way" in told(of[1], "MM525")[0].message


def test_a_name_for_some_namespaces_is_a_policy_there() -> None:
    of = limited(entry("api.example", exportTo=["bank"]))
    assert {d.resource for d in of[1].documents} == {
        "CiliumClusterwideNetworkPolicy//egress",
        "CiliumNetworkPolicy/bank/egress",
    }
    asked = {"server_name": "api.example", "looked_up": "api.example"}
    assert leaves(of, "bank", **asked) == (True, True)
    assert leaves(of, "shop", **asked) == (False, False)


def test_a_sidecar_lets_out_what_it_lists() -> None:
    spec = {"egress": [{"hosts": ["shop/a.example"]}], **REFUSE}
    whole = text(
        entry("a.example", name="a"), entry("b.example", name="b"), resource("Sidecar", spec)
    )
    of = whole, to_cilium(whole)
    (item,) = outward(of[1])
    assert item["toFQDNs"] == [{"matchName": "a.example"}]
    (hidden,) = told(of[1], "MM523")
    assert (hidden.severity, "shop/api" in hidden.message) == (Severity.BLOCKER, True)


def test_before_names_at_any_depth_those_below_a_domain_are_refused_and_told() -> None:
    _, result = limited(entry("a.example", "*.b.example"), version="1.18")
    (item,) = outward(result)
    assert item["toFQDNs"] == [{"matchName": "a.example"}]
    assert "1.19" in told(result, "MM525")[0].message


@pytest.mark.parametrize("protocol", ["TLS", "HTTP", "TCP"])
def test_a_star_within_a_label_has_no_pattern(protocol: str) -> None:
    _, result = limited(entry("*shop.example", "a.example", protocol=protocol))
    assert [item["toFQDNs"] for item in outward(result)] == [[{"matchName": "a.example"}]]
    assert "within a label" in told(result, "MM525")[0].message


# --- what is told -----------------------------------------------------------------------------------


def test_what_is_in_the_cluster_is_reached_undeclared_which_is_a_blocker() -> None:
    _, result = limited()
    (finding,) = told(result, "MM521")
    assert (finding.impact, finding.severity) == (Impact.LOOSER, Severity.BLOCKER)


def test_services_that_lead_out_of_the_cluster_are_told() -> None:
    external = (
        "apiVersion: v1\nkind: Service\nmetadata: {name: db, namespace: shop}\n"
        "spec: {type: ExternalName, externalName: db.example, ports: [{port: 5432}]}\n"
    )
    _, result = limited(external)
    assert "shop/db" in told(result, "MM525")[0].message


def test_a_way_through_a_proxy_of_egress_is_lost_aloud() -> None:
    mode = {"mode": "REGISTRY_ONLY", "egressProxy": {"host": "out.shop.svc.cluster.local", "port": {"number": 80}}}  # fmt: skip
    result = to_cilium(text(resource("Sidecar", {"outboundTrafficPolicy": mode})))
    assert told(result, "MM503")[0].severity is Severity.HIGH


def test_traffic_that_took_a_service_on_its_way_is_not_called_equal() -> None:
    proxy = {"host": "out.shop.svc.cluster.local", "port": {"number": 80}}
    mode = {"outboundTrafficPolicy": {"mode": "ALLOW_ANY", "egressProxy": proxy}}
    result = to_cilium(text(resource("Sidecar", mode)))
    assert result.report.verification.verdict == Verdict.MAY_DIFFER
    plain = to_cilium(text(resource("Sidecar", PASS)))
    assert plain.report.verification.verdict != Verdict.MAY_DIFFER


def test_rules_that_find_nothing_for_some_requests_are_told_where_the_name_leaves_whole() -> None:
    rule = {
        "match": [{"uri": {"prefix": "/today"}}],
        "route": [{"destination": {"host": "api.example"}}],
    }
    routes = resource("VirtualService", {"hosts": ["api.example"], "http": [rule]})
    _, result = limited(entry("api.example", port=80, protocol="HTTP"), routes)
    assert [f.impact for f in told(result, "MM537")] == [Impact.LOOSER]


NETWORK_POLICY = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: out, namespace: shop}}
spec:
  podSelector: {{matchLabels: {{app: api}}}}
  policyTypes: [Egress]
  egress: [{{to: [{peer}]}}]
"""


def test_pods_whose_egress_a_network_policy_closes_get_no_other_policy() -> None:
    """All policies add up: what is written would let out more than that does."""
    peer = "{ipBlock: {cidr: 203.0.113.0/24}}"
    of = limited(entry("api.example"), NETWORK_POLICY.format(peer=peer))
    shop = policies(of[1])["egress"]["endpointSelector"]
    assert str(shop).count("api") == 1
    assert leaves(of, looked_up="api.example", server_name="api.example") == (True, True)
    assert leaves(of, external="198.51.100.1") == (False, False)
    assert leaves(of) == (False, True)
    (finding,) = told(of[1], "MM481")
    assert finding.impact is Impact.LOOSER
    assert ("newly_allowed", ("MM481",)) in changes(of[1])


def test_a_network_policy_that_lets_nothing_out_changes_nothing() -> None:
    of = limited(NETWORK_POLICY.format(peer="{podSelector: {}}"))
    assert leaves(of) == (False, False)
    assert told(of[1], "MM481")[0].impact is Impact.NONE


# --- the proof --------------------------------------------------------------------------------------

MANY = (
    entry("a.example", "*.b.example", name="a"),
    entry("c.example", port=80, protocol="HTTP", name="c"),
    entry(
        "d.example",
        port=5432,
        protocol="TCP",
        addresses=["192.0.2.0/28"],
        resolution="NONE",
        name="d",
    ),
)


def test_what_is_written_is_read_back_as_it_was_meant() -> None:
    whole, result = limited(*MANY)
    assert [c for one in compared(result.legal, after(whole, result)) for c in one.changes] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("serverNames", None),
        ("serverNames", ["**.example"]),
        ("rules", None),
        ("ports", [{"port": "0", "protocol": "TCP"}]),
    ],
)
def test_a_policy_that_lets_out_more_is_found(field: str, value: object) -> None:
    whole, result = limited(*MANY)
    texts = []
    changed = 0
    for document in result.documents:
        tree = yaml.safe_load(document.text)
        for item in tree["spec"]["egress"]:
            for ports in item.get("toPorts", ()) if "toFQDNs" in item else ():
                if field in ports:
                    changed += 1
                    ports.pop(field)
                    if value is not None:
                        ports[field] = value
        texts.append(replace(document, text=yaml.safe_dump(tree)))
    assert changed
    later = after(whole, replace(result, documents=tuple(texts)))
    kinds = {c.kind for one in compared(result.model, later) for c in one.changes}
    assert Kind.NEWLY_ALLOWED in kinds


# --- Linkerd ----------------------------------------------------------------------------------------

NETWORK = """
apiVersion: policy.linkerd.io/v1alpha1
kind: EgressNetwork
metadata: {{name: {name}, namespace: {space}}}
spec: {{trafficPolicy: {mode}{networks}}}
---
"""
ROUTE = """
apiVersion: gateway.networking.k8s.io/{version}
kind: {kind}
metadata: {{name: {name}, namespace: shop}}
spec:
  parentRefs: [{{group: policy.linkerd.io, kind: EgressNetwork, name: outside, port: {port}}}]
  {hosts}
  rules:
  - {rule}
---
"""
ON = "backendRefs: [{group: policy.linkerd.io, kind: EgressNetwork, name: outside}]"


def network(
    mode: str = "Deny", name: str = "outside", space: str = "shop", blocks: str = ""
) -> str:
    """An EgressNetwork."""
    networks = f", networks: [{blocks}]" if blocks else ""
    return NETWORK.format(name=name, space=space, mode=mode, networks=networks)


def tls(name: str) -> str:
    """A TLSRoute for a name."""
    hosts = f"hostnames: [{name}]"
    return ROUTE.format(
        version="v1alpha2", kind="TLSRoute", name="t", port=443, hosts=hosts, rule=ON
    )


def test_networks_of_linkerd_become_the_blocks_that_they_are_about() -> None:
    blocks = "{cidr: 203.0.113.0/24, except: [203.0.113.128/25]}"
    of = from_linkerd(network(blocks=blocks) + tls("a.example"))
    assert outward(of[1])[0]["toCIDRSet"] == [
        {"cidr": "203.0.113.0/24", "except": ["203.0.113.128/25"]}
    ]
    asked = {"server_name": "a.example"}
    assert leaves(of, **asked) == (True, True)
    assert leaves(of, server_name="b.example") == (False, False)
    assert leaves(of, external="203.0.113.200") == (True, True)
    assert compared(of[1].model, after(*of))[0].verdict is not Verdict.DIFFERENT


def test_the_network_of_the_smallest_block_decides() -> None:
    inner = network("Allow", "inner", blocks="{cidr: 203.0.113.0/28}")
    of = from_linkerd(network() + inner + tls("a.example"))
    assert leaves(of) == (True, True)
    assert leaves(of, external="203.0.113.77") == (False, False)
    assert changes(of[1]) == set()


def test_a_network_that_refuses_nothing_closes_nobody() -> None:
    of = from_linkerd(network("Allow") + tls("a.example"))
    assert rules(of[1]) == []
    assert leaves(of) == (True, True)
    assert {row.fate for row in of[1].report.ledger} == {Fate.ABSORBED}


def test_requests_that_a_route_leads_to_a_service_go_as_they_were_dialled_and_it_is_told() -> None:
    rule = "backendRefs: [{name: out, port: 80}]"
    route = ROUTE.format(
        version="v1", kind="HTTPRoute", name="h", port=80, hosts="hostnames: [a.example]", rule=rule
    )
    result = from_linkerd(network("Allow") + route)[1]
    assert [f.severity for f in told(result, "MM203")] == [Severity.HIGH]
    assert told(result, "MM904") == []


@pytest.mark.parametrize("hosts", ["hostnames: [a.example]", ""])
def test_routes_that_ask_for_more_than_a_name_let_out_nothing_and_are_told(hosts: str) -> None:
    rule = "matches: [{path: {type: PathPrefix, value: /a}}]"
    route = ROUTE.format(version="v1", kind="HTTPRoute", name="h", port=80, hosts=hosts, rule=rule)
    _, result = from_linkerd(network() + route)
    assert not [item for item in outward(result) if "toPorts" in item]
    assert told(result, "MM525")[0].impact is Impact.STRICTER
    assert {codes for _, codes in changes(result)} == {("MM525",)}


def test_a_route_for_other_kinds_on_the_port_goes_before() -> None:
    route = ROUTE.format(
        version="v1",
        kind="HTTPRoute",
        name="h",
        port=443,
        hosts="hostnames: [a.example]",
        rule="{}",
    )
    of = from_linkerd(network() + route + tls("b.example"))
    web: dict[str, Any] = {"http": True, "authority": "a.example"}
    assert leaves(of, **web) == (True, True)
    assert leaves(of, server_name="b.example") == (False, False)


def test_an_address_that_the_client_has_from_elsewhere_is_no_matter_where_no_name_is_looked_up() -> (
    None
):
    of = from_linkerd(network() + tls("a.example"))
    assert leaves(of, external=OUTSIDE, server_name="a.example") == (True, True)
    assert told(of[1], "MM528") == []
