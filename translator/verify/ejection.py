"""Failing endpoints compared: who is left out of the requests to each service, after how many failures, for how long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ir.attachment import Scope, ServicePort
from ir.behaviour.delivery import Address, Endpoints, Place, ends_of, ends_of_itself
from ir.behaviour.ejection import Ejection, Part, ejection_of, ejections
from ir.behaviour.lower import Lowering
from ir.behaviour.request import Caller, Request
from ir.opaque import Column, Opaque
from ir.resilience import Outliers
from ir.traffic import Order, RouteTable
from translator.verify.callers import World
from translator.verify.result import Change, Kind, Sample, Slice, judged
from translator.verify.routed import members_of
from translator.verify.space import lowest

Key = tuple[str | None, str]
Held = dict[Endpoints, Ejection]
"""What holds for each set of endpoints to which requests may be sent."""


@dataclass(slots=True)
class _Side:
    """The rules of one model and the tables that say where requests are sent."""

    lowering: Lowering
    about: Mapping[Key, Sequence[Outliers]] = field(default_factory=dict)
    tables: dict[Key, list[RouteTable]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Files the facts."""
        facts = self.lowering.model.facts
        self.about = ejections(fact for fact in facts if isinstance(fact, Outliers))
        for table in (fact for fact in facts if isinstance(fact, RouteTable)):
            subject = table.attachment.subject
            if subject.scope is Scope.SERVICE and subject.name is not None:
                space = None if subject.namespace is None else subject.namespace.value
                self.tables.setdefault((space, subject.name.value), []).append(table)

    def goals(self, key: Key) -> Iterator[Key]:
        """The services to which requests to this one may be sent."""
        for backend in (b for t in self.tables.get(key, ()) for r in t.routes for b in r.backends):
            goal = backend.destination
            yield None if goal.namespace is None else goal.namespace.value, goal.name.value

    def concerned(self) -> Iterator[Key]:
        """Services that have a rule, or whose requests may be sent to one that has."""
        yield from self.about
        for key in self.tables:
            if any(goal in self.about for goal in self.goals(key)):
                yield key

    def held(self, caller: Caller, address: Address, world: World, member: int) -> Held:
        """What holds for requests of a caller to the address."""
        tables = [
            table
            for table in self.tables.get((address.namespace, address.name), ())
            if members_of(table.attachment.audience, world) >> member & 1
            and _on(table, address.port)
        ]
        own = [t for t in tables if t.order is Order.LIST and _for_some(t)]
        tables = own or tables
        ends = [end for t in tables for r in t.routes for end in ends_of(r, self.lowering, address)]
        if not tables:
            ends = [ends_of_itself(self.lowering, address)]
        addressed = Part(address.namespace, address.name, address.port)
        return {
            who: ejection_of(self.about, caller, addressed, _part(place, address))
            for who, place in ends
        }


def _for_some(table: RouteTable) -> bool:
    return table.attachment.audience is not None and bool(table.attachment.audience.namespaces)


def _on(table: RouteTable, port: int) -> bool:
    here = ServicePort(port)
    if any(own.value == here for own in table.attachment.excluding_ports):
        return False
    return not table.attachment.ports or any(o.value == here for o in table.attachment.ports)


def _part(place: Place, address: Address) -> Part:
    return Part(place.namespace, place.name, place.port or address.port, place.labels)


@dataclass(slots=True)
class EjectionComparison:
    """The rules about failing endpoints of two models side by side."""

    lowered: tuple[Lowering, Lowering]
    world: World
    unread: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def slices(self) -> Iterator[Slice]:
        """A verdict for each port of each service for which either side has such a rule."""
        sides = _Side(self.lowered[0]), _Side(self.lowered[1])
        if any(side.about for side in sides):
            for address in self._addresses(sides):
                yield self._slice(address, sides)

    def _addresses(self, sides: tuple[_Side, _Side]) -> tuple[Address, ...]:
        found: dict[Address, None] = {}
        for space, name in {key: None for side in sides for key in side.concerned()}:
            numbers = {
                own.value.port
                for side in sides
                for fact in (
                    *side.about.get((space, name), ()),
                    *side.tables.get((space, name), ()),
                )
                for own in fact.attachment.ports
                if isinstance(own.value, ServicePort)
            }
            for lowering in self.lowered:
                service = None if space is None else lowering.inventory.service(space, name)
                numbers |= set() if service is None else {p.number for p in service.ports}
            found.update(dict.fromkeys(Address(space, name, n) for n in numbers or {80}))
        return tuple(sorted(found, key=lambda a: (a.namespace or "", a.name, a.port)))

    def _slice(self, address: Address, sides: tuple[_Side, _Side]) -> Slice:
        changes: dict[tuple[Kind, str, str], tuple[int, Sample]] = {}
        for callers in self._alike(address, sides):
            member = lowest(callers & self.world.listed or callers)
            caller = self.world.members[member].caller
            before, after = (s.held(caller, address, self.world, member) for s in sides)
            for kind, who in _differing(before, after):
                sample = _sample(caller, address, who, before, after)
                key = kind, sample.before, sample.after
                known = changes.get(key, (0, sample))
                changes[key] = known[0] | callers, known[1]
        found = tuple(
            Change(kind, bool(callers & self.world.listed), (sample,))
            for (kind, _, _), (callers, sample) in changes.items()
        )
        taints = tuple(dict.fromkeys(self._taints(address)))
        assumptions = [a.text for one in self.lowered for a in one.model.assumptions]
        name = f"Service/{address.key} port {address.port}: failing endpoints"
        return judged(name, found, taints, assumptions)

    def _alike(self, address: Address, sides: tuple[_Side, _Side]) -> tuple[int, ...]:
        """The callers, those together for whom the same facts hold."""
        key = address.namespace, address.name
        facts: list[Outliers | RouteTable] = []
        for side in sides:
            facts.extend(side.tables.get(key, ()))
            goals = {key, *side.goals(key)}
            facts.extend(fact for goal in goals for fact in side.about.get(goal, ()))
        cells = [self.world.everybody] if self.world.everybody else []
        for bitset in dict.fromkeys(members_of(f.attachment.audience, self.world) for f in facts):
            cells = [part for cell in cells for part in (cell & bitset, cell & ~bitset) if part]
        return tuple(cells)

    def _taints(self, address: Address) -> Iterator[str]:
        for space in ("", address.namespace or ""):
            yield from self.unread.get(space, ())
        for lowering in self.lowered:
            for fact in lowering.model.facts:
                if isinstance(fact, Opaque) and _may_touch(fact, address):
                    yield fact.kind


def _may_touch(fact: Opaque, address: Address) -> bool:
    if Column.RESILIENCE not in fact.may_touch:
        return False
    subject = None if fact.attachment is None else fact.attachment.subject
    if subject is None or subject.namespace is None:
        return True
    same = subject.namespace.value == address.namespace
    named = subject.scope is not Scope.SERVICE or subject.name is None
    return same and (named or (subject.name is not None and subject.name.value == address.name))


def _differing(before: Held, after: Held) -> Iterator[tuple[Kind, Endpoints]]:
    """Endpoints whose rule is another, and those that are only out for another time at most, or looked at otherwise."""
    shared = [who for who in before if who in after]
    yield from ((Kind.EJECTION, who) for who in shared if before[who].rule != after[who].rule)
    yield from (
        (Kind.EJECTION_LONGEST, who)
        for who in shared
        if before[who].rule == after[who].rule and before[who].longest != after[who].longest
    )
    yield from (
        (Kind.EJECTION_MANNER, who)
        for who in shared
        if before[who].rule == after[who].rule and before[who].manner != after[who].manner
    )


def _said(held: Ejection) -> str:
    return ", ".join(filter(None, (*held.rule, held.longest, *held.manner)))


def _sample(caller: Caller, address: Address, who: Endpoints, before: Held, after: Held) -> Sample:
    told = [
        f"of {' '.join(filter(None, who.who))}: " + (_said(held[who]) or "none is left out")
        for held in (before, after)
    ]
    return Sample(
        Request(caller=caller, service=address.key, service_port=address.port),
        told[0],
        told[1],
        before[who].leaves,
        after[who].leaves,
    )
