"""Traps of writing configurations of the node's proxy, where that is allowed."""

from __future__ import annotations

import pytest
import yaml

from tests.exporters.cilium.envoy import (
    OUTLIERS,
    allowed,
    clusters,
    configs,
    listed,
    of_routes,
    only,
    resources,
    rule,
    unexplained,
)
from tests.exporters.linkerd.istio import WORKLOAD, policy, routes
from translator.report.model import Impact

API = [{"destination": {"host": "api"}}]
OTHER = [{"destination": {"host": "other"}}]
LIMITS = {"connectionPool": {"tcp": {"maxConnections": 10}}}


@pytest.mark.parametrize("version", ["1.19", "1.20", "1.20+experimental"])
def test_trap_cilium_41_a_limit_for_one_try_is_none_for_the_whole_request(version: str) -> None:
    """Where routes have no retries ``backendRequest`` would end the request: the proxy's own word for it is written."""
    tries = {"attempts": 3, "retryOn": "5xx", "perTryTimeout": "1s"}
    result = allowed(routes([{"route": API, "retries": tries, "timeout": "9s"}]), version=version)
    for spec in configs(result).values():
        (one,) = listed(spec)
        assert one["route"]["timeout"] == "9s"
        assert one["route"]["retry_policy"]["per_try_timeout"] == "1s"
    assert bool(configs(result)) is (version != "1.20+experimental")
    assert not [c for c in result.report.verification.changes if c["kind"] == "timeout"]


def test_trap_cilium_42_a_budget_is_a_share_and_no_number_of_tries() -> None:
    result = allowed(rule({"retryBudget": {"percent": 20.0, "minRetryConcurrency": 5}}))
    spec = only(result)
    (bounds,) = clusters(spec)["shop/api:80"]["circuit_breakers"]["thresholds"]
    assert bounds["retry_budget"]["budget_percent"] == {"value": 20}
    (one,) = listed(spec)
    assert one["route"]["retry_policy"]["num_retries"] == 2


def test_trap_cilium_46_a_service_is_led_by_one_object_alone() -> None:
    result = allowed(
        routes([{"match": [{"uri": {"prefix": "/a"}}], "route": OTHER}, {"route": API}]),
        rule(OUTLIERS),
        rule(LIMITS, host="other"),
    )
    led = [one["name"] for spec in configs(result).values() for one in spec["services"]]
    led += [
        parent["name"]
        for d in result.documents
        if d.resource.startswith("HTTPRoute/")
        for parent in d.value["spec"]["parentRefs"]  # type: ignore[index]
    ]
    assert sorted(led) == ["api", "other"]
    assert unexplained(result) == []


def test_trap_cilium_47_no_two_configurations_have_a_cluster_of_one_name() -> None:
    """Names with a slash are those of the whole cluster, so a second one would replace the first."""
    result = allowed(routes([{"route": OTHER}]), rule(OUTLIERS), rule(LIMITS, host="other"))
    names = [name for spec in configs(result).values() for name in clusters(spec)]
    assert sorted(names) == ["shop/api:80", "shop/other:80"]
    served = {
        cluster["edsClusterConfig"]["serviceName"]
        for spec in configs(result).values()
        for cluster in clusters(spec).values()
    }
    assert served == set(names)


def test_trap_cilium_48_the_router_has_the_name_before_which_policies_are_put() -> None:
    (listener,) = resources(only(allowed(rule(OUTLIERS))), "Listener")
    (chain,) = listener["filter_chains"]
    (manager,) = chain["filters"]
    assert manager["typed_config"]["http_filters"][-1]["name"] == "envoy.filters.http.router"


def test_trap_cilium_49_ports_are_numbers_and_those_of_backends_are_texts_by_another_name() -> None:
    spec = only(of_routes({"route": [{**API[0], "weight": 1}, {**OTHER[0], "weight": 1}]}))
    assert spec["services"] == [
        {"name": "api", "namespace": "shop", "ports": [80], "listener": "api"}
    ]
    assert spec["backendServices"] == [{"name": "other", "namespace": "shop", "number": ["80"]}]


def test_trap_cilium_50_every_route_says_its_time_limit_even_where_there_is_none() -> None:
    result = of_routes({"match": [{"uri": {"prefix": "/a"}}], "route": API, "timeout": "2s"}, {"route": API})  # fmt: skip
    assert [one["route"]["timeout"] for one in listed(only(result))] == ["2s", "0s"]
    (listener,) = resources(only(result), "Listener")
    (manager,) = listener["filter_chains"][0]["filters"]
    assert manager["typed_config"]["stream_idle_timeout"] == "0s"


def test_trap_cilium_51_gateway_errors_count_only_where_that_is_enforced() -> None:
    found = clusters(only(allowed(rule({"outlierDetection": {"consecutiveGatewayErrors": 3}}))))
    ejection = found["shop/api:80"]["outlier_detection"]
    assert ejection["consecutive_gateway_failure"] == 3
    assert ejection["enforcing_consecutive_gateway_failure"] == 100
    assert ejection["max_ejection_percent"] == 10


def test_trap_cilium_52_whose_numbers_they_are_is_told() -> None:
    result = allowed(rule({**OUTLIERS, **LIMITS}))
    told = {f.code: f for f in result.report.findings if "proxy of each node" in f.message}
    assert set(told) == {"MM304", "MM305"}
    assert {f.impact for f in told.values()} == {Impact.DIFFERENT}


def test_trap_cilium_53_and_54_no_filter_stands_before_the_router() -> None:
    """A limit of rates would be one for each node; the filter of faults is not built in."""
    fault = {"abort": {"httpStatus": 503, "percentage": {"value": 10}}}
    result = of_routes({"route": API, "fault": fault})
    (listener,) = resources(only(result), "Listener")
    (manager,) = listener["filter_chains"][0]["filters"]
    assert len(manager["typed_config"]["http_filters"]) == 1
    assert "MM301" in {f.code for f in result.report.findings}


def test_trap_cilium_60_a_headless_service_is_not_led_anywhere() -> None:
    headless = WORKLOAD.replace("selector:", "clusterIP: None\n  selector:")
    result = allowed(rule(OUTLIERS), base=headless)
    assert configs(result) == {}
    assert "MM380" in {f.code for f in result.report.findings}


def test_trap_cilium_70_no_policy_leads_to_a_listener() -> None:
    asked = {"rules": [{"to": [{"operation": {"methods": ["GET"]}}]}]}
    api = {"selector": {"matchLabels": {"app": "api"}}}
    result = allowed(policy({**api, **asked}), rule(OUTLIERS))
    found = [d for d in result.documents if d.resource.startswith("CiliumNetworkPolicy/")]
    assert found
    assert all("listener" not in yaml.safe_dump(d.value) for d in found)
