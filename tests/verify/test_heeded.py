"""Objects of the target's own kinds in the input: they begin to hold, and a finding says so."""

from __future__ import annotations

from translator.pipeline import Result, options_of, translate_loaded
from translator.report.model import Finding, Impact, Severity
from translator.source.load import load_text

POD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api, sidecar.istio.io/inject: "true"}}
    spec: {serviceAccountName: api, containers: [{name: api, image: api, ports: [{containerPort: 80}]}]}
"""
SHUT = """\
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: shut, namespace: shop}
spec: {endpointSelector: {matchLabels: {app: api}}, ingress: [{}]}
"""


def translated(text: str, target: str) -> Result:
    loaded = load_text(text)
    return translate_loaded(loaded, options_of(loaded, "istio", target, {}))


def told(result: Result) -> list[Finding]:
    return [one for one in result.report.findings if one.code == "MM108"]


def test_what_it_refuses_is_told_and_nothing_is_left_unexplained() -> None:
    result = translated(POD + SHUT, "cilium")
    (finding,) = told(result)
    assert (finding.impact, finding.severity) == (Impact.STRICTER, Severity.HIGH)
    assert "CiliumNetworkPolicy/shop/shut" in finding.message
    assert all(change["explained_by"] for change in result.report.verification.changes)


def test_what_does_nothing_is_told_too() -> None:
    elsewhere = SHUT.replace("app: api", "app: other")
    (finding,) = told(translated(POD + elsewhere, "cilium"))
    assert (finding.impact, finding.severity) == (Impact.NONE, Severity.LOW)


def test_kinds_of_a_third_mesh_begin_nothing() -> None:
    assert told(translated(POD + SHUT, "linkerd")) == []


BELONGS = """\
apiVersion: policy.linkerd.io/v1alpha1
kind: EgressNetwork
metadata: {name: all, namespace: linkerd-egress}
spec: {trafficPolicy: Deny, networks: [{cidr: 0.0.0.0/0}]}
---
apiVersion: v1
kind: Service
metadata: {name: out, namespace: shop}
spec: {selector: {app: out}, ports: [{name: http, port: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: partner, namespace: shop}
spec:
  parentRefs: [{group: policy.linkerd.io, kind: EgressNetwork, name: all, namespace: linkerd-egress, port: 80}]
  hostnames: [partner.example]
  rules: [{matches: [{path: {value: /a}}], backendRefs: [{name: out, port: 80}]}]
"""


def test_a_route_of_an_object_that_the_target_knows_explains_what_it_does_then() -> None:
    loaded = load_text(BELONGS)
    result = translate_loaded(loaded, options_of(loaded, "gateway-api", "linkerd", {}))
    found = [change["explained_by"] for change in result.report.verification.changes]
    assert ["MM261"] in found
    assert all(found)
