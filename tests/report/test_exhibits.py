"""What a translation shows beside its report."""

from __future__ import annotations

from dataclasses import replace

from tests.report.reports import shop
from translator.pipeline import options_of, translate_loaded
from translator.report.exhibits import Call, Exhibits
from translator.source.load import load_text

POLICIES = """\
# who may
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: web}}, spec: {serviceAccountName: front}}}
---
# called
apiVersion: apps/v1
kind: Deployment
metadata: {name: orders, namespace: shop}
spec:
  template:
    metadata: {labels: {app: orders}}
    spec: {containers: [{name: it, ports: [{containerPort: 8080}]}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: orders, namespace: shop}
spec:
  selector: {matchLabels: {app: orders}}
  rules:
    - from: [{source: {principals: [cluster.local/ns/shop/sa/front]}}]
    - from: [{source: {namespaces: [backoffice]}}]
"""


def exhibits(text: str) -> Exhibits:
    loaded = load_text(text, "in.yaml")
    found = translate_loaded(loaded, options_of(loaded, "istio", "linkerd", {})).report
    assert found.exhibits is not None
    return found.exhibits()


def test_a_document_begins_at_its_line_of_the_file() -> None:
    sources = exhibits(POLICIES).sources
    lines = POLICIES.splitlines()
    assert [sheet.first_line for sheet in sources] == [1, 7, 16]
    for sheet in sources:
        for number, text in enumerate(sheet.text.splitlines(), sheet.first_line):
            assert lines[number - 1] == text


def test_the_lines_of_every_source_are_those_of_the_ledger() -> None:
    report = shop()
    assert report.exhibits is not None
    sheets = {(sheet.file, sheet.document): sheet for sheet in report.exhibits().sources}
    for row in report.ledger:
        sheet = sheets[row.file, row.document]
        text = sheet.text.splitlines()[(row.line or 0) - sheet.first_line]
        last = row.path.rpartition(".")[2].partition("[")[0]
        assert last.strip('"]') in text or text.strip().startswith("-") or "[" in row.path


def test_every_placement_has_its_line_in_an_output() -> None:
    report = shop()
    assert report.exhibits is not None
    lines = {sheet.name: sheet.lines for sheet in report.exhibits().outputs}
    placed = [at for row in report.ledger for at in row.outputs]
    assert len(placed) > 100
    assert [at for at in placed if at.path not in lines[at.resource]] == []


def test_callers_are_workloads_where_their_account_is_known() -> None:
    found = exhibits(POLICIES)
    assert found.callers["shop/front"] == ("shop/web",)
    assert [replace(call, rules=()) for call in found.calls] == [
        Call("namespace backoffice", "shop/orders", "may call"),
        Call("shop/web", "shop/orders", "may call"),
    ]
    assert all(call.rules for call in found.calls)


def test_features_have_a_grade_of_every_target() -> None:
    found = exhibits(POLICIES)
    assert found.targets[0].startswith("linkerd@")
    assert len(found.targets) >= 3
    used = {(one.fact, one.name): one for one in found.features}
    assert used["Grant", "Test.identity"].uses == 1
    assert {grade for one in found.features for grade in one.grades} <= {
        "FULL",
        "PARTIAL",
        "NOT_YET",
        "NEVER",
    }
    assert all(len(one.grades) == len(found.targets) for one in found.features)


def test_a_report_equals_one_without_its_exhibits() -> None:
    assert shop() == replace(shop(), exhibits=None)
