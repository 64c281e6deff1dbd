"""Addresses outside that policies of the network let the same pods reach as names: declared, where a proxy refuses all else.

The network holds pods to them, since a NetworkPolicy knows addresses; the proxy must not refuse them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ir.access import Grant
from ir.attachment import Audience, Reach, WorkloadPort
from ir.edge import ExternalPort, ExternalService, Resolution
from ir.match import AllOf, Cidr, Part, texts_of
from ir.provenance import Traced, derived, named, trail
from translator.exporters.egress.addresses import NOWHERE, Addresses, addresses_in
from translator.exporters.egress.by_name import WORLD, over_tcp, ports_of
from translator.exporters.network_policies import unsaid

EVERY_PORT = "they may reach addresses outside besides, on every port"
SAME_PORT = (
    "they may reach addresses outside besides on a port of these names, where what is told by name and what is told by address "
    "take from each other"
)
MANY = (
    "they may reach addresses outside besides that are more blocks than a declaration should have"
)
_MOST_BLOCKS = 64
"""Blocks of addresses that one declaration may have; more would be no rule that a person reads."""


@dataclass(frozen=True, slots=True)
class Range:
    """Addresses outside on some ports, as an alternative of a rule says them; ``way`` absent: the rule names no peers."""

    addresses: Addresses | None
    ports: tuple[Traced[WorkloadPort], ...]
    grant: Grant
    way: AllOf | None

    @property
    def numbers(self) -> tuple[int, ...]:
        """The ports by number."""
        return tuple(int(port.value.port) for port in self.ports)

    @property
    def reasons(self) -> tuple[Traced[object], ...]:
        """What says it."""
        return (self.grant.trail, *(() if self.way is None else (self.way.trail,)))


def ranges_of(grants: Iterable[Grant]) -> Iterator[Range]:
    """What rules for TCP let out to by address, of those that a NetworkPolicy says."""
    for grant in grants:
        if not over_tcp(grant) or unsaid(grant):
            continue
        ports = tuple(ports_of(grant))
        for way in grant.callers or (None,):
            where = None if way is None else _where(way)
            if way is None or where is not None:
                yield Range(where or None, ports, grant, way)


def _where(way: AllOf) -> Addresses | None:
    """The addresses of an alternative, empty where it is for all; nothing where it is for names, or for something inside."""
    parts = {test.part for test in way.tests}
    if Part.DNS_NAME in parts:
        return None
    blocks = [t.value for test in way.tests if test.part is Part.PEER_ADDRESS for t in test.any_of]
    if blocks:
        return addresses_in(block for block in blocks if isinstance(block, Cidr))
    outside = any(t.part is Part.ENTITY and WORLD & set(texts_of(t)) for t in way.tests)
    return NOWHERE if outside else None


def unfit(found: Sequence[Range], by_name: Iterable[int]) -> str:
    """Why some of them cannot be declared beside names on these ports; empty where all can."""
    taken = set(by_name)
    checks = (
        (any(not one.ports for one in found), EVERY_PORT),
        (any(taken & set(one.numbers) for one in found), SAME_PORT),
        (any(one.addresses and len(one.addresses.blocks) > _MOST_BLOCKS for one in found), MANY),
    )
    return next((reason for holds, reason in checks if holds), "")


def declared(
    one: Range, namespace: str, title: str, out: Addresses = NOWHERE
) -> ExternalService | None:
    """The declaration of addresses, less those ``out``, for the clients of a namespace; nothing where none is left."""
    left = None if one.addresses is None else one.addresses - out
    if left is not None and not left:
        return None
    terms = () if one.way is None else [t for test in one.way.tests for t in test.any_of]
    blocks = () if left is None else left.blocks
    return ExternalService(
        name=named(f"{namespace}/{title}", *one.reasons),
        audience=Audience(
            reach=Reach.NAMESPACES,
            namespaces=(named(namespace, *one.reasons),),
            trail=trail("clients"),
        ),
        addresses=tuple(derived(Cidr(block), terms) for block in blocks),
        ports=tuple(_port(port) for port in one.ports),
        resolution=named(Resolution.ORIGINAL, *one.reasons),
        internal=named(False, *one.reasons),  # a value
        trail=derived("declared outside", one.reasons),
    )


def _port(port: Traced[WorkloadPort]) -> ExternalPort:
    number = int(port.value.port)
    return ExternalPort(
        number=port.derive(number),
        protocol=named("TCP", port),
        name=named(f"tcp-{number}", port),
        trail=named("port", port),
    )
