"""What a finding speaks of, where that is less than what the rules that it stands on decide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Span = tuple[int, int]
"""The first and the last of some ports in a row."""

_FIRST, _LAST = 1, 65535


@dataclass(frozen=True, slots=True)
class At:
    """Some ports of an object (``Kind/namespace/name``); without a name those of any."""

    name: str
    ports: tuple[Span, ...]

    def holds(self, names: Iterable[str], port: int) -> bool:
        """Whether it is a place of what has one of these names."""
        inside = any(first <= port <= last for first, last in self.ports)
        return inside and (not self.name or self.name in names)


def all_but(ports: Iterable[Span]) -> tuple[Span, ...]:
    """Every port but these."""
    found: list[Span] = []
    free = _FIRST
    for first, last in sorted(ports):
        if free < first:
            found.append((free, first - 1))
        free = max(free, last + 1)
    return (*found, (free, _LAST)) if free <= _LAST else tuple(found)
