"""Gateways of a class: listeners, demands on clients by port, and lists within the limits of the schemas."""

from __future__ import annotations

from typing import Any

import pytest

from tests.exporters.gateway_api.istio import found, spec_of, translated, written
from tests.exporters.linkerd.test_gateways import TO_API, gateway, rules, server
from translator.pipeline import Result
from translator.report.model import Impact, Severity


def moved(*documents: str, version: str = "1.6") -> Result:
    return translated(*documents, version=version, gateway_class="envoy")


def the_gateway(result: Result) -> dict[str, Any]:
    (made,) = written(result, "Gateway")
    return spec_of(made)


def mutual(port: int, host: str = "a.example.com", **tls: object) -> dict[str, object]:
    return server(host, port=port, protocol="HTTPS", mode="MUTUAL", credentialName="shop", **tls)


def test_without_a_class_each_gateway_is_one_finding() -> None:
    result = translated(gateway([server("*")]), rules([TO_API]))
    assert written(result, "Gateway") == []
    assert len(found(result, "MM501")) == 1


def test_nothing_of_another_mesh_is_written_on_the_gateway() -> None:
    assert "infrastructure" not in the_gateway(moved(gateway([server("*")])))


def test_a_port_that_demands_certificates_of_clients_says_so_in_front() -> None:
    spec = the_gateway(moved(gateway([mutual(443)])))
    (port,) = spec["tls"]["frontend"]["perPort"]
    assert spec["listeners"][0]["tls"]["mode"] == "Terminate"
    assert port["port"] == 443
    assert port["tls"]["validation"]["mode"] == "AllowValidOnly"
    assert port["tls"]["validation"]["caCertificateRefs"][0]["name"] == "shop"


def test_that_a_class_must_know_how_to_verify_clients_is_told() -> None:
    result = moved(gateway([mutual(443)]))
    assert [f.severity for f in found(result, "MM566")] == [Severity.HIGH]
    assert "GatewayFrontendClientCertificateValidation" in found(result, "MM509")[0].message


@pytest.mark.parametrize(
    "servers",
    [
        [mutual(443, subjectAltNames=["spiffe://a/b"])],
        [mutual(443, caCertificates="/etc/ca.pem")],
        [
            server(
                "a.example.com",
                port=443,
                protocol="HTTPS",
                mode="OPTIONAL_MUTUAL",
                credentialName="s",
            )
        ],
    ],
)
def test_demands_that_cannot_be_said_leave_the_listener_out(servers: list[object]) -> None:
    result = moved(gateway(servers))
    assert written(result, "Gateway") == []
    told = [finding.message for finding in found(result, "MM506")]
    assert any(text.startswith("the listener on port 443") for text in told)


def test_ports_whose_listeners_ask_different_things_keep_those_that_ask_nothing() -> None:
    other = server("b.example.com", port=443, protocol="HTTPS", mode="SIMPLE", credentialName="s")
    spec = the_gateway(moved(gateway([mutual(443), other])))
    assert [one["hostname"] for one in spec["listeners"]] == ["b.example.com"]
    assert "tls" not in spec


def test_clients_are_verified_from_a_version_on() -> None:
    assert written(moved(gateway([mutual(443)]), version="1.4"), "Gateway") == []
    assert len(written(moved(gateway([mutual(443)]), version="1.4+experimental"), "Gateway")) == 1


def test_more_than_sixteen_host_names_become_several_routes() -> None:
    hosts = tuple(f"h{n}.example.com" for n in range(20))
    result = moved(gateway([server("*")]), rules([TO_API], hosts=hosts))
    made = written(result, "HTTPRoute")
    assert [len(spec_of(route)["hostnames"]) for route in made] == [16, 4]
    assert spec_of(made[0])["rules"] == spec_of(made[1])["rules"]


def test_more_than_thirty_two_listeners_become_several_routes() -> None:
    ports: list[object] = [server("*", port=1000 + n) for n in range(40)]
    made = written(moved(gateway(ports), rules([TO_API])), "HTTPRoute")
    assert [len(spec_of(route)["parentRefs"]) for route in made] == [32, 8]


def test_a_rule_that_replaces_a_prefix_has_one_match() -> None:
    rule = {
        "match": [{"uri": {"prefix": "/"}, "method": {"exact": m}} for m in ("GET", "PUT")],
        "rewrite": {"uri": "/v1/"},
        **TO_API,
    }
    result = moved(gateway([server("*")]), rules([rule]))
    made = [one for route in written(result, "HTTPRoute") for one in spec_of(route)["rules"]]
    assert [len(one["matches"]) for one in made] == [1, 1]


def test_databases_enter_as_bytes() -> None:
    spec = the_gateway(moved(gateway([server("*", port=27017, protocol="MONGO")])))
    assert spec["listeners"][0]["protocol"] == "TCP"


CLASSED = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: front, namespace: shop}
spec: {gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP}]}
"""


def test_a_gateway_of_the_sources_class_gets_the_one_that_is_given() -> None:
    (edited,) = [d for d in moved(CLASSED).documents if d.resource == "Gateway/shop/front"]
    assert edited.edited
    assert spec_of(edited.value)["gatewayClassName"] == "envoy"


def test_routes_of_a_kind_that_is_of_a_later_version_are_told() -> None:
    from ir.traffic import Protocol
    from translator.exporters.gateways.findings import missing_kind
    from translator.report.model import Support

    assert missing_kind(Protocol.GRPC).support is Support.NOT_YET
    for protocol, since in ((Protocol.TLS, "1.5"), (Protocol.TCP, "1.6"), (Protocol.UDP, "1.6")):
        missing = missing_kind(protocol)
        assert missing.support is Support.VERSION
        assert since in missing.advice


def bound(result: Result) -> dict[str, tuple[list[str], list[str]]]:
    """Host names and listeners of each route."""
    return {
        route["metadata"]["name"]: (
            spec_of(route)["hostnames"],
            [parent["sectionName"] for parent in spec_of(route)["parentRefs"]],
        )
        for route in written(result, "HTTPRoute")
    }


def test_a_name_is_bound_to_the_most_particular_listener_that_has_it() -> None:
    wide, narrow = server("*.example.com"), server("*.foo.example.com")
    result = moved(gateway([wide, narrow]), rules([TO_API], hosts=("a.foo.example.com",)))
    assert bound(result) == {"api": (["a.foo.example.com"], ["http-80-2"])}
    assert "MM904" not in {finding.code for finding in result.report.findings}


def scoped(protocol: str) -> str:
    """A gateway whose narrower listener has rules of the namespace ``other`` alone."""
    ends = {"tls": {"mode": "SIMPLE", "credentialName": "shop"}} if protocol == "HTTPS" else {}
    hosts = ("shop/*.example.com", "other/*.foo.example.com")
    return gateway([{**server(host, protocol=protocol), **ends} for host in hosts])


def test_what_a_listener_does_not_let_in_serves_its_names_all_the_same_without_tls() -> None:
    hosts = ("*.example.com", "a.foo.example.com")
    result = moved(scoped("HTTP"), rules([TO_API], hosts=hosts))
    assert bound(result) == {
        "api": (
            ["*.foo.example.com", "*.example.com", "a.foo.example.com"],
            ["http-80-2", "http-80"],
        )
    }
    assert not {"MM903", "MM904"} & {finding.code for finding in result.report.findings}


def test_where_tls_ends_the_listener_of_a_name_says_whose_rules_serve_it() -> None:
    hosts = ("*.example.com", "a.foo.example.com")
    result = moved(scoped("HTTPS"), rules([TO_API], hosts=hosts))
    assert bound(result) == {"api": (["*.example.com"], ["https-80"])}
    assert [f.impact for f in found(result, "MM107")] == [Impact.NONE]
    assert not {"MM903", "MM904"} & {finding.code for finding in result.report.findings}


def test_rules_of_two_ports_stay_apart_where_one_would_say_more() -> None:
    listeners: list[object] = [
        server("shop/*.example.com", "other/*.foo.example.com"),
        *(
            server(host, port=443, protocol="HTTPS", mode="SIMPLE", credentialName="shop")
            for host in ("shop/*.example.com", "other/*.foo.example.com")
        ),
    ]
    result = moved(gateway(listeners), rules([TO_API], hosts=("*.example.com",)))
    sections = [names for _, names in bound(result).values()]
    assert not any("https-443-2" in names for names in sections)
    assert any("http-80-any-foo-example-com" in names for names in sections)
    assert not {"MM903", "MM904"} & {finding.code for finding in result.report.findings}


def test_a_listener_that_sends_to_tls_has_its_names_for_itself() -> None:
    redirect = {**server("a.example.com"), "tls": {"httpsRedirect": True}}
    result = moved(
        gateway([server("*.example.com"), redirect]),
        rules([TO_API], hosts=("a.example.com", "b.example.com")),
    )
    assert bound(result)["api"] == (["b.example.com"], ["http-80"])
    assert not {"MM903", "MM904"} & {finding.code for finding in result.report.findings}


def many(count: int) -> str:
    """A gateway with one listener for each of these ports."""
    return gateway([server("*", port=1000 + n) for n in range(count)])


@pytest.mark.parametrize(
    ("version", "api_version", "kind"),
    [
        ("1.6", "gateway.networking.k8s.io/v1", "ListenerSet"),
        ("1.3+experimental", "gateway.networking.x-k8s.io/v1alpha1", "XListenerSet"),
    ],
)
def test_listeners_beyond_those_of_one_gateway_stand_in_sets(
    version: str, api_version: str, kind: str
) -> None:
    result = moved(many(150), rules([TO_API], hosts=("*",)), version=version)
    spec = the_gateway(result)
    assert len(spec["listeners"]) == 64
    assert spec["allowedListeners"] == {"namespaces": {"from": "Same"}}
    sets = written(result, kind)
    assert [one["apiVersion"] for one in sets] == [api_version] * 2
    assert [len(spec_of(one)["listeners"]) for one in sets] == [64, 22]
    assert [one["metadata"]["name"] for one in sets] == ["front-2", "front-3"]
    assert spec_of(sets[0])["parentRef"]["name"] == "front"
    parents = [p for one in written(result, "HTTPRoute") for p in spec_of(one)["parentRefs"]]
    assert [sum(p["name"] == name for p in parents) for name in ("front", "front-2")] == [64, 64]
    assert {p["kind"] for p in parents if p["name"] != "front"} == {kind}
    assert any("ListenerSet" in finding.message for finding in found(result, "MM509"))
    assert not {"MM903", "MM904"} & {finding.code for finding in result.report.findings}
    assert found(result, "MM506") == []


def test_a_version_without_sets_leaves_listeners_out() -> None:
    result = moved(many(66), rules([TO_API], hosts=("*",)), version="1.4")
    assert len(the_gateway(result)["listeners"]) == 64
    assert len(found(result, "MM506")) > 0
    assert not {"MM903", "MM904"} & {finding.code for finding in result.report.findings}


def test_the_grant_of_a_gateway_is_none_for_its_sets() -> None:
    hosts = [f"h{n}.example.com" for n in range(65)]
    listeners: list[object] = [
        server(host, port=443, protocol="HTTPS", mode="SIMPLE", credentialName="s")
        for host in hosts
    ]
    result = moved(gateway(listeners, namespace="other"))
    grants = [spec_of(one)["from"][0]["kind"] for one in written(result, "ReferenceGrant")]
    assert sorted(grants) == ["Gateway", "ListenerSet"]


def test_listeners_that_ask_clients_for_certificates_stand_in_the_gateway() -> None:
    listeners: list[object] = [server("*", port=1000 + n) for n in range(64)]
    result = moved(gateway([*listeners, mutual(443)]))
    spec = the_gateway(result)
    assert next(one["port"] for one in spec["listeners"]) == 443
    assert len(spec["tls"]["frontend"]["perPort"]) == 1
    assert [len(spec_of(one)["listeners"]) for one in written(result, "ListenerSet")] == [1]
