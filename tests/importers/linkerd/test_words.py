"""Labels and annotations of pods, namespaces and Services: what is a setting, what decides, and what nobody knows."""

from __future__ import annotations

import pytest

from ir.access import Grant
from ir.membership import Aspect, Enrolment, ProxySetting
from ir.opaque import Opaque
from ir.telemetry import Telemetry
from translator import pipeline
from translator.api import Import
from translator.importers.linkerd.keys import POD, SERVICE, Usual, is_own
from translator.pipeline import Result
from translator.registry import load_importer
from translator.report.model import Impact
from translator.source.load import load_text

WORLD = """\
apiVersion: v1
kind: Namespace
metadata: {{name: shop{space}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}{pod}}}
    spec: {{containers: [{{name: web, ports: [{{containerPort: 8080}}]}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: web, namespace: shop{service}}}
spec: {{selector: {{app: web}}, ports: [{{port: 80, targetPort: 8080}}]}}
"""
SERVER = """\
---
apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, port: 8080, accessPolicy: deny}
"""
ROUTE = """\
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec: {parentRefs: [{group: policy.linkerd.io, kind: Server, name: web}], rules: [{}]}
"""


def world(*, pod: str = "", space: str = "", service: str = "", more: str = "") -> str:
    def bear(words: str) -> str:
        return f", annotations: {{{words}}}" if words else ""

    own = service if service.startswith("labels") else bear(service).removeprefix(", ")
    text = WORLD.format(pod=bear(pod), space=bear(space), service=f", {own}" if own else "")
    return text + more


def read(text: str) -> Import:
    loaded = load_text(text)
    own = pipeline.options_of(loaded, "linkerd@2.20", "istio", {})
    return load_importer("linkerd")(loaded.resources, own)


def to(target: str, text: str) -> Result:
    own = pipeline.options_of(load_text(""), "linkerd", target, {})
    return pipeline.translate_loaded(load_text(text), own)


def settings(found: Import) -> list[tuple[str, Aspect, str]]:
    return [
        (f.object, f.aspect, f.value.value)
        for f in found.model.facts
        if isinstance(f, ProxySetting)
    ]


@pytest.mark.parametrize("key", [k for k, v in POD.items() if isinstance(v, (Aspect, Usual))])
def test_settings_of_proxies_are_read_on_pods_and_on_namespaces(key: str) -> None:
    about = POD[key]
    aspect = about.else_about if isinstance(about, Usual) else about
    on_pod = settings(read(world(pod=f'{key}: "true"')))
    on_space = settings(read(world(space=f'{key}: "true"')))
    assert [(owner, what) for owner, what, _ in on_pod] == [("Deployment/shop/web", aspect)]
    assert [(owner, what) for owner, what, _ in on_space] == [("Namespace//shop", aspect)]


@pytest.mark.parametrize("target", ["istio", "cilium", "gateway-api"])
@pytest.mark.parametrize("key", [k for k, v in POD.items() if isinstance(v, (Aspect, Usual))])
def test_no_setting_of_a_proxy_is_lost_in_silence(key: str, target: str) -> None:
    rows = to(target, world(pod=f'{key}: "true"')).report.ledger
    (row,) = (row for row in rows if key in row.path)
    placed = (target, row.fate.value) == ("istio", "placed")
    assert placed or (row.fate.value == "lost" and row.findings)


def test_a_setting_that_holds_anyway_says_nothing() -> None:
    key = "config.linkerd.io/proxy-disable-inbound-protocol-detect-timeout"
    assert settings(read(world(pod=f'{key}: "false"'))) == []


def test_labels_are_not_looked_at_by_the_injector() -> None:
    labelled = world().replace("labels: {app: web}}", "labels: {app: web, %s}}", 1)
    text = labelled % 'config.linkerd.io/proxy-cpu-limit: "1"'
    assert settings(read(text)) == []


def test_logs_and_taps_are_telemetry() -> None:
    words = "config.linkerd.io/access-log: json, resource.opentelemetry.io/team: a"
    found = [f for f in read(world(pod=words)).model.facts if isinstance(f, Telemetry)]
    assert [f.aspect.value for f in found] == [
        "config.linkerd.io/access-log",
        "resource.opentelemetry.io/team",
    ]


@pytest.mark.parametrize("place", ["pod", "space", "service"])
def test_a_key_that_nobody_knows_is_told_by_its_name(place: str) -> None:
    found = read(world(**{place: 'config.linkerd.io/unheard-of: "1"'}))
    (loss,) = found.losses
    assert loss.code == "MM101"
    assert "config.linkerd.io/unheard-of" in loss.message


def test_keys_of_others_are_left_alone() -> None:
    assert read(world(pod='example.com/linkerd.io: "1", notlinkerd.io/x: "1"')).losses == ()
    assert not is_own("notlinkerd.io/x")
    assert is_own("viz.linkerd.io/disable-tap")


@pytest.mark.parametrize("key", [k for k, v in SERVICE.items() if v is Aspect.NETWORKS])
def test_trap_linkerd_51_marks_of_other_clusters_are_told(key: str) -> None:
    found = read(world(service=f'labels: {{{key}: "true"}}'))
    assert settings(found) == [("Service/shop/web", Aspect.NETWORKS, "true")]
    rows = to("cilium", world(service=f'labels: {{{key}: "true"}}')).report.ledger
    (row,) = (row for row in rows if key in row.path)
    assert (row.fate.value, row.findings) == ("lost", ("MM604",))


def test_pods_of_the_mode_ingress_are_in_the_mesh_and_their_way_with_requests_is_told() -> None:
    found = read(world(pod="linkerd.io/inject: ingress"))
    (enrolment,) = (f for f in found.model.facts if isinstance(f, Enrolment))
    assert enrolment.enrolled.value
    assert settings(found) == [("Deployment/shop/web", Aspect.INGRESS, "ingress")]
    told = to("istio", world(pod="linkerd.io/inject: ingress")).report.findings
    (impact,) = (f.impact for f in told if "linkerd.io/inject ingress" in f.message)
    assert impact is Impact.DIFFERENT


def test_a_namespace_that_is_exempt_from_webhooks_keeps_its_pods_out() -> None:
    text = world(pod="linkerd.io/inject: enabled").replace(
        "{name: shop}",
        "{name: shop, labels: {config.linkerd.io/admission-webhooks: disabled}}",
        1,
    )
    (enrolment,) = (f for f in read(text).model.facts if isinstance(f, Enrolment))
    assert not enrolment.enrolled.value
    assert 'sidecar.istio.io/inject: "false"' in "".join(
        d.text for d in to("istio", text).documents
    )


SKIP = "config.linkerd.io/skip-subnets: '203.0.113.0/24, none'"


def blocks(found: Import) -> list[tuple[str, bool]]:
    return [
        (str(term.value), bool(fact.attachment.ports))
        for fact in found.model.facts
        if isinstance(fact, Grant) and fact.name and fact.name.value == "skip-subnets"
        for alternative in fact.callers
        for test in alternative.tests
        for term in test.any_of
    ]


@pytest.mark.parametrize("place", ["pod", "space"])
def test_skipped_subnets_get_past_servers_and_default_policies(place: str) -> None:
    deny = "config.linkerd.io/default-inbound-policy: deny"
    found = blocks(read(world(**{place: f"{SKIP}, {deny}"}, more=SERVER)))
    assert [on_port for _, on_port in found] == [True, False]
    assert all("203.0.113.0/24" in block for block, _ in found)


def test_skipped_subnets_admit_nobody_to_what_is_open() -> None:
    assert blocks(read(world(pod=SKIP))) == []


def test_the_list_of_a_pod_takes_the_place_of_its_namespaces() -> None:
    own = "config.linkerd.io/skip-subnets: 198.51.100.0/24"
    (found,) = blocks(read(world(pod=own, space=SKIP, more=SERVER)))
    assert "198.51.100.0/24" in found[0]


def test_what_routes_do_to_skipped_subnets_is_left_open() -> None:
    plain = read(world(pod=SKIP, more=SERVER))
    routed = read(world(pod=SKIP, more=SERVER + ROUTE))
    assert not [f for f in plain.model.facts if isinstance(f, Opaque)]
    assert len([f for f in routed.model.facts if isinstance(f, Opaque)]) == 1


@pytest.mark.parametrize("target", ["istio", "cilium"])
@pytest.mark.parametrize(
    "policy", ["deny", "all-authenticated", "cluster-unauthenticated", "cluster-authenticated"]
)
def test_a_default_policy_is_traced_into_what_is_written(policy: str, target: str) -> None:
    word = f"config.linkerd.io/default-inbound-policy: {policy}"
    report = to(target, world(pod=word)).report
    assert not {"MM902", "MM904"} & {finding.code for finding in report.findings}
    (row,) = (row for row in report.ledger if "default-inbound-policy" in row.path)
    assert row.fate.value in ("placed", "approximated", "absorbed")
