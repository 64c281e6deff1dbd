"""Where mutual TLS is switched off nobody is known: rules that ask who calls let nobody in, and that is told."""

from __future__ import annotations

import pytest

from tests.laws.soundness import faults, translated
from translator.report.model import Finding, Impact

SHOP = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, ports: [{containerPort: 8080}, {containerPort: 9000}]}]}
"""

ACCOUNT = "[cluster.local/ns/shop/sa/web]"


def policy(action: str, source: str, more: str = "") -> str:
    """A policy for the pods of the shop's api."""
    return f"""---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: callers, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: api}}}}
  action: {action}
  rules: [{{from: [{{source: {{{source}}}}}]{more}}}]
"""


def mutual(mode: str, labels: str = "", ports: str = "") -> str:
    """A proof of identity."""
    chosen = f"selector: {{matchLabels: {{{labels}}}}}, " if labels else ""
    return f"""---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {{name: mutual, namespace: shop}}
spec: {{{chosen}mtls: {{mode: {mode}}}{f", portLevelMtls: {ports}" if ports else ""}}}
"""


def told(text: str, target: str = "linkerd") -> list[Finding]:
    """The findings of it."""
    result = translated(SHOP + text, "istio", target)
    assert faults(result) == []
    found = (one for one in result.report.findings if one.code == "MM405")
    return [one for one in found if one.impact is Impact.LOOSER and "a rule " in one.message]


@pytest.mark.parametrize("target", ["linkerd", "cilium"])
@pytest.mark.parametrize(
    "text",
    [
        policy("ALLOW", f"principals: {ACCOUNT}") + mutual("DISABLE"),
        policy("ALLOW", "namespaces: [shop]") + mutual("DISABLE", "app: api"),
        policy("DENY", f"notPrincipals: {ACCOUNT}") + mutual("DISABLE"),
        policy("ALLOW", f"principals: {ACCOUNT}")
        + mutual("STRICT", "app: api", "{9000: {mode: DISABLE}}"),
    ],
)
def test_a_rule_that_asks_who_calls_is_told(text: str, target: str) -> None:
    (one,) = told(text, target)
    assert one.sources


@pytest.mark.parametrize(
    "text",
    [
        policy("ALLOW", f"principals: {ACCOUNT}") + mutual("STRICT"),
        policy("ALLOW", f"principals: {ACCOUNT}") + mutual("DISABLE", "app: web"),
        policy("ALLOW", "ipBlocks: [10.0.0.0/8]") + mutual("DISABLE"),
        policy("DENY", f"principals: {ACCOUNT}") + mutual("DISABLE"),
    ],
)
def test_one_that_does_not_or_is_elsewhere_is_not(text: str) -> None:
    assert told(text) == []
