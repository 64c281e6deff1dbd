"""Traps of routing, shown on translations: what a reader of the two meshes is likely to get wrong."""

from __future__ import annotations

from typing import Any

import pytest

from ir.behaviour.concrete import decide_route
from ir.behaviour.request import Caller, Delivery, Request
from tests.exporters.linkerd.istio import routes, spec_of, translated, written
from tests.exporters.linkerd.test_routes import both, to
from tests.translation import in_force_after, to_linkerd, to_version
from translator.errors import InputError
from translator.pipeline import Result
from translator.report.model import Fate, Impact

WORLD = """
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: other, namespace: shop}
spec: {selector: {app: other}, ports: [{name: http, port: 80}]}
---
"""
API = [{"destination": {"host": "api"}}]


def shop(spec: str, name: str = "api", namespace: str = "shop") -> str:
    """A VirtualService in flow style."""
    head = "apiVersion: networking.istio.io/v1\nkind: VirtualService\n"
    return f"{head}metadata: {{name: {name}, namespace: {namespace}}}\nspec: {{{spec}}}\n---\n"


class World:
    """A text, what it means, and what holds after its translation."""

    def __init__(self, *documents: str, **settings: object) -> None:
        text = WORLD + "".join(documents)
        self.result = to_linkerd(text, **settings)
        self.before = self.result.model
        self.after = in_force_after(text, self.result)

    def both(self, path: str = "/", **more: Any) -> tuple[Delivery, Delivery]:
        """Where a request goes before and after."""
        caller = Caller(namespace=more.pop("namespace", "bank"), labels=more.pop("labels", {}))
        request = Request(
            caller=caller,
            service="shop/api",
            service_port=80,
            path=path,
            authority="api.shop",
            **more,
        )
        return decide_route(self.before, request), decide_route(self.after, request)

    def codes(self) -> set[str]:
        """The codes of all findings."""
        return {finding.code for finding in self.result.report.findings}


def ends(delivery: Delivery) -> dict[str, str]:
    """The shares of a delivery, or what is answered."""
    return {s.endpoints[0]: str(s.fraction) for s in delivery.shares} or {
        delivery.kind: str(delivery.status)
    }


def rule(match: str, host: str = "api", more: str = "") -> str:
    """A rule in flow style."""
    head = f"match: [{match}], " if match else ""
    return f"{{{head}route: [{{destination: {{host: {host}}}}}]{more}}}"


def http(*rules: str) -> str:
    """A VirtualService for the service."""
    return shop(f"hosts: [api], http: [{', '.join(rules)}]")


def messages(result: Result, code: str) -> list[str]:
    """What the findings of a code say."""
    return [f.message for f in result.report.findings if f.code == code]


def test_trap_istio_1_a_prefix_covers_longer_words() -> None:
    world = World(http(rule("{uri: {prefix: /foo}}", "other"), rule("")))
    for path, end in (("/foobar", "shop/other"), ("/foo", "shop/other"), ("/fo", "shop/api")):
        before, after = world.both(path)
        assert ends(before) == ends(after) == {end: "1"}


def test_trap_istio_2_a_rewrite_is_textual_and_never_half_written() -> None:
    world = World(http(rule("{uri: {prefix: /foo}}", more=", rewrite: {uri: /}")))
    (table,) = [f for f in world.before.facts if type(f).__name__ == "RouteTable"]
    rewrite = table.routes[0].rewrite  # type: ignore[union-attr]  # a route table
    assert rewrite is not None
    assert (rewrite.prefix and rewrite.prefix.value, rewrite.path) == ("/", None)
    assert "MM205" in world.codes()
    (route,) = written(world.result, "HTTPRoute")
    assert "filters" not in spec_of(route)["rules"][0]


def test_trap_istio_3_what_no_rule_matches_is_not_found() -> None:
    world = World(http(rule("{uri: {prefix: /api}}")))
    before, after = world.both("/x")
    assert (before.status, after.status) == (404, 404)


def test_trap_istio_4_a_name_with_a_dot_is_literal() -> None:
    world = World(shop("hosts: [api.shop], http: [" + rule("", "other") + "]"))
    assert written(world.result, "HTTPRoute") == []
    assert any("taken literally" in text for text in messages(world.result, "MM203"))
    before, after = world.both()
    assert ends(before) == ends(after) == {"shop/api": "1"}


def test_a_host_with_a_wildcard_is_for_the_services_that_it_covers() -> None:
    world = World(
        shop(f"hosts: ['*.shop.svc.cluster.local'], http: [{rule('{uri: {prefix: /w}}')}]", "w"),
        shop(f"hosts: [other], http: [{rule('', 'other')}]", "o"),
    )
    before, after = world.both("/nothing")
    assert ends(before) == ends(after) == {"not_found": "404"}
    before, after = world.both("/w")
    assert ends(before) == ends(after) != {"not_found": "404"}
    assert not messages(world.result, "MM904")


def test_trap_istio_5_a_short_name_is_of_the_rules_namespace() -> None:
    spec = f"hosts: [api], http: [{rule('', 'other')}]"
    world = World(shop(spec, namespace="istio-system"))
    before, after = world.both()
    assert ends(before) == ends(after) == {"shop/api": "1"}


def test_trap_istio_6_an_empty_block_switches_retries_off() -> None:
    off, usual = World(http(rule("", more=", retries: {}"))), World(http(rule("")))
    assert [w.both()[0].retries for w in (off, usual)] == [0, 2]
    assert off.both()[1].retries is None


def test_trap_istio_9_a_fault_without_a_percentage_happens_to_nobody() -> None:
    world = World(http(rule("", more=", fault: {abort: {httpStatus: 500}}")))
    assert "MM301" not in world.codes()
    real = World(http(rule("", more=", fault: {abort: {httpStatus: 500, percentage: {value: 1}}}")))
    assert "MM301" in real.codes()
    mirrored = World(http(rule("", more=", mirror: {host: other}")))
    (table,) = [f for f in mirrored.before.facts if type(f).__name__ == "RouteTable"]
    assert table.routes[0].mirrors[0].percent is None  # type: ignore[union-attr]  # a route table
    assert "MM206" in mirrored.codes()


def test_trap_istio_10_the_weight_of_a_single_destination_counts_for_nothing() -> None:
    alone = World(shop("hosts: [api], http: [{route: [{destination: {host: other}, weight: 0}]}]"))
    before, after = alone.both()
    assert ends(before) == ends(after) == {"shop/other": "1"}
    pair = "{destination: {host: api}, weight: 1}, {destination: {host: other}, weight: 3}"
    before, after = World(shop(f"hosts: [api], http: [{{route: [{pair}]}}]")).both()
    assert ends(before) == ends(after) == {"shop/api": "1/4", "shop/other": "3/4"}


def test_trap_istio_33_a_list_of_gateways_without_mesh_leaves_the_mesh_alone() -> None:
    spec = f"hosts: [api.shop.svc.cluster.local], gateways: [gw], http: [{rule('', 'other')}]"
    before, after = World(shop(spec)).both()
    assert ends(before) == ends(after) == {"shop/api": "1"}


def test_trap_istio_34_gateways_of_an_http_match_hide_its_labels() -> None:
    match = "{gateways: [mesh], sourceLabels: {app: web}}"
    before, after = World(http(rule(match, "other"), rule(""))).both()
    assert ends(before) == ends(after) == {"shop/other": "1"}
    tcp = shop(f"hosts: [api], tcp: [{rule(match, 'other')}]").replace("api]", "raw]")
    raw = WORLD.replace("name: api,", "name: raw,").replace(
        "name: http, port: 80, target", "name: tcp, port: 80, target"
    )
    result = to_linkerd(raw + tcp)
    assert written(result, "TCPRoute") == []
    assert messages(result, "MM208")


def test_trap_istio_35_a_missing_header_is_empty_for_a_value_that_must_not_be() -> None:
    match = '{withoutHeaders: {x: {exact: ""}}}'
    world = World(http(rule(match, "other"), rule("")))
    assert ends(world.both()[0]) == {"shop/api": "1"}
    assert ends(world.both(headers={"x": "1"})[0]) == {"shop/other": "1"}


def test_trap_istio_36_a_regular_expression_matches_the_whole() -> None:
    world = World(http(rule("{headers: {x: {regex: foo}}}", "other"), rule("")))
    for value, end in (("foo", "shop/other"), ("foobar", "shop/api")):
        before, after = world.both(headers={"x": value})
        assert ends(before) == ends(after) == {end: "1"}


def test_trap_istio_37_a_rule_for_everything_ends_the_list() -> None:
    world = World(http(rule(""), rule("{uri: {prefix: /a}}", "other")))
    before, after = world.both("/a")
    assert ends(before) == ends(after) == {"shop/api": "1"}
    second = shop(f"hosts: [api], http: [{rule('', 'other')}]", name="younger")
    before, after = World(http(rule("{uri: {prefix: /a}}")), second).both("/b")
    assert (before.status, after.status) == (404, 404)


def test_trap_istio_45_a_limit_for_one_try_is_no_limit_for_the_whole() -> None:
    retries = {"attempts": 2, "retryOn": "5xx", "perTryTimeout": "2s"}
    (route,) = written(translated(routes([{"route": API, "retries": retries}])), "HTTPRoute")
    assert "timeouts" not in spec_of(route)["rules"][0]
    assert route["metadata"]["annotations"]["retry.linkerd.io/timeout"] == "2s"


def test_trap_istio_46_no_time_limit_is_written_by_leaving_it_out() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        to_linkerd(http(rule("", more=", timeout: 0s")))
    assert caught.group_contains(InputError, match="at least")


def test_trap_istio_47_setting_the_host_header_is_a_rewrite() -> None:
    world = World(http(rule("", more=", headers: {request: {set: {Host: b.example, x: '1'}}}")))
    (route,) = written(world.result, "HTTPRoute")
    (entry,) = spec_of(route)["rules"][0]["filters"]
    assert [e["name"] for e in entry["requestHeaderModifier"]["set"]] == ["x"]
    assert "MM205" in world.codes()


def test_trap_istio_49_an_empty_condition_asks_for_presence() -> None:
    world = World(http(rule("{headers: {x-user: {}}}", "other"), rule("")))
    for headers, end in (({"x-user": ""}, "shop/other"), ({}, "shop/api")):
        before, after = world.both(headers=headers)
        assert ends(before) == ends(after) == {end: "1"}


def test_trap_linkerd_11_a_subset_becomes_a_service_with_the_same_ports() -> None:
    services = {
        s["metadata"]["name"]: spec_of(s) for s in written(both([{"route": to("v1")}]), "Service")
    }
    assert list(services) == ["api-v1"]
    assert services["api-v1"]["selector"] == {"app": "api", "version": "v1"}
    assert [p["port"] for p in services["api-v1"]["ports"]] == [80]


def test_trap_linkerd_12_requests_to_a_pods_address_pass_by_the_routes() -> None:
    headless = WORLD.replace(
        "spec: {selector: {app: api}", "spec: {clusterIP: None, selector: {app: api}"
    )
    result = to_linkerd(headless + http(rule("")))
    assert written(result, "HTTPRoute") == []
    assert any("no address of its own" in text for text in messages(result, "MM207"))


def test_trap_linkerd_13_list_order_survives_rank() -> None:
    world = World(
        http(
            rule("{uri: {prefix: /a}}"),
            rule("{headers: {x: {exact: '1'}, y: {exact: '1'}}}", "other"),
            rule("{uri: {exact: /a/b}}", "other"),
            rule(""),
        )
    )
    before, after = world.both("/a/b", headers={"x": "1", "y": "1"})
    assert ends(before) == ends(after) == {"shop/api": "1"}


def test_trap_linkerd_14_a_string_prefix_is_never_a_prefix_of_elements() -> None:
    (route,) = written(World(http(rule("{uri: {prefix: /foo}}"))).result, "HTTPRoute")
    (match,) = spec_of(route)["rules"][0]["matches"]
    assert match["path"]["type"] == "RegularExpression"


def test_trap_linkerd_15_expressions_are_put_into_the_targets_dialect() -> None:
    world = World(http(rule("{uri: {regex: '/a|/ab'}}", "other"), rule("")))
    (route,) = written(world.result, "HTTPRoute")
    assert spec_of(route)["rules"][0]["matches"][0]["path"]["value"] != "/a|/ab"
    folded = World(http(rule("{uri: {exact: /a}, ignoreUriCase: true}", "other"), rule("")))
    for one, path in ((world, "/ab"), (world, "/a"), (folded, "/A")):
        before, after = one.both(path)
        assert ends(before) == ends(after) == {"shop/other": "1"}


def test_trap_linkerd_16_a_header_that_must_be_absent_is_lost_with_its_match() -> None:
    world = World(http(rule("{withoutHeaders: {x: {}}}", "other"), rule("")))
    before, after = world.both()
    assert (ends(before), ends(after)) == ({"shop/other": "1"}, {"shop/api": "1"})
    assert any("go to the next rule" in text for text in messages(world.result, "MM201"))


def test_trap_linkerd_17_a_fault_is_lost_aloud() -> None:
    fault = ", fault: {delay: {fixedDelay: 5s, percentage: {value: 100}}}"
    assert "MM301" in World(http(rule("", more=fault))).codes()


def test_trap_linkerd_18_no_filter_is_written_that_would_switch_the_route_off() -> None:
    more = ", rewrite: {uri: /v2}, mirror: {host: other}, corsPolicy: {allowOrigins: [{exact: a}]}"
    world = World(http(rule("{uri: {prefix: /a}}", more=more), "{directResponse: {status: 418}}"))
    assert world.codes() >= {"MM204", "MM205", "MM206", "MM212"}
    (route,) = written(world.result, "HTTPRoute")
    assert all("filters" not in one for one in spec_of(route)["rules"])


def test_trap_linkerd_19_rules_with_other_retries_stand_apart() -> None:
    again = ", retries: {attempts: 2, retryOn: 5xx}"
    world = World(http(rule("{uri: {prefix: /a}}", more=again), rule("")))
    assert len(written(world.result, "HTTPRoute")) == 2
    assert [world.both(path)[1].retries for path in ("/a", "/b")] == [2, 2]


def test_trap_linkerd_20_annotations_of_the_service_hold_for_rules_without_any() -> None:
    service = WORLD.partition("---")[0].replace(
        "namespace: shop}", "namespace: shop, annotations: {timeout.linkerd.io/request: 1s}}"
    )
    result = to_linkerd(service + "---\n" + http(rule("")))
    (text,) = messages(result, "MM330")
    assert "for every rule that sets nothing of the kind itself" in text


def test_trap_linkerd_21_a_limit_is_never_written_without_statuses() -> None:
    for condition in ("connect-failure", "reset", "5xx", "503"):
        retries = {"attempts": 2, "retryOn": condition}
        for route in written(translated(routes([{"route": API, "retries": retries}])), "HTTPRoute"):
            keys = route["metadata"].get("annotations", {})
            assert ("retry.linkerd.io/limit" in keys) is ("retry.linkerd.io/http" in keys)
    # alone it stands where streams that were refused are meant, which the target tries again without a word
    refused = translated(routes([{"route": API, "retries": {"attempts": 4}}]))
    (route,) = written(refused, "HTTPRoute")
    assert route["metadata"]["annotations"]["retry.linkerd.io/limit"] == "4"
    assert "retry.linkerd.io/http" not in route["metadata"]["annotations"]
    assert "does not retry on connect-failure" in "".join(messages(refused, "MM302"))


def test_trap_linkerd_22_the_field_that_nobody_enforces_is_never_written() -> None:
    retries = {"attempts": 2, "retryOn": "5xx", "perTryTimeout": "500ms"}
    result = translated(routes([{"route": API, "retries": retries, "timeout": "3s"}]))
    assert "backendRequest" not in "".join(document.text for document in result.documents)
    assert "MM303" in {f.code for f in result.report.findings}


@pytest.mark.parametrize(
    ("written_so", "said"),
    [("1m30s", "90s"), ("0.5s", "500ms"), ("1.5s", "1500ms"), ("1h", "3600s")],
)
def test_trap_linkerd_23_times_have_one_whole_number_and_one_unit(
    written_so: str, said: str
) -> None:
    (route,) = written(translated(routes([{"route": API, "timeout": written_so}])), "HTTPRoute")
    assert spec_of(route)["rules"][0]["timeouts"] == {"request": said}


def test_trap_linkerd_32_rules_for_other_namespaces_stand_there_with_hosts() -> None:
    full = "api.shop.svc.cluster.local"
    private = shop(
        f"hosts: [{full}], exportTo: ['.'], http: [{rule('', 'other.shop.svc.cluster.local')}]",
        namespace="web",
    )
    world = World(http(rule("")), private)
    assert {d["metadata"]["namespace"] for d in written(world.result, "HTTPRoute")} == {
        "shop",
        "web",
    }
    for namespace, end in (("web", "shop/other"), ("bank", "shop/api")):
        before, after = world.both(namespace=namespace)
        assert ends(before) == ends(after) == {end: "1"}


def test_trap_linkerd_32_a_public_rule_of_a_third_namespace_stands_with_the_service() -> None:
    full = "api.shop.svc.cluster.local"
    public = shop(
        f"hosts: [{full}], http: [{rule('', 'other.shop.svc.cluster.local')}]", namespace="ops"
    )
    world = World(public)
    (route,) = written(world.result, "HTTPRoute")
    assert route["metadata"]["namespace"] == "shop"
    before, after = world.both()
    assert ends(before) == ends(after) == {"shop/other": "1"}


def test_trap_linkerd_32_rules_for_the_services_own_namespace_are_not_for_everyone() -> None:
    private = shop(f"hosts: [api], exportTo: ['.'], http: [{rule('', 'other')}]")
    world = World(private)
    assert written(world.result, "HTTPRoute") == []
    (finding,) = [f for f in world.result.report.findings if f.code == "MM208"]
    assert (finding.fate, finding.impact) == (Fate.LOST, Impact.DIFFERENT)
    before, after = world.both(namespace="bank")
    assert ends(before) == ends(after) == {"shop/api": "1"}
    client = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: c, namespace: bank}\n"
        "spec: {template: {metadata: {labels: {app: c}}, spec: {containers: [{name: c}]}}}\n---\n"
    )
    whole = World(private, client, complete=True)
    for namespace in ("bank", "shop"):
        before, after = whole.both(namespace=namespace)
        assert [s.endpoints for s in before.shares] == [s.endpoints for s in after.shares]
    assert {d["metadata"]["namespace"] for d in written(whole.result, "HTTPRoute")} == {
        "shop",
        "bank",
    }


def test_trap_linkerd_33_remote_calls_stay_http_routes() -> None:
    grpc = WORLD.replace("name: http, port: 80, target", "name: grpc, port: 80, target")
    match = "{uri: {exact: /pkg.Svc/Method}, method: {exact: POST}}"
    result = to_linkerd(grpc + http(rule(match, "other"), rule("")))
    assert len(written(result, "HTTPRoute")) == 1
    assert written(result, "GRPCRoute") == []


def test_trap_linkerd_37_every_backend_has_a_namespace_and_every_parent_its_port() -> None:
    private = shop(
        f"hosts: [api.shop.svc.cluster.local], exportTo: [web], http: [{rule('', 'other')}]"
    )
    (route,) = written(World(private).result, "HTTPRoute")
    (backend,) = spec_of(route)["rules"][0]["backendRefs"]
    assert (backend["namespace"], backend["port"]) == ("shop", 80)
    assert [p["port"] for p in spec_of(route)["parentRefs"]] == [80]


def test_trap_linkerd_38_a_rule_names_its_backend_even_where_it_is_the_parent() -> None:
    (route,) = written(World(http(rule(""))).result, "HTTPRoute")
    assert [b["name"] for b in spec_of(route)["rules"][0]["backendRefs"]] == ["api"]


def test_trap_linkerd_39_the_share_of_an_empty_backend_moves_and_it_is_said() -> None:
    pair = "{destination: {host: api}, weight: 9}, {destination: {host: other}, weight: 1}"
    assert "MM214" in World(shop(f"hosts: [api], http: [{{route: [{pair}]}}]")).codes()
    assert "MM214" not in World(http(rule(""))).codes()


def test_trap_linkerd_42_the_status_of_a_redirect_is_always_written() -> None:
    for code, said in ((None, 301), (302, 302), (307, 302), (308, 301)):
        status = "" if code is None else f", redirectCode: {code}"
        world = World(http(f"{{redirect: {{authority: a.example{status}}}}}"))
        (route,) = written(world.result, "HTTPRoute")
        (entry,) = spec_of(route)["rules"][0]["filters"]
        assert entry["requestRedirect"]["statusCode"] == said
        assert ("MM204" in world.codes()) is (code in {307, 308})


@pytest.mark.parametrize(
    ("port", "heeded"),
    [
        ("name: http, port: 80, appProtocol: http", True),
        ("name: grpc, port: 80, appProtocol: kubernetes.io/h2c", True),
        ("name: grpc, port: 80, appProtocol: grpc", True),
        ("name: http, port: 80, appProtocol: http2", True),
        ("name: http, port: 9300", True),
        ("name: search, port: 9300", False),
        ("name: http, port: 80, appProtocol: example.com/own", False),
    ],
)
def test_trap_linkerd_34_no_route_is_written_where_the_port_is_opaque(
    port: str,
    heeded: bool,  # noqa: FBT001
) -> None:
    text = WORLD.replace("name: http, port: 80, targetPort: 8080", port, 1) + http(
        rule("", "other").replace("host: other", "host: other, port: {number: 80}")
    )
    result = to_linkerd(text)
    assert bool(written(result, "HTTPRoute")) is heeded
    assert bool(messages(result, "MM213")) is not heeded


def test_trap_linkerd_34_a_route_on_an_opaque_port_is_read_as_none() -> None:
    route = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: shop}
spec:
  parentRefs: [{group: '', kind: Service, name: api}]
  rules: [{backendRefs: [{name: other, namespace: shop, port: 80}]}]
"""
    for word, end in (("http", "shop/other"), ("example.com/own", "shop/api")):
        text = (
            WORLD.replace("targetPort: 8080", f"targetPort: 8080, appProtocol: {word}", 1) + route
        )
        model = in_force_after(text, to_linkerd(text))
        request = Request(caller=Caller(namespace="bank"), service="shop/api", service_port=80)
        assert ends(decide_route(model, request)) == {end: "1"}


def harms(world: World, code: str) -> list[tuple[str, str]]:
    """Severity and impact of the findings of a code."""
    return [
        (f.severity.value, f.impact.value)
        for f in world.result.report.findings
        if f.code == code and f.fate is Fate.LOST
    ]


def kinds(world: World) -> set[object]:
    """What changes, by the proof, for requests in normal form."""
    changes = world.result.report.verification.changes
    return {change["kind"] for change in changes if change["explained_by"] != ["MM907"]}


OK = "{match: [{uri: {exact: /health}}], directResponse: {status: 200}}"
NO = "{match: [{uri: {prefix: /admin}}], directResponse: {status: 403}}"


def test_an_answer_that_is_lost_leaves_its_requests_to_nobody() -> None:
    world = World(http(OK, rule("{uri: {prefix: /api}}")))
    assert harms(world, "MM204") == [("high", "STRICTER")]
    assert not messages(world.result, "MM904")
    assert "newly_denied" in kinds(world)


def test_a_refusal_that_is_lost_opens_where_a_later_rule_takes_its_requests() -> None:
    closed = World(http(NO, rule("{uri: {prefix: /api}}")))
    assert harms(closed, "MM204") == [("medium", "DIFFERENT")]
    assert "newly_allowed" not in kinds(closed)
    # /api/../admin is /admin to the source and begins with /api to the target
    odd = [f for f in closed.result.report.findings if f.code == "MM907"]
    assert ("blocker", "LOOSER") in [(f.severity.value, f.impact.value) for f in odd]
    for later in (rule(""), rule("{uri: {prefix: /ad}}"), rule("{method: {exact: GET}}")):
        world = World(http(NO, later))
        assert harms(world, "MM204") == [("blocker", "LOOSER")]
        assert "newly_allowed" in kinds(world)
    alone = World(http(NO))
    assert harms(alone, "MM204") == [("blocker", "LOOSER")]
    assert "newly_allowed" in kinds(alone)


def test_a_match_that_is_lost_is_stricter_where_no_rule_takes_what_is_left() -> None:
    absent = "{withoutHeaders: {x: {}}, uri: {prefix: /a}}, {uri: {prefix: /b}}"
    world = World(http(rule(absent)))
    assert harms(world, "MM201") == [("high", "STRICTER")]
    assert not messages(world.result, "MM904")
    assert harms(World(http(rule(absent), rule(""))), "MM201") == [("medium", "DIFFERENT")]


def test_a_fault_that_fails_every_request_is_a_refusal() -> None:
    """envoyproxy/envoy source/extensions/filters/http/fault/fault_filter.cc, 1.33: it answers before the router."""
    fault = ", fault: {{abort: {{httpStatus: 403, percentage: {{value: {}}}}}}}"
    world = World(http(rule("", more=fault.format(100))))
    assert harms(world, "MM301") == [("blocker", "LOOSER")]
    assert kinds(world) == {"newly_allowed"}
    before, after = world.both("/")
    assert (before.kind, before.status) == ("answer", 403)
    assert after.kind == "forward"
    some = World(http(rule("", more=fault.format(99))))
    assert harms(some, "MM301") == [("medium", "DIFFERENT")]
    assert "newly_allowed" not in kinds(some)


def test_clients_without_their_own_rules_go_by_those_for_all() -> None:
    wide = shop(f"hosts: [api], http: [{rule('{uri: {prefix: /api}}')}]", "wide")
    name = "hosts: [api.shop.svc.cluster.local]"
    own = shop(
        f"{name}, exportTo: [shop], http: [{rule('', 'api.shop.svc.cluster.local')}]", "own", "a"
    )
    world = World(wide, own)
    assert harms(world, "MM208") == [("high", "STRICTER")]
    (text,) = messages(world.result, "MM208")
    assert "Requests go by the rules for all clients" in text
    assert not messages(world.result, "MM904")
    assert "newly_denied" in kinds(world)
    alone = World(own)
    (text,) = messages(alone.result, "MM208")
    assert harms(alone, "MM208") == [("high", "DIFFERENT")]
    assert "Requests go to the service that they address" in text


@pytest.mark.parametrize(
    ("version", "retry_on"), [("2.14", "5xx"), ("2.20", "unavailable,resource-exhausted")]
)
def test_the_limit_of_one_try_is_told_where_it_goes_with_the_retries(
    version: str, retry_on: str
) -> None:
    retries = f', retries: {{attempts: 2, perTryTimeout: 1s, retryOn: "{retry_on}"}}'
    text = WORLD + http(rule("", more=retries))
    result = to_version(text, version)
    assert [m for m in messages(result, "MM303") if "goes with the retries" in m]
    assert not messages(result, "MM904")


def test_clients_for_whom_no_rule_is_left_have_the_default_of_the_service() -> None:
    """istio/istio pilot/pkg/networking/core/route/route.go, 1.31: a proxy without a rule of it holds none at all."""
    world = World(http(rule("{sourceNamespace: bank, uri: {prefix: /x}}", "other")))
    for namespace, path, kind in (
        ("bank", "/x", "forward"),
        ("bank", "/y", "not_found"),
        ("web", "/y", "forward"),
    ):
        found = {side.kind for side in world.both(path, namespace=namespace)}
        assert found == {kind}, (namespace, path)
    assert not messages(world.result, "MM904")


def test_rules_for_two_namespaces_of_which_one_is_the_services_own_are_told_for_that() -> None:
    there = f"hosts: [api], exportTo: [bank, shop], http: [{rule('{uri: {prefix: /x}}', 'other')}]"
    world = World(shop(there))
    assert harms(world, "MM208") == [("high", "DIFFERENT")]
    assert not messages(world.result, "MM904")
