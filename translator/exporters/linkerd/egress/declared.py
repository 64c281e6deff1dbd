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
from ir.match import Cidr, Pattern, PatternKind
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

_STAR = "a star within a label has no form in the names of a route"
_EVERY = "it is declared for every name, and a route has names"

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
            hosts = tuple(host for host in own.hosts if not _unsaid(host.value))
            for port in service.ports:
                if _by_name(port):
                    yield from _left(service, port, own.hosts)
                    if not hosts:
                        continue
                for one in _of_port(service, port, hosts or own.hosts, own.client, inside):
                    if isinstance(one, Entry):
                        left = [host for host in own.hosts if host not in (*one.hosts, *one.spent)]
                        yield replace(one, spent=(*one.spent, *own.words, *left))
                    else:
                        yield one


def _by_name(port: ExternalPort) -> bool:
    """Whether what leaves by the port is told by a name."""
    word = "" if port.protocol is None else port.protocol.value
    return not word or word in (*HTTP_WORDS, *TLS_WORDS)


def _left(
    service: ExternalService, port: ExternalPort, hosts: Sequence[Traced[Pattern]]
) -> Iterator[Unreached]:
    """The hosts that no route can name, by why."""
    reasons = dict.fromkeys(_unsaid(host.value) for host in hosts)
    yield from (Unreached(service, port, reason) for reason in reasons if reason)


def _unsaid(host: Pattern) -> str:
    """Why no route can name a host; empty where one can (Gateway API ``Hostname``: a star stands for whole labels)."""
    if host.kind is not PatternKind.SUFFIX or host.text.startswith("."):
        return ""
    return _STAR if host.text else _EVERY


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
