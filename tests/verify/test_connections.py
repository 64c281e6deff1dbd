"""Connections to services compared: by name, by port and by client."""

from __future__ import annotations

import pytest

from translator.difference import difference
from translator.pipeline import options_of
from translator.report.difference import Changed
from translator.source.load import load_text

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: vault, namespace: shop}
spec: {selector: {app: vault}, ports: [{name: https, port: 443}, {name: tls-more, port: 8443}]}
---
apiVersion: v1
kind: Service
metadata: {name: spare, namespace: shop}
spec: {selector: {app: spare}, ports: [{name: https, port: 443}]}
"""
VAULT = "vault.shop.svc.cluster.local"


def rules(match: str = "", route: str = "spare", weight: int = 1, more: str = "") -> str:
    """A VirtualService with a rule by name, and the rest to the service itself."""
    shares = f"""[{{destination: {{host: {route}.shop.svc.cluster.local, port: {{number: 443}}}}, weight: {weight}}},
      {{destination: {{host: {VAULT}, port: {{number: 443}}}}, weight: 1}}]"""
    return f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: vault, namespace: shop}}
spec:
  hosts: [{VAULT}]
  tls:
  - match: [{{sniHosts: [{VAULT}]{match}}}]
    route: {shares}
{more}"""


def changes(before: str, after: str) -> list[Changed]:
    """What becomes otherwise of connections."""
    one, other = (load_text(f"{SERVICE}---\n{text}") for text in (before, after))
    found = difference(one, other, options_of(one, "istio", "istio", {}))
    return [c for c in found.changes if "connections" in c.slice]


def test_the_same_rules_are_equal() -> None:
    assert changes(rules(), rules()) == []


@pytest.mark.parametrize(
    ("after", "kind"),
    [
        (rules(weight=3), "reweighted"),
        (rules(match=", port: 8443"), "rerouted"),
        (rules(more="  exportTo: [till]\n"), "rerouted"),
    ],
)
def test_other_shares_ports_and_clients_show(after: str, kind: str) -> None:
    assert kind in {change.kind for change in changes(rules(), after)}


def test_a_name_that_no_rule_asks_for_finds_no_way_where_one_is_for_the_port() -> None:
    found = changes(SERVICE.split("---")[1], rules(match=", port: 443"))
    refused = [c for c in found if c.kind == "newly_denied"]
    assert {c.slice for c in refused} == {"Service/shop/vault port 443, connections"}
