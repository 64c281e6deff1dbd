"""Whose ways out are limited in one way, and by which policy for which addresses.

A Sidecar is for a namespace, for some of its workloads, or (in the root namespace) for all that have no other, as a whole
(istio/istio pilot/pkg/model/push_context.go ``getSidecarScope``, 1.31). So are the networks of a namespace of the source:
where a namespace has one, those of the mesh do not count for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from ir.attachment import Scope
from ir.edge import EgressPolicy
from translator.exporters.egress.addresses import (
    EVERYWHERE,
    NOWHERE,
    Addresses,
    addresses_in,
    networks,
)
from translator.exporters.egress.known import refuses

Held = tuple[EgressPolicy, Addresses]
"""A policy with the addresses for which it holds."""


@dataclass(frozen=True, slots=True)
class Zone:
    """Clients in the namespace ``at`` (absent: in all that have no zone) with the policies that hold for them."""

    at: str | None
    held: tuple[Held, ...]

    @property
    def policies(self) -> tuple[EgressPolicy, ...]:
        """All of them."""
        return tuple(policy for policy, _ in self.held)

    @property
    def refusing(self) -> tuple[Held, ...]:
        """Those that let out what is declared alone, as far as some address is theirs."""
        return tuple(one for one in self.held if refuses(one[0]) and one[1])

    @property
    def refused(self) -> Addresses:
        """The addresses that are not reached unless a rule lets them be."""
        found = NOWHERE
        for _, where in self.refusing:
            found |= where
        return found

    def where(self, policy: EgressPolicy) -> Addresses:
        """The addresses for which a policy holds."""
        return next((where for own, where in self.held if own is policy), NOWHERE)


def zones(policies: Sequence[EgressPolicy]) -> tuple[Zone, ...]:
    """The zone of the mesh, if there is one, then those of namespaces by name."""
    spaces: dict[str | None, list[EgressPolicy]] = {}
    for policy in policies:
        subject = policy.attachment.subject
        if subject.scope is Scope.MESH:
            spaces.setdefault(None, []).append(policy)
        elif subject.namespace is not None and subject.scope is Scope.NAMESPACE:
            spaces.setdefault(subject.namespace.value, []).append(policy)
    order = sorted(spaces, key=lambda at: (at is not None, at or ""))
    return tuple(Zone(at, tuple(_held(spaces[at]))) for at in order)


def _held(policies: Sequence[EgressPolicy]) -> Iterator[Held]:
    """The policies with their addresses: of several blocks that hold one the smallest counts, then the first policy."""
    blocks = sorted(
        (_size(block.value.block), number, addresses_in((block.value,)))
        for number, policy in enumerate(policies)
        for block in policy.networks
    )
    taken = NOWHERE
    found = [NOWHERE] * len(policies)
    for _, number, addresses in blocks:
        found[number] |= addresses - taken
        taken |= addresses
    rest = EVERYWHERE - taken
    for number, policy in enumerate(policies):
        if not policy.networks:
            found[number], rest = rest, NOWHERE
        yield policy, found[number]


def _size(block: str) -> int:
    return ip_network(block, strict=False).num_addresses


def outside_of(inside: Sequence[str]) -> Addresses:
    """All addresses but those of the cluster."""
    return EVERYWHERE - networks(inside)
