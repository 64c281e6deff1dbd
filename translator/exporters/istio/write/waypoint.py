"""Waypoints: the Gateway of a namespace, and the label of the services behind it.

istio/istio pilot/pkg/serviceregistry/ambient/waypoints.go and pilot/pkg/config/kube/gateway, 1.31: a Gateway of the class
``istio-waypoint`` with a listener for HBONE; a service is behind it that names it by ``istio.io/use-waypoint``.
"""

from __future__ import annotations

from collections.abc import Sequence

from ir.access import Closed
from translator.api import Edit, Emission, Manifest, Said, Tree
from translator.exporters.istio.legalise.waypoints import NAME

_CLASS = "istio-waypoint"
_PORT = 15008


def write_waypoints(closed: Sequence[Closed]) -> Emission:
    """A Gateway for each namespace with services that need one, and the labels of these services."""
    fronts: dict[str, list[Closed]] = {}
    edits: list[Edit] = []
    for fact in closed:
        space, name = fact.attachment.subject.namespace, fact.attachment.subject.name
        if space is None or name is None:
            raise TypeError(fact)
        fronts.setdefault(space.value, []).append(fact)
        path = ("metadata", "labels", "istio.io/use-waypoint")
        edits.append(
            Edit(
                resource=f"Service/{space.value}/{name.value}",
                put=((path, Said(NAME, (fact.trail, name))),),
                restart=False,
            )
        )
    manifests = tuple(_gateway(space, own) for space, own in sorted(fronts.items()))
    return Emission(manifests=manifests, edits=tuple(edits))


def _gateway(space: str, fronts: Sequence[Closed]) -> Manifest:
    by = tuple(front.trail for front in fronts)
    listener: dict[str, Tree] = {
        "name": Said("mesh", by),
        "port": Said(_PORT, by),
        "protocol": Said("HBONE", by),
    }
    return Manifest(
        api_version="gateway.networking.k8s.io/v1",
        kind="Gateway",
        namespace=space,
        name=NAME,
        tree={
            "metadata": {"labels": {"istio.io/waypoint-for": Said("service", by)}},
            "spec": {"gatewayClassName": Said(_CLASS, by), "listeners": [listener]},
        },
        purpose=by,
    )
