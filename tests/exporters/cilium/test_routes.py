"""Where requests go in Cilium: routes on Services, Gateways of its class, and what a version of it does not serve."""

from __future__ import annotations

from typing import Any

import pytest

from ir.traffic import Protocol
from tests.exporters.cilium.istio import to_cilium, translated
from tests.exporters.gateway_api.cel import broken
from tests.exporters.linkerd.istio import WORKLOAD, routes, spec_of, written
from translator.exporters.cilium.edition import Edition
from translator.pipeline import Result
from translator.report.model import Fate, Impact
from translator.target import parse_target

TO: dict[str, Any] = {"route": [{"destination": {"host": "api"}}]}
GATEWAY = """\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: front, namespace: shop}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: front, namespace: shop}
spec:
  hosts: [shop.example.com]
  gateways: [front]
  http: [{route: [{destination: {host: api, port: {number: 80}}}]}]
"""


def routed(http: list[object], version: str = "1.20") -> Result:
    result = to_cilium("\n---\n".join((WORKLOAD, routes(http))), version)
    for document in result.documents:
        if "gateway.networking" in document.api_version:
            assert broken(document.value) == [], document.text
    return result


def rules(result: Result) -> list[dict[str, Any]]:
    return [rule for route in written(result, "HTTPRoute") for rule in spec_of(route)["rules"]]


def codes(result: Result) -> set[str]:
    return {finding.code for finding in result.report.findings}


def test_a_route_names_the_port_of_its_service() -> None:
    """Without a port a parent holds on nothing (cilium.md, trap 37)."""
    result = routed([TO])
    (route,) = written(result, "HTTPRoute")
    parent = {"group": "", "kind": "Service", "name": "api", "namespace": "shop", "port": 80}
    assert spec_of(route)["parentRefs"] == [parent]
    assert result.report.verification is not None
    assert "MM904" not in codes(result)


def test_rules_for_some_clients_are_left_out_aloud() -> None:
    some = {"match": [{"sourceNamespace": "bank", "uri": {"prefix": "/"}}], **TO}
    result = routed([some, {"timeout": "3s", **TO}])
    (rule,) = rules(result)
    assert rule["timeouts"] == {"request": "3s"}
    (told,) = [f for f in result.report.findings if f.code == "MM208"]
    assert (told.impact, "clients of bank alone" in told.message) == (Impact.DIFFERENT, True)


def test_retries_need_the_version_that_makes_them() -> None:
    again = {"retries": {"attempts": 2, "retryOn": "connect-failure,503"}, **TO}
    for version in ("1.19", "1.20"):
        result = routed([again], version)
        assert all("retry" not in rule for rule in rules(result))
        assert "MM302" in codes(result)
    (rule,) = rules(routed([again], "1.20+experimental"))
    assert rule["retry"]["attempts"] == 2


def test_cross_origin_rules_are_heeded_since_a_version() -> None:
    policy = {
        "corsPolicy": {"allowOrigins": [{"exact": "https://a.example"}], "allowMethods": ["GET"]}
    }
    (now,), (then,) = (rules(routed([{**policy, **TO}], v)) for v in ("1.20", "1.19"))
    assert [f["type"] for f in now["filters"]] == ["CORS"]
    assert "filters" not in then
    assert "MM212" in codes(routed([{**policy, **TO}], "1.19"))


@pytest.mark.parametrize(("share", "kept"), [(50.0, 50), (2.5, 2), (0.5, None)])
def test_shares_of_mirrors_are_whole_percents(share: float, kept: int | None) -> None:
    mirror = {"mirror": {"host": "api"}, "mirrorPercentage": {"value": share}, **TO}
    result = routed([mirror])
    (rule,) = rules(result)
    percents = [f["requestMirror"].get("percent") for f in rule.get("filters", ())]
    assert percents == ([] if kept is None else [kept])
    assert ("MM206" in codes(result)) == (share != 50.0)


def test_streams_have_no_routes_on_services() -> None:
    streams = """\
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {selector: {app: api}, ports: [{name: tcp-db, port: 5432}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: streams, namespace: shop}
spec:
  hosts: [db]
  tcp: [{route: [{destination: {host: api}}]}]
"""
    result = translated(streams)
    assert not written(result, "TCPRoute")
    assert "MM213" in codes(result)


def test_gateways_need_a_class() -> None:
    result = translated(GATEWAY)
    assert not written(result, "Gateway")
    assert "MM501" in codes(result)


def test_gateways_of_the_class_that_is_given() -> None:
    result = translated(GATEWAY, gateway_class="cilium")
    (gateway,) = written(result, "Gateway")
    assert spec_of(gateway)["gatewayClassName"] == "cilium"
    (route,) = written(result, "HTTPRoute")
    assert spec_of(route)["hostnames"] == ["shop.example.com"]
    assert "MM904" not in codes(result)


def test_who_lets_the_old_gateway_in_must_let_the_new_one_in() -> None:
    """Requests by a Gateway of Cilium's have the identity ingress (cilium.md 2.7)."""
    grant = """\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: by-gateway, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  rules:
  - from:
    - source:
        principals: [cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account]
"""
    result = translated(GATEWAY, grant, gateway_class="cilium")
    (told,) = [f for f in result.report.findings if f.code == "MM507"]
    assert told.impact is Impact.STRICTER
    assert "fromEntities: [ingress]" in told.advice


@pytest.mark.parametrize(
    ("version", "kinds"),
    [
        ("1.16", {Protocol.HTTP: "v1", Protocol.TLS: "v1alpha2"}),
        (
            "1.20",
            {Protocol.HTTP: "v1", Protocol.TLS: "v1", Protocol.TCP: "v1", Protocol.UDP: "v1"},
        ),
    ],
)
def test_kinds_at_gateways(version: str, kinds: dict[Protocol, str]) -> None:
    found = Edition(parse_target(f"cilium@{version}")).gateway_versions
    assert {kind: api.rpartition("/")[2] for kind, api in found.items()} == kinds


def test_statuses_of_redirects_came_with_a_version() -> None:
    moved = {"redirect": {"uri": "/new", "redirectCode": 308}}
    (now,), (then,) = (rules(routed([moved], v)) for v in ("1.20", "1.18"))
    assert now["filters"][0]["requestRedirect"]["statusCode"] == 308
    assert then["filters"][0]["requestRedirect"]["statusCode"] == 301


def test_a_listener_for_requests_tries_again_aloud() -> None:
    grant = """\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: reads, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  rules: [{to: [{operation: {methods: [GET]}}]}]
"""
    told = [f for f in translated(grant).report.findings if f.code == "MM302"]
    assert any("three times again" in f.message for f in told)


@pytest.mark.parametrize(
    ("version", "fate"), [("1.20", Fate.LOST), ("1.20+experimental", Fate.APPROXIMATED)]
)
def test_the_retries_of_the_source_are_told_as_written_where_routes_can_say_them(
    version: str, fate: Fate
) -> None:
    result = routed([TO], version)
    (found,) = [
        finding
        for finding in result.report.findings
        if finding.code == "MM307" and finding.why.startswith("VirtualService.spec.http[].retries")
    ]
    assert found.fate is fate
    assert ("It is written" in found.message) is (fate is Fate.APPROXIMATED)
    assert any("retry" in rule for rule in rules(result)) is (fate is Fate.APPROXIMATED)


@pytest.mark.parametrize(("version", "sets"), [("1.19", 0), ("1.20", 1)])
def test_listeners_beyond_those_of_one_gateway_stand_in_sets_from_a_version_on(
    version: str, sets: int
) -> None:
    server = "{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}"
    ports = [server.replace("number: 80", f"number: {1000 + n}") for n in range(66)]
    many = GATEWAY.replace(f"[{server}]", f"[{', '.join(ports)}]")
    result = to_cilium(f"{WORKLOAD}\n---\n{many}", version, gateway_class="cilium")
    assert len(written(result, "ListenerSet")) == sets
    assert ("MM506" in codes(result)) is not bool(sets)
    assert not {"MM903", "MM904"} & codes(result)
