"""``workload.linkerd.io`` ExternalWorkload: one machine outside the cluster."""

from __future__ import annotations

from ir.edge import ExternalWorkload
from translator.api import Manifest, Options, Said, Tree
from translator.exporters.linkerd.egress.machines import identity_of, labels_of, server_name_of

WORKLOAD = "workload.linkerd.io/v1beta1"


def write_machine(fact: ExternalWorkload, options: Options) -> Manifest:
    """The object of a machine, with the identity that it has in the source."""
    endpoint = fact.endpoint
    if endpoint.address is None or endpoint.account is None or endpoint.labels is None:
        raise TypeError(fact)
    labels: dict[str, Tree] = {
        key: endpoint.labels.derive(value) for key, value in labels_of(fact).items()
    }
    spec: dict[str, Tree] = {
        "meshTLS": {
            "identity": endpoint.account.derive(identity_of(fact, options.trust_domain)),
            "serverName": Said(
                server_name_of(fact, options.cluster_domain), (fact.trail, fact.name)
            ),
        },
        "workloadIPs": [{"ip": endpoint.address}],
    }
    if endpoint.ports:
        spec["ports"] = [
            {"name": port.derive(port.value[0]), "port": port.derive(port.value[1])}
            for port in endpoint.ports
        ]
    return Manifest(
        api_version=WORKLOAD,
        kind="ExternalWorkload",
        namespace=fact.namespace.value,
        name=fact.name.value,
        tree={"metadata": {"namespace": fact.namespace, "labels": labels}, "spec": spec},
        purpose=(fact.trail, fact.name, endpoint.trail),
    )
