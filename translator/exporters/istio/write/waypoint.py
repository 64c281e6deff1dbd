"""Waypoints: the Gateway of a namespace, and the label of the services behind it.

istio/istio pilot/pkg/serviceregistry/ambient/waypoints.go and pilot/pkg/config/kube/gateway, 1.31: a Gateway of the class
``istio-waypoint`` with a listener for HBONE; a service is behind it that names it by ``istio.io/use-waypoint``.
"""

from __future__ import annotations

from collections.abc import Sequence

from ir.access import Closed
from ir.provenance import Traced
from ir.traffic import RouteTable
from translator.api import Edit, Emission, Manifest, Said, Tree
from translator.exporters.istio.legalise.waypoints import NAME

_CLASS = "istio-waypoint"
_PORT = 15008


def write_waypoints(closed: Sequence[Closed], tables: Sequence[RouteTable]) -> Emission:
    """A Gateway for each namespace with services that need one, and the labels of these services."""
    behind: dict[tuple[str, str], list[Traced[object]]] = {}
    facts: list[Closed | RouteTable] = [*closed, *tables]
    for fact in facts:
        space, name = fact.attachment.subject.namespace, fact.attachment.subject.name
        if space is None or name is None:
            raise TypeError(fact)
        behind.setdefault((space.value, name.value), []).append(fact.trail)
    path = ("metadata", "labels", "istio.io/use-waypoint")
    edits = tuple(
        Edit(
            resource=f"Service/{space}/{name}",
            put=((path, Said(NAME, tuple(trails))),),
            restart=False,
        )
        for (space, name), trails in behind.items()
    )
    spaces: dict[str, list[Traced[object]]] = {}
    for (home, _), trails in sorted(behind.items()):
        spaces.setdefault(home, []).extend(trails)
    manifests = tuple(_gateway(space, tuple(by)) for space, by in spaces.items())
    return Emission(manifests=manifests, edits=edits)


def _gateway(space: str, by: tuple[Traced[object], ...]) -> Manifest:
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
