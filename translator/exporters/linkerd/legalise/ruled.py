"""The ports that rules single out, declared or not: a rule for a port that nobody declares is for a port all the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ir.access import Grant, Refusal
from ir.attachment import WorkloadPort
from ir.inventory import Workload
from ir.model import Fact

LONGEST = 16
"""Ports of a range that get servers of their own though nobody declared them."""


def ruled(rulings: Iterable[Fact], workload: Workload) -> Iterator[int]:
    """The ports that rules single out by number."""
    for first, last in _ranges(rulings, workload):
        if last - first < LONGEST:
            yield from range(first, last + 1)


def long_ranges(rulings: Iterable[Fact], workload: Workload) -> bool:
    """Whether some range is too long for that."""
    return any(last - first >= LONGEST for first, last in _ranges(rulings, workload))


def _ranges(rulings: Iterable[Fact], workload: Workload) -> Iterator[tuple[int, int]]:
    for ruling in rulings:
        for port in ruling.attachment.ports if isinstance(ruling, (Grant, Refusal)) else ():
            if isinstance(port.value, WorkloadPort):
                first = workload.port_number(port.value.port)
                if first is not None:
                    yield first, max(first, port.value.last)
