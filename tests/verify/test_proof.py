"""The proof of whole translations."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ir.language import Opaque
from tests.translation import to_linkerd
from translator import pipeline
from translator.api import Options
from translator.exporters.linkerd.legalise import access
from translator.exporters.linkerd.legalise.door import Table
from translator.exporters.linkerd.write import endpoints
from translator.pipeline import Result, Written
from translator.proof import Proven, Translated, prove
from translator.verify.access import BLOCKS
from translator.verify.frame import PLAIN_QUERY

POLICY = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      serviceAccountName: api
      containers: [{name: api, ports: [{name: http, containerPort: 8080}]}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  rules:
  - from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]
"""


def codes(result: Result) -> set[str]:
    return {finding.code for finding in result.report.findings}


def test_a_translation_is_proved_and_its_differences_are_explained() -> None:
    result = to_linkerd(POLICY)
    verification = result.report.verification
    assert verification.verdict == "DIFFERENT"
    assert verification.slices["EQUAL_EXACT"] == 1
    assert [change["explained_by"] for change in verification.changes] == [["MM412"]]
    assert not codes(result) & {"MM903", "MM904", "MM905"}


SERVICE = """\
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{port: 80, targetPort: 8080, name: http}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: api, namespace: shop}
spec:
  hosts: [api]
  http:
  - match: [{MATCH}]
    timeout: 3s
    route: [{destination: {host: api}}]
  - route: [{destination: {host: api}}]
"""
NETWORK = """\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {}
  ingress: [{from: [PEER]}]
"""


def test_that_queries_are_plain_is_assumed_where_a_route_asks_for_parameters() -> None:
    asking = to_linkerd(POLICY + SERVICE.replace("MATCH", "queryParams: {q: {exact: a}}")).report
    other = to_linkerd(POLICY + SERVICE.replace("MATCH", "headers: {q: {exact: a}}")).report
    assert PLAIN_QUERY in asking.assumptions
    assert PLAIN_QUERY not in other.assumptions
    assert f"- {PLAIN_QUERY}" in asking.to_markdown()


def test_that_blocks_select_pods_is_assumed_where_a_network_policy_names_some() -> None:
    block = to_linkerd(POLICY + NETWORK.replace("PEER", "{ipBlock: {cidr: 10.0.0.0/8}}")).report
    pods = to_linkerd(POLICY + NETWORK.replace("PEER", "{podSelector: {}}")).report
    assert BLOCKS in block.assumptions
    assert BLOCKS not in pods.assumptions


def test_no_proof_is_made_where_none_is_asked_for() -> None:
    verification = to_linkerd(POLICY, verify=False).report.verification
    assert verification.verdict == "NOT_RUN"
    assert verification.reason == "switched off with --no-verify"


def test_nothing_to_compare_is_a_finding() -> None:
    result = to_linkerd(POLICY.partition("---\n")[2])
    assert result.report.verification.verdict == "NOTHING_TO_COMPARE"
    assert "MM906" in codes(result)


def test_wider_access_has_a_witness(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(done: Translated, options: Options) -> Proven:
        none: tuple[Written, ...] = ()
        return prove(replace(done, written=none), options)

    monkeypatch.setattr(pipeline, "prove", nothing)
    wider = [f for f in to_linkerd(POLICY).report.findings if f.code == "MM903"]
    assert wider
    assert wider[0].severity.value == "blocker"
    assert wider[0].witness is not None
    assert wider[0].witness["destination"] == "Deployment/shop/api"
    assert wider[0].sources


def test_a_field_that_is_not_read_leaves_the_question_open() -> None:
    odd = POLICY.replace("  rules:", "  oddity: true\n  rules:")
    result = to_linkerd(odd)
    assert result.report.verification.slices["MAY_DIFFER"] == 1
    assert "MM905" in codes(result)


def test_a_port_that_is_shut_is_no_open_door_for_health_checks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def too_much(door: object) -> Table:
        raise Opaque(f"more states than can be told apart: {type(door).__name__}")

    monkeypatch.setattr(access, "cells", too_much)
    port = "ports: [{name: http, containerPort: 8080}]"
    probe = "readinessProbe: {httpGet: {path: /healthz, port: http}}"
    result = to_linkerd(POLICY.replace(port, f"{port}, {probe}"))
    assert "MM402" in codes(result)
    assert "MM903" not in codes(result)
    assert "HTTPRoute/shop/api-8080-otherwise" in [d.resource for d in result.documents]


EJECTION = """\
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: api, namespace: shop}
spec: {host: api, trafficPolicy: {outlierDetection: {consecutive5xxErrors: 4}}}
"""


def test_failing_endpoints_are_read_back_and_compared() -> None:
    result = to_linkerd(POLICY + EJECTION)
    found = [c for c in result.report.verification.changes if "failing" in str(c["slice"])]
    assert [(c["kind"], c["explained_by"]) for c in found] == [("ejection_manner", ["MM304"])]
    assert not codes(result) & {"MM903", "MM904", "MM905"}


def test_failing_endpoints_that_are_counted_in_another_number_are_a_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(endpoints, "seconds_text", lambda _: "77s")
    result = to_linkerd(POLICY + EJECTION)
    (change,) = (c for c in result.report.verification.changes if c["kind"] == "ejection")
    assert change["explained_by"] == []
    assert "MM904" in codes(result)


def test_annotations_of_the_target_in_the_input_are_told() -> None:
    annotated = EJECTION.replace(
        "namespace: shop}\nspec: {sel",
        "namespace: shop, annotations: {timeout.linkerd.io/request: 3s}}\nspec: {sel",
    )
    result = to_linkerd(POLICY + annotated)
    (change,) = (c for c in result.report.verification.changes if c["kind"] == "timeout")
    assert change["explained_by"] == ["MM330"]
    assert "timeout 3 s" in str(change["after"])
