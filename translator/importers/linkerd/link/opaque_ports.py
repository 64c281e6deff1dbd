"""Ports that are read as bytes, where only TCPRoutes are heeded.

linkerd2 policy-controller/k8s/index/src/outbound/index.rs (``appProtocol``, since 2.18) and charts/linkerd-control-plane
``proxy.opaquePorts``, 2.20.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ir.attachment import Scope, ServicePort
from ir.inventory import Inventory, PortOfService, Service
from ir.provenance import Traced, named
from ir.traffic import Protocol, RouteTable
from translator.importers.linkerd.model import EgressNetwork
from translator.target import Target

_READ = ("", "http", "kubernetes.io/h2c")
_NOT_READ_SO = {Protocol.GRPC: ("http",), Protocol.TLS: _READ[1:], Protocol.TCP: _READ[1:]}
"""The ``appProtocol`` of ports on which routes of a kind are not heeded, though they are read."""
_USUAL = "25,587,3306,4444,5432,6379,9300,11211"
LIST = "config.linkerd.io/opaque-ports"


def where_heeded(table: RouteTable, inventory: Inventory, target: Target) -> RouteTable | None:
    """The table less the ports on which it is not heeded; ``None`` where none is left."""
    subject = table.attachment.subject
    if subject.namespace is None or subject.name is None:
        return table
    service = inventory.service(subject.namespace.value, subject.name.value)
    if service is None:
        return table
    opaque = () if table.protocol is Protocol.TCP else opaque_ports(service, target)
    if target.at_least("2.18"):
        read = _NOT_READ_SO.get(table.protocol, ())
        opaque += tuple(p.number for p in service.ports if p.app_protocol.lower() in read)
    if not opaque:
        return table
    own = [port.value.port for port in table.attachment.ports]
    if (own and all(n in opaque for n in own)) or len(opaque) == len(service.ports) > 0:
        return None
    because = Traced("", (), service.leaves)
    out: tuple[Traced[ServicePort], ...] = tuple(named(ServicePort(n), because) for n in opaque)
    at = table.attachment
    return replace(table, attachment=replace(at, excluding_ports=(*at.excluding_ports, *out)))


def where_heeded_outside(
    table: RouteTable, lists: Mapping[tuple[str, str], str | None]
) -> RouteTable | None:
    """The table of a network outside; ``None`` where its port is on the network's list, or on the default one.

    ``lists``: what each network has for a list. A route of a network names its port.
    """
    subject = table.attachment.subject
    if table.protocol is Protocol.TCP or subject.scope is not Scope.EGRESS:
        return table
    if subject.namespace is None or subject.name is None:
        return table
    listed = lists.get((subject.namespace.value, subject.name.value))
    own = [port.value.port for port in table.attachment.ports]
    return None if any(is_listed(listed, int(number)) for number in own) else table


def lists_outside(networks: Sequence[EgressNetwork]) -> dict[tuple[str, str], str | None]:
    """The lists of opaque ports that networks outside have."""
    return {
        (one.meta.namespace.value, one.meta.name.value): next(
            (a.value.value for a in one.meta.source.annotations if a.key == LIST), None
        )
        for one in networks
    }


def opaque_ports(service: Service, target: Target) -> tuple[int, ...]:
    """The ports of a Service on which clients pass on what they send unread."""
    return tuple(p.number for p in service.ports if is_opaque(p, service, target))


def is_opaque(port: PortOfService, service: Service, target: Target) -> bool:
    """Whether clients pass on what they send there unread, by its ``appProtocol`` or the Service's list."""
    if target.at_least("2.18") and port.app_protocol.lower() not in _READ:
        return True
    return is_listed(service.annotations.get(LIST), port.number)


def is_listed(text: str | None, number: int) -> bool:
    """Whether a list, or the default one where there is none, has the port."""
    return any(_has(part, number) for part in (_USUAL if text is None else text).split(","))


def _has(part: str, number: int) -> bool:
    low, _, high = part.strip().partition("-")
    return low.isdigit() and int(low) <= number <= int(high if high.isdigit() else low)
