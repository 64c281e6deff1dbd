"""Rules of one host in several objects: the winner stays the same on every request, whatever the objects' ages."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

from ir.model import Model
from ir.traffic import RouteTable
from tests.exporters.linkerd.istio import WORKLOAD, routes, spec_of, translated, written
from tests.exporters.linkerd.test_routes import both, to, winners
from tests.translation import to_version
from translator.pipeline import Result

API = [{"destination": {"host": "api"}}]
FAILING = {"attempts": 3, "retryOn": "5xx"}


def in_every_order(model: Model) -> list[Model]:
    """The model with its route objects in each order that their ages could have."""
    tables = [fact for fact in model.facts if isinstance(fact, RouteTable)]
    rest = [fact for fact in model.facts if not isinstance(fact, RouteTable)]
    return [replace(model, facts=(*rest, *order)) for order in permutations(tables)]


def assert_any_age(http: list[object], objects: int) -> Result:
    """All requests of a grid go where the list says, in whichever order the objects were made."""
    result = both(http)
    assert len(written(result, "HTTPRoute")) == objects, [f.message for f in result.report.findings]
    before = winners(result.model)
    assert all(winners(model) == before for model in in_every_order(result.legal))
    return result


def retries_of(result: Result) -> dict[str, dict[str, Any]]:
    """The annotations of retries by object."""
    return {
        d["metadata"]["name"]: {
            k: v for k, v in d["metadata"]["annotations"].items() if k.startswith("retry")
        }
        for d in written(result, "HTTPRoute")
    }


def test_a_rule_for_one_slash_wins_over_one_for_all_paths_of_another_object() -> None:
    assert_any_age(
        [
            {"match": [{"uri": {"exact": "/"}}], "route": to("v2"), "retries": FAILING},
            {"route": to("v1")},
        ],
        2,
    )


def test_rules_with_other_retries_stand_in_an_object_of_their_own() -> None:
    result = assert_any_age(
        [
            {"match": [{"uri": {"prefix": "/a"}}], "route": to("v1"), "retries": FAILING},
            {"match": [{"headers": {"x": {"exact": "1"}}}], "route": to("v2")},
            {"route": to("v1"), "retries": FAILING},
        ],
        2,
    )
    assert retries_of(result) == {
        "api": {"retry.linkerd.io/limit": "3", "retry.linkerd.io/http": "5xx"},
        "api-2": {"retry.linkerd.io/limit": "2"},
    }


def test_two_headers_in_two_objects_are_told_apart_by_a_rule_for_both() -> None:
    assert_any_age(
        [
            {"match": [{"headers": {"x": {"exact": "1"}}}], "route": to("v1"), "retries": FAILING},
            {"match": [{"headers": {"y": {"exact": "1"}}}], "route": to("v2")},
            {"route": to("v2"), "retries": FAILING},
        ],
        2,
    )


def test_a_header_on_some_paths_before_the_same_header_on_all() -> None:
    assert_any_age(
        [
            {
                "match": [{"uri": {"prefix": "/a"}, "headers": {"x": {"exact": "1"}}}],
                "route": to("v1"),
                "retries": FAILING,
            },
            {"match": [{"headers": {"x": {"exact": "1"}}}], "route": to("v2")},
            {"route": to("v1")},
        ],
        2,
    )


def test_overlapping_paths_in_two_objects_exclude_each_other() -> None:
    assert_any_age(
        [
            {"match": [{"uri": {"regex": "/[ab].*"}}], "route": to("v1"), "retries": FAILING},
            {"match": [{"uri": {"prefix": "/a"}}, {"uri": {"prefix": "/c"}}], "route": to("v2")},
            {"route": to("v1"), "retries": {"attempts": 1, "retryOn": "503"}},
        ],
        3,
    )


def test_more_rules_than_one_object_holds_are_spread_in_order() -> None:
    http: list[object] = [
        {"match": [{"uri": {"exact": f"/{n}"}}], "route": to("v1" if n % 2 else "v2")}
        for n in range(40)
    ]
    result = both([*http, {"route": to("v1")}])
    objects = written(result, "HTTPRoute")
    assert [d["metadata"]["name"] for d in objects] == ["api", "api-2", "api-3"]
    assert [len(spec_of(d)["rules"]) for d in objects] == [16, 16, 9]
    assert "MM209" not in {f.code for f in result.report.findings}


def test_more_matches_than_one_rule_holds_are_spread_over_rules() -> None:
    matches = [{"uri": {"exact": f"/{n}"}} for n in range(20)]
    (route,) = written(both([{"match": matches, "route": to("v1")}]), "HTTPRoute")
    assert [len(rule["matches"]) for rule in spec_of(route)["rules"]] == [8, 8, 4]


def test_values_of_one_header_that_may_both_be_there_are_left_to_names_aloud() -> None:
    http: list[object] = [
        {"match": [{"headers": {"x": {"prefix": "1"}}}], "route": to("v1"), "retries": FAILING},
        {"match": [{"headers": {"x": {"regex": ".*2"}}}], "route": to("v2")},
    ]
    result = both(http)
    assert [d["metadata"]["name"] for d in written(result, "HTTPRoute")] == ["api", "api-2"]
    assert "MM202" in {f.code for f in result.report.findings}
    assert winners(result.model) == winners(result.legal)


def test_a_rule_behind_one_that_takes_all_of_its_requests_is_not_written() -> None:
    http: list[object] = [
        {"match": [{"port": 80}], "route": to("v1")},
        {"match": [{"uri": {"exact": "/a"}}], "route": to("v2")},
    ]
    result = both(http)
    (route,) = written(result, "HTTPRoute")
    assert len(spec_of(route)["rules"]) == 1
    assert winners(result.model) == winners(result.legal)


def test_before_2_20_time_limits_are_annotations_and_split_too() -> None:
    http: list[object] = [
        {"match": [{"uri": {"prefix": "/a"}}], "route": API, "timeout": "1500ms"},
        {"route": API, "timeout": "90s"},
    ]
    result = to_version(f"{WORKLOAD}\n---\n{routes(http)}", "2.18")
    limits = [
        d["metadata"]["annotations"].get("timeout.linkerd.io/request")
        for d in written(result, "HTTPRoute")
    ]
    assert limits == ["1500ms", "90s"]


def test_rules_without_retries_beside_a_service_that_has_them_are_a_finding() -> None:
    service = """
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop, annotations: {retry.linkerd.io/http: 5xx}}
spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: 8080}]}
"""
    http: list[object] = [{"route": API}]
    findings = translated(service, routes(http)).report.findings
    (found,) = (f for f in findings if f.code == "MM330")
    assert found.message.startswith("Service/shop/api has retry.linkerd.io/http, which")
