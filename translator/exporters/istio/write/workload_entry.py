"""``networking.istio.io`` WorkloadEntry: a workload outside the cluster."""

from __future__ import annotations

from ir.edge import ExternalWorkload
from translator.api import Manifest, Said, Tree
from translator.exporters.istio.write.virtual_service import NETWORKING


def write_workload_entry(fact: ExternalWorkload) -> Manifest:
    """The object of one machine; services select it by the labels of its spec."""
    endpoint = fact.endpoint
    if endpoint.address is None:
        raise TypeError(fact)
    spec: dict[str, Tree] = {"address": endpoint.address}
    ports: dict[str, Tree] = {
        port.value[0] or f"port-{port.value[1]}": port.derive(port.value[1])
        for port in endpoint.ports
    }
    if ports:
        spec["ports"] = ports
    labels = endpoint.labels
    if labels is not None and labels.value.requirements:
        spec["labels"] = {
            one.key: Said(one.values[0], (labels,)) for one in labels.value.requirements
        }
    if endpoint.account is not None:
        spec["serviceAccount"] = endpoint.account
    return Manifest(
        api_version=NETWORKING,
        kind="WorkloadEntry",
        namespace=fact.namespace.value,
        name=fact.name.value,
        tree={"metadata": {"namespace": fact.namespace}, "spec": spec},
        purpose=(fact.trail, fact.name, endpoint.trail),
    )
