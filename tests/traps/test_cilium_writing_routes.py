"""Traps of writing routes of services for Cilium."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.exporters.cilium.istio import policies, policy, to_cilium, translated
from tests.exporters.cilium.test_routes import GATEWAY
from tests.exporters.linkerd.istio import WORKLOAD, routes
from translator.pipeline import Result
from translator.report.model import Impact

API = [{"destination": {"host": "api"}}]
OTHER = WORKLOAD.replace("name: api,", "name: other,").replace("app: api", "app: other")


def written(*http: object, more: str = "") -> tuple[dict[str, Any], Result]:
    result = to_cilium(
        "\n---\n".join((WORKLOAD, OTHER, routes([*http]), *([more] if more else [])))
    )
    found: list[Any] = [d.value for d in result.documents if d.resource.startswith("HTTPRoute")]
    (document,) = found
    return document["spec"], result


def test_trap_cilium_36_a_route_has_its_service_as_parent_and_no_host() -> None:
    spec, _ = written({"route": API})
    assert "hostnames" not in spec
    assert [p["name"] for p in spec["parentRefs"]] == ["api"]


def test_trap_cilium_37_a_parent_names_its_port() -> None:
    spec, _ = written({"route": API})
    assert [p["port"] for p in spec["parentRefs"]] == [80]


def test_trap_cilium_40_tries_are_not_written_where_they_do_nothing() -> None:
    spec, result = written({"route": API, "retries": {"attempts": 3, "retryOn": "5xx"}})
    assert all("retry" not in rule for rule in spec["rules"])
    assert Impact.DIFFERENT in {f.impact for f in result.report.findings if f.code == "MM302"}


def test_trap_cilium_44_shares_stand_as_they_are() -> None:
    two = [{**API[0], "weight": 9}, {"destination": {"host": "other"}, "weight": 1}]
    spec, _ = written({"route": two})
    (rule,) = spec["rules"]
    assert [b["weight"] for b in rule["backendRefs"]] == [9, 1]


def test_trap_cilium_45_a_prefix_of_text_is_no_prefix_of_elements() -> None:
    spec, _ = written(
        {"match": [{"uri": {"prefix": "/foo"}}], "route": API},
        {"route": [{"destination": {"host": "other"}}]},
    )
    paths = [m["path"] for rule in spec["rules"] for m in rule.get("matches", [])]
    assert {"type": "PathPrefix", "value": "/foo"} not in paths
    assert [p for p in paths if p["type"] == "RegularExpression" and "/foo" in p["value"]]


def test_trap_cilium_34_who_lets_the_old_gateway_in_is_told_the_identity_of_the_new_one() -> None:
    """It is that of every Gateway of Cilium's, so it is let in by nobody but who decides it."""
    account = "cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account"
    result = by_gateway({"from": [{"source": {"principals": [account]}}]})
    entities = [e for p in policies(result).values() for i in p["ingress"] for e in i.get("fromEntities", [])]  # fmt: skip
    assert "ingress" not in entities
    (told,) = [f for f in result.report.findings if f.code == "MM507"]
    assert told.impact is Impact.STRICTER
    assert "fromEntities: [ingress]" in told.advice


def test_trap_cilium_35_addresses_behind_a_gateway_are_not_those_of_clients() -> None:
    """The pod sees the Gateway: a block of addresses there lets in nobody who comes by it."""
    result = by_gateway({"from": [{"source": {"ipBlocks": ["192.0.2.0/24"]}}]})
    (found,) = policies(result).values()
    peers = [item for item in found["ingress"] if "fromCIDRSet" in item or "fromCIDR" in item]
    assert len(peers) == len(found["ingress"]) == 1
    changes = result.report.verification.changes
    wider = [c["witness"]["source"] for c in changes if c["kind"] == "newly_allowed"]  # type: ignore[index]
    assert set(wider) == {"a health check of the node"}


def by_gateway(rule: object) -> Result:
    text = policy({"selector": {"matchLabels": {"app": "api"}}, "rules": [rule]}, name="p")
    return translated(GATEWAY, text, gateway_class="cilium")


def test_trap_cilium_38_rules_for_some_clients_are_not_put_upon_all() -> None:
    match = [{"uri": {"prefix": "/a"}, "sourceNamespace": "web"}]
    spec, result = written({"match": match, "route": [{"destination": {"host": "other"}}]}, {"route": API})  # fmt: skip
    names = [b["name"] for rule in spec["rules"] for b in rule["backendRefs"]]
    assert names == ["api"]
    assert "MM208" in {f.code for f in result.report.findings}


def test_trap_cilium_39_a_part_of_the_endpoints_is_a_service_that_selects_it_alone() -> None:
    subset = {"name": "v1", "labels": {"version": "v1"}}
    rule = {"host": "api", "subsets": [subset]}
    text = yaml.safe_dump(
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "DestinationRule",
            "metadata": {"name": "api", "namespace": "shop"},
            "spec": rule,
        }
    )
    spec, result = written({"route": [{"destination": {"host": "api", "subset": "v1"}}]}, more=text)
    assert [b["name"] for rule in spec["rules"] for b in rule["backendRefs"]] == ["api-v1"]
    (made,) = [d.value for d in result.documents if d.resource == "Service/shop/api-v1"]
    assert made["spec"]["selector"] == {"app": "api", "version": "v1"}  # type: ignore[index]


@pytest.mark.parametrize("version", ["1.19", "1.20"])
def test_trap_cilium_41_a_limit_for_one_try_goes_with_the_tries(version: str) -> None:
    """Alone it would be one for the whole request."""
    tries = {"attempts": 3, "perTryTimeout": "1s"}
    text = "\n---\n".join((WORKLOAD, routes([{"route": API, "retries": tries, "timeout": "9s"}])))
    result = to_cilium(text, version)
    (document,) = [d.value for d in result.documents if d.resource.startswith("HTTPRoute")]
    (rule,) = document["spec"]["rules"]  # type: ignore[index]
    assert rule["timeouts"] == {"request": "9s"}
    assert "MM303" in {f.code for f in result.report.findings}


def test_trap_cilium_42_a_budget_is_told_and_no_number_of_tries() -> None:
    budget = {"host": "api", "trafficPolicy": {"retryBudget": {"percent": 20.0}}}
    text = yaml.safe_dump(
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "DestinationRule",
            "metadata": {"name": "api", "namespace": "shop"},
            "spec": budget,
        }
    )
    spec, result = written({"route": API}, more=text)
    assert all("retry" not in rule for rule in spec["rules"])
    (told,) = [f for f in result.report.findings if f.code == "MM302"]
    assert "--allow-envoy-config" in told.advice


def test_trap_cilium_43_a_share_below_one_percent_is_left_out_and_not_rounded_up() -> None:
    mirror = {"destination": {"host": "other"}, "percentage": {"value": 0.5}}
    spec, result = written({"route": API, "mirrors": [mirror]})
    kinds = [f["type"] for rule in spec["rules"] for f in rule.get("filters", [])]
    assert kinds == []
    (told,) = [f for f in result.report.findings if f.code == "MM206"]
    assert "below one percent" in told.message


def test_trap_cilium_60_a_headless_service_has_no_routes() -> None:
    headless = WORKLOAD.replace("selector:", "clusterIP: None\n  selector:")
    result = to_cilium("\n---\n".join((headless, routes([{"route": API, "timeout": "2s"}]))))
    assert not [d for d in result.documents if d.resource.startswith("HTTPRoute")]
    (told,) = [f for f in result.report.findings if f.code == "MM207"]
    assert "no address of its own" in told.message
