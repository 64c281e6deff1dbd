"""Traps of gateways, on real translations."""

from __future__ import annotations

from tests.exporters.linkerd.istio import spec_of, written
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
