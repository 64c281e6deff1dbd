"""What is easily written wrong in Gateway API, by number; those of reading are shown by its importer."""

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
from tests.exporters.linkerd.test_gateways import TO_API, gateway, rules, server

TO: dict[str, Any] = {"route": [{"destination": {"host": "api"}}]}
RETRIES = {**TO, "retries": {"attempts": 3, "retryOn": "503,connect-failure"}}


def match(**what: object) -> dict[str, object]:
    return {"match": [what], **TO}


def moved(*documents: str, version: str = "1.6") -> Any:
    return translated(*documents, version=version, gateway_class="envoy")


def test_trap_gateway_api_1_nothing_is_added_where_the_source_finds_nothing() -> None:
    (rule,) = rules_of(translated(routes([match(uri={"exact": "/a"})])))
    assert rule["matches"][0]["path"] == {"type": "Exact", "value": "/a"}


def test_trap_gateway_api_2_a_rule_that_an_earlier_one_hides_does_not_come_alive() -> None:
    hidden = [match(uri={"prefix": "/"}), {"name": "late", **match(uri={"prefix": "/api"})}]
    names = [rule.get("name") for rule in rules_of(translated(routes(hidden)))]
    assert "late" not in names


def test_trap_gateway_api_3_a_string_prefix_is_no_prefix_of_elements() -> None:
    (rule,) = rules_of(translated(routes([match(uri={"prefix": "/foo"})])))
    assert rule["matches"][0]["path"]["type"] == "RegularExpression"


def test_trap_gateway_api_4_rules_that_would_compete_by_age_are_not_spread() -> None:
    many = [match(headers={f"x-{n}": {"exact": "a"}}) for n in range(20)]
    result = translated(routes(many))
    assert written(result, "HTTPRoute") == []
    assert len(found(result, "MM209")) == 1


def test_trap_gateway_api_5_more_rules_than_a_route_may_have_are_spread() -> None:
    many = [match(uri={"exact": f"/{n}"}) for n in range(33)]
    made = written(translated(routes(many)), "HTTPRoute")
    assert [len(spec_of(route)["rules"]) for route in made] == [16, 16, 1]


def test_trap_gateway_api_6_each_port_has_a_route_with_one_parent() -> None:
    two = WORKLOAD.replace(
        "ports: [{name: http, port: 80, targetPort: 8080}]",
        "ports: [{name: http, port: 80, targetPort: 8080}, {name: http-b, port: 81, targetPort: 8081}]",
    ).replace("name: api,", "name: two,")
    there = {"route": [{"destination": {"host": "two"}}]}
    text = routes([there]).replace("- api\n", "- two\n")
    parents = [spec_of(r)["parentRefs"] for r in written(translated(two, text), "HTTPRoute")]
    assert [[one["port"] for one in parent] for parent in parents] == [[80], [81]]


def test_trap_gateway_api_7_no_field_of_the_other_channel_is_written() -> None:
    (rule,) = rules_of(translated(routes([RETRIES])))
    assert "retry" not in rule


@pytest.mark.parametrize(
    ("version", "spelt"),
    [("1.3+experimental", "v1alpha2"), ("1.4+experimental", "v1alpha3"), ("1.6", "v1")],
)
def test_trap_gateway_api_13_routes_by_name_are_of_a_version_that_is_served(
    version: str, spelt: str
) -> None:
    servers: list[object] = [server("a.example.com", port=443, protocol="TLS", mode="PASSTHROUGH")]
    tls = rules([]).replace("http: []", "tls: [{match: [{sniHosts: [a.example.com]}], route: "
                            "[{destination: {host: api.shop.svc.cluster.local}}]}]")  # fmt: skip
    result = moved(gateway(servers), tls, version=version)
    (document,) = [d for d in result.documents if d.resource.startswith("TLSRoute/")]
    assert document.api_version.rpartition("/")[2] == spelt


def test_trap_gateway_api_14_grants_are_of_the_version_that_all_read() -> None:
    result = moved(gateway([server("*")]), rules([TO_API], namespace="team"))
    (grant,) = [d for d in result.documents if d.resource.startswith("ReferenceGrant/")]
    assert grant.api_version == "gateway.networking.k8s.io/v1beta1"


def test_trap_gateway_api_17_attempts_are_further_tries_on_both_sides() -> None:
    (rule,) = rules_of(translated(routes([RETRIES]), version="1.6+experimental"))
    assert rule["retry"]["attempts"] == 3


def test_trap_gateway_api_18_the_silent_retries_are_written_or_told() -> None:
    assert "tried twice more" in " ".join(
        f.message for f in found(translated(routes([TO])), "MM307")
    )
    (rule,) = rules_of(translated(routes([TO]), version="1.6+experimental"))
    assert rule["retry"]["attempts"] == 2


def test_trap_gateway_api_19_no_time_limit_is_told_and_not_written_as_another() -> None:
    result = translated(routes([TO]))
    assert "timeouts" not in rules_of(result)[0]
    assert "A request may take any time" in " ".join(f.message for f in found(result, "MM307"))


def test_trap_gateway_api_20_durations_have_no_fractions_and_five_digits() -> None:
    (rule,) = rules_of(translated(routes([{**TO, "timeout": "100.5s"}])))
    assert rule["timeouts"] == {"request": "1m40s500ms"}


def test_trap_gateway_api_21_shares_that_are_no_whole_percent_are_fractions() -> None:
    part = {**TO, "mirrors": [{"destination": {"host": "api"}, "percentage": {"value": 0.5}}]}
    (rule,) = rules_of(translated(routes([part])))
    assert rule["filters"][0]["requestMirror"]["fraction"] == {"numerator": 1, "denominator": 200}


SUBSET = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: api, namespace: shop}
spec: {host: api, subsets: [{name: v1, labels: {version: v1}}]}
"""


def test_trap_gateway_api_22_a_subset_is_a_service_with_the_same_names_of_ports() -> None:
    one = {"route": [{"destination": {"host": "api", "subset": "v1"}}]}
    (made,) = written(translated(SUBSET, routes([one])), "Service")
    assert [port["name"] for port in spec_of(made)["ports"]] == ["http"]
    assert spec_of(made)["selector"] == {"app": "api", "version": "v1"}


def test_trap_gateway_api_23_the_port_of_a_backend_is_the_services_and_always_there() -> None:
    (rule,) = rules_of(translated(routes([TO])))
    assert rule["backendRefs"][0]["port"] == 80


def test_trap_gateway_api_24_the_rest_goes_to_the_service_by_its_own_name() -> None:
    (rule,) = rules_of(translated(routes([TO])))
    assert (rule["backendRefs"][0]["kind"], rule["backendRefs"][0]["name"]) == ("Service", "api")


def test_trap_gateway_api_25_a_route_stands_with_its_service_wherever_the_source_stood() -> None:
    away = routes([{"route": [{"destination": {"host": "api.shop.svc.cluster.local"}}]}])
    away = away.replace("namespace: shop", "namespace: other").replace(
        "- api\n", "- api.shop.svc.cluster.local\n"
    )
    (route,) = written(translated(away), "HTTPRoute")
    assert route["metadata"]["namespace"] == "shop"


def test_trap_gateway_api_26_routes_for_some_clients_are_told() -> None:
    result = translated(routes([match(sourceNamespace="web", uri={"exact": "/a"}), TO]))
    assert "MeshConsumerRoute" in found(result, "MM265")[0].why


def test_trap_gateway_api_27_the_host_is_no_header_and_no_value_is_empty() -> None:
    edits = {"set": {"Host": "other.example"}, "add": {"x-a": ""}}
    result = translated(routes([{**TO, "headers": {"request": edits}}]))
    (rule,) = rules_of(result)
    assert [one["type"] for one in rule["filters"]] == ["URLRewrite"]
    assert len(found(result, "MM205")) == 1


def test_trap_gateway_api_28_backends_have_no_filters_but_of_headers() -> None:
    backend = {"destination": {"host": "api"}, "headers": {"response": {"remove": ["x-a"]}}}
    (rule,) = rules_of(translated(routes([{"route": [backend]}])))
    (one,) = [f for ref in rule["backendRefs"] for f in ref.get("filters", [])] or rule["filters"]
    assert one["type"] == "ResponseHeaderModifier"


def test_trap_gateway_api_29_a_redirect_has_no_backends() -> None:
    (rule,) = rules_of(translated(routes([{"redirect": {"uri": "/b"}}])))
    assert "backendRefs" not in rule


def test_a_redirect_that_says_no_port_is_the_same_on_both_sides() -> None:
    result = translated(routes([{"redirect": {"uri": "/b", "redirectCode": 302}}]))
    assert found(result, "MM904") == []
    there = {"redirect": {"uri": "/b", "scheme": "https", "redirectCode": 302}}
    assert found(translated(routes([there])), "MM904") == []


def test_rules_that_refuse_and_are_not_written_are_a_blocker() -> None:
    refuse = {"match": [{"uri": {"prefix": "/admin"}}], "directResponse": {"status": 403}}
    outside = routes([refuse, TO], "out").replace("- api\n", "- out.example\n")
    result = translated(outside)
    (one,) = found(result, "MM203")
    assert (one.severity.value, one.impact.value) == ("blocker", "LOOSER")
    assert found(result, "MM903") == []
    plain = routes([TO], "out").replace("- api\n", "- out.example\n")
    (one,) = found(translated(plain), "MM203")
    assert (one.severity.value, one.impact.value) == ("high", "DIFFERENT")


def test_clients_without_their_own_rules_go_by_those_for_all() -> None:
    wide = routes([match(uri={"prefix": "/api"})], "wide")
    own = routes([TO], "own").replace("spec:\n", "spec:\n  exportTo: [.]\n")
    result = translated(wide, own)
    (one,) = found(result, "MM208")
    assert (one.severity.value, one.impact.value) == ("high", "STRICTER")
    assert found(result, "MM904") == []


def test_trap_gateway_api_30_a_prefix_is_replaced_in_a_rule_of_its_own() -> None:
    rule = {
        "match": [{"uri": {"prefix": "/a/"}}, {"uri": {"prefix": "/b/"}}],
        "rewrite": {"uri": "/"},
        **TO,
    }
    made = rules_of(translated(routes([rule])))
    replaced = [r for r in made if any("urlRewrite" in f for f in r.get("filters", []))]
    assert [len(r["matches"]) for r in replaced] == [1] * len(replaced)
    assert len(replaced) >= 2


def test_trap_gateway_api_31_listeners_let_the_namespaces_of_their_routes_in() -> None:
    result = moved(gateway([server("*")]), rules([TO_API], namespace="team"))
    (made,) = written(result, "Gateway")
    assert spec_of(made)["listeners"][0]["allowedRoutes"]["namespaces"]["from"] == "Selector"


def test_trap_gateway_api_32_every_host_is_no_host() -> None:
    result = moved(gateway([server("*")]), rules([TO_API], hosts=("*",)))
    assert "hostname" not in spec_of(written(result, "Gateway")[0])["listeners"][0]
    assert "hostnames" not in spec_of(written(result, "HTTPRoute")[0])


def test_trap_gateway_api_34_rules_for_requests_stay_beside_calls_as_one_kind() -> None:
    calls = [match(uri={"exact": "/pkg.Service/Call"}), match(uri={"exact": "/page"})]
    result = translated(routes(calls))
    assert written(result, "GRPCRoute") == []
    assert len(rules_of(result)) == 2


def test_trap_gateway_api_35_what_becomes_of_preflights_without_an_origin_is_told() -> None:
    policy = {"allowOrigins": [{"exact": "https://a.example"}], "maxAge": "60s",
              "unmatchedPreflights": "FORWARD"}  # fmt: skip
    result = translated(routes([{**TO, "corsPolicy": policy}]))
    assert any("preflight" in finding.message for finding in found(result, "MM212"))


TLS = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: api, namespace: shop}
spec: {host: api, trafficPolicy: {tls: {mode: SIMPLE%s}}}
"""


def test_trap_gateway_api_38_tls_to_a_service_needs_the_name_of_the_server() -> None:
    (policy,) = written(translated(TLS % ", sni: a.example.com"), "BackendTLSPolicy")
    assert spec_of(policy)["validation"]["hostname"] == "a.example.com"
    result = translated(TLS % "")
    assert written(result, "BackendTLSPolicy") == []
    assert "sni" in found(result, "MM405")[0].message
