"""What clients may reach, as ways out: to the addresses that a look-up of a name gave, to blocks of addresses, or anywhere.

Where the source's proxy looks a name up itself, the target lets out to the addresses of that name alone, so that a client
cannot choose another; where it passes on to whatever was dialled, the host or the TLS name decides, as in the source. A
look-up counts only if the agent sees it, and two names at one address are told apart by what is asked for
(docs.cilium.io/en/v1.20/security/policy/language/#dns-based; cilium/cilium issue 31803): so HTTP has its host beside it,
TLS its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from ir.edge import ExternalPort, ExternalService, ExternalWorkload, Resolution
from ir.inventory import meets
from ir.match import Cidr, Labels, Pattern, PatternKind
from ir.provenance import Traced
from ir.traffic import Protocol
from translator.exporters.cilium.peers import EVERYWHERE
from translator.exporters.egress.known import Seen
from translator.exporters.egress.names import EVERYWHERE as ALL_BLOCKS
from translator.exporters.egress.names import HTTP_WORDS, TLS_WORDS, Unreached, home_of, moved

_LED = "the source's proxy leads to its endpoints whatever was dialled; only what dials their addresses passes"
"""Why a way out to the endpoints of a service is not all that the source lets out to it."""

Origins = tuple[Traced[object], ...]
Named = tuple[Traced[Pattern], ...]


@dataclass(frozen=True, slots=True)
class Door:
    """A way out to the port (absent: to all), by HTTP for a host among ``asked``, by TLS for such a name, or with any bytes.

    It leads to the addresses that the look-up of one of ``names`` gave, or where there are none to ``blocks``.
    ``client``: for clients in this namespace alone. ``by``: what it says besides.
    """

    protocol: Protocol
    port: Traced[int] | None
    asked: Named = ()
    names: Named = ()
    blocks: frozenset[Cidr] = frozenset()
    client: Traced[str] | None = None
    by: Origins = ()
    stated: Origins = ()
    """What the blocks are said by."""
    service: ExternalService | None = None
    of: ExternalPort | None = None

    @property
    def anywhere(self) -> bool:
        """Whether it leads to every address outside."""
        return not self.names and set(EVERYWHERE) <= self.blocks


Read = Door | Unreached


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads what is declared outside. ``machines``: workloads outside; ``deep``: names at any depth can be said."""

    machines: Sequence[ExternalWorkload]
    deep: bool

    def doors(self, service: ExternalService, own: Seen) -> Iterator[Read]:
        """The ways out to a service, for clients who see it so."""
        for port in service.ports:
            word = "" if port.protocol is None else port.protocol.value
            if word == "UDP":
                continue  # it passes, declared or not
            if word in HTTP_WORDS:
                yield from self._by_name(Protocol.HTTP, service, port, own)
            elif word in TLS_WORDS:
                yield from self._by_name(Protocol.TLS, service, port, own)
            elif word:
                yield from self._by_address(service, port, own)
            else:
                yield from self._by_name(Protocol.HTTP, service, port, own)
                reason = "its protocol is not declared, and only HTTP passes by the name"
                yield Unreached(service, port, reason)

    def _by_name(
        self, protocol: Protocol, service: ExternalService, port: ExternalPort, own: Seen
    ) -> Iterator[Read]:
        """HTTP by its host, or TLS by its name, and where the source asks for one, by the address too."""
        asked = tuple(host for host in own.hosts if not self._unsaid(host.value))
        yield from self._left(service, port, own)
        if not asked:
            return
        bound = _blocks(service.addresses) if protocol is Protocol.TLS else frozenset()
        how = service.resolution.value
        if how is Resolution.STATIC:
            there = self._endpoints(service)
            if not there or (bound and not there <= bound):
                reason = moved(service, port) or "the addresses of its endpoints are not known"
                yield Unreached(service, port, reason)
                return
            yield _door(protocol, service, port, own, asked, blocks=there)
            if there != bound:
                yield Unreached(service, port, _LED)
        elif bound or how is Resolution.ORIGINAL:
            yield _door(protocol, service, port, own, asked, blocks=bound or frozenset(EVERYWHERE))
        else:
            yield _door(protocol, service, port, own, asked, names=asked)

    def _by_address(
        self, service: ExternalService, port: ExternalPort, own: Seen
    ) -> Iterator[Read]:
        """Bytes without a name: to the address that was dialled, or to those of the name that the source looks up."""
        bound = _blocks(service.addresses)
        how = service.resolution.value
        if how is Resolution.ORIGINAL:
            yield _door(Protocol.TCP, service, port, own, (), blocks=bound or frozenset(EVERYWHERE))
        elif how is Resolution.STATIC and not bound:
            there = self._endpoints(service)
            if there:
                yield _door(Protocol.TCP, service, port, own, (), blocks=there)
                yield Unreached(service, port, _LED)
            else:
                yield Unreached(service, port, "the addresses of its endpoints are not known")
        elif reason := moved(service, port) if bound else "":
            yield Unreached(service, port, reason)
        elif bound:
            yield _door(Protocol.TCP, service, port, own, (), blocks=bound)
        else:
            yield from self._left(service, port, own)
            names = tuple(host for host in own.hosts if not self._unsaid(host.value))
            if names:
                yield _door(Protocol.TCP, service, port, own, (), names=names)

    def _left(self, service: ExternalService, port: ExternalPort, own: Seen) -> Iterator[Unreached]:
        """The hosts that have no pattern, by why."""
        reasons = dict.fromkeys(self._unsaid(host.value) for host in own.hosts)
        yield from (Unreached(service, port, reason) for reason in reasons if reason)

    def _unsaid(self, host: Pattern) -> str:
        """Why a host has no pattern; empty where it has one (cilium/cilium pkg/fqdn/matchpattern/matchpattern.go, 1.20)."""
        if host.kind is not PatternKind.SUFFIX:
            return ""
        if not host.text:
            return "it is declared for every name"
        if not host.text.startswith("."):
            return "a star within a label stands for no more labels there"
        return "" if self.deep else "names at any depth can be said from 1.19 on"

    def _endpoints(self, service: ExternalService) -> frozenset[Cidr]:
        """The addresses where a service is found that are written; none where one of them is a name."""
        wanted = service.workloads
        ends = list(service.endpoints)
        if wanted is not None:
            ends.extend(
                one.endpoint
                for one in self.machines
                if one.namespace.value == home_of(service)
                and one.endpoint.labels is not None
                and meets(_plain(one.endpoint.labels.value), wanted.value)
            )
        found = [_host(end.address.value) for end in ends if end.address is not None]
        known = [one for one in found if one is not None]
        return frozenset(known) if len(known) == len(found) else frozenset()


def _door(  # noqa: PLR0913  # what a way out is made of
    protocol: Protocol,
    service: ExternalService,
    port: ExternalPort,
    own: Seen,
    asked: Named,
    *,
    names: Named = (),
    blocks: frozenset[Cidr] = frozenset(),
) -> Door:
    stands = [*asked, *names]
    said: list[Traced[object]] = [service.trail, service.name, service.resolution, port.trail]
    said.extend(v for v in (port.protocol, port.name) if v is not None)
    said.extend(host for host in own.hosts if host not in stands)
    said.extend((*own.words, service.internal))
    stated: list[Traced[object]] = [*service.addresses]
    if service.resolution.value is Resolution.STATIC:
        stated.extend(e.address for e in service.endpoints if e.address is not None)
    if names or set(EVERYWHERE) <= blocks:
        said.extend(service.addresses)
        stated = []
    audience = service.audience
    if audience is not None:
        said.extend((audience.trail, *audience.namespaces))
    return Door(
        protocol=protocol,
        port=port.number,
        asked=asked,
        names=names,
        blocks=blocks,
        client=own.client,
        by=tuple({id(value): value for value in said}.values()),
        stated=tuple(stated),
        service=service,
        of=port,
    )


def _blocks(addresses: Sequence[Traced[Cidr]]) -> frozenset[Cidr]:
    """The blocks; all where one of them is everything."""
    found = frozenset(one.value for one in addresses)
    if any(one.block in ALL_BLOCKS for one in found):
        return frozenset((*found, *EVERYWHERE))
    return frozenset(map(_whole, found))


def _whole(block: Cidr) -> Cidr:
    return block if "/" in block.block else (_host(block.block) or block)


def _host(text: str) -> Cidr | None:
    """The block of one address; none for a name."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return Cidr(f"{text}/{address.max_prefixlen}")


def _plain(labels: Labels) -> dict[str, str]:
    return {one.key: one.values[0] for one in labels.requirements if one.values}
