"""Known faults of translators of VirtualServices (kubernetes-sigs/ingress2gateway 1.1), none of which may be ours."""

from __future__ import annotations

from typing import Any

from tests.exporters.linkerd.istio import spec_of, written
from tests.translation import to_linkerd
from tests.traps.test_routing import WORLD, World, ends, http, messages, rule, shop
from translator.report.model import Impact


def rules(world: World) -> list[dict[str, Any]]:
    """The rules of the only route."""
    (route,) = written(world.result, "HTTPRoute")
    found = spec_of(route)["rules"]
    assert isinstance(found, list)
    return found


def test_fault_s01_an_absent_weight_is_not_zero() -> None:
    (one,) = rules(World(http(rule(""))))
    assert [backend["weight"] for backend in one["backendRefs"]] == [1]


def test_fault_s03_a_rule_for_some_clients_is_not_for_all_of_them() -> None:
    world = World(http(rule("{sourceLabels: {track: canary}}", "other"), rule("")))
    before, after = world.both(labels={"track": "canary"})
    assert (ends(before), ends(after)) == ({"shop/other": "1"}, {"shop/api": "1"})
    before, after = world.both(labels={"track": "stable"})
    assert ends(before) == ends(after) == {"shop/api": "1"}
    assert any("left out" in text for text in messages(world.result, "MM208"))


def test_fault_s04_the_prefix_of_a_header_and_of_a_parameter_is_said() -> None:
    match = "{headers: {x: {prefix: ab}}, queryParams: {q: {prefix: '1'}}}"
    world = World(http(rule(match, "other"), rule("")))
    for value, query, end in (("abc", "12", "other"), ("xab", "12", "api"), ("abc", "21", "api")):
        before, after = world.both(f"/?q={query}", headers={"x": value})
        assert ends(before) == ends(after) == {f"shop/{end}": "1"}


def test_fault_s05_a_string_prefix_stays_one() -> None:
    world = World(http(rule("{uri: {prefix: /foo}}", "other"), rule("")))
    before, after = world.both("/foobar")
    assert ends(before) == ends(after) == {"shop/other": "1"}


def test_fault_s06_the_order_of_the_list_is_kept() -> None:
    world = World(
        http(rule("{uri: {prefix: /a}}"), rule("{uri: {exact: /a/long/path}}", "other"), rule(""))
    )
    before, after = world.both("/a/long/path")
    assert ends(before) == ends(after) == {"shop/api": "1"}


def test_fault_s10_a_mirror_of_one_percent_is_not_one_of_all() -> None:
    more = ", mirror: {host: other}, mirrorPercentage: {value: 1}"
    world = World(http(rule("", more=more)))
    (table,) = [fact for fact in world.before.facts if type(fact).__name__ == "RouteTable"]
    (mirror,) = table.routes[0].mirrors  # type: ignore[union-attr]  # a route table
    assert mirror.percent is not None
    assert mirror.percent.value == 1
    assert all("filters" not in one for one in rules(world))
    assert messages(world.result, "MM206")


def test_fault_s12_a_rule_that_answers_is_not_left_without_a_backend() -> None:
    answer = "{match: [{uri: {prefix: /admin}}], directResponse: {status: 403}}"
    world = World(http(answer, rule("")))
    assert all(one["backendRefs"] for one in rules(world))
    (finding,) = [f for f in world.result.report.findings if f.code == "MM204"]
    assert (finding.impact, finding.severity) == (Impact.LOOSER, "blocker")


def test_fault_s13_a_rewrite_of_the_host_alone_rewrites_no_path() -> None:
    world = World(http(rule("", more=", rewrite: {authority: b.example}")))
    assert all("filters" not in one for one in rules(world))
    assert messages(world.result, "MM205")


def test_fault_s14_the_host_of_a_redirect_is_kept() -> None:
    world = World(http("{redirect: {authority: 'new.example:8443', uri: '/a?b'}}"))
    (entry,) = rules(world)[0]["filters"]
    assert entry["requestRedirect"] == {
        "hostname": "new.example",
        "port": 8443,
        "path": {"type": "ReplaceFullPath", "replaceFullPath": "/a?b"},
        "statusCode": 301,
    }


def test_fault_s16_the_order_of_keys_and_documents_changes_nothing() -> None:
    one = http(rule("{headers: {a: {exact: '1'}, b: {exact: '2'}, c: {exact: '3'}}}", "other"))
    other = http(rule("{headers: {c: {exact: '3'}, a: {exact: '1'}, b: {exact: '2'}}}", "other"))
    texts = [
        [document.text for document in to_linkerd(text).documents]
        for text in (WORLD + one, WORLD + other, one + WORLD.removesuffix("---\n"))
    ]
    assert texts[0] == texts[1] == texts[2]


def test_fault_s17_retries_that_nobody_wrote_are_named() -> None:
    found = messages(World(http(rule(""))).result, "MM307")
    assert any("tried twice more" in text for text in found)


def test_fault_s18_a_destination_with_dots_is_not_the_name_of_a_service() -> None:
    world = World(shop(f"hosts: [api], http: [{rule('', 'reviews.prod')}]"))
    assert written(world.result, "HTTPRoute") == []
    assert any("no service of the cluster" in text for text in messages(world.result, "MM203"))
