"""Gateways in Istio's own API, served by pods that are chosen by labels; without these they are told to be shut out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.exporters.istio.edge import WEB, entered, gateway, http, https, route
from tests.exporters.istio.linkerd import WEB as PODS
from tests.exporters.istio.linkerd import codes, translated, written
from translator.errors import TargetError
from translator.pipeline import Result
from translator.report.model import Impact, Severity

BOTH = f"{http()}, {https()}"


def told(result: Result, code: str) -> list[Any]:
    """The findings of a code."""
    return [finding for finding in result.report.findings if finding.code == code]


def services(result: Result) -> dict[str, Any]:
    """The specs of the VirtualServices, by their hosts."""
    found = [one["spec"] for one in written(result, "VirtualService")]
    return {",".join(spec["hosts"]): spec for spec in found}


def servers(result: Result) -> list[Any]:
    """The servers of all Gateways."""
    return [server for one in written(result, "Gateway") for server in one["spec"]["servers"]]


def names(result: Result) -> list[str]:
    """The names of the Gateways that are written."""
    return [one["metadata"]["name"] for one in written(result, "Gateway")]


def is_proved(result: Result) -> bool:
    """Whether no difference of names in normal form is found that nothing explains."""
    return not told(result, "MM904") and not told(result, "MM903") and not told(result, "MM901")


def test_without_labels_gateways_in_a_cluster_of_linkerd_stay_with_who_serves_them() -> None:
    door = gateway(http()).replace("edge", "shop")
    result = translated(PODS, door, route(f"{{{WEB}}}", space="shop"))
    assert written(result, "Gateway") == []
    assert codes(result) == []
    assert told(result, "MM501") == []
    fates = {r.fate for r in result.report.ledger if r.resource.startswith(("Gateway/", "HTTPR"))}
    assert fates == {"carried"}


def test_without_labels_gateways_of_gateway_api_stay() -> None:
    result = entered(gateway(http()), route(f"{{{WEB}}}"), gateway_selector=())
    assert result.documents == ()


def test_a_gateway_becomes_servers_with_the_namespaces_that_may_bind() -> None:
    result = entered(gateway(BOTH), route(f"{{{WEB}}}"))
    (made,) = written(result, "Gateway")
    assert made["apiVersion"] == "networking.istio.io/v1"
    assert made["metadata"]["namespace"] == "edge"
    assert made["spec"] == {
        "selector": {"istio": "ingressgateway"},
        "servers": [
            {
                "name": "http",
                "port": {"number": 80, "name": "http", "protocol": "HTTP"},
                "hosts": ["./*"],
            },
            {
                "name": "https",
                "port": {"number": 443, "name": "https", "protocol": "HTTPS"},
                "hosts": ["./*"],
                "tls": {"mode": "SIMPLE", "credentialName": "cert"},
            },
        ],
    }
    assert is_proved(result)


def test_rules_of_one_name_are_one_object_whoever_states_them() -> None:
    matches = "matches: [{path: {type: PathPrefix, value: %s}}]"
    door = gateway(http(more=", allowedRoutes: {namespaces: {from: All}}"))
    parent = "{name: door, namespace: edge}"
    first = route(f"{{{matches % '/a'}, {WEB}}}", "one", "a.example.com", parent, space="one")
    second = route(f"{{{matches % '/a/b'}, {WEB}}}", "two", "a.example.com", parent, space="two")
    result = entered(door, first, second)
    (service,) = written(result, "VirtualService")
    assert service["metadata"]["namespace"] == "edge"
    paths = [
        next(iter(m["uri"].values())) for rule in service["spec"]["http"] for m in rule["match"]
    ]
    assert paths == ["/a/b", "/a/b/", "/a", "/a/"]
    assert is_proved(result)


def test_an_object_of_one_namespace_stays_there_and_its_namespace_may_bind() -> None:
    door = gateway(http(more=", allowedRoutes: {namespaces: {from: All}}"))
    result = entered(
        door,
        route(f"{{{WEB}}}", "one", "a.example.com", "{name: door, namespace: edge}", space="shop"),
    )
    (service,) = written(result, "VirtualService")
    assert service["metadata"]["namespace"] == "shop"
    assert servers(result)[0]["hosts"] == ["shop/*"]


def test_rules_of_a_section_are_for_its_port_alone() -> None:
    result = entered(
        gateway(BOTH),
        route(f"{{{WEB}}}", "all", "a.example.com", "{name: door, sectionName: https}"),
        route(
            "{filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}]}",
            "up",
            parents="{name: door, sectionName: http}",
        ),
    )
    found = services(result)
    assert [m for rule in found["a.example.com"]["http"] for m in rule["match"]] == [{"port": 443}]
    assert [m for rule in found["*"]["http"] for m in rule["match"]] == [{"port": 80}]
    assert is_proved(result)


def test_further_tries_are_switched_off() -> None:
    result = entered(gateway(http()), route(f"{{{WEB}}}"))
    (rule,) = services(result)["*"]["http"]
    assert rule["retries"] == {"attempts": 0}


def test_a_redirect_without_a_port_keeps_the_one_by_which_the_request_came() -> None:
    redirect = "{filters: [{type: RequestRedirect, requestRedirect: {hostname: b.example.com}}]}"
    result = entered(gateway(http(port=8080)), route(redirect))
    (rule,) = services(result)["*"]["http"]
    assert rule["redirect"] == {
        "authority": "b.example.com",
        "redirectCode": 302,
        "derivePort": "FROM_REQUEST_PORT",
    }
    assert is_proved(result)


def test_names_of_tls_pass_through_and_bytes_have_their_port() -> None:
    listeners = (
        '{name: tls, port: 8443, protocol: TLS, hostname: "*.example.com", tls: {mode: Passthrough}}, '
        "{name: bytes, port: 5432, protocol: TCP}"
    )
    result = entered(
        gateway(listeners),
        route(
            f"{{{WEB}}}", "secure", "a.example.com", "{name: door, sectionName: tls}", "TLSRoute"
        ),
        route(f"{{{WEB}}}", "data", "", "{name: door, sectionName: bytes}", "TCPRoute"),
    )
    found = services(result)
    assert found["a.example.com"]["tls"][0]["match"] == [
        {"port": 8443, "sniHosts": ["a.example.com"]}
    ]
    assert found["*"]["tcp"][0]["match"] == [{"port": 5432}]
    assert [server["port"]["protocol"] for server in servers(result)] == ["TLS", "TCP"]
    assert servers(result)[0]["tls"] == {"mode": "PASSTHROUGH"}
    assert is_proved(result)


def test_the_older_of_two_routes_has_the_port() -> None:
    listeners = "{name: bytes, port: 5432, protocol: TCP}"
    other = "backendRefs: [{name: other, port: 80}]"
    routes = [
        route(f"{{{b}}}", n, "", "{name: door}", "TCPRoute") for n, b in (("a", WEB), ("b", other))
    ]
    result = entered(gateway(listeners), *routes)
    (service,) = written(result, "VirtualService")
    assert service["spec"]["tcp"][0]["route"][0]["destination"]["host"].startswith("web.")
    assert [f.impact for f in told(result, "MM107")] == [Impact.NONE]
    assert is_proved(result)


# --- secrets and clients ---------------------------------------------------------------------------


def test_secrets_must_be_where_the_pods_are() -> None:
    result = entered(gateway(https()), route(f"{{{WEB}}}"))
    (found,) = told(result, "MM567")
    assert "istio-system" in found.message
    assert "edge/cert" in found.message
    pods = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: gateway, namespace: edge}
spec:
  selector: {matchLabels: {istio: ingressgateway}}
  template: {metadata: {labels: {istio: ingressgateway}}, spec: {containers: [{name: a, image: a}]}}
"""
    assert told(entered(pods, gateway(https()), route(f"{{{WEB}}}")), "MM567") == []


def test_two_secrets_of_one_name_would_be_one_so_the_second_listener_is_left_out() -> None:
    listeners = f"{https('a', 'a.example.com', '{name: cert, namespace: one}')}, {https('b', 'b.example.com', '{name: cert, namespace: two}')}"
    result = entered(gateway(listeners), route(f"{{{WEB}}}"))
    assert [server["name"] for server in servers(result)] == ["a"]
    (found,) = told(result, "MM506")
    assert found.impact is Impact.STRICTER
    assert is_proved(result)


@pytest.mark.parametrize(("version", "kept"), [("1.31", 2), ("1.26", 0)])
def test_two_certificates_need_their_version(version: str, kept: int) -> None:
    result = entered(
        gateway(https(cert="{name: rsa}, {name: ecdsa}")),
        route(f"{{{WEB}}}"),
        target=f"istio@{version}",
    )
    names = [name for server in servers(result) for name in server["tls"]["credentialNames"]]
    assert len(names) == kept
    assert is_proved(result)


MUTUAL = ", tls: {frontend: {default: {validation: {caCertificateRefs: [{group: '', kind: ConfigMap, name: roots}]%s}}}}"


def test_clients_are_verified_by_roots_of_their_own() -> None:
    result = entered(gateway(https(), more=MUTUAL % ""), route(f"{{{WEB}}}"))
    (server,) = servers(result)
    assert server["tls"] == {
        "mode": "MUTUAL",
        "credentialName": "cert",
        "caCertCredentialName": "roots",
    }
    assert len(told(result, "MM566")) == 1
    assert is_proved(result)


@pytest.mark.parametrize(
    ("listeners", "more", "version"),
    [
        pytest.param(
            https(),
            MUTUAL % ", mode: AllowInsecureFallback",
            "1.31",
            id="clients that nobody verifies",
        ),
        pytest.param(https(), MUTUAL % "", "1.27", id="roots before their version"),
        pytest.param("{name: u, port: 53, protocol: UDP}", "", "1.31", id="UDP"),
    ],
)
def test_what_no_server_does_is_left_out_and_told(listeners: str, more: str, version: str) -> None:
    result = entered(gateway(listeners, more=more), route(f"{{{WEB}}}"), target=f"istio@{version}")
    assert written(result, "Gateway") == []
    assert [f.impact for f in told(result, "MM506")] == [Impact.STRICTER]
    assert is_proved(result)


# --- pods that gateways share ------------------------------------------------------------------------


def test_gateways_of_the_same_pods_are_a_blocker() -> None:
    doors = [gateway(http(host=f"{n}.example.com"), n) for n in ("a", "b")]
    result = entered(*doors, route(f"{{{WEB}}}", parents="{name: a}, {name: b}"))
    (found,) = told(result, "MM568")
    assert found.severity is Severity.BLOCKER
    assert found.impact is Impact.LOOSER
    apart = entered(
        *doors,
        route(f"{{{WEB}}}", parents="{name: a}, {name: b}"),
        gateway_selector=("istio=ingressgateway", "edge/b:istio=inner"),
    )
    assert told(apart, "MM568") == []
    chosen = [one["spec"]["selector"] for one in written(apart, "Gateway")]
    assert chosen == [{"istio": "ingressgateway"}, {"istio": "inner"}]


def pods(name: str, labels: str) -> str:
    """Pods that serve gateways."""
    return f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: istio-system}}
spec:
  selector: {{matchLabels: {{{labels}}}}}
  template:
    metadata: {{labels: {{{labels}}}}}
    spec: {{containers: [{{name: proxy, image: example}}]}}
"""


@pytest.mark.parametrize(
    ("labels", "more"),
    [
        pytest.param("istio=ingressgateway,tier=inner", (), id="more labels of the same pods"),
        pytest.param("app=inner", (), id="another label, of pods that nobody lists"),
        pytest.param(
            "app=inner",
            (pods("both", "istio: ingressgateway, app: inner"),),
            id="another label of the same pods",
        ),
    ],
)
def test_gateways_whose_labels_may_choose_the_same_pods_are_a_blocker(
    labels: str, more: tuple[str, ...]
) -> None:
    """A server whose port and name another of them has is left out too."""
    doors = [gateway(http(host="a.example.com"), n) for n in ("a", "b")]
    result = entered(
        *doors,
        route(f"{{{WEB}}}", parents="{name: a}, {name: b}"),
        gateway(http(host="c.example.com"), "c"),
        *more,
        gateway_selector=("istio=ingressgateway", f"edge/b:{labels}", f"edge/c:{labels}"),
    )
    assert [f.impact for f in told(result, "MM568")] == [Impact.LOOSER]
    assert names(result) == ["a", "c"]
    assert [f.impact for f in told(result, "MM506")] == [Impact.STRICTER]


@pytest.mark.parametrize(
    ("labels", "told_of"),
    [
        pytest.param("{istio: ingressgateway}", 1, id="the same labels"),
        pytest.param("{}", 1, id="every pod"),
        pytest.param("{istio: inner}", 0, id="others"),
    ],
)
def test_a_gateway_of_the_target_that_stays_may_have_the_same_pods(
    labels: str, told_of: int
) -> None:
    own = f"""
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {{name: own, namespace: istio-system}}
spec:
  selector: {labels}
  servers: [{{port: {{number: 80, name: http, protocol: HTTP}}, hosts: ["*"]}}]
"""
    result = entered(own, gateway(http()), route(f"{{{WEB}}}"))
    found = told(result, "MM568")
    assert [f.impact for f in found] == [Impact.LOOSER] * told_of
    assert all("istio-system/own (which stays)" in f.message for f in found)


def test_gateways_are_apart_where_no_listed_pod_has_the_labels_of_two() -> None:
    doors = [gateway(http(host="a.example.com"), n) for n in ("a", "b")]
    listed = pods("outer", "istio: ingressgateway"), pods("inner", "app: inner")
    result = entered(
        *doors,
        *listed,
        route(f"{{{WEB}}}", parents="{name: a}, {name: b}"),
        gateway_selector=("istio=ingressgateway", "edge/b:app=inner"),
    )
    assert told(result, "MM568") == told(result, "MM506") == []
    assert any("none bears the labels of two" in text for text in result.report.assumptions)


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(http(host="x.example.com"), id="a name within those of the first"),
        pytest.param("{name: bytes, port: 80, protocol: TCP}", id="another kind of port"),
    ],
)
def test_a_port_that_other_gateways_have_is_left_out(second: str) -> None:
    doors = gateway(http(host="*.example.com"), "a"), gateway(second, "b")
    result = entered(*doors, route(f"{{{WEB}}}", parents="{name: a}"))
    assert names(result) == ["a"]
    assert [f.impact for f in told(result, "MM506")] == [Impact.STRICTER]


def test_a_gateway_without_labels_of_its_own_is_not_written() -> None:
    result = entered(
        gateway(http(), "a"),
        gateway(http(), "b"),
        route(f"{{{WEB}}}", parents="{name: a}, {name: b}"),
        gateway_selector=("edge/b:istio=inner",),
    )
    assert names(result) == ["b"]
    assert ["edge/a" in finding.message for finding in told(result, "MM501")] == [True]


# --- what has no form ------------------------------------------------------------------------------


def test_rules_that_a_narrower_listener_would_mix_with_its_own_are_not_written() -> None:
    listeners = f"{http('wide', host='*.example.com')}, {http('narrow', host='x.example.com')}"
    result = entered(
        gateway(listeners),
        route(f"{{{WEB}}}", "wide", '"*.example.com"', "{name: door, sectionName: wide}"),
        route(
            f"{{matches: [{{path: {{value: /x}}}}], {WEB}}}",
            "narrow",
            "x.example.com",
            "{name: door, sectionName: narrow}",
        ),
    )
    assert list(services(result)) == ["x.example.com"]
    (found,) = told(result, "MM202")
    assert found.impact is Impact.STRICTER
    assert is_proved(result)


def test_a_name_whose_rules_have_no_form_does_not_go_by_a_wider_one() -> None:
    odd = f"{{matches: [{{headers: [{{name: a, value: b}}, {{name: A, value: c}}]}}], {WEB}}}"
    result = entered(
        gateway(http()),
        route(f"{{{WEB}}}", "wide", '"*.example.com"'),
        route(odd, "narrow", "x.example.com"),
    )
    rules = services(result)["x.example.com"]["http"]
    assert rules == [{"directResponse": {"status": 404}}]
    assert len(told(result, "MM202")) == 1
    assert is_proved(result)


def test_of_two_names_in_the_hello_the_more_particular_has_its_own_rule() -> None:
    listeners = "{name: tls, port: 8443, protocol: TLS, tls: {mode: Passthrough}}"
    other = "{backendRefs: [{name: other, port: 80}]}"
    result = entered(
        gateway(listeners),
        route(f"{{{WEB}}}", "a-wide", '"*.example.com"', kind="TLSRoute"),
        route(other, "b-narrow", "a.example.com", kind="TLSRoute"),
    )
    targets = {
        name: spec["tls"][0]["route"][0]["destination"]["host"]
        for name, spec in services(result).items()
    }
    assert targets == {
        "*.example.com": "web.edge.svc.cluster.local",
        "a.example.com": "other.edge.svc.cluster.local",
    }
    assert is_proved(result)


def cors_of(said: str) -> tuple[Result, Any]:
    """What the fields of a CORS filter come to."""
    rule = f"{{filters: [{{type: CORS, cors: {{{said}}}}}], {WEB}}}"
    result = entered(gateway(http()), route(rule))
    (service,) = written(result, "VirtualService")
    (first,) = service["spec"]["http"]
    assert is_proved(result)
    return result, first.get("corsPolicy")


def test_cross_origin_rules_are_written() -> None:
    result, policy = cors_of(
        'allowOrigins: ["https://a.example.com", "https://*.b.example:8443"], allowMethods: [GET], '
        "allowHeaders: [X-A], exposeHeaders: [X-B], allowCredentials: true, maxAge: 60"
    )
    assert policy == {
        "allowOrigins": [
            {"exact": "https://a.example.com"},
            {"regex": r"https://[^/]*\.b\.example:8443"},
        ],
        "allowMethods": ["GET"],
        "allowHeaders": ["X-A"],
        "exposeHeaders": ["X-B"],
        "maxAge": "60s",
        "allowCredentials": True,
    }
    assert told(result, "MM212") == []


def test_every_origin_is_a_star_and_every_method_the_nine() -> None:
    """An age that is not written is the default of the schema."""
    result, policy = cors_of('allowOrigins: ["*"], allowMethods: ["*"]')
    assert policy["allowOrigins"] == [{"exact": "*"}]
    assert len(policy["allowMethods"]) == 9
    assert policy["maxAge"] == "5s"
    assert [f.impact for f in told(result, "MM212")] == [Impact.DIFFERENT]


def test_a_star_for_headers_is_no_star_where_credentials_are_allowed() -> None:
    result, policy = cors_of(
        'allowOrigins: ["https://a.example"], allowHeaders: ["*"], allowCredentials: true'
    )
    assert policy["allowHeaders"] == ["*"]
    (found,) = told(result, "MM212")
    assert "no other header is" in found.message
    assert (
        told(cors_of('allowOrigins: ["https://a.example"], allowHeaders: ["*"]')[0], "MM212") == []
    )


# --- who is taken over -------------------------------------------------------------------------------


def test_gateways_of_cilium_are_taken_over_and_those_of_others_stay() -> None:
    own = gateway(http(), "own", class_name="cilium")
    other = gateway(http(), "other", class_name="nginx")
    routes = [
        route(f"{{{WEB}}}", "mine", "a.example.com", "{name: own}"),
        route(f"{{{WEB}}}", "theirs", "a.example.com", "{name: other}"),
    ]
    result = entered(own, other, *routes, source="cilium")
    assert names(result) == ["own"]
    carried = {row.resource for row in result.report.ledger if row.fate == "carried"}
    assert carried == {"Gateway/edge/other", "HTTPRoute/edge/theirs"}
    assert is_proved(result)


def test_a_gateway_of_the_targets_class_must_be_deleted() -> None:
    result = entered(gateway(http(), class_name="istio"), route(f"{{{WEB}}}"))
    assert ["Gateway/edge/door" in finding.message for finding in told(result, "MM220")] == [True]
    assert told(entered(gateway(http()), route(f"{{{WEB}}}")), "MM220") == []


def test_gateways_beside_linkerd_are_written_too() -> None:
    door, bound = gateway(http()), route(f"{{{WEB}}}")
    result = entered(door, bound, source="linkerd")
    assert len(written(result, "Gateway")) == 1
    assert is_proved(result)


@pytest.mark.parametrize(
    ("selector", "more", "target"),
    [
        (("ingressgateway",), {}, "istio"),
        (("door:istio=a",), {}, "istio"),
        (("a=b", "c=d"), {}, "istio"),
        (("a=b",), {"gateway_class": "istio"}, "istio"),
        (("a=b",), {}, "linkerd"),
    ],
)
def test_labels_that_choose_nothing_are_refused(
    selector: tuple[str, ...], more: dict[str, str], target: str
) -> None:
    with pytest.raises(TargetError):
        entered("", target=target, gateway_selector=selector, **more)


def test_several_labels_are_joined_with_commas() -> None:
    result = entered(gateway(http()), route(f"{{{WEB}}}"), gateway_selector=("istio=a,zone=b",))
    (made,) = written(result, "Gateway")
    assert made["spec"]["selector"] == {"istio": "a", "zone": "b"}
