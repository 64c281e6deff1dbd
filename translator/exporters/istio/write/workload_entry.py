"""``networking.istio.io`` WorkloadEntry: a workload outside the cluster."""

from __future__ import annotations

from ir.edge import ExternalEndpoint, ExternalWorkload
from ir.match import Labels
from ir.provenance import Traced
from translator.api import Manifest, Said, Tree
from translator.exporters.istio.write.virtual_service import NETWORKING


def write_workload_entry(fact: ExternalWorkload) -> Manifest:
    """The object of one machine; services select it by the labels of its spec."""
    endpoint = fact.endpoint
    if endpoint.address is None:
        raise TypeError(fact)
    return Manifest(
        api_version=NETWORKING,
        kind="WorkloadEntry",
        namespace=fact.namespace.value,
        name=fact.name.value,
        tree={"metadata": {"namespace": fact.namespace}, "spec": write_endpoint(endpoint)},
        purpose=(fact.trail, fact.name, endpoint.trail),
    )


def write_endpoint(endpoint: ExternalEndpoint) -> dict[str, Tree]:
    """Where something outside is found: the ``spec`` of a WorkloadEntry, or an item of ``endpoints`` of a ServiceEntry."""
    spec: dict[str, Tree] = {}
    if endpoint.address is not None:
        spec["address"] = endpoint.address
    ports: dict[str, Tree] = {
        port.value[0] or f"port-{port.value[1]}": port.derive(port.value[1])
        for port in endpoint.ports
    }
    if ports:
        spec["ports"] = ports
    if endpoint.labels is not None:
        spec["labels"] = write_labels(endpoint.labels)
    if endpoint.account is not None:
        spec["serviceAccount"] = endpoint.account
    return spec


def write_labels(labels: Traced[Labels]) -> dict[str, Tree]:
    """Labels that must be equal."""
    return {one.key: Said(one.values[0], (labels,)) for one in labels.value.requirements}
