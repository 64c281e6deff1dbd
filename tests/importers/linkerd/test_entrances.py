"""Routes bound to Gateways, in a cluster of Linkerd."""

from __future__ import annotations

import pytest

from translator.pipeline import options_of, translate_loaded
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


@pytest.mark.parametrize(
    ("source", "target"),
    [("linkerd", "istio"), ("linkerd", "cilium"), ("istio", "linkerd"), ("gateway-api", "linkerd")],
)
def test_listener_sets_and_tls_of_backends_stay_and_put_no_proof_in_doubt(
    source: str, target: str
) -> None:
    loaded = load_text(BOUND + OF_THE_GATEWAY)
    result = translate_loaded(loaded, options_of(loaded, source, target, {}))
    kinds = ("ListenerSet/", "BackendTLSPolicy/")
    rows = [row for row in result.report.ledger if row.resource.startswith(kinds)]
    assert {row.fate for row in rows} == {Fate.CARRIED}
    assert {"MM102", "MM905"}.isdisjoint(one.code for one in result.report.findings)


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
