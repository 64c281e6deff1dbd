"""Links to other clusters, and Gateways that somebody else serves."""

from __future__ import annotations

from ir.opaque import Opaque
from translator import pipeline
from translator.registry import load_importer
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


def test_trap_linkerd_51_mirrored_services_are_not_understood() -> None:
    loaded = load_text(LINK)
    options = pipeline.options_of(loaded, "linkerd@2.20", "linkerd", {})
    found = load_importer("linkerd")(loaded.resources, options)
    (opaque,) = (fact for fact in found.model.facts if isinstance(fact, Opaque))
    assert opaque.kind == "services of another cluster that are mirrored"
    assert found.losses == ()


def test_the_class_of_a_gateway_is_not_forgotten() -> None:
    loaded = load_text(GATEWAY)
    options = pipeline.options_of(loaded, "linkerd@2.20", "linkerd", {})
    found = load_importer("linkerd")(loaded.resources, options)
    assert "who serves a gateway is for its class to say" in [one.reason for one in found.inert]
