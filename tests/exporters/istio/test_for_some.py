"""Rules for clients with some labels, and for all others: in one list nobody goes by rules that are not theirs."""

from __future__ import annotations

import pytest

from tests.laws.soundness import faults, translated
from translator.pipeline import Result

SERVICES = """
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: old, namespace: shop}
spec: {selector: {app: old}, ports: [{name: http, port: 80}]}
"""
RULES = """---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: %s, namespace: %s, creationTimestamp: "2026-01-0%dT00:00:00Z"}
spec:
  hosts: [api.shop.svc.cluster.local]
  exportTo: [%s]
  http: [{%s route: [{destination: {host: old.shop.svc.cluster.local}}]}]
"""
WEB = "match: [{sourceLabels: {app: web}, uri: {prefix: /a}}],"
BACK = "match: [{sourceLabels: {tier: back}, uri: {prefix: /b}}],"
ANY = "match: [{uri: {prefix: /c}}],"


def to_itself(*rules: tuple[str, str, str]) -> Result:
    """The translation of rules (their match, namespace and ``exportTo``), the oldest first."""
    said = (
        RULES % (f"r{n}", space, n + 1, shown, match)
        for n, (match, space, shown) in enumerate(rules)
    )
    result = translated(SERVICES + "".join(said), "istio", "istio")
    assert faults(result) == []
    return result


@pytest.mark.parametrize("own", ["shop", "dev"])
@pytest.mark.parametrize("shown", ["'*'", ".", "dev"])
@pytest.mark.parametrize("second", [ANY, BACK])
def test_clients_by_labels_go_by_their_rules_alone(second: str, shown: str, own: str) -> None:
    """What their rules do not match went by those for all clients, where it was not found (MM904)."""
    result = to_itself((WEB, own, shown), (second, "shop", "'*'"))
    assert result.report.verification.verdict.startswith("EQUAL")


def test_all_else_that_they_ask_for_is_answered() -> None:
    (written,) = to_itself((WEB, "shop", "'*'"), (ANY, "shop", "'*'")).manifests
    spec = written["spec"]
    assert isinstance(spec, dict)
    first, answer, rest = spec["http"]
    assert first["match"] == [{"uri": {"prefix": "/a"}, "sourceLabels": {"app": "web"}}]
    assert answer == {
        "match": [{"sourceLabels": {"app": "web"}}],
        "directResponse": {"status": 404},
    }
    assert rest["match"] == [{"uri": {"prefix": "/c"}}]
