"""Traps of Gateway API as a source, on real translations."""

from __future__ import annotations

import pytest

from ir.model import Model
from ir.provenance import bare
from ir.traffic import RouteTable
from tests.importers.gateway_api.reading import (
    EXPERIMENTAL,
    TO_API,
    entered,
    imported,
    read,
    route,
    sent,
    tables,
    to_linkerd,
)
from translator.report.model import Fate

_TO_NEW = "backendRefs: [{name: new, namespace: shop, port: 80}]"
_ON_A = "matches: [{path: {value: /a}}], "


def mesh(rules: str, name: str = "r", namespace: str = "shop", kind: str = "HTTPRoute") -> str:
    """A route of the Service ``shop/api``."""
    return route(f"parentRefs: [{TO_API}], rules: [{rules}]", name, namespace, kind)


def gateway(allowed: str) -> str:
    """A Gateway with one listener."""
    return (
        "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: edge}\n"
        f"spec: {{gatewayClassName: some, listeners: [{{name: web, port: 80, protocol: HTTP{allowed}}}]}}"
    )


def said(model: Model) -> list[RouteTable]:
    """The tables without what tells where they come from."""
    return [bare(table) for table in tables(model)]


def test_trap_gateway_api_1_a_route_takes_the_place_of_the_service_for_all_requests() -> None:
    result = to_linkerd(mesh(f"{{{_ON_A}{_TO_NEW}}}"))
    assert sent(result.model, "/b").status == 404
    assert result.report.verification.verdict.startswith("EQUAL")


def test_trap_gateway_api_2_the_more_particular_rule_wins_from_below() -> None:
    rules = f"{{backendRefs: [{{name: old, port: 80}}]}}, {{{_ON_A}{_TO_NEW}}}"
    assert sent(read(mesh(rules)), "/a").route == "r/1"


def test_trap_gateway_api_3_a_prefix_is_of_elements_with_or_without_a_slash_at_its_end() -> None:
    for value in ("/a", "/a/"):
        model = read(mesh(f"{{matches: [{{path: {{value: {value}}}}}], {_TO_NEW}}}"))
        assert [sent(model, path).kind for path in ("/a", "/a/", "/a/b", "/ab")] == [
            "forward",
            "forward",
            "forward",
            "not_found",
        ]


def test_trap_gateway_api_4_of_equal_rules_the_oldest_then_the_first_by_name_wins() -> None:
    one, two = (mesh(f"{{{_TO_NEW}}}", name) for name in ("a", "b"))
    assert sent(read(two, one)).route == "a/0"
    older = two.replace("{name: b,", '{name: b, creationTimestamp: "2020-01-01T00:00:00Z",')
    assert sent(read(one, older)).route == "b/0"


@pytest.mark.parametrize("narrowed", ["port: 81", "sectionName: admin"])
def test_trap_gateway_api_6_each_parent_of_one_service_is_its_own_port(narrowed: str) -> None:
    parent = TO_API.replace("}", f", {narrowed}}}")
    model = read(route(f"parentRefs: [{parent}], rules: [{{{_TO_NEW}}}]"))
    assert (sent(model, port=81).route, sent(model, port=80).route) == ("r/0", "default")


def test_trap_gateway_api_7_a_field_of_the_other_channel_holds_nowhere_and_is_told() -> None:
    text = mesh(f"{{{_TO_NEW}, retry: {{attempts: 3}}}}")
    told = to_linkerd(text)
    assert sent(told.model).retries == 0
    assert "MM260" in {finding.code for finding in told.report.findings}
    assert sent(read(text, source=EXPERIMENTAL)).retries == 3


def test_trap_gateway_api_15_the_kind_of_the_same_name_of_another_group_is_not_read() -> None:
    text = mesh(f"{{{_TO_NEW}}}").replace(
        "gateway.networking.k8s.io/v1", "policy.linkerd.io/v1beta3"
    )
    assert imported(text).claimed == ()
    assert tables(read(text)) == []


def test_trap_gateway_api_16_annotations_of_one_mesh_do_nothing_in_the_source() -> None:
    text = mesh(f"{{{_TO_NEW}}}", "api").replace(
        "namespace: shop}\nspec",
        'namespace: shop, annotations: {"timeout.linkerd.io/request": 1s}}\nspec',
    )
    result = to_linkerd(text)
    assert sent(result.model).timeout is None
    assert "timeout.linkerd.io" not in result.documents[0].text


def test_trap_gateway_api_17_attempts_are_further_tries() -> None:
    text = mesh(f"{{{_TO_NEW}, retry: {{attempts: 1, codes: [503]}}}}")
    assert sent(read(text, source=EXPERIMENTAL)).retries == 1


def test_trap_gateway_api_19_no_time_and_no_limit_are_the_same() -> None:
    for times in ("", ", timeouts: {request: 0s}"):
        assert sent(read(mesh(f"{{{_TO_NEW}{times}}}"))).timeout is None
    assert sent(read(mesh(f"{{{_TO_NEW}, timeouts: {{request: 1m500ms}}}}"))).timeout == 60.5


def test_trap_gateway_api_24_a_service_that_names_itself_is_no_loop() -> None:
    result = to_linkerd(mesh("{backendRefs: [{name: api, port: 80}]}"))
    assert [share.endpoints for share in sent(result.model).shares] == [("shop/api",)]
    assert result.report.verification.verdict.startswith("EQUAL")


def test_trap_gateway_api_25_a_route_elsewhere_is_for_the_clients_there_alone() -> None:
    model = read(mesh(f"{{{_TO_NEW}}}", namespace="web"))
    assert sent(model, client="web").route == "r/0"
    assert sent(model, client="bank").route == "default"


def test_trap_gateway_api_26_clients_with_a_route_of_their_own_have_it_alone_and_leaks_are_told() -> (
    None
):
    result = to_linkerd(
        mesh(f"{{{_TO_NEW}}}", "for-all"), mesh(f"{{{_ON_A}{_TO_NEW}}}", "for-web", "web")
    )
    assert sent(result.model, "/b", client="web").status == 404
    assert "MM211" in {finding.code for finding in result.report.findings}


@pytest.mark.parametrize(
    "kind",
    [
        "type: RequestRedirect, requestRedirect: {scheme: https}",
        "type: URLRewrite, urlRewrite: {hostname: a.b}",
    ],
)
def test_trap_gateway_api_28_what_a_backend_does_beside_headers_is_told(kind: str) -> None:
    result = to_linkerd(mesh(f"{{backendRefs: [{{name: new, port: 80, filters: [{{{kind}}}]}}]}}"))
    fates = {row.fate for row in result.report.ledger}
    assert fates.isdisjoint({Fate.DROPPED, Fate.STRANDED})
    assert "MM801" in {finding.code for finding in result.report.findings}


def test_trap_gateway_api_29_a_rule_without_a_backend_is_no_way_to_the_service() -> None:
    assert sent(read(mesh(f"{{{_ON_A}name: x}}")), "/a").status == 500


def test_trap_gateway_api_31_a_listener_takes_routes_of_its_own_namespace_where_it_says_nothing() -> (
    None
):
    own = route("parentRefs: [{name: gw, namespace: edge}], rules: [{%s}]" % _TO_NEW)  # noqa: UP031
    assert entered(read(gateway(""), own), "x").kind == "not_found"
    opened = gateway(", allowedRoutes: {namespaces: {from: All}}")
    assert entered(read(opened, own), "x").kind == "forward"


def test_trap_gateway_api_33_defaults_mean_the_same_written_or_not() -> None:
    short = route(f"parentRefs: [{TO_API}], rules: [{{{_TO_NEW}}}]")
    long = route(
        f"parentRefs: [{TO_API}], rules: [{{matches: [{{path: {{type: PathPrefix, value: /}}}}], backendRefs: "
        '[{group: "", kind: Service, name: new, namespace: shop, port: 80, weight: 1}]}]'
    )
    results = [to_linkerd(text) for text in (short, long)]
    assert results[0].manifests == results[1].manifests


def test_trap_gateway_api_34_calls_hide_requests_on_one_port_of_a_service() -> None:
    calls = f"{{matches: [{{method: {{service: s.A, method: M}}}}], {_TO_NEW}}}"
    model = read(mesh(calls, "calls", kind="GRPCRoute"), mesh(f"{{{_TO_NEW}}}", "requests"))
    assert sent(model, "/s.A/M", method="POST").route == "calls/0"
    assert sent(model, "/x").status == 404


def test_trap_gateway_api_36_status_says_nothing_of_requests() -> None:
    text = mesh(f"{{{_TO_NEW}}}")
    seen = text + "\nstatus: {parents: [{conditions: [{type: Accepted, status: 'False'}]}]}"
    assert said(read(text)) == said(read(seen))
    fates = {r.path.split(".")[0]: r.fate for r in to_linkerd(seen).report.ledger}
    assert fates["status"] is Fate.INERT


def test_a_redirect_that_goes_and_leaves_nothing_behind_is_told_as_stricter() -> None:
    prefix = "{type: RequestRedirect, requestRedirect: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /b}}}"
    gone = f"{{{_ON_A}filters: [{prefix}]}}"
    for rest in (f"{{matches: [{{path: {{value: /c}}}}], {_TO_NEW}}}", f"{{{_TO_NEW}}}"):
        result = to_linkerd(mesh(f"{gone}, {rest}"))
        codes = {finding.code for finding in result.report.findings}
        assert "MM204" in codes
        assert "MM904" not in codes
