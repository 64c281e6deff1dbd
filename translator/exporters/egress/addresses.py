"""Sets of addresses, exactly: what a block holds less its exceptions and less what other blocks hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network, summarize_address_range

from ir.match import Cidr

Span = tuple[int, int, int]
"""A family (4 or 6) with the first and the last address."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Addresses of both families as spans that do not touch each other, in order."""

    spans: tuple[Span, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __or__(self, other: Addresses) -> Addresses:
        found: list[Span] = []
        for family, first, last in sorted((*self.spans, *other.spans)):
            if found and found[-1][0] == family and first <= found[-1][2] + 1:
                found[-1] = (family, found[-1][1], max(found[-1][2], last))
            else:
                found.append((family, first, last))
        return Addresses(tuple(found))

    def __sub__(self, other: Addresses) -> Addresses:
        found: list[Span] = []
        for family, first, last in self.spans:
            start = first
            for own, low, high in other.spans:
                if own == family and low <= last and high >= start:
                    if low > start:
                        found.append((family, start, low - 1))
                    start = high + 1
            if start <= last:
                found.append((family, start, last))
        return Addresses(tuple(found))

    def __and__(self, other: Addresses) -> Addresses:
        return self - (self - other)

    def covers(self, other: Addresses) -> bool:
        """Whether all of the others are among these."""
        return not other - self

    @property
    def blocks(self) -> tuple[str, ...]:
        """The fewest blocks that hold these addresses and no others."""
        found: list[str] = []
        for family, first, last in self.spans:
            ends = (
                summarize_address_range(IPv4Address(first), IPv4Address(last))
                if family == 4  # noqa: PLR2004  # the family
                else summarize_address_range(IPv6Address(first), IPv6Address(last))
            )
            found.extend(map(str, ends))
        return tuple(found)


NOWHERE = Addresses()


def addresses_in(blocks: Iterable[Cidr]) -> Addresses:
    """The addresses of some blocks, each less its own exceptions.

    Raises:
        ValueError: a text is no block.
    """
    found = NOWHERE
    for block in blocks:
        found |= _network(block.block) - networks(block.excluding)
    return found


def networks(texts: Iterable[str]) -> Addresses:
    """The addresses of blocks that are written without exceptions."""
    found = NOWHERE
    for text in texts:
        found |= _network(text)
    return found


def _network(text: str) -> Addresses:
    whole = ip_network(text, strict=False)
    return Addresses(((whole.version, int(whole[0]), int(whole[-1])),))


EVERYWHERE = networks(("0.0.0.0/0", "::/0"))
