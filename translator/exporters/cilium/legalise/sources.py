"""What each policy of the source says: where it closes, and what it grants."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from ir.access import Closed, Grant, GuardedRoutes
from ir.attachment import Attachment, WorkloadPort
from ir.inventory import Inventory
from ir.provenance import Traced
from ir.walk import traced
from translator.api import Loss
from translator.exporters.cilium.legalise import remarks
from translator.exporters.cilium.legalise.boxes import ALL_PORTS, Box, By
from translator.exporters.cilium.legalise.callers import Known
from translator.exporters.cilium.legalise.guards import guarded
from translator.exporters.cilium.legalise.ports import Ports
from translator.exporters.cilium.legalise.reading import attached, spoken
from translator.exporters.cilium.legalise.regions import Region, Regions, common, minus, pods_in
from translator.exporters.cilium.names import Names

Ruled = Closed | Grant | GuardedRoutes


@dataclass(slots=True)
class Source:
    """One policy of the source; ``shut``: the ports that it closes."""

    name: str
    place: tuple[Traced[object], ...]
    said: list[Traced[object]] = field(default_factory=list)
    closes: list[Region] = field(default_factory=list)
    shut: Names[int] = field(default_factory=Names)
    grants: list[tuple[Region, tuple[Box, ...]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reader:
    """What is needed to read the rules of some policies; ``losses`` takes what could not be said."""

    regions: Callable[[Attachment], Regions]
    ports: Ports
    known: Known
    losses: list[Loss]

    def sources(self, facts: Iterable[Ruled]) -> tuple[Source, ...]:
        """The policies of the source by the subject that they are about."""
        groups: dict[str, list[tuple[Ruled, Regions]]] = {}
        for stated in facts:
            regions = self.regions(stated.attachment)
            unknown = tuple(self.ports.unknown(stated.attachment, regions))
            if unknown:
                pods = [pod.key for pod in pods_in(regions, self.ports.inventory)]
                self.losses.append(remarks.no_such_port(stated, unknown, pods))
            if isinstance(stated, Closed):
                uneven = self.ports.uneven(stated.attachment, regions)
                self.losses.extend(remarks.other_number(*one) for one in uneven)
            held = groups.setdefault(stated.attachment.subject.trail.value, [])
            held.extend(self.ports.by_number(stated, regions))
        found = [self._source(key, group) for key, group in groups.items()]
        _leave_open(found, self.ports.inventory)
        return tuple(found)

    def _source(self, key: str, held: Sequence[tuple[Ruled, Regions]]) -> Source:
        facts = [fact for fact, _ in held]
        place = tuple(traced(facts[0].attachment.subject))
        source = Source(key.rpartition("/")[2] or "policy", place)
        tables = [f for f in facts if isinstance(f, GuardedRoutes)]
        for fact, regions in held:
            source.said.extend(traced(fact))
            match fact:
                case Closed():
                    source.closes.extend(r for r in regions if r not in source.closes)
                    source.shut = source.shut | attached(fact.attachment)
                case GuardedRoutes():
                    boxes = self._guarded(fact, facts)
                    source.grants.extend((region, boxes) for region in regions)
                case Grant() if not any(_beside(fact, table) for table in tables):
                    boxes = self._granted(fact)
                    source.grants.extend((region, boxes) for region in regions)
                case Grant():
                    pass
        return source

    def _granted(self, fact: Grant) -> tuple[Box, ...]:
        what = spoken(fact, self.known)
        self.losses.extend(remarks.narrowed(values, why) for values, why in what.unsaid)
        return what.boxes

    def _guarded(self, table: GuardedRoutes, facts: Sequence[Ruled]) -> tuple[Box, ...]:
        grants = [f for f in facts if isinstance(f, Grant) and _beside(f, table)]
        whole = [box for grant in grants for box in self._granted(grant)]
        if whole:
            pods = pods_in(self.regions(table.attachment), self.ports.inventory)
            self.losses.extend(remarks.requests_alone((w.key for w in pods), grants))
        what = guarded(table, whole, self.known)
        self.losses.extend(remarks.narrowed(values, why) for values, why in what.unsaid)
        if what.narrowed:
            self.losses.append(remarks.rivals(tuple(traced(table.routes))))
        return what.boxes


def _beside(grant: Grant, table: GuardedRoutes) -> bool:
    """Whether the grant is one for the port of the table."""
    same = attached(table.attachment)
    return grant.layer is table.layer and attached(grant.attachment).within(same)


def _leave_open(sources: Sequence[Source], inventory: Inventory) -> None:
    """Where some ports alone are closed, all others stay open to everyone: policies of the target close all of them.

    What another source closes on some of the pods stays open on the listed others.
    """
    for source in sources:
        by = By(ports=tuple(v for v in source.said if v.origin and _is_port(v)))
        for region in source.closes:
            others = [o for o in sources if o is not source and _shared(region, o)]
            shut = _shut(source, *others)
            opened: list[tuple[Region, Names[int]]] = [(region, ALL_PORTS - shut)]
            for other in others:
                rest = other.shut - _shut(source, *(o for o in others if o is not other))
                apart = minus((region,), other.closes)
                opened.extend((part, rest) for part in apart if pods_in((part,), inventory))
            source.grants.extend(
                (part, (Box(ports=ports, by=by),)) for part, ports in opened if not ports.empty
            )


def _shut(*sources: Source) -> Names[int]:
    found: Names[int] = Names()
    for source in sources:
        found = found | source.shut
    return found


def _shared(region: Region, source: Source) -> bool:
    """Whether the source closes ports of some of the pods."""
    return any(_overlaps(region, closed) for closed in source.closes)


def _overlaps(one: Region, other: Region) -> bool:
    return bool(common((one,), (other,)))


def _is_port(value: Traced[object]) -> bool:
    return isinstance(value.value, WorkloadPort)
