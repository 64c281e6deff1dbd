"""Limits of requests compared: at every port of every workload where requests are read.

A bucket of n tokens with r new ones a second lets n + r t requests pass in t seconds; of two it is the lower whose numbers
are both less or equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ir.attachment import WorkloadPort
from ir.behaviour.lower import Lowering
from ir.behaviour.request import Caller, Request
from ir.coverage import covers, covers_port
from ir.inventory import Workload
from ir.language import Opaque
from ir.opaque import Column
from ir.opaque import Opaque as OpaquePiece
from ir.resilience import RateLimit, Sharing
from ir.walk import traced
from translator.verify.doors import UNDECLARED
from translator.verify.result import Change, Kind, Sample, Slice, judged
from translator.verify.spoken import Spoken

Bucket = tuple[str, int, Fraction]
"""Whose requests take from it, how many may come at once, how many a second in the long run."""


@dataclass(frozen=True, slots=True)
class RateComparison:
    """Two models side by side."""

    lowered: tuple[Lowering, Lowering]
    spoken: Spoken
    """What ports are taken for on the earlier side."""

    def slices(self) -> Iterator[Slice]:
        """A verdict for each port that either side limits."""
        sides = [
            {workload.key: workload for workload in lowering.inventory.workloads}
            for lowering in self.lowered
        ]
        stated = [limits_of(lowering) for lowering in self.lowered]
        if any(stated):
            for key in sorted(sides[0].keys() & sides[1].keys()):
                yield from self._workload(sides[0][key], sides[1][key], stated)

    def _workload(
        self, was: Workload, becomes: Workload, stated: Sequence[Sequence[RateLimit]]
    ) -> Iterator[Slice]:
        before, after = (
            tuple(o for o in own if covers(o.attachment.subject, workload, lowering.inventory))
            for lowering, workload, own in zip(self.lowered, (was, becomes), stated, strict=True)
        )
        if not before and not after:
            return
        ports = {
            *self.lowered[0].inventory.ports_of(was),
            *_named(before, was),
            *_named(after, becomes),
        }
        free = next(n for n in range(UNDECLARED, 0, -1) if n not in ports)
        for port in (*sorted(ports), free):
            here = [limit for limit in before if covers_port(limit.attachment, was, port)]
            then = [limit for limit in after if covers_port(limit.attachment, becomes, port)]
            if not here and not then:
                continue
            if self.spoken.is_read(was, port) and not self._is_shut(becomes, port):
                shown = "other ports" if port == free else f"port {port}"
                yield self._slice(f"{was.key} {shown}, rate", was, port, here, then)

    def _is_shut(self, workload: Workload, port: int) -> bool:
        """Whether nobody gets in afterwards, so that nothing is to be limited."""
        lowering = self.lowered[1]
        try:
            facts = lowering.at(lowering.about(workload), workload, port)
            gates = lowering.access(facts, workload, port).access.gates
        except Opaque:
            return False
        return any(gate.closed and not gate.grants and not gate.guards for gate in gates)

    def _slice(
        self,
        shown: str,
        workload: Workload,
        port: int,
        before: Sequence[RateLimit],
        after: Sequence[RateLimit],
    ) -> Slice:
        was, becomes = buckets(before), buckets(after)
        taints = tuple(_taints(self.lowered[0], workload))
        changes: tuple[Change, ...] = ()
        if was != becomes:
            kind = Kind.RATE_LOWERED if _is_below(becomes, was) else Kind.RATE_RAISED
            leaves = {leaf for limit in before for value in traced(limit) for leaf in value.origin}
            sample = Sample(
                request=Request(caller=Caller(), workload=workload.key, port=port),
                before=_said(was),
                after=_said(becomes),
                before_leaves=tuple(sorted(leaves)),
            )
            changes = (Change(kind=kind, listed=True, samples=(sample,)),)
        return judged(shown, changes, taints)


def limits_of(lowering: Lowering) -> tuple[RateLimit, ...]:
    """All limits that a model states."""
    return tuple(fact for fact in lowering.model.facts if isinstance(fact, RateLimit))


def buckets(limits: Sequence[RateLimit]) -> frozenset[Bucket]:
    """The buckets that refuse anything: of two for the same requests, one below the other, the lower."""
    found = set()
    for limit in limits:
        named = sorted(str(t.value) for c in limit.callers for x in c.tests for t in x.any_of)
        whose = "" if limit.sharing.value is Sharing.EVERYONE else limit.sharing.value
        rate = Fraction(limit.requests.value) / Fraction(str(limit.seconds.value))
        found.add((" ".join((whose, *named)).strip(), limit.burst.value, rate))
    return frozenset(one for one in found if not any(_below(o, one) and o != one for o in found))


def _below(one: Bucket, other: Bucket) -> bool:
    """Whether what passes the one passes the other: a bucket that all share is asked by each caller too."""
    return one[0] in ("", other[0]) and one[1] <= other[1] and one[2] <= other[2]


def _is_below(these: frozenset[Bucket], those: frozenset[Bucket]) -> bool:
    """Whether whatever passes all of ``these`` passes ``those``."""
    return all(any(_below(one, other) for one in these) for other in those)


def _named(limits: Sequence[RateLimit], workload: Workload) -> Iterator[int]:
    for limit in limits:
        for port in limit.attachment.ports:
            number = (
                workload.port_number(port.value.port)
                if isinstance(port.value, WorkloadPort)
                else None
            )
            if number is not None:
                yield number


def _taints(lowering: Lowering, workload: Workload) -> Iterator[str]:
    """Pieces that may limit requests too and are not understood."""
    for fact in lowering.model.facts:
        if isinstance(fact, OpaquePiece) and Column.RESILIENCE in fact.may_touch:
            at = fact.attachment
            if at is None or covers(at.subject, workload, lowering.inventory):
                yield fact.kind


def _said(found: frozenset[Bucket]) -> str:
    parts = []
    for whose, burst, rate in sorted(found):
        number = str(rate.numerator) if rate.denominator == 1 else f"{float(rate):.3g}"
        parts.append(f"{burst} at once and {number} a second" + (f" ({whose})" if whose else ""))
    return "; ".join(parts) or "no limit"
