"""Links to other clusters, and Gateways that somebody else serves."""

from __future__ import annotations

import pytest

from ir.membership import Aspect, ProxySetting
from ir.traffic import RouteTable
from ir.walk import traced
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


def test_trap_linkerd_51_a_link_says_over_which_clusters_the_mesh_is_spread() -> None:
    loaded = load_text(LINK)
    options = pipeline.options_of(loaded, "linkerd@2.20", "linkerd", {})
    found = load_importer("linkerd")(loaded.resources, options)
    (setting,) = (fact for fact in found.model.facts if isinstance(fact, ProxySetting))
    assert (setting.aspect, setting.value.value) == (Aspect.NETWORKS, "east")
    told = {leaf for value in traced(setting) for leaf in value.origin}
    assert len(told) == 7  # all of its spec
    assert found.losses == ()


@pytest.mark.parametrize("target", ["istio", "cilium", "gateway-api"])
def test_no_leaf_of_a_link_is_lost_in_silence(target: str) -> None:
    own = pipeline.options_of(load_text(""), "linkerd", target, {})
    rows = pipeline.translate_loaded(load_text(LINK), own).report.ledger
    spec = [row for row in rows if row.path.startswith("spec")]
    assert {(row.fate.value, row.findings) for row in spec} == {("lost", ("MM604",))}


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
