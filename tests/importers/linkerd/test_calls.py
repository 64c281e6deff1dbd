"""GRPCRoutes, and what Linkerd ignores of routes, by version."""

from __future__ import annotations

import pytest

from ir.behaviour.concrete_route import decide_route
from ir.behaviour.request import Caller, Delivery, Request
from ir.model import Model
from ir.opaque import Opaque
from ir.resilience import RetryCondition
from ir.traffic import RouteTable
from translator import pipeline
from translator.registry import load_importer
from translator.source.load import load_text

SERVICE = """\
apiVersion: v1
kind: Service
metadata: {{name: api, namespace: shop{annotations}}}
spec: {{selector: {{app: api}}, ports: [{{port: 80{protocol}}}, {{name: admin, port: 81}}]}}
---
"""
ROUTE = """\
apiVersion: gateway.networking.k8s.io/v1
kind: {kind}
metadata: {{name: {name}, namespace: {space}{annotations}}}
spec:
  parentRefs: [{{group: "", kind: Service, name: api, namespace: shop{port}}}]
  rules: [{rules}]
---
"""


def service(annotations: str = "", protocol: str = "") -> str:
    return SERVICE.format(annotations=annotations, protocol=protocol)


def calls(rules: str, space: str = "shop", port: str = ", port: 80", annotations: str = "") -> str:
    return ROUTE.format(
        kind="GRPCRoute", name="calls", space=space, rules=rules, port=port, annotations=annotations
    )


def requests(rules: str, port: str = "", annotations: str = "") -> str:
    return ROUTE.format(
        kind="HTTPRoute", name="web", space="shop", rules=rules, port=port, annotations=annotations
    )


def model(text: str, version: str = "2.20") -> Model:
    loaded = load_text(text)
    options = pipeline.options_of(loaded, f"linkerd@{version}", "linkerd", {})
    return load_importer("linkerd")(loaded.resources, options).model


def ask(
    found: Model, path: str, port: int = 80, method: str = "POST", *, beta: bool = False
) -> Delivery:
    """What becomes of a request to the service."""
    asked = Request(
        caller=Caller(namespace="bank"), service="shop/api", port=port, service_port=port, method=method, path=path,
        headers={"x-beta": "yes-please"} if beta else {},
    )  # fmt: skip
    return decide_route(found, asked)


def reasons(found: Model) -> list[str]:
    return [one.why for one in found.inactive]


THREE = (
    "{matches: [{method: {service: a.B, method: C}}]}, {matches: [{method: {service: a.B}}]},"
    " {matches: [{headers: [{name: x-beta, value: yes-please}]}]}"
)


@pytest.mark.parametrize(
    ("path", "route"),
    [("/a.B/C", "calls/0"), ("/a.B/C/more", "calls/0"), ("/a.B/D", "calls/1"), ("/x/y", "")],
)
def test_calls_are_told_by_service_and_method(path: str, route: str) -> None:
    assert ask(model(service() + calls(THREE)), path).route == route


def test_an_alternative_takes_no_other_method_of_http() -> None:
    found = model(service() + calls(THREE))
    assert ask(found, "/a.B/C", method="GET").kind == "not_found"
    assert ask(model(service() + calls("{}")), "/a.B/C", method="GET").route == "calls/0"


def test_service_and_method_go_before_headers() -> None:
    found = model(service() + calls(THREE))
    assert ask(found, "/a.B/D", beta=True).route == "calls/1"
    assert ask(found, "/z.Z/D", beta=True).route == "calls/2"


def test_trap_linkerd_33_routes_of_requests_are_not_heeded_beside_calls() -> None:
    web = requests("{matches: [{path: {value: /web}}]}")
    found = model(service() + web + calls(THREE))
    assert ask(found, "/web").kind == "not_found"
    assert ask(found, "/web", 81).route == "web/0"
    whole = model(service() + web + calls(THREE, port=""))
    assert "the port has GRPCRoutes, beside which Linkerd heeds no other kind" in reasons(whole)


def test_calls_of_some_clients_beside_routes_of_all_are_not_understood() -> None:
    found = model(service() + requests("{}") + calls(THREE, space="bank"))
    opaque = [fact.kind for fact in found.facts if isinstance(fact, Opaque)]
    assert "routes for all clients beside GRPCRoutes for some" in opaque


def test_a_port_declared_as_http_heeds_no_calls() -> None:
    text = service(protocol=", appProtocol: http") + requests("{}") + calls(THREE)
    assert ask(model(text), "/a.B/C").route == "web/0"


def test_calls_take_the_retries_of_their_own_kind_from_their_service() -> None:
    words = ", annotations: {retry.linkerd.io/http: 5xx, retry.linkerd.io/grpc: internal}"
    (table,) = (
        f for f in model(service(words) + calls(THREE, port="")).facts if isinstance(f, RouteTable)
    )
    retry = table.routes[0].retry
    assert retry is not None
    assert [c.value for c in retry.conditions] == [
        RetryCondition.GRPC_INTERNAL,
        RetryCondition.REFUSED_STREAM,
    ]


def test_headers_of_answers_make_the_port_fail() -> None:
    edit = "{filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {remove: [x]}}]}"
    found = model(service() + calls(edit))
    assert "a GRPCRoute that makes its port fail" in [
        f.kind for f in found.facts if isinstance(f, Opaque)
    ]


def test_headers_alone_make_the_port_fail() -> None:
    headers = "{matches: [{headers: [{name: x-beta, value: a}]}]}"
    for rules, fails in (
        (headers, True),
        ("{matches: [{method: {method: C}}]}", False),
        ("{}", False),
    ):
        pieces = [f.kind for f in model(service() + calls(rules)).facts if isinstance(f, Opaque)]
        assert ("a GRPCRoute that makes its port fail" in pieces) is fails


def test_a_limit_of_nothing_is_none_for_routes_of_either_group() -> None:
    limited = requests("{timeouts: {request: 0s}}")
    own = limited.replace("gateway.networking.k8s.io/v1", "policy.linkerd.io/v1beta3")
    for text in (limited, own.replace('group: ""', "group: core")):
        found = model(service(", annotations: {timeout.linkerd.io/request: 9s}") + text)
        assert ask(found, "/").timeout == 9


@pytest.mark.parametrize("words", ["retry.linkerd.io/limit: '0'", "retry.linkerd.io/timeout: 0s"])
def test_retries_of_nothing_are_told_to_say_nothing(words: str) -> None:
    for kind in (requests, calls):
        text = service() + kind("{}", annotations=f", annotations: {{{words}}}")
        loaded = load_text(text)
        result = pipeline.translate_loaded(
            loaded, pipeline.options_of(loaded, "linkerd", "istio", {"verify": False})
        )
        assert "MM901" not in {finding.code for finding in result.report.findings}
        assert any(why.startswith("0 is as if nothing were said") for why in reasons(model(text)))


def test_a_method_by_regular_expression_is_refused() -> None:
    with pytest.raises(ExceptionGroup):
        model(calls("{matches: [{method: {type: RegularExpression, service: a}}]}"))


def test_trap_linkerd_18_an_unknown_filter_keeps_the_whole_route_out() -> None:
    cors = "{filters: [{type: CORS, cors: {maxAge: 5}}], timeouts: {request: 1s}}"
    found = model(service() + requests(cors))
    assert not any(isinstance(fact, RouteTable) for fact in found.facts)
    assert (
        "a filter or a value that Linkerd does not have keeps it from taking the route"
        in reasons(found)
    )


@pytest.mark.parametrize(
    ("written", "version", "heeded"),
    [("10s", "2.20", 10.0), ("10s", "2.19", None), ("1m30s", "2.20", None), ("0s", "2.20", None)],
)
def test_trap_linkerd_23_limits_of_routes_are_heeded_in_one_form(
    written: str, version: str, heeded: float | None
) -> None:
    found = model(
        service() + requests(f"{{timeouts: {{request: {written}, backendRequest: 1s}}}}"), version
    )
    assert ask(found, "/").timeout == heeded
    assert (len(reasons(found)) == 1) is (heeded is not None)
    assert "Linkerd enforces no limit for one backend" in reasons(found)


@pytest.mark.parametrize("field", ["name: first", "retry: {attempts: 3}", "sessionPersistence: {}"])
def test_fields_that_nobody_reads_are_told(field: str) -> None:
    found = model(service() + requests(f"{{{field}}}"))
    assert len(reasons(found)) == 1
    assert ask(found, "/").retry is None


@pytest.mark.parametrize("version", ["2.15", "2.20"])
def test_annotations_of_another_kind_or_version_are_told(version: str) -> None:
    words = ", annotations: {retry.linkerd.io/grpc: internal}"
    found = model(service() + requests("{}", annotations=words), version)
    assert len(reasons(found)) == 1
    assert ask(found, "/").retry is None


def streams(kind: str) -> str:
    names = "  hostnames: [api.example]\n" if kind == "TLSRoute" else ""
    rules = f"{{backendRefs: [{{name: {kind.lower()}, namespace: shop, port: 80}}]}}"
    text = ROUTE.format(
        kind=kind, name=kind.lower(), space="shop", rules=rules, port="", annotations=""
    )
    return text.replace("/v1\n", "/v1alpha2\n").replace("  rules:", f"{names}  rules:")


def leads(found: Model, port: int = 80, server_name: str = "") -> str:
    """The name of the route that a connection to the service takes."""
    asked = Request(
        caller=Caller(namespace="bank"), service="shop/api", service_port=port, http=False,
        server_name=server_name,
    )  # fmt: skip
    return decide_route(found, asked).route


def test_routes_of_a_lower_kind_are_heeded_on_the_other_ports() -> None:
    found = model(service() + requests("{}", port=", port: 80") + streams("TLSRoute"))
    assert leads(found, 81, "api.example") == "tlsroute"
    assert leads(found, 80, "api.example") == "default"
    assert ask(found, "/").route == "web/0"


def test_calls_on_one_port_for_some_leave_requests_on_another_as_they_are() -> None:
    found = model(service() + requests("{}") + calls(THREE, space="bank", port=", port: 81"))
    assert ask(found, "/").route == "web/0"
    (piece,) = (
        f for f in found.facts if isinstance(f, Opaque) and f.kind.startswith("routes for all")
    )
    assert piece.attachment is not None
    assert [port.value.port for port in piece.attachment.ports] == [81]


def test_bytes_have_their_own_routes_where_requests_are_not_read() -> None:
    opaque = service(protocol=", appProtocol: linkerd.io/opaque")
    found = model(opaque + requests("{}", port=", port: 80") + streams("TCPRoute"))
    assert leads(found) == "tcproute"


def test_of_routes_with_the_same_parent_those_of_the_higher_kind_alone_are_accepted() -> None:
    opaque = service(protocol=", appProtocol: linkerd.io/opaque")
    found = model(opaque + requests("{}") + streams("TCPRoute"))
    assert leads(found) == "default", "though no route of requests is heeded there"
    http = service(protocol=", appProtocol: http")
    same = requests("{}", port=", port: 80") + calls(THREE)
    assert ask(model(http + same), "/").route == "default"


@pytest.mark.parametrize("word", ["http", "HTTP", "kubernetes.io/h2c"])
@pytest.mark.parametrize("kind", ["TLSRoute", "TCPRoute"])
def test_a_port_declared_as_http_heeds_no_routes_of_connections(word: str, kind: str) -> None:
    found = model(service(protocol=f", appProtocol: {word}") + streams(kind))
    assert leads(found, 80, "api.example") == "default"
    assert leads(found, 81, "api.example") == kind.lower()
