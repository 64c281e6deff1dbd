"""Configurations of the node's proxy: for which Services, with which routes, and how endpoints are treated."""

from __future__ import annotations

import pytest
import yaml

from ir.behaviour.delivery import spelt
from ir.model import Model
from ir.resilience import ConnectionLimits, LoadBalancing, Outliers, RetryBudget
from tests.exporters.cilium.envoy import (
    ANOTHER,
    OUTLIERS,
    TWO_PORTS,
    Json,
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
from tests.exporters.cilium.istio import to_cilium
from tests.exporters.cilium.test_routes import GATEWAY
from tests.exporters.linkerd.istio import WORKLOAD, routes
from tests.importers.cilium.envoy import usual
from tests.laws.own_round import own_round
from translator import pipeline
from translator.after import as_source, in_force
from translator.errors import TargetError
from translator.pipeline import Result
from translator.registry import load_importer
from translator.report.model import Impact, Severity
from translator.source.load import load_text

API = [{"destination": {"host": "api"}}]
OTHER = [{"destination": {"host": "other"}}]
TRIES = {"attempts": 2, "retryOn": "5xx", "perTryTimeout": "1s"}


def told(result: Result, code: str) -> list[str]:
    return [f.message for f in result.report.findings if f.code == code]


def exact(result: Result) -> bool:
    return result.report.verification.verdict == "EQUAL_EXACT"


# --- for which Services ----------------------------------------------------------------------------


def test_nothing_is_configured_unless_that_is_allowed() -> None:
    result = to_cilium("\n---\n".join((WORKLOAD, rule(OUTLIERS))))
    assert configs(result) == {}
    (finding,) = [f for f in result.report.findings if f.code == "MM380"]
    assert "--allow-envoy-config" in finding.advice


def test_a_service_of_which_nothing_asks_for_one_has_its_routes_of_gateway_api() -> None:
    result = allowed(routes([{"route": API, "timeout": "2s"}]))
    assert configs(result) == {}
    assert [d.resource for d in result.documents] == ["HTTPRoute/shop/api"]


def test_a_service_with_a_configuration_has_no_routes_of_gateway_api_beside() -> None:
    result = of_routes({"route": OTHER, "timeout": "2s"})
    assert {d.resource for d in result.documents} == {"CiliumEnvoyConfig/shop/api"}
    assert exact(result)


@pytest.mark.parametrize(
    ("version", "is_configured"),
    [("1.19", True), ("1.20", True), ("1.20+experimental", False)],
)
def test_tries_ask_for_a_configuration_where_routes_have_none(
    version: str,
    is_configured: bool,  # noqa: FBT001  # a parameter
) -> None:
    result = allowed(routes([{"route": API, "retries": TRIES}]), version=version)
    assert bool(configs(result)) is is_configured
    assert unexplained(result) == []


def test_a_service_whose_routes_lead_to_such_endpoints_has_one_too() -> None:
    """Its requests would go by clusters of Gateway API else, which know nothing of failing endpoints."""
    result = allowed(routes([{"route": OTHER}]), rule(OUTLIERS, host="other"))
    assert sorted(configs(result)) == ["api", "other"]
    api, other = configs(result)["api"], configs(result)["other"]
    assert clusters(api) == {}
    assert "outlier_detection" in clusters(other)["shop/other:80"]
    assert api["backendServices"] == [{"name": "other", "namespace": "shop", "number": ["80"]}]
    assert listed(api)[0]["route"]["cluster"] == "shop/other:80"
    assert exact(result)


def test_each_cluster_stands_in_one_configuration() -> None:
    result = allowed(
        routes([{"match": [{"uri": {"prefix": "/o"}}], "route": OTHER}, {"route": API}]),
        rule(OUTLIERS),
        rule(OUTLIERS, host="other"),
    )
    names = [name for spec in configs(result).values() for name in clusters(spec)]
    assert sorted(names) == ["shop/api:80", "shop/other:80"]
    assert exact(result)


def test_a_cluster_that_only_others_lead_to_stands_with_its_own_service() -> None:
    """The Service sends its own requests elsewhere, and says nothing of its endpoints."""
    tries = {"attempts": 1, "retryOn": "5xx"}
    elsewhere = routes([{"route": OTHER, "retries": tries}])
    here = routes([{"route": API, "retries": tries}], name="other")
    result = allowed(elsewhere, here.replace("- api\n", "- other\n", 1))
    assert {name: list(clusters(spec)) for name, spec in configs(result).items()} == {
        "api": ["shop/api:80"],
        "other": ["shop/other:80"],
    }
    assert exact(result)


def test_a_share_that_is_left_alone_is_all() -> None:
    shares = [{**API[0], "weight": 5}, {**OTHER[0], "weight": 0}]
    result = of_routes({"route": shares})
    (one,) = listed(only(result))
    assert one["route"]["cluster"] == "shop/api:80"
    assert exact(result)


def test_a_rule_for_some_clients_is_told_and_written_for_nobody() -> None:
    own = rule(
        {"loadBalancer": {"simple": "ROUND_ROBIN"}, **OUTLIERS}, host="api.shop.svc.cluster.local"
    )
    result = allowed(own.replace("namespace: shop", "namespace: web"))
    assert all("outlier_detection" not in c for s in configs(result).values() for c in clusters(s).values())  # fmt: skip
    assert "for some clients only" in told(result, "MM380")[0]


def test_of_several_ports_nothing_is_configured_and_that_is_told() -> None:
    result = allowed(rule(OUTLIERS), base=TWO_PORTS)
    assert configs(result) == {}
    assert "several ports (80, 81)" in told(result, "MM380")[0]


def test_why_routes_with_tries_have_no_configuration_is_told() -> None:
    result = allowed(routes([{"route": API, "retries": TRIES}]), base=TWO_PORTS)
    assert configs(result) == {}
    assert [m for m in told(result, "MM302") if "several ports (80, 81)" in m]
    assert {d.resource.partition("/")[0] for d in result.documents} == {"HTTPRoute"}


def test_a_rule_for_one_of_several_ports_is_written_for_that_port() -> None:
    own = {"portLevelSettings": [{"port": {"number": 81}, **OUTLIERS}]}
    spec = only(allowed(rule(own), base=TWO_PORTS))
    assert spec["services"][0]["ports"] == [81]
    assert list(clusters(spec)) == ["shop/api:81"]


def test_a_headless_service_has_no_address_to_be_led_from() -> None:
    result = allowed(
        rule(OUTLIERS), base=WORKLOAD.replace("selector:", "clusterIP: None\n  selector:")
    )
    assert configs(result) == {}
    assert "no address of its own" in told(result, "MM380")[0]


def test_a_service_that_is_not_listed_has_none() -> None:
    result = allowed(rule(OUTLIERS, host="elsewhere"))
    assert configs(result) == {}
    assert "not in the input" in told(result, "MM380")[0]


@pytest.mark.parametrize("kind", ["NodePort", "LoadBalancer", "ClusterIP"])
def test_requests_from_outside_by_such_a_service_are_told(kind: str) -> None:
    result = allowed(
        rule(OUTLIERS), base=WORKLOAD.replace("selector:", f"type: {kind}\n  selector:")
    )
    assert bool(told(result, "MM228")) is (kind != "ClusterIP")


def test_requests_by_a_gateway_are_told() -> None:
    text = f"{WORKLOAD}---\n{GATEWAY}---\n{rule(OUTLIERS)}"
    result = to_cilium(text, allow_envoy_config=True, gateway_class="cilium")
    assert "Service/shop/api by a Gateway" in told(result, "MM331")[0]
    assert not told(to_cilium(text, allow_envoy_config=True), "MM331")


def test_requests_by_routes_of_gateway_api_are_told() -> None:
    """A Service that can have no configuration sends requests to endpoints of one that has."""
    two = TWO_PORTS.replace("name: api", "name: two").replace("app: api", "app: two")
    more = routes([{"route": API}], name="two").replace("- api\n", "- two\n", 1)
    result = allowed(more, rule(OUTLIERS), base=f"{WORKLOAD}---\n{two}")
    assert sorted(configs(result)) == ["api"]
    assert "Service/shop/two that are sent to Service/shop/api" in told(result, "MM331")[0]
    assert unexplained(result) == []


def test_routes_for_cross_origin_requests_stay_those_of_gateway_api() -> None:
    cors = {"allowOrigins": [{"exact": "https://a.example"}]}
    result = of_routes({"route": API, "corsPolicy": cors})
    assert configs(result) == {}
    assert "cross-origin" in told(result, "MM380")[0]
    older = of_routes({"route": API, "corsPolicy": cors}, version="1.19")
    assert sorted(configs(older)) == ["api"]


@pytest.mark.parametrize("target", ["linkerd", "istio", "gateway-api"])
def test_other_targets_refuse_the_option(target: str) -> None:
    source = "cilium" if target == "istio" else "istio"
    with pytest.raises(TargetError, match="is for the target cilium"):
        pipeline.options_of(load_text(""), source, target, {"allow_envoy_config": True})


def test_a_configuration_that_is_there_keeps_its_name_and_is_doubted() -> None:
    """Of two that lead requests to one Service nobody says which counts."""
    own = {"services": [{"name": "api", "namespace": "shop"}], "resources": []}
    kind = {"apiVersion": "cilium.io/v2", "kind": "CiliumEnvoyConfig"}
    there = yaml.safe_dump({**kind, "metadata": {"name": "api", "namespace": "shop"}, "spec": own})
    result = allowed(rule(OUTLIERS), there)
    written = [d.resource for d in result.documents if not d.edited]
    assert written == ["CiliumEnvoyConfig/shop/api-2"]
    assert result.report.verification.verdict != "EQUAL_EXACT"


# --- endpoints -------------------------------------------------------------------------------------


def test_failing_endpoints_are_left_out_by_the_same_numbers() -> None:
    policy = {
        "outlierDetection": {
            "consecutive5xxErrors": 4,
            "consecutiveGatewayErrors": 3,
            "splitExternalLocalOriginErrors": True,
            "consecutiveLocalOriginFailures": 2,
            "interval": "7s",
            "baseEjectionTime": "20s",
            "maxEjectionPercent": 60,
            "minHealthPercent": 30,
        }
    }
    result = allowed(rule(policy))
    cluster = clusters(only(result))["shop/api:80"]
    assert cluster["outlier_detection"] == {
        "consecutive_5xx": 4,
        "consecutive_gateway_failure": 3,
        "enforcing_consecutive_gateway_failure": 100,
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": 2,
        "enforcing_local_origin_success_rate": 0,
        "interval": "7s",
        "base_ejection_time": "20s",
        "max_ejection_time": "300s",
        "max_ejection_percent": 60,
        "enforcing_success_rate": 0,
    }
    assert cluster["common_lb_config"] == {"healthy_panic_threshold": {"value": 30}}
    assert exact(result)
    assert "by the proxy of each node" in told(result, "MM304")[0]


def test_a_number_of_none_counts_nothing() -> None:
    policy = {"outlierDetection": {"consecutive5xxErrors": 0, "consecutiveGatewayErrors": 2}}
    result = allowed(rule(policy))
    ejection = clusters(only(result))["shop/api:80"]["outlier_detection"]
    assert (ejection["enforcing_consecutive_5xx"], ejection["consecutive_gateway_failure"]) == (
        0,
        2,
    )
    assert "consecutive_5xx" not in ejection
    assert exact(result)


def test_connections_that_fail_and_are_not_counted_are_no_errors_either() -> None:
    """From the same kind of configuration, where two have a number and one of them is not heeded."""
    said = {
        "consecutive_5xx": 4,
        "split_external_local_origin_errors": True,
        "enforcing_consecutive_local_origin_failure": 0,
        "enforcing_success_rate": 0,
    }
    loaded = load_text(usual(outlier_detection=said).text)
    options = pipeline.options_of(loaded, "cilium", "cilium", {"allow_envoy_config": True})
    ejection = clusters(only(own_round(loaded, options)))["shop/api:80"]["outlier_detection"]
    assert ejection["split_external_local_origin_errors"] is True
    assert ejection["enforcing_consecutive_local_origin_failure"] == 0
    assert "consecutive_local_origin_failure" not in ejection


def test_limits_that_are_not_written_are_none() -> None:
    """The agent fills in limits of its own where there is no block, and the proxy where one is left out."""
    policy = {"connectionPool": {"tcp": {"maxConnections": 100, "connectTimeout": "2s"}}}
    cluster = clusters(only(allowed(rule(policy))))["shop/api:80"]
    (bounds,) = cluster["circuit_breakers"]["thresholds"]
    none = 2**32 - 1
    assert bounds == {
        "priority": "DEFAULT",
        "max_connections": 100,
        "max_pending_requests": none,
        "max_requests": none,
        "max_retries": none,
    }
    assert cluster["connect_timeout"] == "2s"


def test_what_the_cluster_does_not_say_of_connections_is_told() -> None:
    policy = {"connectionPool": {"http": {"http2MaxRequests": 5, "maxRequestsPerConnection": 3}}}
    result = allowed(rule(policy))
    assert clusters(only(result))["shop/api:80"]["circuit_breakers"]["thresholds"][0]["max_requests"] == 5  # fmt: skip
    paths = {s.path for f in result.report.findings if f.code == "MM305" and f.fate == "lost" for s in f.sources}  # fmt: skip
    assert paths == {"spec.trafficPolicy.connectionPool.http.maxRequestsPerConnection"}


@pytest.mark.parametrize("word", ["ROUND_ROBIN", "LEAST_REQUEST", "RANDOM"])
def test_how_an_endpoint_is_picked_is_said_of_the_cluster(word: str) -> None:
    result = allowed(rule({"loadBalancer": {"simple": word}}))
    assert clusters(only(result))["shop/api:80"]["lb_policy"] == word
    assert told(result, "MM306") == []


def test_the_address_that_was_dialled_is_no_way_to_pick_an_endpoint() -> None:
    result = allowed(rule({"loadBalancer": {"simple": "PASSTHROUGH"}}))
    assert all("lb_policy" not in c for s in configs(result).values() for c in clusters(s).values())
    assert "by passthrough" in told(result, "MM306")[0]


def test_a_hash_is_told_and_the_rest_is_written() -> None:
    policy = {"loadBalancer": {"consistentHash": {"httpHeaderName": "x-user"}}, **OUTLIERS}
    result = allowed(rule(policy))
    assert "outlier_detection" in clusters(only(result))["shop/api:80"]
    assert len(told(result, "MM306")) == 1


def test_a_budget_of_tries_stands_with_the_limits() -> None:
    policy = {"retryBudget": {"percent": 25.0, "minRetryConcurrency": 7}}
    spec = only(allowed(rule(policy)))
    (bounds,) = clusters(spec)["shop/api:80"]["circuit_breakers"]["thresholds"]
    assert bounds["retry_budget"] == {
        "budget_percent": {"value": 25},
        "min_retry_concurrency": 7,
    }


def test_a_part_of_the_endpoints_has_what_is_said_of_it_alone() -> None:
    """It is a Service of its own, with a configuration of its own; other parts have what is said of the whole."""
    subsets = [
        {"name": "v1", "labels": {"version": "v1"}},
        {"name": "v2", "labels": {"version": "v2"}, "trafficPolicy": {"outlierDetection": {"consecutive5xxErrors": 9}}},
    ]  # fmt: skip
    to = [{"destination": {"host": "api", "subset": name}, "weight": 50} for name in ("v1", "v2")]
    second = WORKLOAD.partition("---")[2].replace("name: api, ns", "name: api2, ns")
    second = second.replace("name: api, namespace", "name: api-2, namespace").replace("v1", "v2")
    result = allowed(second, routes([{"route": to}]), rule(OUTLIERS, subsets=subsets))
    specs = configs(result)
    assert sorted(specs) == ["api", "api-v1", "api-v2"]
    errors = {
        name: cluster["outlier_detection"]["consecutive_5xx"]
        for spec in specs.values()
        for name, cluster in clusters(spec).items()
    }
    assert errors == {"shop/api:80": 4, "shop/api-v1:80": 4, "shop/api-v2:80": 9}
    assert unexplained(result) == []
    assert not [c for c in result.report.verification.changes if c["kind"].startswith("ejection")]  # type: ignore[attr-defined]


# --- routes ----------------------------------------------------------------------------------------


def test_rules_keep_their_order_and_need_no_other() -> None:
    """A prefix before what is longer: the order of Gateway API would turn them round."""
    result = of_routes(
        {"match": [{"uri": {"prefix": "/a"}}], "route": API},
        {"match": [{"uri": {"prefix": "/a/b"}}], "route": OTHER},
        {"route": OTHER},
    )
    assert [one["match"] for one in listed(only(result))] == [
        {"prefix": "/a"},
        {"prefix": "/a/b"},
        {"prefix": "/"},
    ]
    assert exact(result)


def test_without_a_rule_for_the_rest_it_is_not_found_as_in_the_source() -> None:
    result = of_routes({"match": [{"uri": {"exact": "/a"}}], "route": API})
    assert len(listed(only(result))) == 1
    assert exact(result)


def test_alternatives_are_routes_of_their_own() -> None:
    match = [{"uri": {"prefix": "/a"}, "method": {"regex": "GET|HEAD"}}, {"uri": {"regex": "/[0-9]+"}}]  # fmt: skip
    result = of_routes({"match": match, "route": API}, {"route": OTHER})
    first, second, _ = listed(only(result))
    assert first["match"] == {
        "prefix": "/a",
        "headers": [{"name": ":method", "string_match": {"safe_regex": {"regex": "GET|HEAD"}}}],
    }
    assert second["match"] == {"safe_regex": {"regex": "/[0-9]+"}}
    assert exact(result)


def test_a_path_in_any_case_is_an_expression() -> None:
    result = of_routes({"match": [{"uri": {"exact": "/Ab"}, "ignoreUriCase": True}], "route": API})
    (one,) = listed(only(result))
    assert "safe_regex" in one["match"]
    assert exact(result)


def test_tries_are_said_by_the_proxys_words_and_by_statuses() -> None:
    tries = {"attempts": 3, "retryOn": "gateway-error,reset,429", "perTryTimeout": "500ms", "backoff": "25ms"}  # fmt: skip
    result = of_routes({"route": API, "retries": tries})
    (one,) = listed(only(result))
    assert one["route"]["retry_policy"] == {
        "retry_on": "gateway-error,reset,retriable-status-codes",
        "num_retries": 3,
        "per_try_timeout": "0.5s",
        "retriable_status_codes": [429],
        "retry_back_off": {"base_interval": "0.025s"},
    }
    assert exact(result)


def test_no_tries_are_none_at_all() -> None:
    result = of_routes({"route": API, "retries": {"attempts": 0}})
    (one,) = listed(only(result))
    assert "retry_policy" not in one["route"]
    assert exact(result)


def test_the_tries_of_the_source_are_written_where_nothing_is_said() -> None:
    result = of_routes({"route": API})
    (one,) = listed(only(result))
    assert one["route"]["retry_policy"]["num_retries"] == 2
    text = "\n---\n".join((WORKLOAD, rule(OUTLIERS)))
    adopted = to_cilium(text, allow_envoy_config=True, defaults="adopt")
    (other,) = listed(only(adopted))
    assert "retry_policy" not in other["route"]


@pytest.mark.parametrize(
    ("percent", "share"),
    [(0.5, (50, "TEN_THOUSAND")), (10, (10, "HUNDRED")), (0.0001, (1, "MILLION"))],
)
def test_a_share_of_mirrors_below_one_percent_is_said(percent: float, share: tuple[int, str]) -> None:  # fmt: skip
    mirror = {"destination": {"host": "other"}, "percentage": {"value": percent}}
    result = of_routes({"route": API, "mirrors": [mirror]})
    (one,) = listed(only(result))
    (policy,) = one["route"]["request_mirror_policies"]
    value = policy["runtime_fraction"]["default_value"]
    assert (value["numerator"], value["denominator"]) == share
    assert policy["cluster"] == "shop/other:80"
    assert exact(result)


@pytest.mark.parametrize(
    ("match", "rewrite", "said"),
    [
        ({"exact": "/a"}, {"uri": "/b"}, {"prefix_rewrite": "/b"}),
        ({"prefix": "/a/"}, {"uri": "/"}, {"prefix_rewrite": "/"}),
        ({"regex": "/a.*"}, {"uri": "/b"}, {"regex_rewrite": {"pattern": {"regex": "/.*"}, "substitution": "/b"}}),
        ({"prefix": "/a"}, {"uriRegexRewrite": {"match": "/a/(.*)", "rewrite": "/\\1"}},
         {"regex_rewrite": {"pattern": {"regex": "/a/(.*)"}, "substitution": "/\\1"}}),
        ({"prefix": "/"}, {"authority": "b.example"}, {"host_rewrite_literal": "b.example"}),
    ],
)  # fmt: skip
def test_what_replaces_paths_and_hosts(match: Json, rewrite: Json, said: Json) -> None:
    result = of_routes({"match": [{"uri": match}], "route": API, "rewrite": rewrite})
    (one,) = listed(only(result))
    assert {key: one["route"].get(key) for key in said} == said
    assert exact(result)


def test_an_answer_keeps_its_status_and_its_text() -> None:
    answer = {"status": 451, "body": {"string": "no"}}
    result = of_routes({"directResponse": answer})
    (one,) = listed(only(result))
    assert one["direct_response"] == {"status": 451, "body": {"inline_string": "no"}}
    assert exact(result)


def test_edits_of_headers_for_one_of_several_destinations_are_told() -> None:
    own = {"headers": {"request": {"set": {"x-a": "1"}}}}
    shares = [{**API[0], "weight": 1, **own}, {**OTHER[0], "weight": 1}]
    result = of_routes({"route": shares})
    assert "for one of several destinations" in told(result, "MM205")[0]
    alone = of_routes({"route": [{**API[0], **own}]})
    (one,) = listed(only(alone))
    assert one["request_headers_to_add"][0]["header"] == {"key": "x-a", "value": "1"}


def test_a_text_that_the_proxy_would_fill_in_is_told() -> None:
    result = of_routes({"route": API, "headers": {"request": {"set": {"x-a": "%PROTOCOL%"}}}})
    (one,) = listed(only(result))
    assert "request_headers_to_add" not in one
    assert "%PROTOCOL%" in told(result, "MM205")[0]


def test_a_destination_that_is_not_known_leaves_its_rule_out() -> None:
    outside = [{"destination": {"host": "outside.example"}}]
    result = of_routes({"match": [{"uri": {"prefix": "/x"}}], "route": outside}, {"route": API})
    assert [one["match"] for one in listed(only(result))] == [{"prefix": "/"}]
    assert unexplained(result) == []
    assert told(result, "MM203")


# --- never wider -----------------------------------------------------------------------------------


def test_the_listener_is_of_the_form_into_which_the_agent_puts_its_policies() -> None:
    """No address, no annotation, and the router by its name (pkg/ciliumenvoyconfig ``injectCiliumL7Filter``)."""
    result = of_routes({"route": API})
    (document,) = [d for d in result.documents if d.resource.startswith("CiliumEnvoyConfig/")]
    assert "cec.cilium.io/" not in yaml.safe_dump(document.value)
    (listener,) = resources(only(result), "Listener")
    assert "address" not in listener
    (manager,) = listener["filter_chains"][0]["filters"]
    names = [one["name"] for one in manager["typed_config"]["http_filters"]]
    assert names == ["envoy.filters.http.router"]


def test_who_may_call_is_said_by_the_same_policies_as_without_a_configuration() -> None:
    policy = yaml.safe_dump(
        {
            "apiVersion": "security.istio.io/v1",
            "kind": "AuthorizationPolicy",
            "metadata": {"name": "p", "namespace": "shop"},
            "spec": {
                "selector": {"matchLabels": {"app": "api"}},
                "rules": [{"to": [{"operation": {"methods": ["GET"], "paths": ["/a*"]}}]}],
            },
        }
    )
    base = WORKLOAD + "---\n" + ANOTHER
    with_one = allowed(policy, rule(OUTLIERS))
    without = to_cilium(f"{base}\n---\n{policy}")
    policies = [
        [d.value for d in one.documents if d.resource.startswith("CiliumNetworkPolicy/")]
        for one in (with_one, without)
    ]
    assert policies[0] == policies[1] != []
    wider = [
        {f.message for f in one.report.findings if f.impact is Impact.LOOSER}
        for one in (with_one, without)
    ]
    assert wider[0] == wider[1]


# --- what is written is what was meant -------------------------------------------------------------

FULL: Json = {
    "outlierDetection": {"consecutive5xxErrors": 4, "consecutiveGatewayErrors": 2, "interval": "7s", "minHealthPercent": 20},
    "connectionPool": {"tcp": {"maxConnections": 9, "connectTimeout": "250ms"}, "http": {"http2MaxRequests": 8, "maxRetries": 7}},
    "loadBalancer": {"simple": "RANDOM"},
}  # fmt: skip
BUDGET: Json = {"retryBudget": {"percent": 12.5, "minRetryConcurrency": 4}}


def treated(model: Model) -> list[str]:
    """What is said of endpoints, without its trails."""
    kinds = (Outliers, ConnectionLimits, RetryBudget, LoadBalancing)
    found = (f"{type(f).__name__} {spelt(f)}" for f in model.facts if isinstance(f, kinds))
    return sorted(found)


@pytest.mark.parametrize("policy", [FULL, BUDGET, {**FULL, **BUDGET}, OUTLIERS])
def test_what_is_said_of_endpoints_is_read_back_as_it_was_meant(policy: Json) -> None:
    text = "\n---\n".join((WORKLOAD, rule(policy)))
    result = to_cilium(text, allow_envoy_config=True)
    there = in_force(load_text(text), result, result.options)
    after = load_importer("cilium")(there.resources, as_source(result.options)).model
    assert treated(after) == treated(result.legal) != []
    assert other_keys(after) == set()


def other_keys(model: Model) -> set[str]:
    """Defaults of the target that come with a cluster which says less than it could."""
    return {default.key for default in model.defaults} - {"Route.retry"}


def test_an_alternative_of_a_refusal_that_cannot_be_asked_for_is_a_blocker() -> None:
    match = [{"uri": {"exact": "/a"}}, {"withoutHeaders": {"x-b": {}}}]
    result = of_routes({"match": match, "directResponse": {"status": 403}}, {"route": API})
    assert [one["match"] for one in listed(only(result))] == [{"path": "/a"}, {"prefix": "/"}]
    (finding,) = [f for f in result.report.findings if f.code == "MM201"]
    assert (finding.impact, finding.severity) == (Impact.LOOSER, Severity.BLOCKER)
    assert unexplained(result) == []


def test_a_refusal_whose_requests_cannot_be_asked_for_is_a_blocker() -> None:
    """Without it they pass."""
    long = "x" * 1200
    refusing = {
        "match": [{"uri": {"exact": f"/{long}"}, "ignoreUriCase": True}],
        "directResponse": {"status": 403},
    }
    result = of_routes(refusing, {"route": API})
    assert len(listed(only(result))) == 1
    (finding,) = [f for f in result.report.findings if f.code == "MM201"]
    assert (finding.impact, finding.severity) == (Impact.LOOSER, Severity.BLOCKER)
