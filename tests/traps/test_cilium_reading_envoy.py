"""What is easily read wrong in configurations of the node's proxy, and what becomes of it in a mesh."""

from __future__ import annotations

import pytest

from ir.model import Fact
from ir.opaque import Column, Intent, Opaque
from ir.resilience import ConnectionLimits, Outliers, RetryBudget, StateScope
from ir.traffic import NoMatch, RouteTable
from tests.importers.cilium.envoy import (
    ENVOY,
    Shop,
    cluster,
    config,
    filters,
    listener,
    route,
    routes,
    to_api,
    usual,
)
from translator.report.model import Impact, Severity


def only(shop: Shop, kind: type[Fact]) -> Fact:
    (found,) = [fact for fact in shop.facts if isinstance(fact, kind)]
    return found


def whole(shop: Shop) -> Opaque:
    """The configuration that is kept whole."""
    assert not [fact for fact in shop.facts if isinstance(fact, RouteTable)]
    found = only(shop, Opaque)
    assert isinstance(found, Opaque)
    assert Column.ROUTING in found.may_touch
    return found


def table(shop: Shop) -> RouteTable:
    found = only(shop, RouteTable)
    assert isinstance(found, RouteTable)
    return found


def filter_of(kind: str, version: str = "v3") -> dict[str, object]:
    name = f"extensions.filters.http.{kind}.{version}.Any"
    return {"name": kind, "typed_config": {"@type": f"{ENVOY}.{name}", "stat_prefix": "x"}}


def before_router(kind: str) -> Shop:
    own = listener(http_filters=filters(filter_of(kind)))
    return Shop(config(own, routes(route()), cluster()))


def test_trap_cilium_26_a_check_of_tokens_is_no_rule_that_could_be_dropped() -> None:
    shop = before_router("jwt_authn")
    piece = only(shop, Opaque)
    assert isinstance(piece, Opaque)
    assert (piece.intent, Column.ACCESS in piece.may_touch) == (Intent.TOKEN_CHECK, True)
    for target in ("istio", "linkerd"):
        (finding,) = [f for f in shop.to(target).report.findings if f.code == "MM801"]
        assert (finding.impact, finding.severity) == (Impact.LOOSER, Severity.BLOCKER)


def test_trap_cilium_42_a_budget_is_a_share_of_the_requests_and_no_number_of_tries() -> None:
    budget = {"retry_budget": {"budget_percent": {"value": 25.0}}}
    found = only(usual(circuit_breakers={"thresholds": [budget]}), RetryBudget)
    assert isinstance(found, RetryBudget)
    assert found.percent is not None
    assert found.at_least is not None
    assert (found.percent.value, found.at_least.value) == (25.0, 3)
    assert table(usual()).routes[0].retry is None


def test_trap_cilium_46_of_two_redirects_of_one_service_nobody_knows_which_counts() -> None:
    one = config(listener(), routes(route()), cluster())
    other = config(listener(), routes(route()), cluster("own"), name="other")
    pieces = [f for f in Shop(one, other).facts if isinstance(f, Opaque)]
    assert len(pieces) == 2
    assert not [f for f in Shop(one, other).facts if isinstance(f, RouteTable)]


def test_trap_cilium_46_a_route_of_gateway_api_beside_puts_the_configuration_in_doubt() -> None:
    gamma = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "api", "namespace": "shop"},
        "spec": {
            "parentRefs": [{"group": "", "kind": "Service", "name": "api", "port": 80}],
            "rules": [{"backendRefs": [{"name": "api", "port": 80}]}],
        },
    }
    shop = Shop(config(listener(), routes(route()), cluster()), gamma)
    piece = only(shop, Opaque)
    assert isinstance(piece, Opaque)
    assert "redirects too" in piece.kind


def test_trap_cilium_47_names_of_clusters_with_a_slash_belong_to_everybody() -> None:
    one = config(listener(), routes(route()), cluster())
    other = config(listener(), routes(route(route={"cluster": "shop/api"})), cluster(), name="other",
                   services=[{"name": "web", "namespace": "shop"}])  # fmt: skip
    pieces = [f for f in Shop(one, other).facts if isinstance(f, Opaque)]
    assert len(pieces) == 2
    private = cluster("mine", eds_cluster_config={"service_name": "shop/api"})
    own = config(listener(), routes(route(route={"cluster": "mine"})), private)
    assert table(Shop(own)).routes[0].backends[0].destination.name.value == "api"


def test_trap_cilium_48_under_another_name_of_the_router_no_policy_is_enforced() -> None:
    own = listener(http_filters=filters(router="router"))
    piece = whole(Shop(config(own, routes(route()), cluster())))
    assert Column.ACCESS in piece.may_touch
    assert "envoy.filters.http.router" in piece.kind


def test_trap_cilium_49_ports_of_the_other_list_are_dropped() -> None:
    """Of a Service the ports are ``ports``, of a backend ``number``; the other field says nothing."""
    named = {"name": "api", "namespace": "shop"}
    right = Shop(config(listener(), routes(route()), cluster("shop/api:80", eds_cluster_config={"service_name": "shop/api:80"}),
                        services=[{**named, "ports": [80]}]))  # fmt: skip
    assert (
        table(
            Shop(
                config(
                    listener(), routes(route()), cluster(), services=[{**named, "number": ["80"]}]
                )
            )
        ).attachment.ports
        == ()
    )
    wrong = Shop(
        config(listener(), routes(route()), cluster(), services=[{**named, "number": ["80"]}])
    )
    assert [i.why for i in wrong.read.model.inactive] == [
        "this field belongs to the other list of Services: the API server drops it"
    ]
    assert "shop/api is not there" in whole(right).kind


def test_trap_cilium_50_a_route_without_a_time_limit_has_the_proxys_own() -> None:
    (own,) = table(usual(route(route={"cluster": "shop/api"}))).routes
    assert own.timeouts is not None
    assert own.timeouts.request is not None
    assert own.timeouts.request.value == 15.0
    assert own.timeouts.request.stated_by is not None
    (none,) = table(usual(route("/", **to_api(timeout="0s")))).routes
    assert none.timeouts is None
    text = "\n".join(
        d.text for d in usual(route(route={"cluster": "shop/api"})).to("istio").documents
    )
    assert "timeout: 15s" in text


def test_trap_cilium_51_failures_are_counted_by_the_proxy_of_the_node() -> None:
    counted = {"consecutive_gateway_failure": 3, "enforcing_success_rate": 0}
    found = only(usual(outlier_detection=counted), Outliers)
    assert isinstance(found, Outliers)
    assert found.scope is StateScope.NODE
    assert found.consecutive_errors is not None
    assert found.consecutive_errors.value == 5, "on where nothing is said of it"
    assert found.consecutive_gateway_errors is None, "counted, and nobody is left out for it"
    counted["enforcing_consecutive_gateway_failure"] = 100
    found = only(usual(outlier_detection=counted), Outliers)
    assert isinstance(found, Outliers)
    assert found.consecutive_gateway_errors is not None
    assert found.consecutive_gateway_errors.value == 3


def test_trap_cilium_51_a_low_rate_of_success_counts_unless_it_is_switched_off() -> None:
    keys = {d.key for d in usual(outlier_detection={"consecutive_5xx": 3}).read.model.defaults}
    assert "Outliers.success_rate" in keys


def test_trap_cilium_52_limits_are_those_of_a_node_and_there_without_a_word() -> None:
    shop = usual(circuit_breakers={"thresholds": [{"max_requests": 10}]})
    found = only(shop, ConnectionLimits)
    assert isinstance(found, ConnectionLimits)
    assert found.scope is StateScope.NODE
    assert "ConnectionLimits" not in {d.key for d in shop.read.model.defaults}
    assert "ConnectionLimits" in {d.key for d in usual().read.model.defaults}


def test_trap_cilium_53_a_limit_of_requests_is_a_piece_of_its_own() -> None:
    shop = before_router("local_ratelimit")
    piece = only(shop, Opaque)
    assert isinstance(piece, Opaque)
    assert piece.intent is Intent.LOCAL_RATE_LIMIT
    assert table(shop).routes


@pytest.mark.parametrize("kind", ["fault", "lua"])
def test_trap_cilium_54_a_filter_that_the_image_may_lack_leaves_all_in_doubt(kind: str) -> None:
    """The agent takes it and the proxy may refuse the listener with it."""
    assert Column.ACCESS in whole(before_router(kind)).may_touch


def test_trap_cilium_60_what_has_no_address_is_not_redirected() -> None:
    shop = Shop(config(listener(), routes(route()), cluster()))
    shop.text = shop.text.replace(
        "spec:\n  selector: {app: api}\n", "spec:\n  clusterIP: None\n  selector: {app: api}\n"
    )
    assert not [f for f in shop.facts if isinstance(f, (RouteTable, Opaque))]
    assert ["headless" in i.why for i in shop.read.model.inactive] == [True]
    assert table(usual()).no_match is NoMatch.NOT_FOUND
