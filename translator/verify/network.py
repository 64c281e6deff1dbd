"""What policies of the network let out to destinations outside: exact sets of them, one int each.

They add up to one layer: a client that some of them closes reaches what one of its grants names and no refusal does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from ir.access import Certainty, Closed, Grant, Layer, Refusal
from ir.attachment import Attachment, WorkloadPort
from ir.behaviour.lower import Lowering
from ir.behaviour.request import TCP
from ir.behaviour.rulings import is_exit
from ir.language import Opaque
from ir.match import AllOf, Cidr, Part, Pattern, Presence, Term, Test
from ir.model import Fact
from ir.provenance import Traced
from ir.roles import ROLES
from translator.verify.destinations import Grid

if TYPE_CHECKING:
    from translator.verify.leaving import Client

Ruling = Closed | Grant | Refusal
_WORLD = ("world", "all")
"""Entities that destinations outside are."""
_INSIDE = (
    Part.NAMESPACE,
    Part.NAMESPACE_LABELS,
    Part.SERVICE,
    Part.SERVICE_ACCOUNT,
    Part.WORKLOAD_LABELS,
)
"""Parts that only something of the cluster has."""


def rulings(facts: Iterable[Fact]) -> tuple[Ruling, ...]:
    """What policies of the network say of what leaves."""
    return tuple(
        fact
        for fact in facts
        if isinstance(fact, (Closed, Grant, Refusal))
        and is_exit(fact)
        and fact.layer is Layer.NETWORK
    )


def alike(one: Iterable[Fact], other: Iterable[Fact]) -> bool:
    """Whether both say the same: then they change nothing, whatever else is compared."""
    return set(map(_meaning, one)) == set(map(_meaning, other))


def _meaning(value: object) -> object:
    """What is said, whatever says it."""
    match value:
        case Traced():
            return value.value
        case tuple():
            return tuple(map(_meaning, value))
        case Grant() | Refusal() if value.name is not None:
            return _meaning(replace(value, name=None))
        case _ if type(value) in ROLES:
            said = (f.name for f in fields(value) if f.name != "trail")  # type: ignore[arg-type]  # keys of ROLES are dataclasses
            return (type(value).__name__, *(_meaning(getattr(value, name)) for name in said))
        case _:
            return value


@dataclass(frozen=True, slots=True)
class Network:
    """The policies of one side."""

    lowering: Lowering
    facts: tuple[Ruling, ...] = ()

    def on_port(self, port: int) -> Network:
        """Those that are about the port."""
        return Network(self.lowering, tuple(f for f in self.facts if _is_on(f.attachment, port)))

    def ports(self) -> Iterator[int]:
        """The ports that some of them single out, with the first beyond each range."""
        for fact in self.facts:
            for own in (*fact.attachment.ports, *fact.attachment.excluding_ports):
                if isinstance(own.value, WorkloadPort) and isinstance(own.value.port, int):
                    yield own.value.port

    def spaces(self) -> Iterator[str]:
        """The namespaces of clients that some of them name; one that is left out is known if it matters elsewhere."""
        for fact in self.facts:
            space = fact.attachment.subject.namespace
            if space is not None:
                yield space.value

    def blocks(self) -> Iterator[Cidr]:
        """All blocks of addresses that are told apart."""
        for test in self._tests():
            yield from (t.value for t in _terms(test) if isinstance(t.value, Cidr))

    def hosts(self) -> Iterator[Pattern]:
        """All patterns on hosts and names that requests ask for."""
        yield from self._patterns(Part.AUTHORITY, Part.SERVER_NAME)

    def sought(self) -> Iterator[Pattern]:
        """All patterns on names by whose look-up an address was found."""
        yield from self._patterns(Part.DNS_NAME)

    def _patterns(self, *parts: Part) -> Iterator[Pattern]:
        for test in self._tests():
            if test.part in parts:
                yield from (t.value for t in _terms(test) if isinstance(t.value, Pattern))

    def _tests(self) -> Iterator[Test]:
        for fact in self.facts:
            if isinstance(fact, (Grant, Refusal)):
                yield from (t for way in (*fact.callers, *fact.requests) for t in way.tests)
                yield from fact.always

    def about(self, client: Client) -> tuple[bool, ...]:
        """Which of them are about the client."""
        return tuple(self._covers(fact, client) for fact in self.facts)

    def of(self, client: Client) -> tuple[Ruling, ...]:
        """Those that are about the client."""
        return tuple(fact for fact in self.facts if self._covers(fact, client))

    def _covers(self, fact: Ruling, client: Client) -> bool:
        subject = fact.attachment.subject
        return self.lowering.covers_pod(subject, client.namespace, dict(client.labels))

    def lets_out(self, client: Client, grid: Grid) -> tuple[int, tuple[int, ...]]:
        """The destinations that pass, and all of them in parts, each with one decider.

        Raises:
            Opaque: a policy asks for what is not told apart.
        """
        own = self.of(client)
        closed = closes(own)
        granted = [_cells(f, grid) for f in own if isinstance(f, Grant)]
        refused = [_cells(f, grid) for f in own if isinstance(f, Refusal)]
        shut = _all_of(refused)
        passed = _all_of(granted) if closed else grid.full
        return passed & ~shut, (*granted, *refused)


def closes(facts: Iterable[Fact]) -> bool:
    """Whether some of them refuses what nothing grants."""
    return any(isinstance(f, Closed) and f.certain is not Certainty.NO for f in facts)


def _terms(test: Test) -> tuple[Traced[Term], ...]:
    return (*test.any_of, *test.none_of)


def _all_of(cells: Iterable[int]) -> int:
    found = 0
    for one in cells:
        found |= one
    return found


def _is_on(at: Attachment, port: int) -> bool:
    def meant(own: object) -> bool:
        number = own.port if isinstance(own, WorkloadPort) else None
        return isinstance(own, WorkloadPort) and own.covers(
            port, number if isinstance(number, int) else None
        )

    if any(meant(own.value) for own in at.excluding_ports):
        return False
    return not at.ports or any(meant(own.value) for own in at.ports)


def _cells(fact: Grant | Refusal, grid: Grid) -> int:
    """The destinations that a rule names."""
    ways = fact.callers or (AllOf(trail=fact.trail),)
    where = _all_of(_where(way, grid) for way in ways)
    requests = fact.requests or (AllOf(trail=fact.trail),)
    forms = 0
    for way in requests if where else ():
        own = grid.all_forms
        for test in (*way.tests, *fact.always):
            own &= _forms(test, grid)
        forms |= own
    return where & grid.cells(forms, grid.addresses.everything)


def _where(way: AllOf, grid: Grid) -> int:
    """The destinations, whatever is sent, that one alternative of peers names."""
    addresses, sought = grid.addresses.everything, grid.sought.everything
    for test in way.tests:
        match test.part:
            case Part.PEER_ADDRESS:
                addresses &= _chosen(test, grid.addresses.covered, addresses)
            case Part.DNS_NAME:
                sought &= _chosen(test, grid.sought.covered, sought) & ~grid.sought.absent
            case _:
                if not holds_outside(test):
                    return 0
    return grid.cells(grid.all_forms, addresses, sought)


def holds_outside(test: Test) -> bool:
    """Whether a test on a peer, other than one on its address or name, holds for what is outside of the cluster.

    Raises:
        Opaque: that is not told.
    """
    match test.part:
        case Part.ENTITY:
            return _is_any(test, _WORLD)
        case Part.TRANSPORT:
            return _is_any(test, (TCP,))
        case part if part in _INSIDE:
            return _of_nobody(test)
        case part:
            raise Opaque(f"policies of the network that ask for the {part.replace('_', ' ')}")


def _of_nobody(test: Test) -> bool:
    """Whether a test on a pod holds for what is none."""
    present = test.presence is not None and test.presence.value is Presence.PRESENT
    return not present and not test.any_of


def _is_any(test: Test, texts: Sequence[str]) -> bool:
    def among(terms: Iterable[object]) -> bool:
        return any(isinstance(v, Pattern) and v.text in texts for v in terms)

    return (not test.any_of or among(t.value for t in test.any_of)) and not among(
        t.value for t in test.none_of
    )


def _chosen(test: Test, covered: dict[object, int], everything: int) -> int:
    wanted = _all_of(covered[t.value] for t in test.any_of) if test.any_of else everything
    return wanted & ~_all_of(covered[t.value] for t in test.none_of)


def _forms(test: Test, grid: Grid) -> int:
    """The forms of requests and connections that a test lets pass."""
    patterns = [t.value for t in test.any_of if isinstance(t.value, Pattern)]
    match test.part:
        case Part.TRANSPORT:
            return grid.all_forms if _is_any(test, (TCP,)) else 0
        case Part.AUTHORITY if patterns and not test.none_of:
            return grid.web(patterns)
        case Part.SERVER_NAME if patterns and not test.none_of:
            return grid.secure(patterns)
        case Part.METHOD if not patterns and not test.none_of:
            return grid.all_web
        case Part.DNS_NAME:
            return 0  # a question to DNS is neither HTTP nor TLS, and other bytes are none
        case part:
            raise Opaque(f"policies of the network that ask for the {part.replace('_', ' ')}")
