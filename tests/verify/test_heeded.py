"""Objects of the target's own kinds in the input: they begin to hold, and a finding says so."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from ir.model import Model
from translator.heeded import claims_of, told_of
from translator.pipeline import Result, options_of, translate_loaded
from translator.report.model import Finding, Impact, Severity
from translator.source.load import load_text
from translator.verify.compare import Proof

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


def test_what_begins_by_it_and_no_request_is_compared_by_is_told() -> None:
    """It was said that no request fares otherwise by it."""
    policy = """
---
apiVersion: gateway.networking.x-k8s.io/v1alpha1
kind: XBackendTrafficPolicy
metadata: {name: api, namespace: shop}
spec:
  targetRefs: [{group: "", kind: Service, name: api}]
  retryConstraint: {budget: {percent: 20, interval: 10s}}
  sessionPersistence: {sessionName: own, type: Cookie}
"""
    (finding,) = told(translated(POD + policy, "gateway-api"))
    assert (finding.impact, finding.severity) == (Impact.DIFFERENT, Severity.MEDIUM)
    assert "not compared by: a budget of retries and session affinity" in finding.message


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


CLUSTERWIDE = """\
---
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: shut}
spec: {endpointSelector: {matchLabels: {app: other}}, ingress: [{}]}
"""


def test_an_object_of_no_namespace_is_named_without_one() -> None:
    (finding,) = told(translated(POD + CLUSTERWIDE, "cilium"))
    assert "CiliumClusterwideNetworkPolicy/shut" in finding.message
    assert finding.sources[0].resource == "CiliumClusterwideNetworkPolicy//shut"


AT_A_GATEWAY = """\
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec:
  gatewayClassName: istio
  listeners: [{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: api, namespace: other}
spec:
  parentRefs: [{name: edge, namespace: shop}]
  rules: [{backendRefs: [{name: api, namespace: shop, port: 80}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {name: from-other, namespace: shop}
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: other}]
  to: [{group: "", kind: Service}]
"""


@pytest.mark.parametrize("target", ["linkerd", "cilium", "gateway-api"])
def test_what_is_a_gateways_begins_nothing_with_a_mesh(target: str) -> None:
    assert told(translated(POD + AT_A_GATEWAY, target)) == []


def test_what_is_a_gateways_is_not_said_to_be_unheeded_where_requests_fare_otherwise_by_it() -> (
    None
):
    (route,) = (r for r in load_text(AT_A_GATEWAY).resources if r.kind == "HTTPRoute")
    claim = next(c for c in claims_of([route]) if c.impact is Impact.DIFFERENT)
    change = SimpleNamespace(claims=(claim,))
    proof = SimpleNamespace(found=(SimpleNamespace(changes=(change,)),))
    (loss,) = told_of([route], cast("Proof", proof), Model())
    assert loss.impact is Impact.DIFFERENT
    assert "not translated" in loss.message
    assert "does not heed" not in loss.message
