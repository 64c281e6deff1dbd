"""Links to other clusters, and Gateways that somebody else serves."""

from __future__ import annotations

from ir.opaque import Opaque
from ir.traffic import RouteTable
from translator import pipeline
from translator.registry import load_importer
from translator.resources.kubernetes.read import below
from translator.source.leaves import leaf_ref
from translator.source.load import load_text

LINK = """\
apiVersion: multicluster.linkerd.io/v1alpha3
kind: Link
metadata: {name: east, namespace: linkerd-multicluster}
spec:
  targetClusterName: east
  gatewayAddress: 203.0.113.9
  gatewayPort: "4143"
  probeSpec: {path: /ready, port: "4191", period: 3s}
  selector: {matchLabels: {mirror.linkerd.io/exported: "true"}}
"""
GATEWAY = """\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: ingress, namespace: shop}
spec: {gatewayClassName: kong, listeners: [{name: http, protocol: HTTP, port: 80}]}
"""
ROUTE = """\
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: face, namespace: other}
spec: {parentRefs: [{name: ingress, namespace: shop}], rules: [{backendRefs: [{name: face, port: 80}]}]}
"""


def test_trap_linkerd_51_mirrored_services_are_not_understood() -> None:
    loaded = load_text(LINK)
    options = pipeline.options_of(loaded, "linkerd@2.20", "linkerd", {})
    found = load_importer("linkerd")(loaded.resources, options)
    (opaque,) = (fact for fact in found.model.facts if isinstance(fact, Opaque))
    assert opaque.kind == "services of another cluster that are mirrored"
    assert found.losses == ()


def test_the_namespace_of_a_routes_gateway_is_not_forgotten() -> None:
    loaded = load_text(
        GATEWAY.replace("}]}", ", allowedRoutes: {namespaces: {from: All}}}]}") + ROUTE
    )
    options = pipeline.options_of(loaded, "linkerd@2.20", "linkerd", {})
    found = load_importer("linkerd")(loaded.resources, options)
    (table,) = (fact for fact in found.model.facts if isinstance(fact, RouteTable))
    parents = below(loaded.resources[1].node, "spec", "parentRefs")
    assert parents is not None
    assert isinstance(parents.value, list)
    parent = below(parents.value[0], "namespace")
    assert parent is not None
    leaf = leaf_ref(loaded.resources[1].document.number, parent.leaf)
    assert leaf in table.trail.origin


def test_the_class_of_a_gateway_is_not_forgotten() -> None:
    loaded = load_text(GATEWAY)
    options = pipeline.options_of(loaded, "linkerd@2.20", "linkerd", {})
    found = load_importer("linkerd")(loaded.resources, options)
    assert "who serves a gateway is for its class to say" in [one.reason for one in found.inert]
