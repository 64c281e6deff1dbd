"""Pods on the network of their node: to Cilium they are the node, which no policy of its own for pods selects."""

from __future__ import annotations

import pytest

from tests.laws.soundness import faults, translated

PODS = """
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  template:
    metadata: {labels: {app: api}}
    spec: {serviceAccountName: api, containers: [{name: app, ports: [{containerPort: 9000}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: agent, namespace: shop}
spec:
  template:
    metadata: {labels: {app: agent}}
    spec: {hostNetwork: true, containers: [{name: app, ports: [{containerPort: 9001}]}]}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: policy, namespace: shop}
spec: {endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {app: api}}]}]}
"""
STAYS = """---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: stays, namespace: shop}
spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: api}}}]}]}
"""


@pytest.mark.parametrize("target", ["istio", "linkerd"])
@pytest.mark.parametrize("more", ["", STAYS])
def test_nothing_changes_for_a_pod_on_the_network_of_its_node(more: str, target: str) -> None:
    result = translated(PODS + more, "cilium", target)
    assert faults(result) == []
    slices = {str(change["slice"]) for change in result.report.verification.changes}
    assert not [name for name in slices if "Deployment/shop/agent" in name]
    (told,) = [f.message for f in result.report.findings if f.code == "MM172"]
    assert told.startswith("Deployment/shop/agent:")
    beside = [f.message for f in result.report.findings if f.code == "MM478"]
    assert bool(beside) is bool(more)
