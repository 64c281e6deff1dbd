"""Workloads whose pods bear the same labels: what holds for one holds for all, and that is told."""

from __future__ import annotations

import pytest

from tests.laws.soundness import faults, translated
from translator.report.model import Impact

_POD = """---
apiVersion: apps/v1
kind: Deployment
metadata: {name: %s, namespace: shop}
spec:
  template:
    metadata: {labels: {app: api}, annotations: {config.linkerd.io/default-inbound-policy: %s}}
    spec: {containers: [{name: app, ports: [{containerPort: 9000}]}]}
"""


@pytest.mark.parametrize("target", ["istio", "cilium"])
@pytest.mark.parametrize("word", ["deny", "all-authenticated"])
def test_other_default_policies_of_pods_with_the_same_labels_are_told(
    word: str, target: str
) -> None:
    pods = _POD % ("api-a", word) + _POD % ("api-b", "all-unauthenticated")
    result = translated(pods, "linkerd", target)
    assert faults(result) == []
    (told,) = [f for f in result.report.findings if "bear the same labels" in f.message]
    assert (told.code, told.impact) == ("MM412", Impact.STRICTER)
    assert told.message.startswith("Deployment/shop/api-a, Deployment/shop/api-b: ")


def test_the_same_default_policy_is_nothing_to_tell() -> None:
    result = translated(_POD % ("api-a", "deny") + _POD % ("api-b", "deny"), "linkerd", "istio")
    assert not [f for f in result.report.findings if "bear the same labels" in f.message]


@pytest.mark.parametrize("lists", [("8080", ""), ("8080", "9000"), ("", "")])
def test_lists_of_ports_of_pods_with_the_same_labels_stay_on_the_way_to_linkerd(
    lists: tuple[str, str],
) -> None:
    """What pods say of their ports ended the run with a KeyError."""
    service = """---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{port: 80, targetPort: 9000}]}
"""
    pods = [
        (_POD % (f"api-{number}", "all-unauthenticated")).replace(
            "annotations: {", f'annotations: {{config.linkerd.io/opaque-ports: "{one}", '
        )
        for number, one in enumerate(lists)
    ]
    result = translated("".join((*pods, service)), "linkerd", "linkerd")
    assert faults(result) == []
    assert result.report.verification.changes == ()
