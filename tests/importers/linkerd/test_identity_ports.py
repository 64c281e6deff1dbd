"""Ports on which pods ask for an identity."""

from __future__ import annotations

import pytest

from ir.behaviour.concrete import decide_access
from ir.behaviour.request import Answer, Caller, Request
from ir.model import Model
from translator import pipeline
from translator.registry import load_importer
from translator.source.load import load_text

POD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: api, namespace: shop}}
spec:
  template:
    metadata:
      labels: {{app: api}}
      annotations:
        linkerd.io/inject: enabled
        config.linkerd.io/proxy-require-identity-inbound-ports: "8000-8080"
        config.linkerd.io/default-inbound-policy: {policy}
    spec: {{containers: [{{name: api, ports: [{{containerPort: 8080}}, {{containerPort: 9090}}]}}]}}
---
"""
SERVER = """\
apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata: {name: api, namespace: shop}
spec: {podSelector: {}, port: 8080, accessPolicy: all-unauthenticated}
"""


def model(policy: str, more: str = "") -> Model:
    loaded = load_text(POD.format(policy=policy) + more)
    options = pipeline.options_of(loaded, "linkerd@2.20", "linkerd", {})
    return load_importer("linkerd")(loaded.resources, options).model


def passes(found: Model, port: int, address: str = "10.1.0.1", *, mtls: bool = False) -> bool:
    caller = Caller(namespace="shop", service_account="web", address=address, mtls=mtls)
    asked = Request(
        caller=caller, workload="Deployment/shop/api", port=port, method="GET", path="/"
    )
    return decide_access(found, asked).answer is Answer.ALLOWED


@pytest.mark.parametrize("policy", ["all-unauthenticated", "cluster-unauthenticated"])
def test_a_policy_for_anybody_asks_for_an_identity_on_the_ports_listed(policy: str) -> None:
    found = model(policy)
    assert not passes(found, 8080)
    assert passes(found, 8080, mtls=True)
    assert passes(found, 9090)
    outside = passes(found, 8080, "203.0.113.7", mtls=True)
    assert outside is (policy == "all-unauthenticated")


def test_below_audit_and_deny_it_says_nothing() -> None:
    assert passes(model("audit"), 8080)
    assert not passes(model("deny"), 8080, mtls=True)


def test_where_a_server_names_the_port_it_says_nothing() -> None:
    assert passes(model("all-unauthenticated", SERVER), 8080)
