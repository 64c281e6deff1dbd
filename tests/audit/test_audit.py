"""Estates and what each target would make of them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import meshmigrate
from translator.errors import InputError, TargetError
from translator.registry import SOURCES, TARGETS
from translator.report.audit import Audit, Estate, Grade
from translator.report.schema import audit_schema

SHOP = Path(__file__).parents[2] / "examples" / "shop"
NODES = ("10.128.0.0/20",)

WIDER = """\
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: guard, namespace: vault}
spec: {url: oci://registry/guard:1, selector: {matchLabels: {app: vault}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: vault, namespace: vault}
spec:
  selector: {matchLabels: {app: vault}}
  template:
    metadata: {labels: {app: vault, sidecar.istio.io/inject: "true"}}
    spec: {containers: [{name: vault, ports: [{containerPort: 80, name: http}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: plain, namespace: quiet}
spec: {ports: [{port: 80, name: http}], selector: {app: plain}}
"""


@pytest.fixture(scope="module")
def shop() -> Audit:
    return meshmigrate.audit([f"shop={SHOP}"], node_networks=NODES)


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    file = tmp_path / "vault.yaml"
    file.write_text(WIDER, encoding="utf-8")
    return file


def only(audit: Audit) -> Estate:
    (estate,) = audit.estates
    return estate


def test_every_target_of_the_registry_is_told_side_by_side(shop: Audit) -> None:
    estate = only(shop)
    assert estate.name == "shop"
    assert estate.source.mesh == "istio"
    assert [look.target.mesh for look in estate.outlooks] == [t for t in TARGETS if t != "istio"]
    names = [space.name for space in estate.spaces]
    assert names == ["backoffice", "shop"]
    for look in estate.outlooks:
        assert [one.namespace for one in look.namespaces][: len(names)] == names
    for feature in estate.features:
        assert len(feature.grades) == len(estate.outlooks)


def test_the_figures_are_those_of_the_translation(shop: Audit) -> None:
    for look in only(shop).outlooks:
        done = meshmigrate.translate(
            [str(SHOP)], source="istio", target=look.target.mesh, node_networks=NODES
        )
        assert look.findings == done.report.summary.findings
        assert look.fates == done.report.summary.fates
        assert look.verdict == done.report.verification.verdict
        assert look.outputs == len(done.report.outputs)
        assert sum(sum(by.values()) for by in look.areas.values()) == len(done.report.findings)


def test_a_namespace_with_a_blocker_needs_a_decision_and_a_quiet_one_nothing(vault: Path) -> None:
    (look,) = only(meshmigrate.audit([vault], targets=["linkerd"])).outlooks
    found = {one.namespace: one for one in look.namespaces}
    assert found["vault"].grade in (Grade.D, Grade.E)
    assert found["vault"].findings["blocker"] > 0
    assert found["quiet"].grade is Grade.A
    assert found["quiet"].why == "stays as it is"
    assert look.grade is found["vault"].grade
    assert look.matters[0].severity == "blocker"
    assert look.matters[0].namespaces == ("vault",)


def test_what_matters_is_told_the_most_dangerous_first(shop: Audit) -> None:
    order = ("blocker", "high", "medium", "low", "info")
    for look in only(shop).outlooks:
        ranks = [order.index(one.severity) for one in look.matters]
        assert ranks == sorted(ranks)
        assert ranks


def test_paths_with_names_are_estates_of_their_own(vault: Path) -> None:
    told = meshmigrate.audit([f"a={vault}", f"b={SHOP}", f"a={SHOP}"], targets=["linkerd"])
    assert [estate.name for estate in told.estates] == ["a", "b"]
    assert [len(estate.spaces) for estate in told.estates] == [4, 2]


def test_a_file_that_is_called_like_a_named_path_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a=b").write_text(WIDER, encoding="utf-8")
    assert only(meshmigrate.audit(["a=b"], targets=["linkerd"])).name == ""


def test_an_estate_without_a_mesh_is_no_estate_to_audit(tmp_path: Path) -> None:
    file = tmp_path / "plain.yaml"
    file.write_text("apiVersion: v1\nkind: Service\nmetadata: {name: a}\n", encoding="utf-8")
    with pytest.raises(TargetError, match="--from"):
        meshmigrate.audit([file])


def test_a_target_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(TargetError, match='unknown mesh "kuma"'):
        meshmigrate.audit([SHOP], targets=["kuma"])


def test_all_input_errors_are_raised_together(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: [", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("b: {", encoding="utf-8")
    with pytest.raises(ExceptionGroup) as caught:
        meshmigrate.audit([tmp_path])
    assert len(caught.value.exceptions) == 2
    assert all(isinstance(one, InputError) for one in caught.value.exceptions)


def test_two_meshes_in_one_estate_are_audited_each(tmp_path: Path) -> None:
    server = (
        "apiVersion: policy.linkerd.io/v1beta3\nkind: Server\nmetadata: {name: a, namespace: vault}\n"
        "spec: {port: 80, podSelector: {matchLabels: {app: vault}}}\n"
    )
    file = tmp_path / "both.yaml"
    file.write_text(f"{WIDER}---\n{server}", encoding="utf-8")
    told = meshmigrate.audit([file])
    assert [estate.source.mesh for estate in told.estates] == [
        mesh for mesh in ("istio", "linkerd") if mesh in SOURCES
    ]
    assert told.estates[0].beside == ("linkerd",)


def test_the_json_form_fits_its_published_schema(shop: Audit) -> None:
    jsonschema.Draft202012Validator(audit_schema()).validate(json.loads(shop.to_json()))


def test_all_forms_tell_every_grade(shop: Audit, vault: Path) -> None:
    for told in (shop, meshmigrate.audit([vault], targets=["linkerd"])):
        text, markdown, csv, html = (
            told.to_text(),
            told.to_markdown(),
            told.to_csv(),
            told.to_html(),
        )
        for look in only(told).outlooks:
            for one in look.namespaces:
                name = one.namespace or "(no namespace)"
                assert any(
                    name in line and f"{one.grade.value}  {one.why}" in line
                    for line in text.splitlines()
                )
                assert f"**{one.grade.value}** {one.why}" in markdown
                assert f",{one.namespace},{one.grade.value},{one.said},{one.kept}," in csv
                assert f'letter {one.grade.value}">{one.grade.value}</b> {one.why}' in html


def test_the_same_input_gives_the_same_bytes_in_any_order(vault: Path) -> None:
    one = meshmigrate.audit([vault, SHOP], targets=["linkerd"])
    other = meshmigrate.audit([SHOP, vault], targets=["linkerd"])
    assert one.to_json() == other.to_json()


@pytest.mark.parametrize(
    ("metadata", "mesh"),
    [
        ("labels: {istio-injection: enabled}", "istio"),
        ("labels: {istio.io/rev: canary}", "istio"),
        ("annotations: {linkerd.io/inject: enabled}", "linkerd"),
    ],
)
def test_a_mesh_is_known_by_labels_and_annotations_alone(
    tmp_path: Path, metadata: str, mesh: str
) -> None:
    file = tmp_path / "space.yaml"
    text = f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, {metadata}}}\n"
    file.write_text(text, encoding="utf-8")
    assert only(meshmigrate.audit([file])).source.mesh == mesh


def test_routes_of_the_gateway_api_belong_to_the_mesh_that_is_there(tmp_path: Path) -> None:
    route = (
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: a, namespace: shop}\n"
        "spec: {parentRefs: [{kind: Service, group: '', name: a}], rules: [{backendRefs: [{name: a, port: 80}]}]}\n"
    )
    space = "kind: Namespace\napiVersion: v1\nmetadata: {name: shop, annotations: {linkerd.io/inject: enabled}}\n"
    file = tmp_path / "route.yaml"
    file.write_text(f"{route}---\n{space}", encoding="utf-8")
    assert only(meshmigrate.audit([file])).source.mesh == "linkerd"


def test_versions_of_one_target_stand_side_by_side() -> None:
    told = meshmigrate.audit([SHOP], targets=["linkerd@2.14", "linkerd", "linkerd@2.20"])
    assert [look.target.version for look in only(told).outlooks] == ["2.14", "2.20"]
    older, newer = only(told).outlooks
    assert older.findings != newer.findings


def test_what_is_counted_is_told_by_the_names_of_each_target(shop: Audit) -> None:
    for look in only(shop).outlooks:
        named = {one.source: one.target for one in look.metrics}
        match look.target.mesh:
            case "linkerd":
                assert named["istio_requests_total"] == "response_total"
            case "cilium":
                assert named["istio_requests_total"] == "hubble_http_requests_total"
            case _:
                assert named == {}
    assert "istio_requests_total -&gt; " not in shop.to_html()
    assert "istio_requests_total -> response_total" in shop.to_text()
