"""Gateways of a class that is given: listeners, routes in the order of specificity, and what is left out."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.exporters.linkerd.istio import WORKLOAD, spec_of, written
from tests.translation import to_linkerd
from translator.pipeline import Result
from translator.report.model import Fate


def gateway(servers: list[object], name: str = "front", namespace: str = "shop") -> str:
    """An Istio Gateway with these servers."""
    return yaml.safe_dump(
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "Gateway",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"selector": {"istio": "ingressgateway"}, "servers": servers},
        }
    )


def server(*hosts: str, port: int = 80, protocol: str = "HTTP", **tls: object) -> dict[str, object]:
    """A server of a Gateway."""
    found: dict[str, object] = {
        "port": {"number": port, "name": f"p-{port}", "protocol": protocol},
        "hosts": list(hosts),
    }
    return {**found, "tls": tls} if tls else found


def rules(
    http: list[object],
    name: str = "api",
    namespace: str = "shop",
    hosts: tuple[str, ...] = ("a.example.com",),
    gateways: tuple[str, ...] = ("shop/front",),
) -> str:
    """A VirtualService bound to the gateway."""
    return yaml.safe_dump(
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "VirtualService",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"hosts": list(hosts), "gateways": list(gateways), "http": http},
        }
    )


TO_API: dict[str, object] = {
    "route": [{"destination": {"host": "api.shop.svc.cluster.local"}}],
}


def match(**what: object) -> dict[str, object]:
    """A rule to the workload with one match."""
    return {"match": [what], **TO_API}


def moved(*documents: str, class_name: str = "envoy") -> Result:
    """The workload and these documents, with a class for gateways; no leaf of them is forgotten."""
    result = to_linkerd("\n---\n".join((WORKLOAD, *documents)), gateway_class=class_name)
    fates = [row.fate for row in result.report.ledger]
    assert not {Fate.DROPPED, Fate.STRANDED, Fate.UNREAD} & set(fates)
    assert "MM902" not in codes(result)
    return result


def codes(result: Result) -> list[str]:
    """The codes of all findings."""
    return [finding.code for finding in result.report.findings]


def route_rules(result: Result) -> list[dict[str, Any]]:
    """The rules of the only HTTPRoute."""
    (route,) = written(result, "HTTPRoute")
    found = spec_of(route)["rules"]
    assert isinstance(found, list)
    return found


def paths(result: Result) -> list[tuple[str, str]]:
    """Type and value of each path match, in order."""
    return [
        (m["path"]["type"], m["path"]["value"]) for r in route_rules(result) for m in r["matches"]
    ]


def test_without_a_class_there_is_one_finding_for_a_gateway_and_nothing_is_written() -> None:
    text = "\n---\n".join((WORKLOAD, gateway([server("a.example.com")]), rules([TO_API])))
    result = to_linkerd(text)
    assert codes(result).count("MM501") == 1
    assert not written(result, "Gateway")
    assert not written(result, "HTTPRoute")


def test_a_gateway_keeps_its_name_and_gets_the_class() -> None:
    (made,) = written(moved(gateway([server("a.example.com")]), rules([TO_API])), "Gateway")
    assert made["metadata"]["name"] == "front"
    spec = spec_of(made)
    assert spec["gatewayClassName"] == "envoy"
    assert spec["listeners"][0]["hostname"] == "a.example.com"
    assert spec["listeners"][0]["allowedRoutes"] == {"namespaces": {"from": "Same"}}


def test_a_route_names_the_listener_that_it_binds_to() -> None:
    result = moved(gateway([server("*.example.com"), server("b.org", port=81)]), rules([TO_API]))
    (route,) = written(result, "HTTPRoute")
    (parent,) = spec_of(route)["parentRefs"]
    assert parent["sectionName"] == "http-80"
    assert spec_of(route)["hostnames"] == ["a.example.com"]


def test_hosts_of_one_object_share_a_route() -> None:
    result = moved(
        gateway([server("*.example.com")]),
        rules([TO_API], hosts=("a.example.com", "b.example.com")),
    )
    (route,) = written(result, "HTTPRoute")
    assert spec_of(route)["hostnames"] == ["a.example.com", "b.example.com"]


def test_a_redirect_to_tls_becomes_a_route_and_no_rule_binds_to_that_listener() -> None:
    plain = server("a.example.com", httpsRedirect=True)
    tls = server("a.example.com", port=443, protocol="HTTPS", mode="SIMPLE", credentialName="cert")
    result = moved(gateway([plain, tls]), rules([TO_API]))
    redirect, route = (spec_of(r) for r in written(result, "HTTPRoute"))
    assert redirect["parentRefs"][0]["sectionName"] == "http-80"
    assert redirect["rules"][0]["filters"][0]["requestRedirect"] == {
        "scheme": "https",
        "statusCode": 301,
    }
    assert [p["sectionName"] for p in route["parentRefs"]] == ["https-443"]


def test_a_listener_that_demands_client_certificates_is_left_out() -> None:
    tls = server("a.example.com", port=443, protocol="HTTPS", mode="MUTUAL", credentialName="cert")
    result = moved(gateway([tls]), rules([TO_API]))
    assert not written(result, "Gateway")
    assert not written(result, "HTTPRoute")
    (finding,) = [f for f in result.report.findings if "demands a certificate" in f.message]
    assert (finding.code, finding.impact) == ("MM506", "STRICTER")


@pytest.mark.parametrize("mode", ["OPTIONAL_MUTUAL", "ISTIO_MUTUAL", "AUTO_PASSTHROUGH"])
def test_other_modes_that_look_at_clients_are_left_out_too(mode: str) -> None:
    tls = server("a.example.com", port=443, protocol="TLS", mode=mode, credentialName="cert")
    assert not written(moved(gateway([tls])), "Gateway")


def test_a_secret_is_looked_for_where_the_pods_of_the_gateway_are() -> None:
    tls = server("a.example.com", port=443, protocol="HTTPS", mode="SIMPLE", credentialName="cert")
    result = moved(gateway([tls]), rules([TO_API]))
    (made,) = written(result, "Gateway")
    (ref,) = spec_of(made)["listeners"][0]["tls"]["certificateRefs"]
    assert (ref["namespace"], ref["name"]) == ("istio-system", "cert")
    (grant,) = written(result, "ReferenceGrant")
    assert grant["metadata"]["namespace"] == "istio-system"
    assert spec_of(grant)["to"] == [{"group": "", "kind": "Secret", "name": "cert"}]


def test_an_exact_path_stays_before_the_rest() -> None:
    result = moved(gateway([server("*")]), rules([match(uri={"exact": "/login"}), TO_API]))
    assert paths(result) == [("Exact", "/login"), ("PathPrefix", "/")]


def test_a_string_prefix_is_a_regular_expression_and_the_rest_excludes_it() -> None:
    split = {"route": [{"destination": {"host": "api.shop.svc.cluster.local"}}], "timeout": "5s"}
    result = moved(gateway([server("*")]), rules([match(uri={"prefix": "/api"}), split]))
    (first, second) = paths(result)
    assert first == ("RegularExpression", "/api.*")
    assert second[0] == "RegularExpression"
    assert second[1] != "/.*"
    assert any("regular expressions" in f.message for f in result.report.findings)


def test_a_general_rule_before_a_particular_one_keeps_its_requests() -> None:
    beta = {"x-beta": {"exact": "yes"}}
    last = {**TO_API, "timeout": "9s"}
    result = moved(
        gateway([server("*")]),
        rules(
            [
                match(uri={"exact": "/a"}),
                {"match": [{"uri": {"exact": "/a"}, "headers": beta}], **last},
            ]
        ),
    )
    (only,) = route_rules(result)
    assert "timeouts" not in only


def test_rules_of_two_objects_on_one_host_follow_each_other_the_catch_all_last() -> None:
    first = rules([{**TO_API, "timeout": "1s"}], name="a-all")
    second = rules([{**match(uri={"exact": "/b"}), "timeout": "2s"}], name="b-one")
    result = moved(gateway([server("*")]), first, second)
    assert [r["timeouts"]["request"] for r in route_rules(result)] == ["2s", "1s"]
    assert paths(result) == [("Exact", "/b"), ("PathPrefix", "/")]


def test_rewrites_copies_and_time_limits_are_filters_of_the_route() -> None:
    rule = {
        **match(uri={"exact": "/old"}),
        "rewrite": {"uri": "/new", "authority": "inside.example.com"},
        "mirror": {"host": "api.shop.svc.cluster.local"},
        "mirrorPercentage": {"value": 0.5},
        "timeout": "1500ms",
    }
    (made,) = route_rules(moved(gateway([server("*")]), rules([rule])))
    rewrite, mirror = made["filters"]
    assert rewrite["urlRewrite"] == {
        "hostname": "inside.example.com",
        "path": {"type": "ReplaceFullPath", "replaceFullPath": "/new"},
    }
    assert mirror["requestMirror"]["fraction"] == {"numerator": 1, "denominator": 200}
    assert made["timeouts"] == {"request": "1500ms"}


def test_the_rewrite_of_every_path_below_a_slash_is_said_as_it_is() -> None:
    rule = {**TO_API, "rewrite": {"uri": "/v1/"}, "match": [{"uri": {"prefix": "/"}}]}
    (made,) = route_rules(moved(gateway([server("*")]), rules([rule])))
    assert made["filters"][0]["urlRewrite"]["path"]["replacePrefixMatch"] == "/v1/"


def test_a_host_scoped_to_a_namespace_serves_rules_of_that_one_only() -> None:
    mine = rules([TO_API], name="mine", hosts=("a.example.com",))
    theirs = rules([TO_API], name="theirs", namespace="other", hosts=("b.example.com",))
    result = moved(gateway([server("shop/*.example.com")]), mine, theirs)
    (route,) = written(result, "HTTPRoute")
    assert route["metadata"]["name"] == "mine"
    assert "MM510" in codes(result)


def test_tls_that_passes_through_has_a_route_by_server_name() -> None:
    tls = server("db.example.com", port=9443, protocol="TLS", mode="PASSTHROUGH")
    service = yaml.safe_dump(
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "VirtualService",
            "metadata": {"name": "db", "namespace": "shop"},
            "spec": {
                "hosts": ["db.example.com"],
                "gateways": ["front"],
                "tls": [
                    {
                        "match": [{"sniHosts": ["db.example.com"]}],
                        "route": [{"destination": {"host": "api", "port": {"number": 80}}}],
                    }
                ],
            },
        }
    )
    result = moved(gateway([tls]), service)
    (route,) = written(result, "TLSRoute")
    assert spec_of(route)["hostnames"] == ["db.example.com"]
    (made,) = written(result, "Gateway")
    assert spec_of(made)["listeners"][0]["tls"] == {"mode": "Passthrough"}


def test_rules_that_let_in_the_old_gateway_by_name_are_told() -> None:
    principal = "cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account"
    policy = yaml.safe_dump(
        {
            "apiVersion": "security.istio.io/v1",
            "kind": "AuthorizationPolicy",
            "metadata": {"name": "api", "namespace": "shop"},
            "spec": {
                "selector": {"matchLabels": {"app": "api"}},
                "rules": [{"from": [{"source": {"principals": [principal]}}]}],
            },
        }
    )
    result = moved(gateway([server("*")]), rules([TO_API]), policy)
    (finding,) = [f for f in result.report.findings if f.code == "MM507"]
    assert finding.impact == "STRICTER"


def test_a_policy_for_the_pods_of_the_gateway_is_a_blocker() -> None:
    policy = yaml.safe_dump(
        {
            "apiVersion": "security.istio.io/v1",
            "kind": "AuthorizationPolicy",
            "metadata": {"name": "door", "namespace": "istio-system"},
            "spec": {
                "selector": {"matchLabels": {"istio": "ingressgateway"}},
                "rules": [{"to": [{"operation": {"paths": ["/public/*"]}}]}],
            },
        }
    )
    for class_name in ("envoy", None):
        text = "\n---\n".join((WORKLOAD, gateway([server("*")]), rules([TO_API]), policy))
        result = to_linkerd(text, gateway_class=class_name)
        (finding,) = [f for f in result.report.findings if f.code == "MM508"]
        assert (finding.severity, finding.impact) == ("blocker", "LOOSER")


def test_rules_of_a_listener_that_is_left_out_enter_by_no_wider_one() -> None:
    """Without a certificate nobody reached them, and nobody may now."""
    strict = server(
        "a.example.com", port=443, protocol="HTTPS", mode="MUTUAL", credentialName="cert"
    )
    wide = server("*.example.com", port=443, protocol="HTTPS", mode="SIMPLE", credentialName="wide")
    for hosts in (("a.example.com",), ("*.example.com",)):
        result = moved(gateway([strict, wide]), rules([TO_API], hosts=hosts))
        assert written(result, "Gateway")
        assert not written(result, "HTTPRoute")
        assert "MM510" not in codes(result)
    other = moved(gateway([strict, wide]), rules([TO_API], hosts=("b.example.com",)))
    assert len(written(other, "HTTPRoute")) == 1


def test_a_listener_on_one_address_is_not_opened_on_every_one() -> None:
    inner = {**server("*"), "bind": "127.0.0.1"}
    assert not written(moved(gateway([inner]), rules([TO_API])), "Gateway")
    everywhere = {**server("*"), "bind": "0.0.0.0"}  # noqa: S104  # a manifest
    assert written(moved(gateway([everywhere]), rules([TO_API])), "Gateway")


def changes(result: Result) -> set[str]:
    """What the proof finds at gateways, less the retries that the source makes unasked, and paths in odd forms."""
    return {
        str(change["kind"])
        for change in result.report.verification.changes
        if str(change["slice"]).startswith("Gateway/")
        and change["kind"] != "retry"
        and change["explained_by"] != ["MM907"]
    }


def stream(field: str, rule: dict[str, object], host: str = "a.example.com") -> str:
    """A VirtualService with one rule for connections to the workload."""
    place = {"host": "api.shop.svc.cluster.local", "port": {"number": 80}}
    return yaml.safe_dump(
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "VirtualService",
            "metadata": {"name": "streams", "namespace": "shop"},
            "spec": {
                "hosts": [host],
                "gateways": ["shop/front"],
                field: [{"match": [rule], "route": [{"destination": place}]}],
            },
        }
    )


def test_connections_that_pass_through_are_proved() -> None:
    door = server("a.example.com", port=443, protocol="TLS", mode="PASSTHROUGH")
    result = moved(gateway([door]), stream("tls", {"sniHosts": ["a.example.com"]}))
    assert len(written(result, "TLSRoute")) == 1
    assert changes(result) == set()


def test_connections_whose_tls_ends_at_the_gateway_have_the_rules_for_tcp() -> None:
    door = server("a.example.com", port=9000, protocol="TLS", mode="SIMPLE", credentialName="c")
    result = moved(gateway([door]), stream("tcp", {"port": 9000}))
    assert len(written(result, "TCPRoute")) == 1
    assert changes(result) == set()


def test_settings_of_tls_that_go_are_told_and_found_by_the_proof() -> None:
    door = server("*.example.com", port=443, protocol="HTTPS", mode="SIMPLE", credentialName="c",
                  minProtocolVersion="TLSV1_3")  # fmt: skip
    assert changes(moved(gateway([door]), rules([TO_API]))) == {"rewritten"}


def test_without_a_class_the_proof_finds_that_nothing_enters() -> None:
    text = "\n---\n".join((WORKLOAD, gateway([server("a.example.com")]), rules([TO_API])))
    result = to_linkerd(text)
    assert changes(result) == {"newly_denied"}
    (denied,) = [c for c in result.report.verification.changes if c["kind"] == "newly_denied"]
    assert denied["explained_by"] == ["MM501"]


def rewritten(prefix: str, uri: str, **more: object) -> dict[str, object]:
    """A rule to the workload that puts a text in the place of a prefix."""
    return {**match(uri={"prefix": prefix}), "rewrite": {"uri": uri, **more}}


def test_what_is_below_a_path_is_rewritten_in_elements_and_the_path_itself_is_left_alone() -> None:
    result = moved(gateway([server("*")]), rules([rewritten("/foo/", "/"), TO_API]))
    assert paths(result)[:2] == [("Exact", "/foo"), ("PathPrefix", "/foo")]
    first, second = route_rules(result)[:2]
    assert "filters" not in first
    assert second["filters"][0]["urlRewrite"]["path"] == {
        "type": "ReplacePrefixMatch",
        "replacePrefixMatch": "/",
    }
    assert changes(result) == set()
    assert not {"MM205", "MM730", "MM731"} & set(codes(result))


def test_a_path_above_what_is_rewritten_goes_nowhere_where_it_belongs_to_no_rule() -> None:
    result = moved(gateway([server("*")]), rules([rewritten("/foo/", "/bar/")]))
    assert paths(result) == [("Exact", "/foo"), ("PathPrefix", "/foo")]
    assert set(route_rules(result)[0]) == {"matches"}
    assert "newly_allowed" not in changes(result)


def test_a_prefix_without_a_slash_becomes_the_path_what_is_below_and_the_rest() -> None:
    result = moved(gateway([server("*")]), rules([rewritten("/foo", "/bar")]))
    assert paths(result) == [
        ("Exact", "/foo"),
        ("PathPrefix", "/foo"),
        ("RegularExpression", "/foo[^/].*"),
    ]
    whole, below, rest = route_rules(result)
    assert whole["filters"][0]["urlRewrite"]["path"]["replaceFullPath"] == "/bar"
    assert below["filters"][0]["urlRewrite"]["path"]["replacePrefixMatch"] == "/bar"
    assert "filters" not in rest
    assert "MM730" in codes(result)
    assert "MM731" not in codes(result)


def test_every_path_is_put_below_another() -> None:
    rule = {**TO_API, "rewrite": {"uri": "/v1/"}}
    result = moved(gateway([server("*")]), rules([match(uri={"exact": "/x"}), rule]))
    (path,) = [r["filters"][0]["urlRewrite"]["path"] for r in route_rules(result)[1:]]
    assert path["replacePrefixMatch"] == "/v1/"
    assert "MM205" not in codes(result)


def test_next_to_a_prefix_that_is_replaced_others_are_in_elements_too() -> None:
    narrow = match(uri={"prefix": "/api/v2"})
    result = moved(gateway([server("*")]), rules([narrow, rewritten("/api/", "/"), TO_API]))
    kinds = [kind for kind, _ in paths(result)]
    assert "RegularExpression" not in kinds
    assert "MM732" in codes(result)
    assert "MM205" not in codes(result)
    assert not {"MM903", "MM904"} & set(codes(result))


def test_each_match_of_a_rule_has_its_own_prefix_replaced() -> None:
    rule = {
        "match": [{"uri": {"prefix": "/a/"}}, {"uri": {"prefix": "/b/"}}],
        **TO_API,
        "rewrite": {"uri": "/", "authority": "inside.example.com"},
    }
    result = moved(gateway([server("*")]), rules([rule, TO_API]))
    assert [value for kind, value in paths(result) if kind == "PathPrefix"] == ["/a", "/b", "/"]
    assert changes(result) == set()


@pytest.mark.parametrize(
    ("prefix", "uri"), [("/foo/", "/bar"), ("/foo/", "bar/"), ("/foo", "/bar//"), ("/a//b", "/c")]
)
def test_a_replacement_that_path_elements_cannot_say_is_lost(prefix: str, uri: str) -> None:
    result = moved(gateway([server("*")]), rules([rewritten(prefix, uri)]))
    assert "MM205" in codes(result)
    assert all("filters" not in rule for rule in route_rules(result))
    assert changes(result) <= {"rewritten", "newly_denied"}
    assert "MM904" not in codes(result)


def test_the_pods_of_the_gateway_join_the_mesh_and_let_in_who_has_no_certificate() -> None:
    (made,) = written(moved(gateway([server("*")]), rules([TO_API])), "Gateway")
    assert spec_of(made)["infrastructure"] == {
        "annotations": {
            "linkerd.io/inject": "enabled",
            "config.linkerd.io/default-inbound-policy": "all-unauthenticated",
        }
    }


def everywhere(name: str, namespace: str, **spec: object) -> str:
    """An AuthorizationPolicy for all pods of a namespace, of the root's for all of the mesh."""
    return yaml.safe_dump(
        {
            "apiVersion": "security.istio.io/v1",
            "kind": "AuthorizationPolicy",
            "metadata": {"name": name, "namespace": namespace},
            "spec": spec,
        }
    )


def test_a_policy_for_all_pods_of_the_mesh_guards_the_gateway_too() -> None:
    deny = everywhere("none", "istio-system", action="DENY",
                      rules=[{"to": [{"operation": {"paths": ["/admin"]}}]}])  # fmt: skip
    result = moved(gateway([server("*")]), rules([TO_API]), deny)
    (finding,) = [f for f in result.report.findings if f.code == "MM508"]
    assert (finding.severity, finding.impact) == ("blocker", "LOOSER")
    elsewhere = everywhere("none", "bank", action="DENY",
                           rules=[{"to": [{"operation": {"paths": ["/admin"]}}]}])  # fmt: skip
    assert "MM508" not in codes(moved(gateway([server("*")]), rules([TO_API]), elsewhere))
    closed = everywhere("nothing", "istio-system")
    assert "MM508" in codes(moved(gateway([server("*")]), rules([TO_API]), closed))


OF_CLASS = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: own, namespace: shop}}
spec:
  gatewayClassName: {name}
  listeners: [{{name: http, port: 80, protocol: HTTP}}]
"""


def test_a_gateway_of_the_sources_class_gets_the_class_that_is_given() -> None:
    result = moved(OF_CLASS.format(name="istio"))
    (made,) = [d for d in result.documents if d.resource == "Gateway/shop/own"]
    assert made.edited
    spec = spec_of(made.value)
    assert spec["gatewayClassName"] == "envoy"
    assert spec["infrastructure"]["annotations"]["linkerd.io/inject"] == "enabled"
    assert spec["listeners"][0]["name"] == "http"


def test_a_gateway_that_has_the_class_already_gets_no_other_pods() -> None:
    result = to_linkerd(OF_CLASS.format(name="istio"), gateway_class="istio")
    assert not {"MM505", "MM733"} & set(codes(result))
    (made,) = [d for d in result.documents if d.resource == "Gateway/shop/own"]
    assert spec_of(made.value)["gatewayClassName"] == "istio"


def test_without_a_class_nobody_serves_a_gateway_of_the_sources_class() -> None:
    result = to_linkerd(OF_CLASS.format(name="istio"))
    (finding,) = [f for f in result.report.findings if f.code == "MM733"]
    assert finding.impact == "STRICTER"
    assert not result.documents


def test_a_class_is_the_sources_if_its_controller_is() -> None:
    own = (
        "apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: edge}\n"
        "spec: {controllerName: istio.io/gateway-controller}"
    )
    gate = OF_CLASS.format(name="edge")
    assert "MM733" not in codes(to_linkerd(gate))
    assert "MM733" in codes(to_linkerd(f"{own}\n---\n{gate}"))


@pytest.mark.parametrize("name", ["istio-waypoint", "istio-east-west", "istio-remote"])
def test_what_is_no_ingress_gets_no_other_class(name: str) -> None:
    result = moved(OF_CLASS.format(name=name))
    assert "MM733" in codes(result)
    assert not result.documents


def answering(status: int) -> dict[str, object]:
    """A rule that answers by itself."""
    return {
        "match": [{"uri": {"prefix": "/admin"}}],
        "directResponse": {"status": status, "body": {"string": "no"}},
        "headers": {"response": {"set": {"x-a": "1"}}},
    }


def test_what_was_answered_reaches_no_other_rule() -> None:
    for status, impact, kind in (
        (403, "DIFFERENT", "rewritten"),
        (200, "STRICTER", "newly_denied"),
    ):
        result = moved(gateway([server("*")]), rules([answering(status), TO_API]))
        assert set(route_rules(result)[0]) == {"matches"}
        (finding,) = [f for f in result.report.findings if f.code == "MM734"]
        assert finding.impact == impact
        assert kind in changes(result)
        assert "newly_allowed" not in changes(result)
        assert not {"MM204", "MM903", "MM904"} & set(codes(result))


def test_rules_that_cannot_be_written_are_told_to_refuse() -> None:
    outside = {"route": [{"destination": {"host": "api.example.org", "port": {"number": 80}}}]}
    result = moved(gateway([server("*")]), rules([outside]))
    assert not written(result, "HTTPRoute")
    assert changes(result) == {"newly_denied"}
    assert "MM904" not in codes(result)


def test_tls_that_passes_through_because_nothing_else_is_said() -> None:
    door = server("a.example.com", port=443, protocol="TLS", caCertificates="ca.pem")
    (made,) = written(
        moved(gateway([door]), stream("tls", {"sniHosts": ["a.example.com"]})), "Gateway"
    )
    assert spec_of(made)["listeners"][0]["tls"] == {"mode": "Passthrough"}
