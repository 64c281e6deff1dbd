"""A Server holds a port by name on those pods alone that have the name; elsewhere a younger one by number holds it."""

from __future__ import annotations

import pytest

from ir.access import Closed
from ir.coverage import covers, covers_port
from tests.laws.soundness import faults, translated
from translator import pipeline
from translator.registry import load_importer
from translator.source.load import load_text

_POD = """---
apiVersion: apps/v1
kind: Deployment
metadata: {name: %s, namespace: shop}
spec:
  template:
    metadata: {labels: {app: %s}}
    spec: {containers: [{name: app, ports: [{%scontainerPort: 8080}]}]}
"""
_SERVER = """---
apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata: {name: %s, namespace: shop, creationTimestamp: "2024-01-0%sT00:00:00Z"}
spec: {podSelector: {}, port: %s}
"""
_PODS = _POD % ("api", "api", "name: http, ") + _POD % ("web", "web", "")


@pytest.mark.parametrize(("first", "second"), [("http", "8080"), ("8080", "http")])
def test_a_port_is_held_by_the_older_of_those_that_have_it(first: str, second: str) -> None:
    loaded = load_text(_PODS + _SERVER % ("older", 1, first) + _SERVER % ("younger", 2, second))
    options = pipeline.options_of(loaded, "linkerd", "istio", {})
    model = load_importer("linkerd")(loaded.resources, options).model
    held = {
        workload.name: [
            fact.attachment.ports[0].value.port
            for fact in model.facts
            if isinstance(fact, Closed)
            and covers(fact.attachment.subject, workload, model.inventory)
            and covers_port(fact.attachment, workload, 8080)
        ]
        for workload in model.inventory.workloads
    }
    older = 8080 if first == "8080" else "http"
    assert held == {"api": [older], "web": [8080]}


def test_pods_without_the_name_stay_closed_in_the_target() -> None:
    text = _PODS + _SERVER % ("older", 1, "http") + _SERVER % ("younger", 2, "8080")
    result = translated(text, "linkerd", "istio")
    assert faults(result) == []
    assert not result.report.verification.changes
