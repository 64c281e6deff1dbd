"""The doors of workloads: their ports, and what comes in as datagrams, with what decides there on both sides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ir.behaviour.exits import ports_of_exits
from ir.behaviour.lower import Lowering
from ir.behaviour.request import PING, TCP, UDP
from ir.behaviour.rulings import of_network
from ir.behaviour.stages import Access, Lowered
from ir.behaviour.strip import tests_of
from ir.inventory import Workload
from ir.language import Opaque
from ir.match import Part, Pattern
from ir.model import Fact
from translator.verify.result import Slice, Verdict

UNDECLARED = 65000
"""The port that stands for all that nobody declares, unless somebody declares it."""

_HAVE_PORTS = (UDP, "SCTP")


@dataclass(frozen=True, slots=True)
class Doors:
    """The access of one port on both sides, with the facts that it comes from."""

    workload: Workload
    becomes: Workload
    """The same as the later side lists it."""
    port: int
    shown: str
    before: Lowered
    after: Lowered
    facts: tuple[tuple[Fact, ...], tuple[Fact, ...]]


@dataclass(frozen=True, slots=True)
class _Side:
    """A workload as one side lists it, with the facts about it."""

    lowering: Lowering
    workload: Workload
    facts: Sequence[Fact]

    def ports(self) -> Iterator[int]:
        """The ports that are declared, and those that rules single out."""
        yield from self.lowering.inventory.ports_of(self.workload)
        yield from self.named()

    def named(self) -> Iterator[int]:
        """The ports that rules single out."""
        yield from self.lowering.named_ports(self.facts, self.workload)
        yield from ports_of_exits(self.lowering, self.workload)

    def of_network(self) -> tuple[Fact, ...]:
        """The rules that hold for datagrams: about what comes in, and about what leaves for it."""
        exits = (f for f in self.lowering.exits if of_network(f))
        return (*(f for f in self.facts if of_network(f)), *exits)


_Sides = tuple[_Side, _Side]


def doors_of(
    lowered: tuple[Lowering, Lowering], was: Workload, becomes: Workload
) -> Iterator[Doors | Slice]:
    """What of a workload is to be compared; what cannot be is a slice already."""
    sides = (
        _Side(lowered[0], was, lowered[0].about(was)),
        _Side(lowered[1], becomes, lowered[1].about(becomes)),
    )
    try:
        ports = {port for side in sides for port in side.ports()}
    except Opaque as opaque:
        yield Slice(was.key, Verdict.UNKNOWN, (), (opaque.reason,))
        return
    free = _free(ports)
    for port in (*sorted(ports), free):
        shown = f"{was.key} " + ("other ports" if port == free else f"port {port}")
        yield _door(sides, port, shown)
    yield from _datagrams(sides)


def _free(ports: Iterable[int]) -> int:
    """A port that is none of these."""
    taken = set(ports)
    return next(n for n in range(UNDECLARED, 0, -1) if n not in taken)


def _door(sides: _Sides, port: int, shown: str, transport: str = TCP) -> Doors | Slice:
    held = [side.lowering.at(side.facts, side.workload, port) for side in sides]
    try:
        before, after = (
            side.lowering.access(facts, side.workload, port, transport)
            for side, facts in zip(sides, held, strict=True)
        )
    except Opaque as opaque:
        return Slice(shown, Verdict.UNKNOWN, (), (opaque.reason,))
    return Doors(
        sides[0].workload, sides[1].workload, port, shown, before, after, (held[0], held[1])
    )


def _datagrams(sides: _Sides) -> Iterator[Doors | Slice]:
    """What comes in by other transports than TCP, where a rule of the network has a say: no proxy looks at it."""
    rules = [fact for side in sides for fact in side.of_network()]
    if not rules:
        return
    named = {word for fact in rules for word in _transports(fact)} - {TCP}
    for word in sorted({UDP, PING, *named}):
        yield from _by(sides, word)


def _by(sides: _Sides, word: str) -> Iterator[Doors | Slice]:
    """What comes in by one transport; ports that fare as those that nobody names are not told apart from them."""
    key = sides[0].workload.key
    if word not in _HAVE_PORTS:
        yield from _if_ruled(_door(sides, 0, f"{key} {word}", word))
        return
    ports = {port for side in sides for port in side.named()}
    ports.update(p.number for side in sides for p in side.workload.ports if p.protocol == word)
    free = _free(ports)
    rest = _door(sides, free, f"{key} other ports by {word}", word)
    for port in sorted(ports):
        one = _door(sides, port, f"{key} port {port} by {word}", word)
        if _accesses(one) != _accesses(rest):
            yield from _if_ruled(one)
    yield from _if_ruled(rest)


def _if_ruled(door: Doors | Slice) -> Iterator[Doors | Slice]:
    """The door, unless everything passes on both sides."""
    if isinstance(door, Slice) or any(a.gates or a.exits for a in _accesses(door)):
        yield door


def _accesses(door: Doors | Slice) -> tuple[Access, ...]:
    return () if isinstance(door, Slice) else (door.before.access, door.after.access)


def _transports(fact: Fact) -> Iterator[str]:
    for test in (t for t in tests_of(fact) if t.part is Part.TRANSPORT):
        terms = (term.value for term in (*test.any_of, *test.none_of))
        yield from (term.text for term in terms if isinstance(term, Pattern))
