"""Settings of proxies, ports that skip them, and edits of documents that are there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ir.access import Bypass
from ir.membership import ProxySetting
from tests.exporters.linkerd.istio import policy
from tests.importers.istio.test_membership import ENABLED, TRUE, namespace, pods
from tests.importers.istio.test_mesh_config import config_map
from tests.translation import to_linkerd
from translator.after import as_source, in_force
from translator.pipeline import Result, options_of, translate_loaded
from translator.registry import load_importer
from translator.report.model import Fate, Severity
from translator.source.load import load_text


def annotated(result: Result, resource: str = "Deployment/shop/db") -> dict[str, str]:
    """The annotations of the pods of an edited workload."""
    [value] = [d.value for d in result.documents if d.resource == resource]
    here: Any = value
    found: dict[str, str] = here["spec"]["template"]["metadata"].get("annotations", {})
    return found


@pytest.mark.parametrize(
    ("given", "target", "expected"),
    [
        ('sidecar.istio.io/proxyCPU: "100m"', "2.20", {"proxy-cpu-request": "100m"}),
        ("sidecar.istio.io/proxyMemoryLimit: 1Gi", "2.20", {"proxy-memory-limit": "1Gi"}),
        (
            'proxy.istio.io/config: "holdApplicationUntilProxyStarts: true"',
            "2.20",
            {"proxy-await": "enabled"},
        ),
        (
            'proxy.istio.io/config: "terminationDrainDuration: 1m30s"',
            "2.20",
            {"shutdown-grace-period": "90s"},
        ),
        (
            'sidecar.istio.io/nativeSidecar: "true"',
            "2.20",
            {"proxy-enable-native-sidecar": "true"},
        ),
    ],
)
def test_a_setting_that_the_target_has_is_written(
    given: str, target: str, expected: dict[str, str]
) -> None:
    result = to_linkerd(pods(annotations=given))
    assert result.options.target.version == target
    assert annotated(result) == {f"config.linkerd.io/{k}": v for k, v in expected.items()}
    assert "sidecar.istio.io" not in result.documents[0].text


def test_a_setting_that_it_lacks_leaves_only_where_the_object_changes_anyway() -> None:
    image = "sidecar.istio.io/proxyImage: x"
    assert to_linkerd(pods(annotations=image)).documents == ()
    both = to_linkerd(pods(TRUE, image), defaults="adopt")
    assert annotated(both) == {"linkerd.io/inject": "enabled"}
    lost = [row for row in both.report.ledger if row.path.endswith('proxyImage"]')]
    assert [row.fate for row in lost] == [Fate.LOST]


def test_what_is_written_is_read_back() -> None:
    text = pods(
        annotations='traffic.sidecar.istio.io/includeInboundPorts: "8080", '
        'traffic.sidecar.istio.io/excludeOutboundPorts: "3306", sidecar.istio.io/proxyCPU: 100m'
    )
    loaded, result = load_text(text), to_linkerd(text)
    there = in_force(loaded, result, result.options)
    model = load_importer("linkerd")(there.resources, as_source(result.options)).model
    before = [f for f in result.legal.facts if isinstance(f, (Bypass, ProxySetting))]
    after = [f for f in model.facts if isinstance(f, (Bypass, ProxySetting))]

    def said(fact: Bypass | ProxySetting) -> tuple[object, ...]:
        if isinstance(fact, ProxySetting):
            return (fact.object, fact.aspect, fact.value.value)
        at = fact.attachment
        ports = [p.value.port for p in at.ports], [p.value.port for p in at.excluding_ports]
        return (fact.object, fact.direction, *ports)

    assert sorted(map(said, after), key=str) == sorted(map(said, before), key=str)


def test_a_near_endpoint_is_a_field_of_the_service_and_needs_no_restart() -> None:
    text = """
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop, annotations: {networking.istio.io/traffic-distribution: PreferClose}}
spec: {ports: [{port: 80}]}
"""
    result = to_linkerd(text)
    [document] = result.documents
    assert document.value["spec"] == {"ports": [{"port": 80}], "trafficDistribution": "PreferClose"}
    assert "MM602" not in [f.code for f in result.report.findings]


def test_ports_that_the_target_skips_by_itself_are_told_where_rules_hold() -> None:
    text = pods().replace("8080", "4567")
    assert "MM603" not in [f.code for f in to_linkerd(text).report.findings]
    ruled = f"{text}---\n{policy({'selector': {'matchLabels': {'app': 'db'}}})}"
    [finding] = [f for f in to_linkerd(ruled).report.findings if f.code == "MM603"]
    assert finding.severity is Severity.BLOCKER


MESH = config_map({"connectTimeout": "3s", "defaultConfig": {"terminationDrainDuration": "20s"}})


def test_a_setting_of_the_mesh_is_written_on_each_namespace_that_joins() -> None:
    other = namespace(ENABLED).replace("shop", "bank")
    result = to_linkerd("---\n".join((MESH, namespace(ENABLED), other, pods())))
    texts = {document.resource: document.text for document in result.documents}
    assert sorted(texts) == ["Namespace//bank", "Namespace//shop"]
    for text in texts.values():
        assert 'proxy-outbound-connect-timeout: "3s"' in text
        assert 'shutdown-grace-period: "20s"' in text
    assert len([f for f in result.report.findings if "for so long" in f.message]) == 1


def test_a_setting_of_the_mesh_is_written_on_a_workload_that_joins_by_itself() -> None:
    result = to_linkerd("---\n".join((MESH, pods(TRUE))))
    assert annotated(result)["config.linkerd.io/proxy-outbound-connect-timeout"] == "3s"


def test_a_setting_of_the_mesh_is_lost_where_nobody_joins() -> None:
    result = to_linkerd(f"{MESH}---\n{pods()}")
    assert result.documents == ()
    fates = {row.fate for row in result.report.ledger if row.path == "data.mesh"}
    assert fates == {Fate.LOST}


@pytest.mark.parametrize(("version", "told"), [("2.19", True), ("2.20", False)])
def test_jobs_do_not_end_beside_an_old_proxy(version: str, told: bool) -> None:  # noqa: FBT001
    text = f"{namespace(ENABLED)}---\n{pods(kind='Job').replace('apps/v1', 'batch/v1')}"
    options = options_of(load_text(""), "istio", f"linkerd@{version}", {})
    findings = translate_loaded(load_text(text), options).report.findings
    assert any("jobs do not end" in f.message for f in findings) is told


@pytest.mark.parametrize(
    ("mark", "owner"),
    [
        ("labels: {app.kubernetes.io/managed-by: Helm}", "Helm"),
        ("annotations: {meta.helm.sh/release-name: shop}", "Helm"),
        ("annotations: {argocd.argoproj.io/tracking-id: x}", "Argo CD"),
        ("labels: {kustomize.toolkit.fluxcd.io/name: x}", "Flux"),
        ("ownerReferences: [{kind: Database, name: main}]", "Database main"),
    ],
)
def test_an_object_that_somebody_else_writes_is_named(mark: str, owner: str) -> None:
    text = pods(TRUE).replace("namespace: shop}", f"namespace: shop, {mark}}}", 1)
    [finding] = [f for f in to_linkerd(text).report.findings if f.code == "MM605"]
    assert finding.severity is Severity.LOW
    assert f"written by {owner}" in finding.message
    assert "Deployment/shop/db" in finding.message


def test_comments_and_layout_stay() -> None:
    text = (
        "# who we are\n"
        "apiVersion: v1\n"
        "kind: Namespace\n"
        "metadata:\n"
        "    name:   shop   # wide\n"
        "    labels:\n"
        "        istio-injection: 'enabled'  # joins\n"
        '        team: "a"\n'
    )
    [document] = to_linkerd(text).documents
    assert document.text == (
        "# who we are\n"
        "apiVersion: v1\n"
        "kind: Namespace\n"
        "metadata:\n"
        "    name:   shop   # wide\n"
        "    labels:\n"
        '        team: "a"\n'
        "    annotations:\n"
        "        linkerd.io/inject: enabled\n"
    )


def test_carriage_returns_stay() -> None:
    text = namespace(f"{ENABLED}, team: a").replace("\n", "\r\n")
    [document] = to_linkerd(text).documents
    assert "\n" not in document.text.replace("\r\n", "")
    assert "linkerd.io/inject: enabled" in document.text


def test_json_stays_json() -> None:
    value = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    value["metadata"] = {"name": "shop", "labels": {"istio-injection": "enabled"}}
    [document] = to_linkerd(json.dumps(value, indent=2)).documents
    metadata = json.loads(document.text)["metadata"]
    assert metadata == {"name": "shop", "annotations": {"linkerd.io/inject": "enabled"}}


def test_items_of_a_list_are_changed_as_objects_of_their_own() -> None:
    text = f"""
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Namespace
  metadata: {{name: shop, labels: {{{ENABLED}}}}}
- apiVersion: security.istio.io/v1
  kind: PeerAuthentication
  metadata: {{name: default, namespace: shop}}
  spec: {{mtls: {{mode: PERMISSIVE}}}}
- apiVersion: v1
  kind: Namespace
  metadata:
    name: bank
    labels: {{{ENABLED}, team: b}}
"""
    documents = to_linkerd(text).documents
    metadata: Any = [one.value["metadata"] for one in documents]
    assert [one.resource for one in documents] == ["Namespace//shop", "Namespace//bank"]
    assert [one["annotations"]["linkerd.io/inject"] for one in metadata] == ["enabled"] * 2
    assert [one.get("labels") for one in metadata] == [None, {"team": "b"}]


def test_an_item_of_a_typed_list_says_of_itself_what_it_is() -> None:
    text = f"""
apiVersion: v1
kind: NamespaceList
items:
- metadata: {{name: shop, labels: {{{ENABLED}}}}}
"""
    [document] = to_linkerd(text).documents
    assert (document.value["apiVersion"], document.value["kind"]) == ("v1", "Namespace")


def test_what_the_api_server_writes_is_not_applied_again() -> None:
    text = f"""
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  uid: 1b4e28ba-2fa1-11d2-883f-0016d3cca427
  resourceVersion: "123"
  generation: 3
  creationTimestamp: "2024-01-01T00:00:00Z"
  managedFields: [{{manager: kubectl}}]
  labels: {{{ENABLED}}}  # in the mesh
status: {{phase: Active}}
"""
    [document] = to_linkerd(text).documents
    metadata: Any = document.value["metadata"]
    assert list(metadata) == ["name", "creationTimestamp", "annotations"]
    assert "status" not in document.value


def test_the_rest_of_a_changed_document_is_carried() -> None:
    result = to_linkerd(pods(TRUE))
    fates = {row.path: row.fate for row in result.report.ledger}
    assert fates["spec.template.metadata.labels.app"] is Fate.CARRIED
    assert fates["spec.template.spec.containers[0].name"] is Fate.CARRIED
    assert fates['spec.template.metadata.labels["sidecar.istio.io/inject"]'] is Fate.PLACED


def test_rules_for_a_port_that_skips_the_proxy_hold_nowhere() -> None:
    skipped = pods(annotations='traffic.sidecar.istio.io/excludeInboundPorts: "8080"')
    strict = """
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: db, namespace: shop}
spec: {selector: {matchLabels: {app: db}}, portLevelMtls: {"8080": {mode: STRICT}}}
"""
    result = to_linkerd(f"{skipped}---\n{strict}")
    fates = {row.fate for row in result.report.ledger if row.path.startswith("spec.portLevelMtls")}
    assert fates == {Fate.ABSORBED}
    assert [f.severity for f in result.report.findings if f.code == "MM412"] == [Severity.LOW]


def test_what_goes_past_a_proxy_on_its_way_out_leaves_the_proof_of_what_comes_in() -> None:
    metadata = "traffic.sidecar.istio.io/excludeOutboundIPRanges: 169.254.169.254/32"
    result = to_linkerd(f"{namespace(ENABLED)}---\n{pods(annotations=metadata)}")
    (told,) = [f for f in result.report.findings if f.code == "MM603"]
    assert told.severity is Severity.MEDIUM
    assert not [f for f in result.report.findings if f.code == "MM905"]
    assert result.report.verification.slices["MAY_DIFFER"] == 0
