"""Traps of gateways, on real translations."""

from __future__ import annotations

import yaml

from tests.exporters.linkerd.istio import WORKLOAD, policy, spec_of, written
from tests.exporters.linkerd.test_gateways import (
    TO_API,
    codes,
    gateway,
    match,
    moved,
    paths,
    route_rules,
    rules,
    server,
)
from tests.translation import to_linkerd


def test_trap_istio_1_a_string_prefix_at_a_gateway_covers_what_begins_with_it() -> None:
    result = moved(gateway([server("*")]), rules([match(uri={"prefix": "/foo"})]))
    assert paths(result) == [("RegularExpression", "/foo.*")]


def test_trap_istio_2_a_prefix_rewrite_that_gives_two_slashes_is_told_to_leave_one() -> None:
    rule = {**match(uri={"prefix": "/foo"}), "rewrite": {"uri": "/"}}
    result = moved(gateway([server("*")]), rules([rule]))
    (told,) = [f for f in result.report.findings if f.code == "MM731"]
    assert "two slashes" in told.message
    found = [c for c in result.report.verification.changes if "MM731" in str(c["explained_by"])]
    assert found


def test_trap_istio_2_a_prefix_rewrite_that_runs_into_the_next_element_is_not_passed_off() -> None:
    rule = {**match(uri={"prefix": "/foo/"}), "rewrite": {"uri": "/bar"}}
    result = moved(gateway([server("*")]), rules([rule]))
    assert "MM205" in codes(result)
    assert "filters" not in route_rules(result)[0]


def test_trap_istio_28_the_port_of_a_match_is_that_of_the_listener() -> None:
    on_81 = {**match(port=81), "timeout": "1s"}
    result = moved(
        gateway([server("*"), server("*", port=81)]), rules([on_81, {**TO_API, "timeout": "2s"}])
    )
    found = {
        spec_of(r)["parentRefs"][0]["sectionName"]: spec_of(r)["rules"][0]["timeouts"]["request"]
        for r in written(result, "HTTPRoute")
    }
    assert found == {"http-80": "2s", "http-81": "1s"}


def test_trap_istio_29_addresses_behind_a_gateway_are_the_gateways_and_of_clients_are_not_asked() -> (
    None
):
    for field, network in (("ipBlocks", True), ("remoteIpBlocks", False)):
        rule = {"from": [{"source": {field: ["203.0.113.0/24"]}}]}
        only = policy({"selector": {"matchLabels": {"app": "api"}}, "rules": [rule]})
        result = moved(gateway([server("*")]), rules([TO_API]), only)
        found = [
            n["cidr"]
            for made in written(result, "NetworkAuthentication")
            for n in spec_of(made)["networks"]
        ]
        assert ("203.0.113.0/24" in found) is network
        assert ("MM410" in codes(result)) is not network
    door = yaml.safe_load(policy({"selector": {"matchLabels": {"istio": "ingressgateway"}},
        "rules": [{"from": [{"source": {"remoteIpBlocks": ["203.0.113.0/24"]}}]}]}))  # fmt: skip
    door["metadata"]["namespace"] = "istio-system"
    result = moved(gateway([server("*")]), rules([TO_API]), yaml.safe_dump(door))
    (finding,) = [f for f in result.report.findings if f.code == "MM508"]
    assert (finding.severity, finding.impact) == ("blocker", "LOOSER")


def test_trap_istio_33_rules_for_a_gateway_are_not_for_the_mesh() -> None:
    result = moved(gateway([server("*")]), rules([TO_API], hosts=("api.shop.svc.cluster.local",)))
    parents = [p["kind"] for r in written(result, "HTTPRoute") for p in spec_of(r)["parentRefs"]]
    assert parents == ["Gateway"]
    both = rules([TO_API], hosts=("api.shop.svc.cluster.local",), gateways=("shop/front", "mesh"))
    result = moved(gateway([server("*")]), both)
    parents = [p["kind"] for r in written(result, "HTTPRoute") for p in spec_of(r)["parentRefs"]]
    assert sorted(parents) == ["Gateway", "Service"]


def test_trap_istio_37_at_a_gateway_the_rules_of_two_objects_concatenate() -> None:
    first = rules([match(uri={"exact": "/a"})], name="one")
    second = rules([match(uri={"exact": "/b"})], name="two")
    assert paths(moved(gateway([server("*")]), first, second)) == [("Exact", "/a"), ("Exact", "/b")]


def test_trap_istio_47_a_host_header_that_is_set_is_a_rewrite_of_the_host() -> None:
    rule = {**TO_API, "headers": {"request": {"set": {"Host": "inside.example.com"}}}}
    (made,) = route_rules(moved(gateway([server("*")]), rules([rule])))
    assert made["filters"] == [
        {"type": "URLRewrite", "urlRewrite": {"hostname": "inside.example.com"}}
    ]


def test_trap_linkerd_50_the_pods_of_the_gateway_must_be_in_the_mesh() -> None:
    result = moved(gateway([server("*")]), rules([TO_API]))
    (finding,) = [f for f in result.report.findings if f.code == "MM505"]
    assert "linkerd.io/inject" in finding.advice


AMBIENT = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient%s}}
"""


def test_trap_istio_43_gateways_of_an_ambient_mesh_heed_rules_that_the_mesh_does_not() -> None:
    both = rules([match(uri={"exact": "/x"})], hosts=("api.shop.svc.cluster.local",),
                 gateways=("shop/front", "mesh"))  # fmt: skip
    result = moved(AMBIENT % "", gateway([server("*")]), both)
    parents = [p["kind"] for r in written(result, "HTTPRoute") for p in spec_of(r)["parentRefs"]]
    assert parents == ["Gateway"]
    assert "MM107" in codes(result)


def test_trap_istio_43_what_a_waypoint_holds_to_comes_to_hold_for_ingress_too_and_is_told() -> None:
    own = yaml.safe_dump(
        {
            "apiVersion": "security.istio.io/v1",
            "kind": "AuthorizationPolicy",
            "metadata": {"name": "reads", "namespace": "shop"},
            "spec": {
                "targetRefs": [{"group": "", "kind": "Service", "name": "api"}],
                "rules": [{"to": [{"operation": {"methods": ["GET"]}}]}],
            },
        }
    )
    space = AMBIENT % ", istio.io/use-waypoint: way"
    text = "\n---\n".join((WORKLOAD, space, gateway([server("*")]), rules([TO_API]), own))
    result = to_linkerd(text, gateway_class="envoy")
    (finding,) = [f for f in result.report.findings if f.code == "MM402"]
    assert finding.impact == "STRICTER"


def test_trap_istio_5_a_host_without_a_dot_is_completed_with_the_namespace_of_its_rule() -> None:
    rule = {"route": [{"destination": {"host": "api", "port": {"number": 80}}}]}
    result = moved(gateway([server("*")]), rules([rule], namespace="front"))
    (made,) = route_rules(result)
    assert made["backendRefs"][0]["namespace"] == "front"


def test_trap_gateway_api_30_each_prefix_that_is_replaced_has_a_rule_of_its_own() -> None:
    rule = {
        "match": [{"uri": {"prefix": "/a/"}}, {"uri": {"prefix": "/b/"}}],
        **TO_API,
        "rewrite": {"uri": "/"},
    }
    result = moved(gateway([server("*")]), rules([rule]))
    moving = [r for r in route_rules(result) if "filters" in r]
    assert [len(r["matches"]) for r in moving] == [1, 1]
