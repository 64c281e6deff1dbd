"""Workloads outside the cluster as WorkloadEntries."""

from __future__ import annotations

from tests.exporters.istio.linkerd import codes, parsed, translated, written

MACHINE = """
apiVersion: workload.linkerd.io/v1beta1
kind: ExternalWorkload
metadata: {name: vm, namespace: shop, labels: {app: vm}}
spec:
  meshTLS: {identity: "%s", serverName: vm.shop.example}
  workloadIPs: [{ip: 192.0.2.7}]
  ports: [{name: http, port: 8080}]
"""


def test_a_machine_keeps_its_address_its_ports_and_its_account() -> None:
    result = translated(MACHINE % "spiffe://cluster.local/ns/shop/sa/vm")
    (entry,) = written(result, "WorkloadEntry")
    assert entry["spec"] == parsed(
        "{address: 192.0.2.7, ports: {http: 8080}, labels: {app: vm}, serviceAccount: vm}"
    )
    assert codes(result, "MM526") == ["MM526"]


def test_an_identity_that_is_no_account_is_told() -> None:
    result = translated(MACHINE % "spiffe://root.linkerd.example/vm")
    (entry,) = written(result, "WorkloadEntry")
    assert "serviceAccount" not in entry["spec"]
    assert codes(result, "MM526") == ["MM526", "MM526"]
