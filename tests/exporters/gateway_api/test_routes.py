"""Rules of services as routes on the Service: parents, order, limits, words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.exporters.gateway_api.istio import (
    WORKLOAD,
    found,
    routes,
    rules_of,
    spec_of,
    translated,
    written,
)

TO: dict[str, Any] = {"route": [{"destination": {"host": "api"}}]}


def match(**what: object) -> dict[str, object]:
    return {"match": [what], **TO}


def test_a_route_names_the_service_and_its_port() -> None:
    (route,) = written(translated(routes([TO])), "HTTPRoute")
    parent = {"group": "", "kind": "Service", "name": "api", "namespace": "shop", "port": 80}
    assert spec_of(route)["parentRefs"] == [parent]
    assert "hostnames" not in spec_of(route)


def test_the_service_itself_is_a_backend_by_name() -> None:
    (rule,) = rules_of(translated(routes([TO])))
    (backend,) = rule["backendRefs"]
    assert (backend["name"], backend["port"], backend["weight"]) == ("api", 80, 1)


def test_rules_keep_their_names_where_the_version_has_them() -> None:
    named = {"name": "first", **TO}
    assert rules_of(translated(routes([named])))[0]["name"] == "first"
    assert "name" not in rules_of(translated(routes([named]), version="1.3"))[0]


def test_of_two_rules_with_one_name_the_first_keeps_it() -> None:
    rules = [
        {"name": "a", **match(uri={"exact": "/a"})},
        {"name": "a", **match(uri={"exact": "/b"})},
    ]
    assert [rule.get("name") for rule in rules_of(translated(routes(rules)))] == ["a", None]


def test_a_string_prefix_is_no_prefix_of_elements() -> None:
    (rule,) = rules_of(translated(routes([match(uri={"prefix": "/foo"})])))
    assert rule["matches"][0]["path"] == {"type": "RegularExpression", "value": "/foo.*"}


def test_a_prefix_before_a_longer_one_hides_it() -> None:
    hidden = [match(uri={"prefix": "/"}), match(uri={"prefix": "/api"})]
    result = translated(routes(hidden))
    assert len(rules_of(result)) == 1
    assert len(found(result, "MM107")) == 1


def test_more_than_sixteen_rules_become_several_routes_with_the_same_winner() -> None:
    rules = [match(uri={"exact": f"/{n}"}) for n in range(20)]
    made = written(translated(routes(rules)), "HTTPRoute")
    assert [len(spec_of(route)["rules"]) for route in made] == [16, 4]
    assert [route["metadata"]["name"] for route in made] == ["api", "api-2"]


def test_more_matches_than_a_rule_may_have_become_several_rules() -> None:
    many = {"match": [{"uri": {"exact": f"/{n}"}} for n in range(100)], **TO}
    assert [len(rule["matches"]) for rule in rules_of(translated(routes([many])))] == [64, 36]


def test_more_destinations_than_a_rule_may_have_go_nowhere() -> None:
    services = "\n---\n".join(WORKLOAD.replace("name: api", f"name: s{n}") for n in range(17))
    split = [{"destination": {"host": f"s{n}"}, "weight": 4 if n else 36} for n in range(17)]
    result = translated(services, routes([{"route": split}]))
    assert "backendRefs" not in rules_of(result)[0]
    assert len(found(result, "MM209")) == 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        ("1.5s", "1500ms"),
        ("100s", "100s"),
        ("100.5s", "1m40s500ms"),
        ("30h", "30h"),
        ("0.25s", "250ms"),
    ],
)
def test_times_are_spelt_in_whole_numbers_of_five_digits(seconds: str, text: str) -> None:
    (rule,) = rules_of(translated(routes([{**TO, "timeout": seconds}])))
    assert _milliseconds(rule["timeouts"]["request"]) == _milliseconds(text)


def _milliseconds(text: str) -> int:
    from tests.exporters.gateway_api.cel import _milliseconds as spelt

    return spelt(text)


def test_the_time_of_one_try_is_never_longer_than_that_of_all() -> None:
    rule = {
        **TO,
        "timeout": "1s",
        "retries": {"attempts": 1, "perTryTimeout": "2s", "retryOn": "503"},
    }
    (made,) = rules_of(translated(routes([rule]), version="1.6+experimental"))
    assert made["timeouts"] == {"request": "1s"}


def test_the_silent_retries_of_the_source_are_written_where_they_can_be() -> None:
    (rule,) = rules_of(translated(routes([TO]), version="1.6+experimental"))
    assert rule["retry"]["attempts"] == 2
    (adopted,) = rules_of(translated(routes([TO]), version="1.6+experimental", defaults="adopt"))
    assert "retry" not in adopted


def test_that_there_are_no_retries_cannot_be_said() -> None:
    rule = {**TO, "retries": {"attempts": 0}}
    result = translated(routes([rule]), version="1.6+experimental")
    assert "retry" not in rules_of(result)[0]
    assert len(found(result, "MM302")) == 1


def test_a_header_that_is_the_host_becomes_a_rewrite_of_the_host() -> None:
    rule = {**TO, "headers": {"request": {"set": {"Host": "other.example"}}}}
    (made,) = rules_of(translated(routes([rule])))
    assert made["filters"] == [{"type": "URLRewrite", "urlRewrite": {"hostname": "other.example"}}]


@pytest.mark.parametrize("value", ["", "%DOWNSTREAM_REMOTE_ADDRESS%", " x"])
def test_values_of_headers_that_cannot_be_written_are_told(value: str) -> None:
    rule = {**TO, "headers": {"request": {"set": {"x-a": value}}}}
    result = translated(routes([rule]))
    assert "filters" not in rules_of(result)[0]
    assert len(found(result, "MM205")) == 1


def test_a_match_on_an_empty_header_is_left_out_with_its_rule() -> None:
    rules = [match(headers={"x-a": {"exact": ""}}), match(uri={"exact": "/b"})]
    result = translated(routes(rules))
    assert [rule["matches"][0]["path"]["value"] for rule in rules_of(result)] == ["/b"]
    assert len(found(result, "MM201")) == 1


def test_a_mirror_of_a_part_keeps_its_share() -> None:
    rule = {**TO, "mirrors": [{"destination": {"host": "api"}, "percentage": {"value": 0.5}}]}
    (made,) = rules_of(translated(routes([rule])))
    mirror = made["filters"][0]["requestMirror"]
    assert mirror["fraction"] == {"numerator": 1, "denominator": 200}
    result = translated(routes([rule]), version="1.2")
    assert "filters" not in rules_of(result)[0]
    assert len(found(result, "MM206")) == 1


def test_a_destination_without_a_weight_takes_all() -> None:
    (rule,) = rules_of(translated(routes([TO])))
    assert rule["backendRefs"][0]["weight"] == 1


def test_rules_for_one_namespace_stand_there_and_are_told() -> None:
    rules = [match(sourceNamespace="web", uri={"exact": "/a"}), TO]
    result = translated(routes(rules))
    homes = {r["metadata"]["namespace"]: spec_of(r)["rules"] for r in written(result, "HTTPRoute")}
    assert [len(homes[space]) for space in ("shop", "web")] == [1, 2]
    assert len(found(result, "MM265")) == 1


def test_backends_of_another_namespace_have_a_grant() -> None:
    other = WORKLOAD.replace("namespace: shop", "namespace: bank")
    there = {"route": [{"destination": {"host": "api.bank.svc.cluster.local"}}]}
    (grant,) = written(translated(other, routes([there])), "ReferenceGrant")
    assert grant["metadata"]["namespace"] == "bank"
    assert spec_of(grant)["from"][0]["kind"] == "HTTPRoute"


def test_an_answer_that_is_fixed_goes_nowhere_aloud() -> None:
    result = translated(
        routes([{**match(uri={"exact": "/a"}), "route": [], "directResponse": {"status": 403}}])
    )
    (rule,) = rules_of(result)
    assert "backendRefs" not in rule
    assert len(found(result, "MM734")) == 1
