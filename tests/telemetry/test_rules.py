"""Rules of the input in a translation."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import meshmigrate
from translator.pipeline import Result
from translator.registry import SOURCES, TARGETS
from translator.report.model import Fate
from translator.telemetry.meshes import VOCABULARIES
from translator.telemetry.pages import observability_page

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, sidecar.istio.io/inject: "true"}}
    spec: {containers: [{name: web, ports: [{name: http, containerPort: 80}]}]}
---
"""
RULE = """\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: slo, namespace: shop}
spec:
  groups:
  - name: slo
    rules:  # the alert stands before what it reads
    - alert: Errors
      expr: errors:ratio{destination_workload="web"} > 0.05
      annotations: {summary: "{{ $labels.destination_workload }} fails, see {{ .Labels.destination_workload }}"}
    - record: errors:ratio
      expr: sum(rate(istio_requests_total{reporter="destination", response_code=~"5.."}[5m])) by (destination_workload)
    - alert: Unclear
      expr: sum(rate(istio_requests_total[5m])) > 100
    - record: lost:ratio
      expr: max(istio_requests_total{reporter="source"})
    - alert: Reader
      expr: lost:ratio > 1
    - alert: Disk
      expr: node_filesystem_free_bytes < 10
    - alert: Number
      expr: 1
"""


def translated(tmp_path: Path, text: str, source: str = "istio", target: str = "linkerd") -> Result:
    file = tmp_path / "in.yaml"
    file.write_text(text, encoding="utf-8")
    return meshmigrate.translate([file], source=source, target=target)


def rules_of(result: Result) -> dict[str, dict[str, object]]:
    (document,) = (one for one in result.documents if one.resource == "PrometheusRule/shop/slo")
    assert document.edited
    listed = yaml.safe_load(document.text)["spec"]["groups"][0]["rules"]
    return {one.get("alert") or one["record"]: one for one in listed}


def fate(result: Result, path: str) -> Fate:
    (row,) = (
        one
        for one in result.report.ledger
        if one.resource == "PrometheusRule/shop/slo" and one.path == f"spec.groups[0].rules{path}"
    )
    return row.fate


def test_rules_are_restated_with_what_reads_them(tmp_path: Path) -> None:
    result = translated(tmp_path, WEB + RULE)
    rules = rules_of(result)
    assert rules["errors:ratio"]["expr"] == (
        'sum(rate(response_total{direction="inbound", status_code=~"5.."}[5m])) by (deployment)'
    )
    assert rules["Errors"]["expr"] == 'errors:ratio{deployment="web"} > 0.05'
    assert rules["Errors"]["annotations"] == {
        "summary": "{{ $labels.deployment }} fails, see {{ .Labels.deployment }}"
    }
    assert rules["Unclear"]["expr"] == "sum(rate(istio_requests_total[5m])) > 100"
    assert "# the alert stands before what it reads" in next(
        one.text for one in result.documents if one.edited and one.resource.startswith("Prom")
    )


def test_each_leaf_of_a_rule_has_its_fate(tmp_path: Path) -> None:
    result = translated(tmp_path, WEB + RULE)
    assert fate(result, "[0].expr") is Fate.PLACED
    assert fate(result, "[0].annotations.summary") is Fate.PLACED
    assert fate(result, "[1].expr") is Fate.PLACED
    assert fate(result, "[2].expr") is Fate.CARRIED
    assert fate(result, "[3].expr") is Fate.CARRIED
    assert fate(result, "[4].expr") is Fate.CARRIED
    assert fate(result, "[5].expr") is Fate.CARRIED
    assert fate(result, "[0].alert") is Fate.CARRIED
    codes = {one.code for one in result.report.findings}
    assert {"MM702", "MM703", "MM705"} <= codes
    assert sum(result.report.summary.fates.values()) == result.report.summary.leaves


def test_what_is_left_says_why(tmp_path: Path) -> None:
    result = translated(tmp_path, WEB + RULE)
    told = [one.message for one in result.report.findings if one.code == "MM703"]
    assert any("does not say who counted" in one for one in told)
    assert any('"max" is taken over its series' in one for one in told)
    assert any('reads "lost:ratio", which is recorded' in one for one in told)


def test_workloads_that_are_not_known_leave_their_kind_open(tmp_path: Path) -> None:
    result = translated(tmp_path, RULE)
    assert not [one for one in result.documents if one.resource.startswith("PrometheusRule")]
    told = [one.message for one in result.report.findings if one.code == "MM703"]
    assert any("are not in the input" in one for one in told)


def test_rules_that_read_no_mesh_are_carried(tmp_path: Path) -> None:
    text = WEB + RULE.replace("istio_requests_total", "http_requests_total")
    result = translated(tmp_path, text)
    assert not [one for one in result.documents if one.resource.startswith("PrometheusRule")]
    assert not [one for one in result.report.findings if one.code.startswith("MM70")]


def test_of_two_rules_of_one_name_the_last_is_restated(tmp_path: Path) -> None:
    other = RULE.replace("- alert: Errors", "- alert: First\n      expr: up\n    - alert: Errors")
    result = translated(tmp_path, f"{WEB}{other}---\n{RULE}")
    assert "First" not in rules_of(result)
    assert rules_of(result)["Errors"]["expr"] == 'errors:ratio{deployment="web"} > 0.05'


@pytest.mark.parametrize(
    ("monitor", "told"),
    [
        ("podMetricsEndpoints: [{path: /stats/prometheus}]", True),
        ("podMetricsEndpoints: [{targetPort: 15020}]", True),
        ("podMetricsEndpoints: [{port: metrics, path: /metrics}]", False),
    ],
)
def test_monitors_of_the_sources_proxies_are_told(
    tmp_path: Path, monitor: str, *, told: bool
) -> None:
    text = (
        "apiVersion: monitoring.coreos.com/v1\nkind: PodMonitor\n"
        f"metadata: {{name: envoy, namespace: shop}}\nspec: {{{monitor}}}\n"
    )
    result = translated(tmp_path, f"{WEB}{text}")
    assert ("MM706" in {one.code for one in result.report.findings}) is told


@pytest.mark.parametrize(
    ("labels", "query", "told"),
    [
        ("{grafana_dashboard: '1'}", "sum(istio_requests_total)", True),
        ("{grafana_dashboard: '1'}", "sum(up)", False),
        ("{}", "sum(istio_requests_total)", False),
    ],
)
def test_dashboards_on_the_sources_metrics_are_told(
    tmp_path: Path, labels: str, query: str, *, told: bool
) -> None:
    text = (
        "apiVersion: v1\nkind: ConfigMap\n"
        f"metadata: {{name: board, namespace: shop, labels: {labels}}}\n"
        f'data: {{a.json: \'{{"expr": "{query}"}}\'}}\n'
    )
    result = translated(tmp_path, f"{WEB}{text}")
    assert ("MM707" in {one.code for one in result.report.findings}) is told


def test_the_page_has_a_table_for_each_pair() -> None:
    page = observability_page()
    for source in VOCABULARIES:
        for target in VOCABULARIES:
            assert (f"## {source} to {target}\n" in page) is (source != target)
    for mesh in VOCABULARIES.values():
        assert all(url.startswith("https://") for url in mesh.sources)
        assert all(series.name in page for series in mesh.series)


@pytest.mark.parametrize("target", [t for t in TARGETS if t != "istio"])
def test_every_target_restates_rules_or_says_why_not(tmp_path: Path, target: str) -> None:
    result = translated(tmp_path, WEB + RULE, target=target)
    codes = {one.code for one in result.report.findings}
    if target in VOCABULARIES:
        assert "MM702" in codes
        assert "istio_requests_total" not in str(rules_of(result)["errors:ratio"]["expr"])
    else:
        told = [one.message for one in result.report.findings if one.code == "MM703"]
        assert any("counts nothing itself" in one for one in told)
        assert "MM702" not in codes


@pytest.mark.parametrize(
    ("source", "metric"),
    [
        ("linkerd", 'response_total{direction="inbound", status_code="500"}'),
        ("cilium", 'hubble_http_requests_total{reporter="server", status="500"}'),
    ],
)
def test_every_source_that_counts_has_its_rules_restated(
    tmp_path: Path, source: str, metric: str
) -> None:
    if source not in SOURCES:
        pytest.skip(f"{source} cannot be read yet")
    target = next(t for t in TARGETS if t != source and t in VOCABULARIES)
    rule = RULE.partition("    - alert: Errors")[0]
    text = f"{rule}    - alert: A\n      expr: sum(rate({metric}[5m])) > 1\n"
    result = translated(tmp_path, f"{WEB}{text}", source, target)
    expr = str(rules_of(result)["A"]["expr"])
    assert metric not in expr
    assert "500" in expr
