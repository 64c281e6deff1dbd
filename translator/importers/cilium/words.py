"""Annotations of services that the agent heeds: how connections are spread over endpoints and clusters.

cilium/cilium pkg/annotation/k8s.go and operator/pkg/ciliumenvoyconfig, 1.20.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.attachment import Scope, Subject
from ir.membership import Aspect, ProxySetting
from ir.provenance import Traced, trail
from translator.api import Options
from translator.resources.kubernetes.read import below
from translator.source.leaves import Resource, leaf_ref

SERVICE = "service.cilium.io/"
CLUSTERS = ("io.cilium/global-service", "io.cilium/shared-service", "io.cilium/service-affinity")
ACROSS = ("global", "shared", "affinity", "global-sync-endpoint-slices")
ALGORITHMS = ("lb-l7", "lb-l7-algorithm", "lb-algorithm")


def read_services(
    resources: Sequence[Resource], options: Options, reads: set[int]
) -> Iterator[ProxySetting]:
    """One setting for each annotation of a Service."""
    for resource in resources:
        if resource.kind != "Service" or "/" in resource.api_version:
            continue
        found = below(resource.node, "metadata", "annotations")
        entries = found.value if found is not None and isinstance(found.value, dict) else {}
        for key, node in entries.items():
            if node.leaf < 0 or not (key.startswith(SERVICE) or key in CLUSTERS):
                continue
            leaf = leaf_ref(resource.document.number, node.leaf)
            reads.add(leaf)
            space = resource.namespace or options.namespace
            owner = f"Service/{space}/{resource.name}"
            yield ProxySetting(
                subject=Subject(
                    scope=Scope.SERVICE,
                    namespace=Traced(space),
                    name=Traced(resource.name),
                    trail=trail(owner),
                ),
                object=owner,
                aspect=_aspect(key),
                value=Traced(str(node.value), (leaf,)),
                trail=trail(f"{key} of {owner}", because=(leaf,)),
            )


def _aspect(key: str) -> Aspect:
    word = key.removeprefix(SERVICE)
    if word in ALGORITHMS:
        return Aspect.BALANCING
    if word in ACROSS or key in CLUSTERS:
        return Aspect.NETWORKS
    return Aspect.INGRESS
