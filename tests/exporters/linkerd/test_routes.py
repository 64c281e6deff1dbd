"""List order as rank: the winner stays the same on every request, or the table is not written."""

from __future__ import annotations

from ir.behaviour.concrete import decide_route
from ir.behaviour.request import Caller, Request
from ir.model import Model
from tests.exporters.linkerd.istio import WORKLOAD, routes, spec_of, translated, written
from tests.translation import to_linkerd
from translator.pipeline import Result

SUBSETS = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: api, namespace: shop}
spec:
  host: api
  subsets:
    - {name: v1, labels: {version: v1}}
    - {name: v2, labels: {version: v2}}
"""
SECOND = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api-v2, namespace: shop}
spec:
  template:
    metadata: {labels: {app: api, version: v2}}
    spec: {containers: [{name: api, ports: [{containerPort: 8080}]}]}
"""
PATHS = ("/", "/a", "/a/", "/a/b", "/ab", "/b", "/a1", "/a/1", "/c", "/a/x.png")
HEADERS: tuple[dict[str, str], ...] = ({}, {"x": "1"}, {"x": "2"}, {"x": "1", "y": "1"}, {"y": "1"})


def to(subset: str) -> list[object]:
    """A route to a subset."""
    return [{"destination": {"host": "api", "subset": subset}}]


def both(http: list[object]) -> Result:
    """Two versions behind these rules."""
    return translated(SECOND, SUBSETS, routes(http))


def winners(model: Model) -> list[object]:
    """Where every request of a grid goes."""
    found: list[object] = []
    for path in PATHS:
        for headers in HEADERS:
            for method in ("GET", "POST"):
                request = Request(
                    caller=Caller(namespace="shop"),
                    service="shop/api",
                    service_port=80,
                    method=method,
                    path=path,
                    headers=headers,
                    authority="api",
                )
                delivery = decide_route(model, request)
                found.append((path, tuple(headers), method, delivery.kind, delivery.shares))
    return found


def assert_same_winners(http: list[object]) -> None:
    """The legal model routes every request of the grid as the source does."""
    result = both(http)
    assert written(result, "HTTPRoute"), [f.message for f in result.report.findings]
    before, after = winners(result.model), winners(result.legal)
    assert before == after


def test_a_path_before_a_header_keeps_its_requests() -> None:
    assert_same_winners(
        [
            {"match": [{"uri": {"prefix": "/a"}}], "route": to("v1")},
            {"match": [{"headers": {"x": {"exact": "1"}}}], "route": to("v2")},
            {"route": to("v1")},
        ]
    )


def test_one_header_before_two_headers_keeps_its_requests() -> None:
    assert_same_winners(
        [
            {"match": [{"headers": {"x": {"exact": "1"}}}], "route": to("v1")},
            {"match": [{"headers": {"x": {"exact": "1"}, "y": {"exact": "1"}}}], "route": to("v2")},
            {"route": to("v2")},
        ]
    )


def test_a_method_before_a_header_keeps_its_requests() -> None:
    assert_same_winners(
        [
            {"match": [{"method": {"exact": "POST"}}], "route": to("v1")},
            {
                "match": [{"headers": {"y": {"exact": "1"}}, "uri": {"prefix": "/a/"}}],
                "route": to("v2"),
            },
            {"route": to("v2")},
        ]
    )


def test_a_short_prefix_before_a_long_one_keeps_its_requests() -> None:
    assert_same_winners(
        [
            {"match": [{"uri": {"prefix": "/a"}}], "route": to("v1")},
            {"match": [{"uri": {"exact": "/a/b"}}], "route": to("v2")},
            {"match": [{"uri": {"regex": "/[a-c]"}}], "route": to("v2")},
        ]
    )


def test_what_no_rule_matches_is_not_found_on_both_sides() -> None:
    assert_same_winners([{"match": [{"uri": {"exact": "/a"}}], "route": to("v1")}])


def test_two_headers_of_one_name_that_contradict_are_given_up_aloud() -> None:
    http: list[object] = [
        {"match": [{"headers": {"x": {"prefix": "1"}}}], "route": to("v1")},
        {
            "match": [{"headers": {"x": {"regex": ".*2"}, "y": {"exact": "1"}}}],
            "route": to("v2"),
        },
    ]
    result = both(http)
    if written(result, "HTTPRoute"):
        assert winners(result.model) == winners(result.legal)
    else:
        assert "MM202" in {f.code for f in result.report.findings}


def test_weights_and_subsets_become_services_that_select_the_same_pods() -> None:
    split = [
        {"destination": {"host": "api", "subset": "v1"}, "weight": 90},
        {"destination": {"host": "api", "subset": "v2"}, "weight": 10},
    ]
    result = both([{"route": split}])
    selectors = {
        str(s["metadata"]["name"]): spec_of(s)["selector"] for s in written(result, "Service")
    }
    assert selectors == {
        "api-v1": {"app": "api", "version": "v1"},
        "api-v2": {"app": "api", "version": "v2"},
    }
    (route,) = written(result, "HTTPRoute")
    (rule,) = spec_of(route)["rules"]
    assert [b["weight"] for b in rule["backendRefs"]] == [90, 10]


def test_a_subset_that_asks_for_another_label_than_its_service_is_given_up_aloud() -> None:
    other = SUBSETS.replace("{version: v2}", "{app: other}")
    result = translated(SECOND, other, routes([{"route": to("v2")}]))
    assert written(result, "HTTPRoute") == []
    assert "MM210" in {f.code for f in result.report.findings}


def test_a_fixed_answer_that_refuses_is_a_blocker_when_it_cannot_be_said() -> None:
    http: list[object] = [
        {"match": [{"uri": {"prefix": "/admin"}}], "directResponse": {"status": 403}},
        {"route": to("v1")},
    ]
    findings = {f.code: f for f in both(http).report.findings}
    assert findings["MM204"].severity == "blocker"


def test_a_header_that_must_be_absent_takes_its_match_with_it() -> None:
    http: list[object] = [
        {"match": [{"withoutHeaders": {"x": {}}}], "route": to("v2")},
        {"route": to("v1")},
    ]
    result = both(http)
    assert "MM201" in {f.code for f in result.report.findings}


def test_a_destination_without_a_port_is_the_port_that_was_dialled() -> None:
    """istio/istio pilot/pkg/networking/core/route/route.go ``GetDestinationCluster``, 1.31."""
    two = "ports: [{name: http, port: 80, targetPort: 8080}, {name: http-b, port: 81, targetPort: 8081}]"
    one = "ports: [{name: http, port: 80, targetPort: 8080}]"
    rules = routes([{"route": to("v1")}])
    result = to_linkerd("\n---\n".join((WORKLOAD.replace(one, two), SECOND, SUBSETS, rules)))
    found = {
        (spec["parentRefs"][0]["port"], backend["name"], backend["port"])
        for spec in map(spec_of, written(result, "HTTPRoute"))
        for backend in spec["rules"][0]["backendRefs"]
    }
    assert found == {(80, "api-v1", 80), (81, "api-v1", 81)}
    assert not [f for f in result.report.findings if f.code == "MM203"]
