"""GRPCRoutes stay GRPCRoutes where a target heeds them and they say the same of every remote call."""

from __future__ import annotations

from typing import Any

import pytest

from tests.exporters.gateway_api.cel import broken
from translator import pipeline
from translator.pipeline import Result
from translator.report.model import Fate
from translator.source.load import load_text

SERVICES = "\n---\n".join(
    f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: shop}}\n"
    f"spec: {{selector: {{app: {name}}}, ports: [{{name: grpc, port: 70}}]}}"
    for name in ("api", "old", "new")
)
TO_NEW = "backendRefs: [{name: new, port: 70}]"
TO_OLD = "backendRefs: [{name: old, port: 70}]"
PLACE = "matches: [{method: {service: shop.Orders, method: Place}}]"
ORDERS = "matches: [{method: {service: shop.Orders}}]"


def calls(*rules: str, name: str = "r", parent: str = "api", kind: str = "GRPCRoute") -> str:
    """A route on a service by its rules."""
    items = ", ".join(f"{{{rule}}}" for rule in rules)
    return (
        f"apiVersion: gateway.networking.k8s.io/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: shop}}\n"
        f'spec: {{parentRefs: [{{group: "", kind: Service, name: {parent}, port: 70}}], rules: [{items}]}}'
    )


def moved(source: str, target: str, *texts: str) -> Result:
    """The translation; each leaf has a fate, each rule of the schemas holds, and the proof finds nothing unexplained."""
    loaded = load_text("\n---\n".join((SERVICES, *texts)))
    result = pipeline.translate_loaded(loaded, pipeline.options_of(loaded, source, target, {}))
    fates = {row.fate for row in result.report.ledger}
    assert not {Fate.DROPPED, Fate.STRANDED, Fate.UNREAD} & fates
    assert not {"MM901", "MM902", "MM903", "MM904"} & set(codes(result))
    for document in result.documents:
        if "gateway.networking" in document.api_version:
            assert broken(document.value) == [], document.text
    return result


def codes(result: Result) -> list[str]:
    """The codes of all findings."""
    return [finding.code for finding in result.report.findings]


def written(result: Result) -> dict[str, dict[str, Any]]:
    """The spec of each route by kind and name."""
    found: dict[str, dict[str, Any]] = {}
    for document in result.documents:
        value: Any = document.value
        if value["kind"].endswith("Route"):
            found[f"{value['kind']}/{value['metadata']['name']}"] = value["spec"]
    return found


PAIRS = (
    ("gateway-api", "cilium"),
    ("gateway-api", "linkerd"),
    ("cilium", "gateway-api"),
    ("cilium", "linkerd"),
    ("linkerd", "gateway-api"),
    ("linkerd", "cilium"),
    ("istio", "gateway-api"),
    ("istio", "cilium"),
)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_route_of_calls_stands_in_its_own_place(source: str, target: str) -> None:
    result = moved(source, target, calls(f"{PLACE}, {TO_NEW}", f"{ORDERS}, {TO_OLD}", TO_NEW))
    (spec,) = (written(result)["GRPCRoute/r"],)
    assert [rule.get("matches") for rule in spec["rules"]] == [
        [{"method": {"type": "Exact", "service": "shop.Orders", "method": "Place"}}],
        [{"method": {"type": "Exact", "service": "shop.Orders"}}],
        None,
    ]
    assert spec["parentRefs"][0]["port"] == 70
    assert "MM220" not in codes(result)


@pytest.mark.parametrize(
    ("source", "target", "told"),
    [
        ("gateway-api", "cilium", False),
        ("cilium", "gateway-api", False),
        ("istio", "gateway-api", False),
        ("gateway-api", "linkerd", True),
        ("linkerd", "gateway-api", True),
        ("linkerd", "cilium", True),
    ],
)
def test_that_others_than_calls_fare_otherwise_is_told(
    source: str, target: str, *, told: bool
) -> None:
    result = moved(source, target, calls(f"{PLACE}, {TO_NEW}", TO_OLD))
    assert ("MM227" in codes(result)) is told


@pytest.mark.parametrize(("source", "target"), [("gateway-api", "linkerd"), ("linkerd", "cilium")])
def test_where_no_rule_is_for_the_rest_paths_say_it_exactly(source: str, target: str) -> None:
    result = moved(source, target, calls(f"{PLACE}, {TO_NEW}"))
    assert set(written(result)) == {"HTTPRoute/api"}
    assert "MM227" not in codes(result)


@pytest.mark.parametrize("source", ["gateway-api", "cilium", "istio"])
def test_calls_by_headers_alone_are_no_calls_of_linkerd_which_would_fail_the_port(
    source: str,
) -> None:
    by_header = "matches: [{headers: [{name: x-env, value: a}]}]"
    result = moved(source, "linkerd", calls(f"{PLACE}, {TO_NEW}", f"{by_header}, {TO_NEW}", TO_OLD))
    assert not any(name.startswith("GRPCRoute") for name in written(result))
    assert "MM220" in codes(result)


def test_headers_shares_mirrors_and_filters_are_kept() -> None:
    rule = (
        "name: place, matches: [{method: {service: shop.Orders}, headers: [{name: x-env, value: a}]}], "
        "filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x, value: set}]}}, "
        "{type: ResponseHeaderModifier, responseHeaderModifier: {remove: [z]}}, "
        "{type: RequestMirror, requestMirror: {backendRef: {name: old, port: 70}}}], "
        "backendRefs: [{name: new, port: 70, weight: 9}, {name: old, port: 70, weight: 1}]"
    )
    (own,) = written(moved("gateway-api", "cilium", calls(rule)))["GRPCRoute/r"]["rules"]
    assert own["name"] == "place"
    assert own["matches"][0]["headers"] == [{"name": "x-env", "type": "Exact", "value": "a"}]
    assert [one["type"] for one in own["filters"]] == [
        "RequestHeaderModifier",
        "ResponseHeaderModifier",
        "RequestMirror",
    ]
    assert [one["weight"] for one in own["backendRefs"]] == [9, 1]


@pytest.mark.parametrize(
    ("target", "rule"),
    [
        ("cilium", "matches: [{method: {service: shop.+, type: RegularExpression}}]"),
        ("linkerd", "matches: [{headers: [{name: x, value: a.*, type: RegularExpression}]}]"),
        (
            "linkerd",
            "filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {remove: [z]}}]",
        ),
        ("cilium@1.16", PLACE),
    ],
)
def test_what_a_target_has_no_word_for_is_said_of_paths(target: str, rule: str) -> None:
    found = written(moved("gateway-api", target, calls(f"{rule}, {TO_NEW}", TO_OLD)))
    assert set(found) == {"HTTPRoute/api"}


def test_several_objects_of_one_service_become_one() -> None:
    one = calls(f"{PLACE}, {TO_NEW}", name="a")
    two = calls(f"{ORDERS}, {TO_OLD}", name="b")
    result = moved("gateway-api", "cilium", one, two)
    assert set(written(result)) == {"GRPCRoute/a"}
    assert "MM220" in codes(result)


def test_retries_that_are_written_out_need_a_route_of_requests() -> None:
    result = moved("istio", "linkerd", calls(f"{PLACE}, {TO_NEW}", TO_OLD))
    assert set(written(result)) == {"HTTPRoute/api"}
    assert set(written(moved("istio", "gateway-api@1.6+experimental", calls(TO_NEW)))) == {
        "HTTPRoute/api"
    }


def test_where_linkerd_is_told_of_http_it_heeds_no_calls() -> None:
    service = SERVICES.replace("port: 70}", "port: 70, appProtocol: http}")
    loaded = load_text("\n---\n".join((service, calls(f"{PLACE}, {TO_NEW}", TO_OLD))))
    options = pipeline.options_of(loaded, "gateway-api", "linkerd", {})
    assert set(written(pipeline.translate_loaded(loaded, options))) == {"HTTPRoute/api"}


def test_what_was_a_route_of_requests_stays_one() -> None:
    match = "matches: [{path: {type: Exact, value: /shop.Orders/Place}, method: POST}]"
    result = moved("gateway-api", "cilium", calls(f"{match}, {TO_NEW}", kind="HTTPRoute"))
    assert set(written(result)) == {"HTTPRoute/r"}


def test_the_order_of_methods_without_a_service_is_not_that_of_paths() -> None:
    method = "matches: [{method: {method: Place}}]"
    result = moved("gateway-api", "cilium", calls(f"{method}, {TO_NEW}", f"{ORDERS}, {TO_OLD}"))
    assert set(written(result)) == {"HTTPRoute/api"}


@pytest.mark.parametrize("target", ["cilium", "linkerd"])
def test_a_match_that_asks_for_nothing_is_none(target: str) -> None:
    result = moved("gateway-api", target, calls(f"matches: [{{}}], {TO_NEW}"))
    (rule,) = written(result)["GRPCRoute/r"]["rules"]
    assert "matches" not in rule


@pytest.mark.parametrize(
    ("source", "target"), [("gateway-api", "linkerd"), ("istio", "gateway-api")]
)
def test_calls_do_not_stand_beside_requests_on_one_service(source: str, target: str) -> None:
    own = calls(f"{PLACE}, {TO_NEW}", TO_OLD)
    of_clients = calls("backendRefs: [{name: new, namespace: shop, port: 70}]", kind="HTTPRoute")
    of_clients = of_clients.replace("name: r, namespace: shop", "name: r, namespace: web").replace(
        "kind: Service, name: api, port: 70}], rules",
        "kind: Service, name: api, namespace: shop, port: 70}], rules",
    )
    found = written(moved(source, target, own, of_clients))
    assert {name.partition("/")[0] for name in found} == {"HTTPRoute"}
