"""Routes bound to Gateways, in a cluster of Linkerd."""

from __future__ import annotations

import pytest

from translator.pipeline import Result, options_of, translate_loaded
from translator.report.model import Fate
from translator.source.load import load_text

BOUND = """\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web, ports: [{containerPort: 8080}]}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec:
  gatewayClassName: other
  listeners: [{name: http, port: 80, protocol: HTTP, hostname: shop.example.com}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec:
  parentRefs: [{name: edge}]
  hostnames: [shop.example.com]
  rules: [{matches: [{path: {type: PathPrefix, value: /api}}], backendRefs: [{name: web, port: 80}]}]
"""


@pytest.mark.parametrize("target", ["cilium", "gateway-api", "istio"])
@pytest.mark.parametrize("given", [None, "eg"])
def test_the_namespace_of_a_route_has_a_fate_where_the_gateway_moves(
    target: str, given: str | None
) -> None:
    loaded = load_text(BOUND)
    result = translate_loaded(
        loaded, options_of(loaded, "linkerd", target, {"gateway_class": given})
    )
    assert not [row for row in result.report.ledger if row.fate in (Fate.STRANDED, Fate.DROPPED)]
    assert "MM901" not in {one.code for one in result.report.findings}


OF_THE_GATEWAY = """\
---
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {name: more, namespace: shop}
spec:
  parentRef: {name: edge}
  listeners: [{name: more, port: 81, protocol: HTTP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: web, namespace: shop}
spec:
  targetRefs: [{group: "", kind: Service, name: web}]
  validation: {hostname: web.internal, wellKnownCACertificates: System}
"""


@pytest.mark.parametrize(("source", "target"), [("istio", "linkerd"), ("gateway-api", "linkerd")])
def test_listener_sets_and_tls_of_backends_stay_and_put_no_proof_in_doubt(
    source: str, target: str
) -> None:
    loaded = load_text(BOUND + OF_THE_GATEWAY)
    result = translate_loaded(loaded, options_of(loaded, source, target, {}))
    assert fates(result, "ListenerSet/", "BackendTLSPolicy/") == {Fate.CARRIED}
    assert {"MM102", "MM905"}.isdisjoint(one.code for one in result.report.findings)


def fates(result: Result, *kinds: str) -> set[Fate]:
    """The fates of what stands in objects of some kinds."""
    return {row.fate for row in result.report.ledger if row.resource.startswith(kinds)}


ALLOWED = BOUND.replace(
    "gatewayClassName: other",
    "gatewayClassName: other\n  allowedListeners: {namespaces: {from: Same}}",
)
BY_SET = """\
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: more, namespace: shop}
spec:
  parentRefs: [{kind: ListenerSet, name: more}]
  rules: [{backendRefs: [{name: web, port: 80}]}]
"""


@pytest.mark.parametrize("target", ["cilium", "gateway-api"])
@pytest.mark.parametrize(
    "kind", ["gateway.networking.k8s.io/v1", "gateway.networking.x-k8s.io/v1alpha1"]
)
def test_listeners_of_sets_go_along_with_the_gateway_that_takes_them_in(
    target: str, kind: str
) -> None:
    sets = OF_THE_GATEWAY.replace(
        "gateway.networking.k8s.io/v1\nkind: ListenerSet", f"{kind}\nkind: ListenerSet"
    )
    if kind.endswith("alpha1"):
        sets = sets.replace("kind: ListenerSet", "kind: XListenerSet")
    loaded = load_text(ALLOWED + sets + BY_SET)
    result = translate_loaded(
        loaded, options_of(loaded, "linkerd", target, {"gateway_class": "eg"})
    )
    gateway = next(d.text for d in result.documents if d.resource == "Gateway/shop/edge")
    route = next(d.text for d in result.documents if d.resource == "HTTPRoute/shop/more")
    assert "port: 81" in gateway
    assert "sectionName: more" in route
    found = {one.code for one in result.report.findings}
    assert {"MM101", "MM102", "MM901", "MM902", "MM904", "MM905"}.isdisjoint(found)


def test_of_a_set_that_its_gateway_does_not_take_in_nothing_enters() -> None:
    loaded = load_text(BOUND + OF_THE_GATEWAY + BY_SET)
    result = translate_loaded(
        loaded, options_of(loaded, "linkerd", "cilium", {"gateway_class": "eg"})
    )
    assert fates(result, "ListenerSet/") == {Fate.INERT}
    assert "HTTPRoute/shop/more" not in {one.resource for one in result.documents}


def test_clients_of_the_target_that_begin_to_heed_tls_of_backends_are_told() -> None:
    loaded = load_text(BOUND + OF_THE_GATEWAY)
    result = translate_loaded(loaded, options_of(loaded, "linkerd", "istio", {}))
    told = [one.message for one in result.report.findings if one.code == "MM405"]
    assert [one for one in told if "BackendTLSPolicy/shop/web" in one and "begin to heed" in one]


SECURED = BOUND.replace(
    "{name: http, port: 80, protocol: HTTP, hostname: shop.example.com}",
    "{name: https, port: 443, protocol: HTTPS, hostname: shop.example.com, "
    "tls: {certificateRefs: [{name: cert}]}}",
)


def secured(text: str, target: str = "cilium") -> tuple[list[str], list[str]]:
    """The Gateways that are written, and what is told of listeners left out."""
    loaded = load_text(text)
    result = translate_loaded(
        loaded, options_of(loaded, "linkerd", target, {"gateway_class": "eg"})
    )
    assert not [row for row in result.report.ledger if row.fate in (Fate.STRANDED, Fate.DROPPED)]
    assert {"MM901", "MM902"}.isdisjoint(one.code for one in result.report.findings)
    written = [one.text for one in result.documents if one.resource == "Gateway/shop/edge"]
    left = [one.message for one in result.report.findings if "is not written: it" in one.message]
    return written, left


@pytest.mark.parametrize("target", ["cilium", "gateway-api"])
@pytest.mark.parametrize("mode", ["", "mode: Terminate, "])
def test_a_listener_that_ends_tls_by_a_secret_of_its_namespace_is_written(
    target: str, mode: str
) -> None:
    (gateway,), left = secured(SECURED.replace("tls: {", f"tls: {{{mode}"), target)
    assert "name: cert" in gateway
    assert "mode: Terminate" in gateway
    assert left == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{name: cert}", "{name: cert, namespace: bank}"),
        ("[{name: cert}]", "[{name: cert}], options: {example.com/clients: required}"),
        (
            "gatewayClassName: other",
            (
                "gatewayClassName: other\n  tls: {frontend: {default: {validation: "
                "{caCertificateRefs: [{group: '', kind: ConfigMap, name: ca}]}}}}"
            ),
        ),
    ],
)
def test_a_listener_is_left_out_where_its_secret_or_its_clients_may_be_refused(
    old: str, new: str
) -> None:
    written, left = secured(SECURED.replace(old, new))
    assert written == []
    assert len(left) == 1


ELSEWHERE = SECURED.replace("{name: cert}", "{name: cert, namespace: bank}")
GRANT = """\
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: certs, namespace: bank}
spec:
  from: [{group: gateway.networking.k8s.io, kind: Gateway, namespace: shop}]
  to: [{group: "", kind: Secret, name: cert}]
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: cert}", "name: other}"),
        ("kind: Gateway, namespace: shop", "kind: Gateway, namespace: other"),
        ("kind: Gateway,", "kind: ListenerSet,"),
        ("kind: Secret", "kind: ConfigMap"),
    ],
)
def test_a_secret_of_another_namespace_that_grants_something_else_is_not_taken(
    old: str, new: str
) -> None:
    gateways, left = secured(ELSEWHERE + GRANT.replace(old, new))
    assert gateways == []
    assert len(left) == 1


def test_a_secret_of_another_namespace_is_taken_where_that_grants_it() -> None:
    (gateway,), left = secured(ELSEWHERE + GRANT)
    assert "namespace: bank" in gateway
    assert left == []


def test_a_route_for_one_port_of_a_gateway_is_bound_to_no_other() -> None:
    """It was bound to the listeners of every port, and the run ended with 70."""
    two = BOUND.replace("listeners: [", "listeners: [{name: other, port: 81, protocol: HTTP}, ")
    text = two.replace(
        "parentRefs: [{name: edge}]", "parentRefs: [{name: edge, sectionName: http}]"
    )
    loaded = load_text(text)
    result = translate_loaded(
        loaded, options_of(loaded, "linkerd", "cilium", {"gateway_class": "eg"})
    )
    route = next(d.text for d in result.documents if d.resource == "HTTPRoute/shop/web")
    assert "sectionName: http" in route
    assert "sectionName: other" not in route
    assert {"MM903", "MM904"}.isdisjoint(one.code for one in result.report.findings)


WITH_OPTIONS = SECURED.replace(
    "[{name: cert}]", "[{name: cert}], options: {example.com/clients: required}"
)


@pytest.mark.parametrize(
    ("source", "target", "settings"),
    [
        ("linkerd", "cilium", {"gateway_class": "eg"}),
        ("linkerd", "istio", {"gateway_selector": ("istio=ingressgateway",)}),
        ("gateway-api", "istio", {"gateway_selector": ("istio=ingressgateway",)}),
    ],
)
def test_options_that_only_its_class_knows_leave_a_listener_out_and_are_named(
    source: str, target: str, settings: dict[str, object]
) -> None:
    """They may demand certificates of clients: from Gateway API it was written as if it asked for none."""
    loaded = load_text(WITH_OPTIONS)
    result = translate_loaded(loaded, options_of(loaded, source, target, settings))
    assert "Gateway/shop/edge" not in {one.resource for one in result.documents}
    told = [one.message for one in result.report.findings if "is not written: its" in one.message]
    assert len(told) == 1
    assert "tls.options are words to its class alone (example.com/clients)" in told[0]


STAYING = BOUND + OF_THE_GATEWAY + BY_SET + GRANT


@pytest.mark.parametrize("target", ["cilium", "gateway-api", "istio"])
@pytest.mark.parametrize("name", ["other", "cilium", "istio"])
def test_gateways_and_what_is_bound_to_them_stay_where_no_other_class_is_to_take_over(
    target: str, name: str
) -> None:
    """Linkerd serves none of them, and was taken to take them along (MM501)."""
    loaded = load_text(STAYING.replace("gatewayClassName: other", f"gatewayClassName: {name}"))
    result = translate_loaded(loaded, options_of(loaded, "linkerd", target, {}))
    kept = ("Gateway/", "ListenerSet/", "HTTPRoute/", "ReferenceGrant/")
    assert fates(result, *kept) == {Fate.CARRIED}
    codes = {one.code for one in result.report.findings}
    assert {"MM501", "MM901", "MM902", "MM903", "MM904"}.isdisjoint(codes)
    assert not result.report.verification.changes


ALSO_OF_A_SERVICE = BOUND.replace("  hostnames: [shop.example.com]\n", "").replace(
    "parentRefs: [{name: edge}]",
    'parentRefs: [{name: edge}, {group: "", kind: Service, name: web, port: 80}]',
)


@pytest.mark.parametrize("target", ["cilium", "gateway-api", "istio"])
def test_a_route_of_a_gateway_and_of_a_service_keeps_the_gateway_and_is_said_anew(
    target: str,
) -> None:
    loaded = load_text(ALSO_OF_A_SERVICE)
    result = translate_loaded(loaded, options_of(loaded, "linkerd", target, {}))
    codes = {one.code for one in result.report.findings}
    assert "MM221" in codes
    assert {"MM501", "MM901", "MM902", "MM903", "MM904"}.isdisjoint(codes)
    assert not [row for row in result.report.ledger if row.fate in (Fate.STRANDED, Fate.DROPPED)]
    (left,) = [one for one in result.documents if one.resource == "HTTPRoute/shop/web"]
    assert left.edited
    assert "Service" not in left.text.partition("rules")[0]
    assert "edge" in left.text
    own = "VirtualService/shop/" if target == "istio" else "HTTPRoute/shop/web-mesh"
    assert [one for one in result.documents if one.resource.startswith(own)]


OF_A_SERVER = (
    BOUND.replace(
        "parentRefs: [{name: edge}]",
        "parentRefs: [{name: edge}, {group: policy.linkerd.io, kind: Server, name: web}]",
    )
    + """\
---
apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, port: 8080, proxyProtocol: HTTP/1}
---
apiVersion: policy.linkerd.io/v1alpha1
kind: AuthorizationPolicy
metadata: {name: web, namespace: shop}
spec:
  targetRef: {group: gateway.networking.k8s.io, kind: HTTPRoute, name: web}
  requiredAuthenticationRefs: [{kind: ServiceAccount, name: boss}]
"""
)


@pytest.mark.parametrize("target", ["cilium", "istio"])
def test_a_route_of_a_gateway_and_of_a_server_is_still_the_one_to_which_some_are_admitted(
    target: str,
) -> None:
    loaded = load_text(OF_A_SERVER)
    settings = {"node_networks": ("10.128.0.0/20",)}
    result = translate_loaded(loaded, options_of(loaded, "linkerd", target, settings))
    assert {"MM501", "MM901", "MM902", "MM903", "MM904"}.isdisjoint(
        one.code for one in result.report.findings
    )
    assert "boss" in str(result.manifests)
    (left,) = [one for one in result.documents if one.resource == "HTTPRoute/shop/web"]
    assert "Server" not in left.text
