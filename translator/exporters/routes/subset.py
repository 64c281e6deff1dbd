"""Core Service for a subset: the ports of the whole service, the pods of the part."""

from __future__ import annotations

from ir.inventory import Inventory
from ir.provenance import Traced
from ir.traffic import EndpointSubset
from translator.api import Manifest, Said, Tree
from translator.exporters.selectors import selector_tree


def write_subset(subset: EndpointSubset, inventory: Inventory) -> Manifest:
    """A Service that selects the pods of the subset and has the ports of the service that it is a part of."""
    service = inventory.service(subset.namespace.value, subset.of.value)
    if service is None:
        raise TypeError(subset)
    node = (subset.trail,)
    ports: list[Tree] = []
    for port in service.ports:
        reason = (Traced("", (), port.leaves), subset.trail)
        item: dict[str, Tree] = {"name": Said(port.name, reason)} if port.name else {}
        item["port"] = Said(port.number, reason)
        item["targetPort"] = Said(port.target, reason)
        if port.protocol != "TCP":
            item["protocol"] = Said(port.protocol, reason)
        if port.app_protocol:
            item["appProtocol"] = Said(port.app_protocol, reason)
        ports.append(item)
    selector = selector_tree(subset.selector)["matchLabels"]
    return Manifest(
        api_version="v1",
        kind="Service",
        namespace=subset.namespace.value,
        name=subset.name.value,
        tree={
            "metadata": {"namespace": subset.namespace, "name": subset.name},
            "spec": {"selector": selector, "ports": ports},
        },
        purpose=node,
    )
