"""The ports that rules single out, declared or not: a rule for a port that nobody declares is for a port all the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ir.access import Grant, PeerMtls, Refusal
from ir.attachment import WorkloadPort
from ir.inventory import Workload
from ir.match import Part, Pattern, Test
from ir.model import Fact

LONGEST = 16
"""Ports of a range that get servers of their own though nobody declared them."""


def ruled(rulings: Iterable[Fact], workload: Workload) -> Iterator[int]:
    """The ports that rules single out by number: what they are about, what they leave out, what they ask for."""
    for ruling in rulings:
        for first, last in _ranges(ruling, workload):
            if last - first < LONGEST:
                yield from range(first, last + 1)
        if isinstance(ruling, (Grant, Refusal)):
            yield from _asked(ruling)


def long_ranges(rulings: Iterable[Fact], workload: Workload) -> bool:
    """Whether some range is too long for that."""
    ranges = (pair for ruling in rulings for pair in _ranges(ruling, workload))
    return any(last - first >= LONGEST for first, last in ranges)


def far_refusals(rulings: Iterable[Fact], workload: Workload) -> list[Refusal]:
    """Refusals on such a range: the ports of it that nobody declares are shut by default alone."""
    return [r for r in rulings if isinstance(r, Refusal) and long_ranges((r,), workload)]


def _ranges(ruling: Fact, workload: Workload) -> Iterator[tuple[int, int]]:
    if not isinstance(ruling, (Grant, Refusal, PeerMtls)):
        return
    at = ruling.attachment
    for port in (*at.ports, *at.excluding_ports):
        if isinstance(port.value, WorkloadPort):
            first = workload.port_number(port.value.port)
            if first is not None:
                yield first, max(first, port.value.last)


def _asked(rule: Grant | Refusal) -> Iterator[int]:
    for test in _tests(rule):
        if test.part is Part.PORT:
            for term in (*test.any_of, *test.none_of):
                if isinstance(term.value, Pattern) and term.value.text.isdecimal():
                    yield int(term.value.text)


def _tests(rule: Grant | Refusal) -> Iterator[Test]:
    yield from (test for way in (*rule.callers, *rule.requests) for test in way.tests)
    yield from rule.always
