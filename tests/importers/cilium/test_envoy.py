"""Configurations of the node's proxy: what is understood, and what is kept whole."""

from __future__ import annotations

import pytest

from ir.match import Part, PathForm, Pattern, PatternKind
from ir.opaque import Column, Opaque
from ir.resilience import ConnectionLimits, LoadBalancing, Outliers, RetryCondition
from ir.traffic import HeaderAction, HeaderSide, Order, Route, RouteTable
from tests.importers.cilium.envoy import (
    Shop,
    cluster,
    config,
    listener,
    route,
    routes,
    to_api,
    usual,
)
from tests.laws.soundness import faults
from translator.report.model import Fate

TARGETS = ("istio", "linkerd", "gateway-api")


def tables(shop: Shop) -> list[RouteTable]:
    return [fact for fact in shop.facts if isinstance(fact, RouteTable)]


def first(shop: Shop) -> Route:
    (table,) = tables(shop)
    return table.routes[0]


SHIFT = {"clusters": [{"name": "shop/api", "weight": 90}, {"name": "shop/api-v2", "weight": 10}]}


def rich(**back: object) -> dict[str, object]:
    """A configuration with all that is understood; ``back``: what is said of the ports of the other Service."""
    return config(
    listener(),
    routes(
        {
            "match": {
                "path_separated_prefix": "/a",
                "headers": [{"name": "X-A", "string_match": {"exact": "v"}}, {"name": ":method", "string_match": {"exact": "GET"}}],
                "query_parameters": [{"name": "q", "present_match": True}],
            },
            "route": {
                "weighted_clusters": SHIFT,
                "timeout": "5s",
                "prefix_rewrite": "/b",
                "retry_policy": {"retry_on": "5xx,retriable-status-codes", "num_retries": 3, "per_try_timeout": "1s", "retriable_status_codes": [429]},
                "request_mirror_policies": [{"cluster": "shop/api-v2", "runtime_fraction": {"default_value": {"numerator": 5, "denominator": "TEN_THOUSAND"}}}],
            },
            "request_headers_to_add": [{"header": {"key": "x-b", "value": "w"}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}],
            "response_headers_to_remove": ["server"],
        },
        {"match": {"path": "/old"}, "redirect": {"host_redirect": "new.example", "response_code": "FOUND"}},
        {"match": {"safe_regex": {"regex": "/gone/.*"}}, "direct_response": {"status": 410, "body": {"inline_string": "gone"}}},
        route(),
    ),
    cluster(lb_policy="RANDOM", connect_timeout="5s",
            circuit_breakers={"thresholds": [{"priority": "DEFAULT", "max_connections": 7}]},
            outlier_detection={"consecutive_5xx": 4, "enforcing_success_rate": 0}),
    cluster("shop/api-v2"),
    backendServices=[{"name": "api-v2", "namespace": "shop", **back}],
)  # fmt: skip


def test_a_route_is_read_whole() -> None:
    own = first(Shop(rich()))
    (match,) = own.matches
    parts = {test.part: test for test in match.requests.tests}
    assert set(parts) == {Part.PATH, Part.HEADER, Part.METHOD, Part.QUERY}
    assert parts[Part.PATH].any_of[0].value == Pattern(PatternKind.ELEMENT_PREFIX, "/a")
    shares = [(b.destination.name.value, b.weight and b.weight.value) for b in own.backends]
    assert shares == [("api", 90), ("api-v2", 10)]
    assert own.timeouts is not None
    assert own.timeouts.request is not None
    assert own.timeouts.request.value == 5.0
    assert own.rewrite is not None
    assert own.rewrite.prefix is not None
    assert own.rewrite.prefix.value == "/b"
    assert own.retry is not None
    assert [c.value for c in own.retry.conditions] == [RetryCondition.SERVER_ERROR]
    assert [s.value for s in own.retry.statuses] == [429]
    (mirror,) = own.mirrors
    assert mirror.percent is not None
    assert mirror.percent.value == pytest.approx(0.05)
    edits = [(e.side, e.action, e.name.value) for e in own.header_edits]
    assert edits == [
        (HeaderSide.REQUEST, HeaderAction.SET, "x-b"),
        (HeaderSide.RESPONSE, HeaderAction.REMOVE, "server"),
    ]


def test_redirects_and_answers_are_read() -> None:
    (table,) = tables(Shop(rich()))
    _, redirect, answer, rest = table.routes
    assert redirect.redirect is not None
    assert redirect.redirect.status is not None
    assert redirect.redirect.status.value == 302
    assert answer.answer is not None
    assert answer.answer.status.value == 410
    assert rest.matches == ()
    assert table.order is Order.LIST


def test_the_treatment_of_endpoints_is_read_where_all_requests_meet_it() -> None:
    kinds = (LoadBalancing, ConnectionLimits, Outliers)
    found = [f for f in Shop(rich()).facts if isinstance(f, kinds)]
    assert [type(f) for f in found] == [LoadBalancing, ConnectionLimits, Outliers]
    other = {**cluster("shop/api-v2"), "connect_timeout": "3s"}
    here = Shop(config(listener(), routes(route(), route("/x", route={"cluster": "shop/api-v2"})), cluster(), other,
                       backendServices=[{"name": "api-v2", "namespace": "shop"}]))  # fmt: skip
    (piece,) = [f for f in here.facts if isinstance(f, Opaque)]
    assert "api-v2" in piece.kind


def test_endpoints_of_a_port_that_nobody_fetches_are_not_there() -> None:
    (piece,) = [f for f in Shop(rich(number=["80"])).facts if isinstance(f, Opaque)]
    assert "nobody fetches" in piece.kind


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("shape", ["rich", "plain", "camel"])
def test_all_is_accounted_for_and_explained(shape: str, target: str) -> None:
    shop = {"rich": Shop(rich()), "plain": usual(), "camel": Shop(CAMEL)}[shape]
    result = shop.to(target)
    codes = {f.code for f in result.report.findings}
    assert not codes & {"MM101", "MM901", "MM902", "MM903", "MM904"}
    assert all(change["explained_by"] for change in result.report.verification.changes)
    assert [d for d in result.documents if "Route" in d.resource or "VirtualService" in d.resource]


CAMEL = config(
    listener(),
    routes(route(route={"weightedClusters": {"clusters": [{"name": "shop/api", "weight": 1}]}, "retryPolicy": {"retryOn": "5xx"}})),
    {"@type": cluster()["@type"], "name": "shop/api", "type": "EDS", "edsClusterConfig": {"serviceName": "shop/api"},
     "outlierDetection": {"consecutive5xx": 4, "enforcingSuccessRate": 0}},
)  # fmt: skip


def test_both_ways_to_write_a_field_are_read() -> None:
    own = first(Shop(CAMEL))
    assert own.retry is not None
    assert own.retry.attempts.value == 1
    assert [f for f in Shop(CAMEL).facts if isinstance(f, Outliers)]


def test_the_form_of_paths_is_what_the_listener_says() -> None:
    for said, form in (({}, PathForm.RAW), ({"normalize_path": True}, PathForm.NORMAL),
                       ({"normalize_path": True, "merge_slashes": True}, PathForm.MERGED)):  # fmt: skip
        (table,) = tables(Shop(config(listener(**said), routes(route()), cluster())))  # type: ignore[arg-type]  # fields
        assert table.view.path is form


def test_ports_that_are_named_are_redirected_alone() -> None:
    own = cluster("shop/api", eds_cluster_config={"service_name": "shop/api:80"})
    here = Shop(
        config(
            listener(),
            routes(route()),
            own,
            services=[{"name": "api", "namespace": "shop", "ports": [80]}],
        )
    )
    (table,) = tables(here)
    assert [p.value.port for p in table.attachment.ports] == [80]
    assert first(here).backends[0].destination.port is not None


UNKNOWN = {
    "an unknown field": config(listener(access_log=[]), routes(route()), cluster()),
    "a header by inversion": config(listener(), routes({"match": {"prefix": "/", "headers": [{"name": "a", "invert_match": True}]}, **to_api()}), cluster()),
    "several hosts": config(listener(), {**routes(route()), "virtual_hosts": [{"name": "a", "domains": ["a.example"], "routes": []}]}, cluster()),
    "a cluster outside": config(listener(), routes(route()), cluster(type="STRICT_DNS")),
    "some nodes": config(listener(), routes(route()), cluster(), nodeSelector={"matchLabels": {"a": "b"}}),
    "another namespace": config(listener(), routes(route()), cluster(), services=[{"name": "api", "namespace": "bank"}]),
    "a wrong type": config(listener(), routes(route(route={"cluster": 5})), cluster()),
    "no Service": config(listener(), routes(route()), cluster(), services=[]),
    "two edits": config(listener(), routes({**route(), "request_headers_to_remove": ["a", "A"]}), cluster()),
    "two listeners": config(listener(), listener("m"), routes(route()), cluster()),
}  # fmt: skip


@pytest.mark.parametrize("shape", sorted(UNKNOWN))
def test_what_is_not_known_whole_is_kept_whole(shape: str) -> None:
    shop = Shop(UNKNOWN[shape])
    assert tables(shop) == []
    (piece,) = [f for f in shop.facts if isinstance(f, Opaque)]
    assert len(piece.may_touch) == 4
    assert len(piece.trail.origin) > 5
    assert "MM905" in {f.code for f in shop.to("istio").report.findings}


def test_annotations_that_change_how_it_is_built_leave_it_whole() -> None:
    own = config(listener(), routes(route()), cluster())
    own["metadata"] = {
        "name": "own",
        "namespace": "shop",
        "annotations": {"cec.cilium.io/inject-cilium-filters": "false"},
    }
    assert tables(Shop(own)) == []


def test_a_clusterwide_one_names_the_namespaces_of_its_services() -> None:
    own = {
        **config(listener(), routes(route()), cluster()),
        "kind": "CiliumClusterwideEnvoyConfig",
        "metadata": {"name": "own"},
    }
    (table,) = tables(Shop(own))
    assert table.attachment.subject.namespace is not None
    assert table.attachment.subject.namespace.value == "shop"


def test_a_treatment_that_is_not_known_leaves_the_routes() -> None:
    shop = usual(lb_policy="MAGLEV", circuit_breakers={"thresholds": [{"priority": "HIGH"}]})
    assert len(tables(shop)) == 1
    pieces = [f for f in shop.facts if isinstance(f, Opaque)]
    assert ["MAGLEV" in p.kind or "priority" in p.kind for p in pieces] == [True, True]
    assert {p.may_touch for p in pieces} == {(Column.RESILIENCE,)}


def test_a_header_that_must_be_there_is_read_with_its_name() -> None:
    asked = {"match": {"prefix": "/", "headers": [{"name": "X-A"}]}, **to_api()}
    for target in TARGETS:
        codes = {
            f.code
            for f in Shop(config(listener(), routes(asked, route()), cluster()))
            .to(target)
            .report.findings
        }
        assert not codes & {"MM901", "MM902", "MM904"}


def test_tries_that_are_not_known_leave_the_route() -> None:
    shop = usual(route("/", **to_api(retry_policy={"retry_on": "moon", "num_retries": 2})))
    assert first(shop).retry is None
    (piece,) = [f for f in shop.facts if isinstance(f, Opaque)]
    assert ("moon" in piece.kind, piece.may_touch) == (True, (Column.RESILIENCE,))


def test_failing_endpoints_are_left_out_in_istio_as_they_were() -> None:
    said = {
        "consecutive_5xx": 4,
        "interval": "7s",
        "base_ejection_time": "20s",
        "max_ejection_percent": 30,
        "enforcing_success_rate": 0,
    }
    result = usual(outlier_detection=said).to("istio")
    (rule,) = [d.value for d in result.documents if d.resource.startswith("DestinationRule")]
    assert rule["spec"]["trafficPolicy"] == {  # type: ignore[index]  # a mapping
        "outlierDetection": {
            "consecutive5xxErrors": 4,
            "interval": "7s",
            "baseEjectionTime": "20s",
            "maxEjectionPercent": 30,
            "minHealthPercent": 50,
        }
    }
    found = [f for f in result.report.findings if f.code == "MM304"]
    assert ["by that of a node" in f.message for f in found] == [True]
    assert not [
        c for c in result.report.verification.changes if str(c["kind"]).startswith("ejection")
    ]
    split = {**said, "split_external_local_origin_errors": True}
    result = usual(outlier_detection=split).to("istio")
    (rule,) = [d.value for d in result.documents if d.resource.startswith("DestinationRule")]
    ejects = rule["spec"]["trafficPolicy"]["outlierDetection"]  # type: ignore[index]
    assert ejects["splitExternalLocalOriginErrors"] is True
    assert "MM904" not in {f.code for f in result.report.findings}


NONE = 2**32 - 1


def limits(**bounds: int) -> list[ConnectionLimits]:
    shop = usual(circuit_breakers={"thresholds": [{"priority": "DEFAULT", **bounds}]})
    return [fact for fact in shop.facts if isinstance(fact, ConnectionLimits)]


def test_the_largest_number_is_no_limit() -> None:
    every = ("max_connections", "max_pending_requests", "max_requests", "max_retries")
    assert limits(**dict.fromkeys(every, NONE)) == []
    (found,) = limits(**{**dict.fromkeys(every, NONE), "max_requests": 5})
    assert found.max_connections is None
    assert found.max_requests is not None
    assert found.max_requests.value == 5


def test_a_limit_that_a_block_leaves_out_is_that_of_the_proxy() -> None:
    (found,) = limits(max_requests=5)
    said = (found.max_connections, found.max_pending_requests, found.max_retries)
    assert [one and one.value for one in said] == [1024, 1024, 3]
    assert [one and one.origin for one in said] == [(), (), ()]


def ejects(common: object | None = None, **said: object) -> Outliers:
    more: dict[str, object] = {} if common is None else {"common_lb_config": common}
    shop = usual(outlier_detection=said, **more)
    (found,) = [fact for fact in shop.facts if isinstance(fact, Outliers)]
    return found


@pytest.mark.parametrize(
    ("common", "said"),
    [
        ({"healthy_panic_threshold": {"value": 30}}, 30),
        ({"healthyPanicThreshold": {"value": 0}}, 0),
        ({"healthy_panic_threshold": {}}, 0),
        ({}, 50),
        (None, 50),
    ],
)
def test_below_which_share_all_endpoints_get_requests(common: object | None, said: int) -> None:
    """Half of them where nothing says it (Cluster.CommonLbConfig, 1.37); the agent fills in nothing."""
    found = ejects(common, consecutive_5xx=4).min_health_percent
    assert found is not None
    assert (found.value, bool(found.origin)) == (said, said != 50)


def test_a_share_of_well_endpoints_means_nothing_where_all_are_well() -> None:
    shop = usual(common_lb_config={"healthy_panic_threshold": {"value": 30}})
    assert any(isinstance(fact, RouteTable) for fact in shop.facts)
    assert not any(isinstance(fact, Outliers | Opaque) for fact in shop.facts)
    result = shop.to("istio")
    (row,) = [r for r in result.report.ledger if "healthy_panic" in r.path]
    assert row.fate is Fate.INERT


@pytest.mark.parametrize("odd", [{"outlier_detection": {"success_rate_minimum_hosts": 3}}, {}])
def test_a_share_beside_what_is_not_understood_is_not_understood(odd: dict[str, object]) -> None:
    common = {"healthy_panic_threshold": {"value": 30}}
    if not odd:
        common = {"locality_weighted_lb_config": {}}
    shop = usual(common_lb_config=common, **odd)
    found = [fact for fact in shop.facts if isinstance(fact, Opaque)]
    (row,) = [r for r in shop.to("istio").report.ledger if "common_lb_config" in r.path]
    assert any(isinstance(fact, RouteTable) for fact in shop.facts)
    assert len(found) == 1 + bool(odd)
    assert row.fate is Fate.LOST


@pytest.mark.parametrize(
    ("said", "counted"),
    [
        ({}, None),
        ({"consecutive_local_origin_failure": 2}, None),
        ({"split_external_local_origin_errors": True}, 5),
        ({"split_external_local_origin_errors": True, "consecutive_local_origin_failure": 2}, 2),
        (
            {
                "split_external_local_origin_errors": True,
                "consecutive_local_origin_failure": 2,
                "enforcing_consecutive_local_origin_failure": 0,
            },
            0,
        ),
    ],
)
def test_connections_that_fail_are_errors_unless_they_are_counted_apart(
    said: dict[str, object], counted: int | None
) -> None:
    found = ejects(**said).consecutive_local_errors
    assert (None if found is None else found.value) == counted


@pytest.mark.parametrize("rate", [0, 100])
def test_the_rate_of_connections_that_succeed_is_read_where_they_are_counted_apart(
    rate: int,
) -> None:
    said = {
        "split_external_local_origin_errors": True,
        "enforcing_success_rate": 0,
        "enforcing_local_origin_success_rate": rate,
    }
    told = [d.key for d in usual(outlier_detection=said).read.model.defaults]
    assert ("Outliers.success_rate" in told) is bool(rate)


@pytest.mark.parametrize(
    ("fields", "understood"),
    [
        ({"upgrade_configs": [{"upgrade_type": "websocket"}], "stream_idle_timeout": "0s"}, True),
        ({"upgrade_configs": [{"upgrade_type": "CONNECT"}]}, False),
        ({"stream_idle_timeout": "60s"}, False),
    ],
)
def test_what_the_listener_does_besides(fields: dict[str, object], understood: bool) -> None:  # noqa: FBT001  # a parameter
    own = listener("l", None, **fields)
    shop = Shop(config(own, routes(route()), cluster()))
    assert bool(tables(shop)) is understood


OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        ({"use_downstream_protocol_config": {"http2_protocol_options": {}}}, True),
        ({"explicit_http_config": {"http2_protocol_options": {}}}, False),
        ({"use_downstream_protocol_config": {"http2_protocol_options": {"max_concurrent_streams": 1}}}, False),
    ],
)  # fmt: skip
def test_the_version_of_http_of_the_client_is_kept(said: dict[str, object], understood: bool) -> None:  # noqa: FBT001  # a parameter  # fmt: skip
    kind = {"@type": f"type.googleapis.com/{OPTIONS}", **said}
    shop = usual(typed_extension_protocol_options={OPTIONS: kind})
    assert bool(tables(shop)) is understood


def test_an_expression_for_every_path_replaces_the_whole_path() -> None:
    pattern = {"regex_rewrite": {"pattern": {"regex": "/.*"}, "substitution": "/b"}}
    rewrite = first(usual({"match": {"prefix": "/"}, **to_api(**pattern)})).rewrite
    assert rewrite is not None
    assert rewrite.path is not None
    assert (rewrite.path.value, rewrite.pattern) == ("/b", None)


@pytest.mark.parametrize("target", ["linkerd", "istio", "cilium", "gateway-api"])
@pytest.mark.parametrize(("dropped", "same"), [(True, "linkerd"), (False, "istio")])
def test_a_redirect_says_whether_the_query_is_dropped(
    target: str, same: str, *, dropped: bool
) -> None:
    moved = {"path_redirect": "/new", "strip_query": dropped}
    result = usual({"match": {"path": "/old"}, "redirect": moved}, route()).to(target)
    assert not faults(result)
    (row,) = [r for r in result.report.ledger if r.path.endswith("strip_query")]
    told = [f for f in result.report.findings if f.code == "MM204" and "query" in f.message]
    assert row.fate in ("placed", "approximated", "absorbed", "lost", "carried")
    if target == same:
        assert told == []
