"""Rules for requests on ports that are called after something else: what the source reads, and what the target does."""

from __future__ import annotations

import pytest
import yaml

from tests.importers.cilium.envoy import cluster, config, listener, route, routes
from tests.laws.soundness import faults, translated
from translator.pipeline import Result
from translator.report.model import Impact

SHOP = """
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec:
  selector: {app: api}
  ports: [{name: http, port: 80, targetPort: 8080}, {name: tcp-raw, port: 90, targetPort: 9090%s}]
---
apiVersion: v1
kind: Service
metadata: {name: other, namespace: shop}
spec: {selector: {app: other}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  template:
    metadata: {labels: {app: api}, annotations: {linkerd.io/inject: enabled}}
    spec: {containers: [{name: app, ports: [{containerPort: 8080}, {containerPort: 9090}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: other, namespace: shop}
spec:
  template:
    metadata: {labels: {app: other}, annotations: {linkerd.io/inject: enabled}}
    spec: {containers: [{name: app, ports: [{containerPort: 8080}]}]}
---
"""
ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: api%s}]
  rules:
  - matches: [{path: {type: PathPrefix, value: /a}}]
    backendRefs: [{name: other, port: 80}]
  - backendRefs: [{name: api, port: 80}]
"""


def told(result: Result) -> list[tuple[Impact, str]]:
    return [
        (f.impact, f.message)
        for f in result.report.findings
        if f.code == "MM552" and "no rule for requests" in f.message
    ]


def by_agent(more: str = "") -> str:
    """A configuration that leads all ports of the Service to its listener."""
    own = config(
        listener(),
        routes(route("/", route={"cluster": "shop/api:80", "timeout": "0s"})),
        cluster("shop/api:80"),
    )
    return SHOP % more + yaml.safe_dump(own)


@pytest.mark.parametrize("source", ["gateway-api", "linkerd"])
@pytest.mark.parametrize("port", ["", ", port: 90"])
def test_what_a_port_is_called_takes_no_rules_from_it_where_nobody_goes_by_it(
    source: str, port: str
) -> None:
    result = translated(SHOP % "" + ROUTE % port, source, "cilium")
    assert result.report.verification.verdict.startswith("EQUAL")


@pytest.mark.parametrize("source", ["gateway-api", "linkerd"])
@pytest.mark.parametrize("port", ["", ", port: 90"])
def test_istio_goes_by_the_name_of_the_port_which_is_told(source: str, port: str) -> None:
    result = translated(SHOP % "" + ROUTE % port, source, "istio")
    assert faults(result) == []
    ((impact, message),) = told(result)
    assert impact is Impact.DIFFERENT
    assert message.startswith("Service/shop/api: the target takes port 90")


@pytest.mark.parametrize("target", ["istio", "linkerd", "gateway-api"])
@pytest.mark.parametrize("more", ["", ", appProtocol: tcp"])
def test_a_configuration_without_ports_leads_them_all_to_its_listener(
    target: str, more: str
) -> None:
    result = translated(by_agent(more), "cilium", target)
    assert faults(result) == []
    assert bool(told(result)) is (target == "istio")


def test_what_is_refused_there_is_let_in_where_the_port_is_not_read() -> None:
    own = config(
        listener(),
        routes(
            route("/a", direct_response={"status": 403}),
            route("/", route={"cluster": "shop/api:80", "timeout": "0s"}),
        ),
        cluster("shop/api:80"),
    )
    text = SHOP % ", appProtocol: tcp" + yaml.safe_dump(own)
    for target in ("istio", "linkerd"):
        result = translated(text, "cilium", target)
        assert faults(result) == []
        assert Impact.LOOSER in {f.impact for f in result.report.findings}


def test_istio_has_no_rules_on_a_port_of_bytes_and_so_no_route_is_written_for_it() -> None:
    rules = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: r, namespace: shop}
spec:
  hosts: [api.shop.svc.cluster.local]
  http: [{route: [{destination: {host: other.shop.svc.cluster.local}}]}]
"""
    result = translated(SHOP % "" + rules, "istio", "cilium")
    assert faults(result) == []
    parents = [
        parent["port"]
        for d in result.documents
        if d.resource.startswith("HTTPRoute")
        for parent in d.value["spec"]["parentRefs"]  # type: ignore[index]
    ]
    assert parents == [80]


def test_istio_goes_by_some_numbers_too() -> None:
    """53 and the like are bytes where nothing is said (pkg/config/kube/conversion.go, 1.31)."""
    text = (SHOP % "").replace("name: tcp-raw, port: 90", "name: raw, port: 53")
    result = translated(text, "linkerd", "istio")
    assert faults(result) == []
    assert "port 53" in " ".join(f.message for f in result.report.findings if f.code == "MM552")


GATEWAY = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: shop}
spec:
  gatewayClassName: other
  listeners: [{name: udp, port: 53, protocol: UDP}, {name: http, port: 80, protocol: HTTP}]
---
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: UDPRoute
metadata: {name: u, namespace: shop}
spec:
  parentRefs: [{name: gw, sectionName: udp}]
  rules: [{backendRefs: [{name: api, namespace: shop, port: 53, weight: 3}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: {name: s, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: api, port: 90}]
  hostnames: [a.example]
  rules: [{backendRefs: [{name: api, port: 90}]}]
"""


@pytest.mark.parametrize(
    ("target", "more"),
    [("istio", {"gateway_selector": ("istio=ingressgateway",)}), ("istio", {}), ("linkerd", {})],
)
def test_routes_of_datagrams_and_of_named_ports_keep_all_their_leaves(
    target: str, more: dict[str, object]
) -> None:
    text = (SHOP % "").replace("name: tcp-raw", "name: tls-raw") + GATEWAY
    result = translated(text, "gateway-api", target, **more)
    assert faults(result) == []
