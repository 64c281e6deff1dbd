"""``appProtocol`` of Services: ports that are passed on unread."""

from __future__ import annotations

from ir.inventory import Inventory
from ir.traffic import PortProtocol
from translator.api import Edit, Said
from translator.exporters.istio.legalise.protocols import port_of


def write_protocol(fact: PortProtocol, inventory: Inventory) -> Edit:
    """The change to the Service of a port."""
    port, subject = port_of(fact, inventory), fact.attachment.subject
    if port is None or subject.namespace is None or subject.name is None:
        raise TypeError(fact)
    path = ("spec", "ports", port.index, "appProtocol")
    return Edit(
        resource=f"Service/{subject.namespace.value}/{subject.name.value}",
        put=((path, Said("tcp", (fact.protocol, fact.trail))),),
        restart=False,
    )
