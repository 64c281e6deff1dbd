"""Values that were once read and then forgotten: none is any more, whichever the target."""

from __future__ import annotations

import pytest

from translator.pipeline import Result, options_of, translate_loaded
from translator.registry import pairs
from translator.report.model import Fate
from translator.source.load import load_text

POD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {serviceAccountName: api, containers: [{name: api, image: api, ports: [{containerPort: 8080}]}]}
---
"""
CASES = {
    "a route that no gateway takes, with a filter of its own": (
        "linkerd",
        """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec:
  parentRefs: [{name: elsewhere}]
  hostnames: [example.com]
  rules:
  - backendRefs: [{name: api, port: 8080}]
    filters: [{type: ExtensionRef, extensionRef: {group: example.com, kind: Option, name: a}}]
""",
    ),
    "a port by a name that no container has": (
        "linkerd",
        """\
apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata: {name: admin, namespace: shop}
spec: {podSelector: {matchLabels: {app: api}}, port: linkerd-admin}
""",
    ),
    "a caller by account and by namespace": (
        "istio",
        """\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: api, namespace: shop}
spec:
  rules: [{from: [{source: {serviceAccounts: [bank/teller], namespaces: [bank]}}]}]
""",
    ),
}


def translated(name: str, target: str) -> Result:
    source, text = CASES[name]
    loaded = load_text(POD + text)
    return translate_loaded(loaded, options_of(loaded, source, target, {}))


@pytest.mark.parametrize(
    ("name", "target"),
    [(name, b) for name, (source, _) in CASES.items() for a, b in pairs() if a == source],
)
def test_nothing_is_read_and_forgotten(name: str, target: str) -> None:
    fates = {row.path: row.fate for row in translated(name, target).report.ledger}
    assert not {Fate.DROPPED, Fate.STRANDED} & {*fates.values()}, fates


def test_a_port_that_nobody_has_is_told() -> None:
    findings = translated("a port by a name that no container has", "cilium").report.findings
    assert any("linkerd-admin" in one.message and one.code == "MM412" for one in findings)
