"""What an EgressNetwork says by its annotations, and fields of routes that are for other parents."""

from __future__ import annotations

import pytest

from ir.opaque import Opaque
from ir.traffic import AS_DIALLED, RouteTable
from translator import pipeline
from translator.api import Import
from translator.registry import load_importer
from translator.source.load import load_text

NETWORK = """\
apiVersion: policy.linkerd.io/v1alpha1
kind: EgressNetwork
metadata:
  name: world
  namespace: shop
  annotations: {{retry.linkerd.io/http: "{codes}", timeout.linkerd.io/request: 3s}}
spec: {{trafficPolicy: {policy}}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: out, namespace: shop{own}}}
spec:
  parentRefs: [{{group: policy.linkerd.io, kind: EgressNetwork, name: world, port: 80, sectionName: x}}]
  rules: [{{backendRefs: [{{group: policy.linkerd.io, kind: EgressNetwork, name: world}}]}}]
"""
REDIRECT = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: web, port: 80}]
  rules:
  - filters:
    - type: RequestRedirect
      requestRedirect: {path: {type: ReplaceFullPath, replaceFullPath: /new}}
"""


def read(codes: str = "5xx", policy: str = "Deny", own: str = "") -> Import:
    loaded = load_text(NETWORK.format(codes=codes, policy=policy, own=own))
    options = pipeline.options_of(loaded, "linkerd@2.20", "istio", {})
    return load_importer("linkerd")(loaded.resources, options)


def table(found: Import) -> RouteTable:
    (one,) = (fact for fact in found.model.facts if isinstance(fact, RouteTable))
    return one


def test_routes_of_a_network_outside_inherit_what_it_says() -> None:
    (route,) = table(read()).routes
    assert route.retry is not None
    assert route.timeouts is not None
    assert route.timeouts.request is not None
    assert (route.retry.attempts.value, route.timeouts.request.value) == (1, 3.0)


def test_a_family_that_the_route_has_is_not_inherited() -> None:
    own = ', annotations: {retry.linkerd.io/limit: "4"}'
    (route,) = table(read(own=own)).routes
    assert route.retry is not None
    assert route.retry.attempts.value == 4
    assert route.timeouts is not None


def test_a_family_with_a_wrong_value_counts_for_nothing() -> None:
    (route,) = table(read(codes="teapot")).routes
    assert route.retry is None
    assert route.timeouts is not None


@pytest.mark.parametrize(("policy", "left"), [("Deny", 0), ("Allow", 1)])
def test_what_goes_on_without_a_route_is_left_open(policy: str, left: int) -> None:
    found = [f for f in read(policy=policy).model.facts if isinstance(f, Opaque)]
    assert len(found) == left


def test_the_section_of_a_network_outside_is_not_looked_at() -> None:
    reasons = [one.why for one in read().model.inactive]
    assert "Linkerd does not look at the section of such a parent" in reasons


@pytest.mark.parametrize("target", ["istio", "cilium", "gateway-api"])
def test_every_leaf_of_such_routes_has_a_fate_that_is_no_fault(target: str) -> None:
    for text in (NETWORK.format(codes="5xx", policy="Deny", own=""), REDIRECT):
        own = pipeline.options_of(load_text(""), "linkerd", target, {})
        fates = {
            row.fate.value for row in pipeline.translate_loaded(load_text(text), own).report.ledger
        }
        assert not fates & {"dropped", "stranded", "unread"}


ROUTES = """\
apiVersion: policy.linkerd.io/v1alpha1
kind: EgressNetwork
metadata: {{name: world, namespace: shop}}
spec: {{trafficPolicy: Deny}}
---
apiVersion: gateway.networking.k8s.io/{version}
kind: {kind}
metadata: {{name: out, namespace: shop}}
spec:
  parentRefs: [{{group: policy.linkerd.io, kind: EgressNetwork, name: world, port: 443}}]
  hostnames: [api.example.com]
  rules: [{{backendRefs: [{{group: policy.linkerd.io, kind: EgressNetwork, name: world, port: 443}}]}}]
"""


@pytest.mark.parametrize(
    ("kind", "version"),
    [("HTTPRoute", "v1"), ("GRPCRoute", "v1"), ("TLSRoute", "v1alpha2")],
)
def test_a_network_as_a_backend_is_itself_whatever_the_port_says(kind: str, version: str) -> None:
    text = ROUTES.format(kind=kind, version=version)
    for written in (text, text.replace(", name: world, port: 443}]}]", ", name: world}]}]")):
        loaded = load_text(written)
        options = pipeline.options_of(loaded, "linkerd@2.20", "cilium", {})
        model = load_importer("linkerd")(loaded.resources, options)
        (route,) = table(model).routes
        assert [b.destination.name.value for b in route.backends] == [AS_DIALLED]
        result = pipeline.translate_loaded(loaded, options)
        assert "MM525" not in {f.code for f in result.report.findings}
        assert result.report.summary.fates.get("stranded", 0) == 0
        assert any("api" in one.text for one in result.documents)


WAYS_OUT = """\
apiVersion: policy.linkerd.io/v1alpha1
kind: EgressNetwork
metadata: {name: world, namespace: shop}
spec: {trafficPolicy: Deny}
---
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TLSRoute
metadata: {name: out, namespace: shop}
spec:
  parentRefs: [{group: policy.linkerd.io, kind: EgressNetwork, name: world, port: 443}]
  hostnames: [pay.example]
  rules: [{backendRefs: [BACKEND]}]
"""


@pytest.mark.parametrize(
    ("backend", "goes_to"),
    [
        ("{group: policy.linkerd.io, kind: EgressNetwork, name: world}", AS_DIALLED),
        ("{group: policy.linkerd.io, kind: EgressNetwork, name: world, port: 9}", AS_DIALLED),
        ("{group: policy.linkerd.io, kind: egressnetwork, name: world}", AS_DIALLED),
        (
            "{group: policy.linkerd.io, kind: EgressNetwork, name: other}",
            "other.egressnetwork.invalid",
        ),
        (
            "{group: policy.linkerd.io, kind: EgressNetwork, name: world, namespace: bank}",
            "world.egressnetwork.invalid",
        ),
        ("{group: example.com, kind: Bucket, name: world}", "world.bucket.example.com.invalid"),
        ("{name: pay, port: 443}", "pay"),
        ("{group: core, kind: Service, name: pay, port: 443}", "pay"),
    ],
)
def test_what_is_let_out_goes_where_it_was_dialled_by_its_own_network_alone(
    backend: str, goes_to: str
) -> None:
    loaded = load_text(WAYS_OUT.replace("BACKEND", backend))
    options = pipeline.options_of(loaded, "linkerd@2.20", "istio", {})
    (route,) = table(load_importer("linkerd")(loaded.resources, options)).routes
    assert [one.destination.name.value for one in route.backends] == [goes_to]


@pytest.mark.parametrize("kind", ["Bucket", "EgressNetwork"])
def test_what_its_network_does_not_take_is_not_declared(kind: str) -> None:
    text = WAYS_OUT.replace("BACKEND", f"{{group: policy.linkerd.io, kind: {kind}, name: other}}")
    loaded = load_text(text)
    options = pipeline.options_of(loaded, "linkerd@2.20", "istio", {})
    result = pipeline.translate_loaded(loaded, options)
    assert not [one for one in result.documents if one.resource.startswith("ServiceEntry")]
    assert "MM525" in {finding.code for finding in result.report.findings}


SPLIT = """\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: web, port: 80}]
  rules: [{backendRefs: [{name: web, port: 80, weight: 1}, {name: gone, port: 80, weight: 1}]}]
"""


@pytest.mark.parametrize(
    ("complete", "name"), [(False, "gone"), (True, "gone.shop.service.invalid")]
)
def test_the_share_of_a_service_that_is_surely_not_there_fails(complete: bool, name: str) -> None:  # noqa: FBT001
    loaded = load_text(SPLIT)
    options = pipeline.options_of(loaded, "linkerd@2.20", "cilium", {"complete": complete})
    (route,) = table(load_importer("linkerd")(loaded.resources, options)).routes
    assert [one.destination.name.value for one in route.backends] == ["web", name]
    result = pipeline.translate_loaded(loaded, options)
    assert not {"MM904", "MM903", "MM901"} & {f.code for f in result.report.findings}
