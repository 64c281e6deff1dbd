"""Policies of Gateway API that the mesh's clients heed."""

from __future__ import annotations

import pytest

from translator.pipeline import options_of, translate_loaded
from translator.report.model import Fate, Finding, Severity
from translator.source.load import load_text

TLS = """\
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: web, namespace: shop}
spec:
  targetRefs: [{group: "", kind: Service, name: web}]
  validation: {hostname: web.internal, wellKnownCACertificates: System}
"""
BUDGET = """\
apiVersion: gateway.networking.x-k8s.io/v1alpha1
kind: XBackendTrafficPolicy
metadata: {name: web, namespace: shop}
spec:
  targetRefs: [{group: "", kind: Service, name: web}]
  retryConstraint: {budget: {percent: 20, interval: 10s}}
"""


def told(text: str, target: str, source: str = "istio") -> list[Finding]:
    loaded = load_text(text)
    result = translate_loaded(loaded, options_of(loaded, source, target, {}))
    assert not [r for r in result.report.ledger if r.fate in (Fate.STRANDED, Fate.DROPPED)]
    return [f for f in result.report.findings if "Policy/shop/web" in f.message]


@pytest.mark.parametrize(
    ("target", "severity"),
    [("linkerd", Severity.HIGH), ("cilium", Severity.HIGH), ("gateway-api", Severity.MEDIUM)],
)
def test_tls_that_the_sources_clients_start_by_a_policy_is_told(
    target: str, severity: Severity
) -> None:
    (finding,) = told(TLS, target)
    assert (finding.code, finding.severity, finding.fate) == ("MM405", severity, Fate.CARRIED)
    assert "all clients in the source's mesh start TLS" in finding.message


def test_a_policy_that_the_source_is_told_to_ignore_or_is_too_old_for_is_not_told() -> None:
    ignored = TLS.replace("namespace: shop}", "namespace: shop, annotations: "
                          '{istio.io/ignore-policy-attachment: "true"}}')  # fmt: skip
    assert told(ignored, "linkerd") == []
    assert told(TLS, "linkerd", "istio@1.27") == []
    assert told(BUDGET, "linkerd", "istio@1.26") == []
    assert told(BUDGET, "linkerd", "istio@1.27") != []


@pytest.mark.parametrize("target", ["linkerd", "cilium"])
def test_a_budget_of_tries_by_a_policy_is_told(target: str) -> None:
    (finding,) = told(BUDGET, target)
    assert (finding.code, finding.severity) == ("MM302", Severity.MEDIUM)
    sessions = "sessionPersistence: {sessionName: a, type: Header}"
    assert (
        told(
            BUDGET.replace("retryConstraint: {budget: {percent: 20, interval: 10s}}", sessions),
            target,
        )
        == []
    )
