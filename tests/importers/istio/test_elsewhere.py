"""The source's words where no injector looks."""

from __future__ import annotations

from ir.membership import Aspect, ProxySetting
from tests.exporters.linkerd.istio import policy, spec_of, translated
from tests.importers.istio.test_mesh_config import fate_of, operator
from translator.report.model import Fate

KNATIVE = """
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: hello, namespace: shop, labels: {istio.io/rev: x}}
spec: {template: {metadata: {annotations: {sidecar.istio.io/inject: "true"}}}}
"""

NETWORK_POLICY = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: mesh-only, namespace: shop}
spec:
  podSelector: {}
  ingress: [{from: [{namespaceSelector: {matchLabels: {istio-injection: enabled}}}]}]
"""

WEBHOOK = """
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: istio-sidecar-injector}
webhooks: [{name: a, namespaceSelector: {matchLabels: {istio-injection: enabled}}}]
"""

GATEWAY = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: way, namespace: shop, labels: {istio.io/waypoint-for: service}}
spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
"""


def test_words_inside_an_object_that_makes_pods_in_its_own_way_are_shown() -> None:
    result = translated(KNATIVE)
    path = 'spec.template.metadata.annotations["sidecar.istio.io/inject"]'
    assert fate_of(result, path) is Fate.UNREAD
    assert fate_of(result, 'metadata.labels["istio.io/rev"]') is Fate.INERT
    assert "MM601" in [f.code for f in result.report.findings]


def test_a_selector_by_a_label_that_leaves_is_shown() -> None:
    result = translated(NETWORK_POLICY)
    [finding] = [f for f in result.report.findings if f.code == "MM601"]
    assert [source.resource for source in finding.sources] == ["NetworkPolicy/shop/mesh-only"]


def test_the_sources_own_injector_is_no_concern() -> None:
    result = translated(WEBHOOK)
    assert "MM601" not in [f.code for f in result.report.findings]


def test_what_makes_the_pods_of_a_gateway_is_a_setting() -> None:
    model = translated(GATEWAY).model
    found = [f for f in model.facts if isinstance(f, ProxySetting)]
    assert {(f.object, f.aspect) for f in found} == {
        ("Gateway/shop/way", Aspect.WAYPOINT),
        ("Gateway/shop/way", Aspect.GATEWAY_CLASS),
    }


def test_the_revision_of_a_policy_does_not_go_along() -> None:
    text = policy({"selector": {"matchLabels": {"app": "api"}}}).replace(
        "  name: p\n", "  name: p\n  labels: {istio.io/rev: canary, team: a}\n"
    )
    result = translated(text)
    assert fate_of(result, 'metadata.labels["istio.io/rev"]') is Fate.INERT
    assert not any("istio.io/rev" in document.text for document in result.documents)
    assert any("team: a" in document.text for document in result.documents)


def test_an_operator_file_needs_no_name() -> None:
    text = operator({"profile": "demo"})
    start = text.index("metadata:")
    nameless = text[:start] + text[text.index("spec:") :]
    assert fate_of(translated(nameless), "spec.profile") is Fate.INERT


SELECTED = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: db, namespace: shop}
spec:
  selector:
    matchLabels: &labels {app: db, sidecar.istio.io/inject: "true"}
  template:
    metadata: {labels: *labels}
    spec: {containers: [{name: db}]}
"""


def test_a_label_by_which_a_workload_knows_its_pods_leaves_in_both_places() -> None:
    result = translated(SELECTED)
    [document] = [d for d in result.documents if d.resource == "Deployment/shop/db"]
    spec = spec_of(document.value)
    assert spec["selector"] == {"matchLabels": {"app": "db"}}
    assert spec["template"]["metadata"] == {
        "labels": {"app": "db"},
        "annotations": {
            "linkerd.io/inject": "enabled",
            "config.linkerd.io/proxy-outbound-connect-timeout": "10s",
        },
    }
    [finding] = [f for f in result.report.findings if f.code == "MM601"]
    assert "know their pods by a label that leaves" in finding.message
