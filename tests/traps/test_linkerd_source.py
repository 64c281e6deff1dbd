"""Traps of Linkerd met in the other direction: it is the source, and what it does must be read as it is.

linkerd2 policy-controller/grpc/src/inbound.rs ``to_server``, k8s/index/src/inbound/index.rs and k8s/status/src/index.rs, 2.20.
"""

from __future__ import annotations

import pytest

from ir.behaviour.concrete import decide_access
from ir.behaviour.request import Answer, Caller, Request
from ir.model import Model
from ir.traffic import RouteTable
from translator import pipeline
from translator.after import as_source, in_force
from translator.pipeline import Result
from translator.registry import load_importer
from translator.source.load import load_text

POD = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop, annotations: {linkerd.io/inject: enabled}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api, tier: back}}
    spec:
      serviceAccountName: api
      containers:
      - name: api
        ports: [{containerPort: 8080}]
        livenessProbe: {httpGet: {path: /healthz, port: 8080}}
---
"""
API = "Deployment/shop/api"
IN, OUT, LOST = Answer.ALLOWED, Answer.REFUSED, Answer.NOT_FOUND
WEB = Caller(namespace="shop", service_account="web", labels={"app": "web"})
CLEAR = Caller(mtls=False, address="10.1.2.3")
NODE = Caller(mtls=False, address="10.1.2.3", probe=True)
DEFAULTS = "config.linkerd.io/default-inbound-policy"
both = pytest.mark.parametrize("target", ["istio", "cilium"])


def server(
    protocol: str = "HTTP/1",
    *,
    name: str = "api",
    access: str = "deny",
    made: str = "",
    app: str = "app: api",
) -> str:
    created = f", creationTimestamp: '{made}'" if made else ""
    return (
        "apiVersion: policy.linkerd.io/v1beta3\nkind: Server\n"
        f"metadata: {{name: {name}, namespace: shop{created}}}\n"
        f"spec: {{podSelector: {{matchLabels: {{{app}}}}}, port: 8080, proxyProtocol: {protocol}, accessPolicy: {access}}}\n"
        "---\n"
    )


def policy(kind: str, name: str, required: str, *, own: str = "") -> str:
    group = "policy.linkerd.io" if kind == "Server" else "gateway.networking.k8s.io"
    return (
        "apiVersion: policy.linkerd.io/v1alpha1\nkind: AuthorizationPolicy\n"
        f"metadata: {{name: {own or f'{name}-{kind.lower()}'}, namespace: shop}}\n"
        f"spec:\n  targetRef: {{group: {group}, kind: {kind}, name: {name}}}\n"
        f"  requiredAuthenticationRefs: [{required}]\n---\n"
    )


def on_server(kind: str, name: str, match: str, parent: str = "api") -> str:
    return (
        f"apiVersion: gateway.networking.k8s.io/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: shop}}\n"
        f"spec: {{parentRefs: [{{group: policy.linkerd.io, kind: Server, name: {parent}}}], rules: [{{matches: [{match}]}}]}}\n"
        "---\n"
    )


WEB_ONLY = "{kind: ServiceAccount, name: web}"
CART = "{path: {type: PathPrefix, value: /cart}}"
CALL = "{method: {service: shop.Cart, method: Get}}"


def read(text: str) -> Model:
    loaded = load_text(POD + text)
    own = pipeline.options_of(loaded, "linkerd", "istio", {})
    return load_importer("linkerd")(loaded.resources, own).model


def after(text: str, target: str) -> tuple[Result, Model]:
    loaded = load_text(POD + text)
    own = pipeline.options_of(loaded, "linkerd", target, {})
    result = pipeline.translate_loaded(loaded, own)
    there = in_force(loaded, result, result.options)
    return result, load_importer(target)(there.resources, as_source(result.options)).model


def fares(model: Model, caller: Caller, path: str = "/cart", method: str = "GET") -> Answer:
    request = Request(caller=caller, workload=API, port=8080, method=method, path=path)
    return decide_access(model, request).answer


def is_never_wider(text: str, target: str) -> None:
    before, (result, later) = read(text), after(text, target)
    for caller in (WEB, CLEAR):
        for path in ("/cart", "/healthz", "/other", "/shop.Cart/Get"):
            for method in ("GET", "POST"):
                if fares(before, caller, path, method) is not IN:
                    assert fares(later, caller, path, method) is not IN, (caller, path, method)
    codes = {finding.code for finding in result.report.findings}
    assert not codes & {"MM901", "MM902", "MM904"}


@both
def test_trap_linkerd_1_a_route_on_a_server_cuts_its_health_checks(target: str) -> None:
    plain = server() + policy("Server", "api", WEB_ONLY)
    routed = server() + on_server("HTTPRoute", "cart", CART) + policy("HTTPRoute", "cart", WEB_ONLY)
    assert fares(read(plain), NODE, "/healthz") is IN
    assert fares(read(routed), NODE, "/healthz") is LOST
    assert fares(read(routed), WEB) is IN
    assert fares(read(routed), WEB, "/other") is LOST
    is_never_wider(routed, target)


def test_trap_linkerd_1_a_policy_of_the_server_opens_no_path_that_its_routes_lack() -> None:
    text = server() + on_server("HTTPRoute", "cart", CART) + policy("Server", "api", WEB_ONLY)
    assert fares(read(text), WEB) is IN
    assert fares(read(text), WEB, "/other") is LOST


@pytest.mark.parametrize("protocol", ["gRPC", "opaque", "TLS"])
def test_trap_linkerd_31_servers_that_are_no_http_let_no_health_check_in(protocol: str) -> None:
    text = server(protocol) + policy("Server", "api", WEB_ONLY)
    assert fares(read(text), NODE, "/healthz") is (LOST if protocol == "gRPC" else OUT)


@both
def test_trap_linkerd_33_a_server_of_calls_without_routes_takes_calls_alone(target: str) -> None:
    text = server("gRPC") + policy("Server", "api", WEB_ONLY)
    found = read(text)
    assert fares(found, WEB, "/shop.Cart/Get", "POST") is IN
    assert fares(found, CLEAR, "/shop.Cart/Get", "POST") is OUT
    assert fares(found, WEB, "/shop.Cart/Get") is LOST
    is_never_wider(text, target)


@both
@pytest.mark.parametrize("protocol", ["opaque", "TLS"])
def test_trap_linkerd_33_routes_on_a_server_that_reads_no_requests_let_nobody_in(
    protocol: str, target: str
) -> None:
    routed = on_server("HTTPRoute", "cart", CART) + policy("HTTPRoute", "cart", WEB_ONLY)
    assert fares(read(server(protocol) + routed), WEB) is OUT
    opened = server(protocol) + routed + policy("Server", "api", "")
    assert fares(read(opened), CLEAR, "/other") is IN
    is_never_wider(server(protocol) + routed, target)


@pytest.mark.parametrize("more", ["port: 8080", "sectionName: x", "namespace: dev"])
def test_a_parent_that_is_no_server_of_here_keeps_the_whole_route_out(more: str) -> None:
    own = "{group: policy.linkerd.io, kind: Server, name: api}"
    other = f"{{group: policy.linkerd.io, kind: Server, name: other, {more}}}"
    route = on_server("HTTPRoute", "cart", CART).replace(own, f"{own}, {other}")
    found = read(server() + route + policy("HTTPRoute", "cart", WEB_ONLY))
    assert fares(found, WEB) is OUT
    assert fares(found, NODE, "/healthz") is IN


@both
def test_trap_linkerd_31_health_checks_are_open_to_nobody_else_afterwards(target: str) -> None:
    is_never_wider(server() + policy("Server", "api", WEB_ONLY), target)


@pytest.mark.parametrize("protocol", ["unknown", "HTTP/1", "HTTP/2"])
def test_trap_linkerd_31_servers_of_http_without_a_route_let_health_checks_in(
    protocol: str,
) -> None:
    text = server(protocol) + policy("Server", "api", WEB_ONLY)
    assert fares(read(text), NODE, "/healthz") is IN
    assert fares(read(text), CLEAR, "/healthz") is IN, "by the path, whoever asks"
    assert fares(read(text), CLEAR, "/other") is OUT


def test_trap_linkerd_31_ports_that_are_passed_on_unread_let_no_health_check_in() -> None:
    closed = POD.replace("{app: api, tier: back}", "{app: api}, annotations: {%s: deny%s}")
    listed = closed % (DEFAULTS, ", config.linkerd.io/opaque-ports: '8080'")
    for text, expected in ((closed % (DEFAULTS, ""), IN), (listed, OUT)):
        loaded = load_text(text)
        own = pipeline.options_of(loaded, "linkerd", "istio", {})
        model = load_importer("linkerd")(loaded.resources, own).model
        assert fares(model, NODE, "/healthz") is expected


@both
def test_trap_linkerd_33_a_server_of_calls_has_grpc_routes_alone(target: str) -> None:
    requests = on_server("HTTPRoute", "cart", CART) + policy("HTTPRoute", "cart", WEB_ONLY)
    calls = on_server("GRPCRoute", "get", CALL) + policy("GRPCRoute", "get", WEB_ONLY)
    alone, together = read(server("gRPC") + requests), read(server("gRPC") + requests + calls)
    assert fares(alone, WEB) is LOST, "the route of requests is not there, nor who it admits"
    assert fares(together, WEB) is LOST
    assert fares(together, WEB, "/shop.Cart/Get", "POST") is IN
    assert fares(together, CLEAR, "/shop.Cart/Get", "POST") is OUT
    is_never_wider(server("gRPC") + requests + calls, target)


def test_trap_linkerd_33_a_grpc_route_takes_the_routes_of_requests_with_it() -> None:
    text = (
        server("HTTP/2")
        + on_server("HTTPRoute", "cart", CART)
        + policy("HTTPRoute", "cart", WEB_ONLY)
        + on_server("GRPCRoute", "get", CALL)
        + policy("GRPCRoute", "get", WEB_ONLY)
    )
    for path, method in (("/cart", "GET"), ("/shop.Cart/Get", "POST")):
        assert fares(read(text), WEB, path, method) is OUT, "neither kind is served"
    assert fares(read(text), NODE, "/healthz") is IN, "no route is there, so that checks get in"


def test_trap_linkerd_2_a_server_without_a_policy_is_closed() -> None:
    assert fares(read(server()), WEB) is OUT
    assert fares(read(server(access="all-unauthenticated")), CLEAR) is IN


EARLY, LATE = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"


@pytest.mark.parametrize(("open_one", "expected"), [(EARLY, IN), (LATE, OUT)])
def test_trap_linkerd_52_of_two_servers_for_one_port_the_older_holds_it(
    open_one: str, expected: Answer
) -> None:
    closed_one = LATE if open_one is EARLY else EARLY
    text = server(name="api", access="all-unauthenticated", made=open_one)
    text += server(name="back", made=closed_one, app="tier: back")
    assert fares(read(text), CLEAR) is expected


def test_trap_linkerd_52_servers_of_one_age_compete_by_name_and_that_is_an_assumption() -> None:
    text = server(name="b", access="all-unauthenticated") + server(name="a", app="tier: back")
    model = read(text)
    assert fares(model, CLEAR) is OUT
    assert model.assumptions


def test_trap_linkerd_52_routes_on_the_younger_server_cut_no_health_checks() -> None:
    text = server(made=EARLY) + server(name="young", made=LATE)
    text += on_server("HTTPRoute", "cart", CART, "young")
    assert fares(read(text), NODE, "/healthz") is IN


@pytest.mark.parametrize("suffix", ["linkerd.cluster.local", "cluster.local", "local"])
def test_a_short_suffix_of_identities_is_every_account(suffix: str) -> None:
    who = (
        "apiVersion: policy.linkerd.io/v1alpha1\nkind: MeshTLSAuthentication\n"
        f"metadata: {{name: all, namespace: shop}}\nspec: {{identities: ['*.{suffix}']}}\n---\n"
    )
    required = "{group: policy.linkerd.io, kind: MeshTLSAuthentication, name: all}"
    found = read(server() + who + policy("Server", "api", required))
    assert fares(found, WEB) is IN
    assert fares(found, CLEAR) is OUT


@both
def test_identities_of_elsewhere_are_nobody_here_whatever_an_account_is_called(target: str) -> None:
    who = (
        "apiVersion: policy.linkerd.io/v1alpha1\nkind: MeshTLSAuthentication\n"
        "metadata: {name: far, namespace: shop}\nspec: {identities: ['*.other.local']}\n---\n"
    )
    required = "{group: policy.linkerd.io, kind: MeshTLSAuthentication, name: far}"
    text = server() + who + policy("Server", "api", required)
    named = Caller(namespace="shop", service_account="a.other.local")
    assert fares(read(text), named) is OUT
    assert fares(after(text, target)[1], named) is OUT


def test_trap_linkerd_52_policies_on_the_younger_server_do_not_hold() -> None:
    text = server(name="api", made=EARLY) + server(name="back", made=LATE, app="tier: back")
    assert fares(read(text + policy("Server", "back", WEB_ONLY)), WEB) is OUT
    assert fares(read(text + policy("Server", "api", WEB_ONLY)), WEB) is IN


def test_trap_linkerd_30_and_43_no_required_authentication_is_everyone() -> None:
    text = server() + policy("Server", "api", "") + policy("Server", "api", WEB_ONLY, own="other")
    assert fares(read(text), CLEAR) is IN


def of_service(kind: str, more: str = "") -> str:
    version = "v1" if kind in ("HTTPRoute", "GRPCRoute") else "v1alpha2"
    return (
        f"apiVersion: gateway.networking.k8s.io/{version}\nkind: {kind}\n"
        f"metadata: {{name: {kind.lower()}, namespace: shop}}\n"
        f"spec: {{parentRefs: [{{group: '', kind: Service, name: api, port: 80}}]{more}, "
        "rules: [{backendRefs: [{name: api, port: 80}]}]}\n---\n"
    )


SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, clusterIP: 10.96.0.9, ports: [{port: 80, targetPort: 8080}]}
---
"""
KINDS = ("GRPCRoute", "HTTPRoute", "TLSRoute", "TCPRoute")
"""In the order in which a port takes them: the others are not heeded."""


@pytest.mark.parametrize("first", range(3))
def test_trap_linkerd_33_one_kind_of_routes_holds_for_a_port(first: int) -> None:
    kinds = KINDS[first:]
    more = {"TLSRoute": ", hostnames: [api.example.com]"}
    text = SERVICE + "".join(of_service(kind, more.get(kind, "")) for kind in reversed(kinds))
    model = read(text)
    tables = [f.name.value for f in model.facts if isinstance(f, RouteTable)]
    assert tables == [kinds[0].lower()]
    assert len(model.inactive) >= len(kinds) - 1, "those that are not heeded are told"
