"""Whose ways out are limited in one way, and to which addresses each of their policies is.

The target closes pods by label, as fine as the source does. Of several policies for the same clients that of the smallest
block decides on an address (:class:`~ir.edge.EgressPolicy`), so the blocks are taken apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_network

from ir.attachment import Subject
from ir.edge import EgressPolicy
from ir.match import Cidr
from ir.provenance import Traced, bare, trail
from translator.exporters.cilium.legalise.ground import Ground
from translator.exporters.cilium.legalise.regions import Regions
from translator.exporters.cilium.peers import EVERYWHERE, Peers
from translator.exporters.egress.known import refuses

_WHOLE = 1 << 128


@dataclass(frozen=True, slots=True)
class Area:
    """Addresses that one policy decides on; without one, all that no policy is about."""

    policy: EgressPolicy | None
    blocks: frozenset[Cidr]
    stated: tuple[Traced[Cidr], ...] = ()
    """What the blocks of all policies of these clients are said by."""

    @property
    def everywhere(self) -> bool:
        """Whether all addresses are in it."""
        return set(EVERYWHERE) <= self.blocks

    @property
    def shut(self) -> bool:
        """Whether only what is declared passes."""
        return self.policy is not None and refuses(self.policy)


@dataclass(frozen=True, slots=True)
class Zone:
    """Clients that the same policies are about, of which at least one refuses what nobody declared."""

    policies: tuple[EgressPolicy, ...]
    regions: Regions

    @property
    def subject(self) -> Subject:
        """The clients, as the policies name them."""
        return self.policies[0].attachment.subject

    @property
    def at(self) -> str | None:
        """Their namespace; absent where they are in several."""
        space = self.subject.namespace
        return None if space is None else space.value

    @property
    def filters(self) -> tuple[tuple[Traced[str], ...], ...]:
        """What each policy that refuses knows of, where that is not all."""
        return tuple(p.seen for p in self.policies if refuses(p) and p.seen)

    @property
    def called(self) -> str:
        """Who they are, for a person."""
        if self.at is None:
            return "clients of the mesh"
        pods = "" if self.subject.labels is None else "pods "
        return f"clients in the namespace {self.at}" if not pods else f"pods of {self.at}"

    def areas(self) -> Iterator[Area]:
        """All addresses, by the policy that decides on them."""
        stated = tuple(block for policy in self.policies for block in policy.networks)
        sized = [
            (size, number, block)
            for number, policy in enumerate(self.policies)
            for size, block in _blocks(policy)
        ]
        left = Peers(outside=frozenset(EVERYWHERE))
        found: dict[int, Peers] = {}
        for _, number, block in sorted(sized, key=lambda one: one[:2]):
            own = left & Peers(outside=frozenset((block,)))
            found[number] = found.get(number, Peers()) | own
            left = left - Peers(outside=frozenset((block,)))
        for number, peers in sorted(found.items()):
            if peers.outside:
                yield Area(self.policies[number], peers.outside, stated)
        if left.outside:
            yield Area(None, left.outside, stated)


def _blocks(policy: EgressPolicy) -> Iterator[tuple[int, Cidr]]:
    if not policy.networks:
        yield from ((_WHOLE, block) for block in EVERYWHERE)
    for block in policy.networks:
        yield ip_network(block.value.block, strict=False).num_addresses, block.value


def zones(policies: Sequence[EgressPolicy], ground: Ground) -> tuple[Zone, ...]:
    """The clients that are to be closed; a zone without regions has no pods that a policy could find."""
    groups: dict[str, list[EgressPolicy]] = {}
    for policy in policies:
        groups.setdefault(_key(policy.attachment.subject), []).append(policy)
    return tuple(
        Zone(tuple(own), ground.callers(own[0].attachment))
        for own in groups.values()
        if any(map(refuses, own))
    )


def _key(subject: Subject) -> str:
    """The same for subjects that are the same clients."""
    return str(bare(replace(subject, trail=trail(""))))
