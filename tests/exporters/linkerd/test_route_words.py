"""Methods, redirects and clients in the target's words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.exporters.linkerd.istio import WORKLOAD, routes, spec_of, translated, written
from tests.traps.test_routing import World, ends, http, messages, rule, shop
from translator import pipeline
from translator.source.load import load_text

CLIENT = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: c, namespace: NS}\n"
    "spec: {template: {metadata: {labels: {app: c}}, spec: {containers: [{name: c}]}}}\n---\n"
)


def rules(world: World) -> list[dict[str, Any]]:
    """The rules of the only route."""
    (route,) = written(world.result, "HTTPRoute")
    found = spec_of(route)["rules"]
    assert isinstance(found, list)
    return found


def methods(world: World) -> list[str | None]:
    """The methods of the first rule's matches."""
    return [match.get("method") for match in rules(world)[0]["matches"]]


@pytest.mark.parametrize(
    ("test", "found", "lost"),
    [
        ("{exact: GET}", ["GET"], False),
        ("{regex: 'GET|POST'}", ["GET", "POST"], False),
        ("{regex: '.*'}", [None], False),
        ("{prefix: P}", ["POST", "PUT", "PATCH"], True),
    ],
)
def test_methods_are_named_one_by_one(test: str, found: list[str | None], lost: bool) -> None:  # noqa: FBT001
    world = World(http(rule(f"{{method: {test}}}", "other"), rule("")))
    assert methods(world) == found
    assert bool(messages(world.result, "MM201")) is lost


def test_a_method_without_a_name_in_the_target_takes_its_rule_with_it() -> None:
    world = World(http(rule("{method: {exact: PURGE}}", "other"), rule("")))
    before, after = world.both(method="PURGE")
    assert (ends(before), ends(after)) == ({"shop/other": "1"}, {"shop/api": "1"})
    assert messages(world.result, "MM201")


@pytest.mark.parametrize(
    "redirect",
    [
        "{prefixRewrite: /new}",
        "{uri: new}",
        "{authority: a.example, redirectCode: 304}",
        "{authority: a_b.example}",
        "{authority: a.example, scheme: ftp}",
    ],
)
def test_a_redirect_that_cannot_be_said_goes_as_a_whole(redirect: str) -> None:
    world = World(http(f"{{match: [{{uri: {{prefix: /a}}}}], redirect: {redirect}}}", rule("")))
    assert len(rules(world)) == 1
    (text,) = messages(world.result, "MM204")
    assert "go to the next rule" in text
    assert ends(world.both("/a")[1]) == {"shop/api": "1"}


def test_a_redirect_to_another_path_drops_the_query_and_it_is_said() -> None:
    world = World(http("{redirect: {uri: /new}}"))
    (entry,) = rules(world)[0]["filters"]
    assert entry["requestRedirect"]["path"]["replaceFullPath"] == "/new"
    assert any("query" in text for text in messages(world.result, "MM204"))
    assert not messages(World(http("{redirect: {uri: '/new?a=b'}}")).result, "MM204")


def test_the_port_of_the_listener_in_a_redirect_is_said_to_differ() -> None:
    world = World(http("{redirect: {scheme: https, derivePort: FROM_REQUEST_PORT}}"))
    (entry,) = rules(world)[0]["filters"]
    assert "port" not in entry["requestRedirect"]
    assert any("port of a redirect" in text for text in messages(world.result, "MM204"))


def test_clients_without_a_last_rule_fall_through_to_the_rules_for_all() -> None:
    private = shop(
        f"hosts: [api.shop.svc.cluster.local], exportTo: ['.'], "
        f"http: [{rule('{uri: {prefix: /a}}', 'other.shop.svc.cluster.local')}]",
        namespace="web",
    )
    world = World(http(rule("")), private)
    before, after = world.both("/b", namespace="web")
    assert (before.status, ends(after)) == (404, {"shop/api": "1"})
    assert any("gets 404" in text for text in messages(world.result, "MM211"))


def test_a_namespace_with_a_table_of_its_own_does_not_get_the_public_one_too() -> None:
    public = http(rule("{sourceNamespace: web}", "other"), rule(""))
    private = shop(
        f"hosts: [api.shop.svc.cluster.local], exportTo: ['.'], "
        f"http: [{rule('', 'api.shop.svc.cluster.local')}]",
        namespace="web",
    )
    world = World(public, private)
    assert [d["metadata"]["namespace"] for d in written(world.result, "HTTPRoute")] == [
        "shop",
        "web",
    ]
    before, after = world.both(namespace="web")
    assert ends(before) == ends(after) == {"shop/api": "1"}


def test_labels_of_all_workloads_of_a_namespace_are_the_namespace() -> None:
    match = "{sourceLabels: {app: c}}"
    text = http(rule(match, "other"), rule(""))
    clients = CLIENT.replace("NS", "web")
    whole = World(text, clients, complete=True)
    assert [d["metadata"]["namespace"] for d in written(whole.result, "HTTPRoute")] == [
        "shop",
        "web",
    ]
    part = World(text, clients, complete=False)
    assert [d["metadata"]["namespace"] for d in written(part.result, "HTTPRoute")] == ["shop"]
    assert any("--complete" in one for one in messages(part.result, "MM208"))


def test_rules_on_a_service_that_speaks_no_http_hold_for_nothing() -> None:
    world = World(http(rule("")))
    assert written(world.result, "HTTPRoute")
    tcp = (
        "apiVersion: v1\nkind: Service\nmetadata: {name: raw, namespace: shop}\n"
        "spec: {selector: {app: raw}, ports: [{name: tcp, port: 80}]}\n---\n"
    )
    other = World(tcp, shop(f"hosts: [raw], http: [{rule('', 'raw')}]"))
    assert written(other.result, "HTTPRoute") == []
    assert any("no port of Service/shop/raw" in text for text in messages(other.result, "MM107"))
    assert not [f for f in other.result.report.findings if f.severity in ("blocker", "high")]


def test_a_rule_to_the_service_itself_needs_no_port() -> None:
    unlisted = shop(
        "hosts: [unlisted], http: [{timeout: 3s, route: [{destination: {host: unlisted}}]}]",
        name="unlisted",
    )
    (rule_,) = rules(World(unlisted))
    assert "backendRefs" not in rule_
    assert rule_["timeouts"] == {"request": "3s"}


def test_a_percent_sign_of_a_header_is_written_as_each_mesh_spells_it() -> None:
    """Envoy takes ``%%`` for one and fills in what stands between two; Gateway API knows texts alone."""
    headers = {"request": {"set": {"x-share": "100%%", "x-from": "%REQ(x-other)%"}}}
    rule = {"headers": headers, "route": [{"destination": {"host": "api"}}]}
    result = translated(routes([rule]))
    (route,) = written(result, "HTTPRoute")
    (edits,) = spec_of(route)["rules"][0]["filters"]
    assert edits["requestHeaderModifier"] == {"set": [{"name": "x-share", "value": "100%"}]}
    (told,) = [f for f in result.report.findings if f.code == "MM205"]
    assert "%REQ(x-other)%" in told.message
    back = pipeline.translate_loaded(
        load_text("---\n".join((WORKLOAD, *(d.text for d in result.documents)))),
        pipeline.options_of(load_text(""), "linkerd", "istio", {}),
    )
    (table,) = [d for d in back.documents if d.resource.startswith("VirtualService/")]
    assert "x-share: 100%%" in table.text


def test_more_edits_than_a_filter_holds_are_told() -> None:
    headers = {"request": {"remove": [f"x-{n}" for n in range(17)]}}
    result = translated(routes([{"headers": headers, "route": [{"destination": {"host": "api"}}]}]))
    (route,) = written(result, "HTTPRoute")
    (edits,) = spec_of(route)["rules"][0]["filters"]
    assert len(edits["requestHeaderModifier"]["remove"]) == 16
    assert [f.code for f in result.report.findings if "an edit of a header" in f.message] == [
        "MM205"
    ]
