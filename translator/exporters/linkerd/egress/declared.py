"""What is declared outside, port by port: told by the host of a request, by the name in the TLS hello, or by address.

istio/istio pilot/pkg/networking/core/listener.go ``buildSidecarOutboundListeners`` and tls.go, 1.31: HTTP is told by its
host whatever address was dialled, TLS by its name (and by address where the service has some), the rest by address, and
where the service has none by the port alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network, ip_network

from ir.edge import ExternalPort, ExternalService
from ir.match import Cidr, Pattern
from ir.provenance import Traced
from ir.traffic import Protocol
from translator.exporters.egress.known import seen
from translator.exporters.egress.names import (
    EVERYWHERE,
    HTTP_WORDS,
    TLS_WORDS,
    Unreached,
    moved,
)
from translator.exporters.linkerd.egress.zones import Zone

Block = Traced[Cidr]


@dataclass(frozen=True, slots=True)
class Entry:
    """A port of a service outside that clients may reach by these hosts, at addresses in ``blocks`` (none: at any).

    ``client``: the namespace of the clients; absent: all of the zone. ``spent``: what else it says by being there.
    """

    service: ExternalService
    port: ExternalPort
    protocol: Protocol
    hosts: tuple[Traced[Pattern], ...] = ()
    blocks: tuple[Block, ...] = ()
    client: Traced[str] | None = None
    spent: tuple[Traced[object], ...] = ()


Read = Entry | Unreached


def entries(
    services: Sequence[ExternalService], zone: Zone, zoned: Sequence[str], inside: Sequence[str]
) -> Iterator[Read]:
    """What the clients of a zone may reach. ``zoned``: namespaces with a zone of their own; ``inside``: the cluster's."""
    for service in services:
        for own in seen(service, zone.at, zone.filters, zoned):
            for port in service.ports:
                for one in _of_port(service, port, own.hosts, own.client, inside):
                    if isinstance(one, Entry):
                        yield replace(one, spent=(*one.spent, *own.words))
                    else:
                        yield one


def _of_port(
    service: ExternalService,
    port: ExternalPort,
    hosts: tuple[Traced[Pattern], ...],
    client: Traced[str] | None,
    inside: Sequence[str],
) -> Iterator[Read]:
    word = "" if port.protocol is None else port.protocol.value
    outside = tuple(b for b in service.addresses if not _within(b.value, inside))
    anywhere = not service.addresses or any(b.value.block in EVERYWHERE for b in outside)
    if word == "UDP":
        return
    if word in HTTP_WORDS or not word:
        spent = service.addresses
        yield Entry(service, port, Protocol.HTTP, hosts, client=client, spent=spent)
        if not word:
            reason = "its protocol is not declared, and only HTTP passes by the name"
            yield Unreached(service, port, reason)
        return
    if not anywhere and not outside:
        return  # the cluster's own networks pass
    if any(_overlaps(b.value, inside) for b in outside if b.value.block not in EVERYWHERE):
        yield Unreached(service, port, "its addresses overlap the networks of the cluster")
        return
    blocks = () if anywhere else outside
    if word in TLS_WORDS:
        yield Entry(service, port, Protocol.TLS, hosts, blocks, client)
    elif reason := moved(service, port):
        yield Unreached(service, port, reason)
    else:
        yield Entry(service, port, Protocol.TCP, (), blocks, client, spent=service.hosts)


def _parsed(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _within(block: Cidr, inside: Sequence[str]) -> bool:
    """Whether all of the block is in one of the networks."""
    own = _parsed(block.block)
    return own is not None and any(_covers(_parsed(network), own) for network in inside)


def _covers(wide: IPv4Network | IPv6Network | None, own: IPv4Network | IPv6Network) -> bool:
    if isinstance(wide, IPv4Network) and isinstance(own, IPv4Network):
        return own.subnet_of(wide)
    if isinstance(wide, IPv6Network) and isinstance(own, IPv6Network):
        return own.subnet_of(wide)
    return False


def _overlaps(block: Cidr, inside: Sequence[str]) -> bool:
    own = _parsed(block.block)
    return own is None or any(
        other is not None and other.overlaps(own) for other in map(_parsed, inside)
    )


def within(block: Block, others: Sequence[Block]) -> bool:
    """Whether the block is part of one of the others."""
    return _within(block.value, [other.value.block for other in others])
