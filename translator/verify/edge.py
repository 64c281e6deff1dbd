"""Gateways compared: every port of every gateway of the source, for all names and all requests from outside.

Who asks by which name is told apart first; then requests for names that fare alike are compared at once. Taken for
granted is that the name in a TLS hello is the one that the request asks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from ir.behaviour.concrete import Unsupported, decide_route
from ir.behaviour.concrete_entry import entry
from ir.behaviour.delivery import Outcome
from ir.behaviour.lower import Lowering
from ir.behaviour.request import Request, Shown
from ir.edge import Listener
from ir.language import Opaque
from ir.match import Pattern
from ir.model import Model
from ir.opaque import Column
from ir.opaque import Opaque as OpaquePiece
from ir.traffic import RouteTable
from translator.verify.callers import World
from translator.verify.dimensions import Strings, hosts_of
from translator.verify.edge_entry import Entered, Gate
from translator.verify.edge_fates import choices, connections, frame_of, requests
from translator.verify.frame import AUTHORITY, PATH, PLAIN_QUERY, Frame
from translator.verify.outcomes import agrees, differences, said, unlike
from translator.verify.result import Change, Kind, Sample, Slice, Verdict, judged
from translator.verify.routed import Fate, asks_query
from translator.verify.space import lowest
from translator.verify.witness import Disagreement, is_dotted, representatives, requests_of

_UNCLEAR = "routes at a gateway whose winner or endpoints cannot be told"
_ERROR = 400

_CLOSED = ("shut", "not_found")

Gates = tuple[Gate, Gate]
Both = tuple[Entered, Entered]


def shown_as(gateway: str, port: int) -> str:
    """The name of the slice of a port of a gateway."""
    return f"Gateway/{gateway} port {port}"


@dataclass(frozen=True, slots=True)
class Meeting:
    """Requests that enter both sides alike: by which listeners and tables, and what their client shows."""

    gates: Gates
    entered: Both
    shown: Shown
    name: str

    @property
    def terms(self) -> tuple[tuple[str, ...], ...]:
        """What each side's listeners are like beside who is let in."""
        return tuple(
            tuple(dict.fromkeys(term for door in gate.here(own) for term in door.terms))
            for gate, own in zip(self.gates, self.entered, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Differing:
    """Requests of which both sides make something, in which ways differently."""

    fates: tuple[Fate, Fate]
    kinds: tuple[Kind, ...]
    cells: int


@dataclass(slots=True)
class Found:
    """What one slice comes to."""

    changes: list[Change] = field(default_factory=list)
    doubt: bool = False


@dataclass(frozen=True)
class EdgeComparison:
    """Two models and what requests from outside become in each.

    ``strict``: where a witness is not confirmed, the reason is raised and not noted. ``unread``: what is not read and may
    have a say on where requests go, by the namespace that it may touch.
    """

    before: Model
    after: Model
    world: World
    lowered: tuple[Lowering, Lowering]
    strict: bool = False
    unread: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def slices(self) -> Iterator[Slice]:
        """A verdict for each port of each gateway that the source lists."""
        for gateway, port in self.ports():
            yield self._slice(gateway, port)

    def ports(self) -> list[tuple[str, int]]:
        """The ports of the gateways that the source lists, on either side."""
        sides = [
            {(f.gateway.value, f.port.value) for f in m.facts if isinstance(f, Listener)}
            for m in (self.before, self.after)
        ]
        known = {gateway for gateway, _ in sides[0]}
        return sorted(one for one in sides[0] | sides[1] if one[0] in known)

    def _slice(self, gateway: str, port: int) -> Slice:
        shown = shown_as(gateway, port)
        found = Found()
        tables: list[RouteTable] = []
        try:
            for http in (True, False):
                one, other = (Gate(side, gateway, port, http=http) for side in self.lowered)
                tables += (*one.tables, *other.tables)
                if one.doors or other.doors:
                    (self._requests if http else self._connections)((one, other), found)
        except Opaque as opaque:
            return Slice(shown, Verdict.UNKNOWN, (), (opaque.reason,))
        except Disagreement as disagreement:
            if self.strict:
                raise
            return Slice(shown, Verdict.UNKNOWN, (), (str(disagreement),))
        taints = [*self._taints(gateway), *([_UNCLEAR] if found.doubt else [])]
        assumptions = [a.text for m in (self.before, self.after) for a in m.assumptions]
        assumptions += [PLAIN_QUERY] if asks_query(tables) else []
        return judged(shown, found.changes, taints, assumptions)

    def _taints(self, gateway: str) -> Iterator[str]:
        for space in ("", gateway.partition("/")[0]):
            yield from self.unread.get(space, ())
        for model in (self.before, self.after):
            for fact in model.facts:
                if isinstance(fact, OpaquePiece) and Column.ROUTING in fact.may_touch:
                    yield fact.kind

    # --- requests --------------------------------------------------------------------------------

    def _requests(self, gates: Gates, found: Found) -> None:
        patterns = frozenset((p, False) for gate in gates for p in gate.patterns())
        hosts = hosts_of(patterns)
        by_entry: dict[Both, str] = {}
        for atom, sample in enumerate(hosts.samples):
            if sample is not None:  # all of HTTP/1.1 and HTTP/2 names a host
                by_entry.setdefault(entered_by(gates, bare(hosts), atom), sample)
        for entered, sample in by_entry.items():
            held = [c for g, e in zip(gates, entered, strict=True) for c in choices(g, g.held(e))]
            frame = frame_of(held, (p for p, _ in patterns), self.world, self.outsiders)
            cells = frame.calls_of(self.outsiders) & _named(frame, gates, entered)
            for shown in _shown(gates, entered):
                self._compared(Meeting(gates, entered, shown, sample), frame, cells, found)

    @cached_property
    def outsiders(self) -> int:
        """Who comes to a gateway: callers without a namespace and without an identity."""
        return self.world.select(lambda c: not c.namespace and not c.mtls and not c.probe)

    def _compared(self, meeting: Meeting, frame: Frame, cells: int, found: Found) -> None:
        before, after = (
            requests(gate, entered, meeting.shown, frame, cells)
            for gate, entered in zip(meeting.gates, meeting.entered, strict=True)
        )
        known = 0
        for one in before:
            for other in after:
                both = one.cells & other.cells
                known |= both
                if both:
                    kinds, unclear = difference_of(meeting, one.outcome, other.outcome)
                    found.doubt |= unclear
                    if kinds:
                        self._noted(meeting, frame, Differing((one, other), kinds, both), found)
        found.doubt |= bool(cells & ~known)

    def _noted(self, meeting: Meeting, frame: Frame, one: Differing, found: Found) -> None:
        strange = frame.space.lift(PATH, frame.paths.odd)
        perhaps = frame.space.lift(PATH, frame.paths.dotted)
        for cells, odd in ((one.cells & ~strange, False), (one.cells & strange, True)):
            samples = tuple(self._samples(meeting, frame, cells, one.fates)) if cells else ()
            found.doubt |= bool(cells & ~perhaps) and not samples
            if samples:
                found.changes.extend(
                    Change(k, listed=True, samples=samples, odd=odd) for k in one.kinds
                )

    def _samples(
        self, meeting: Meeting, frame: Frame, cells: int, fates: tuple[Fate, Fate]
    ) -> Iterator[Sample]:
        for cell in representatives(frame, cells):
            for request in requests_of(frame, cell):
                there = _at(meeting, request)
                if frame.space.sizes[AUTHORITY] == 1:
                    there = replace(there, authority=meeting.name)
                sample = _sample(meeting, there, fates, perhaps=is_dotted(frame, cell))
                if sample is not None:
                    yield sample
                    break

    # --- connections -----------------------------------------------------------------------------

    def _connections(self, gates: Gates, found: Found) -> None:
        asked = frozenset(p for gate in gates for p in (*gate.patterns(), *gate.server_names()))
        names = hosts_of(frozenset((p, False) for p in asked))
        covered = bare(names)
        done: set[object] = set()
        for atom, sample in enumerate(names.samples):
            entered = entered_by(gates, covered, atom)
            for shown in _shown(gates, entered):
                fates = tuple(
                    connections(gate, own, shown, covered, atom)
                    for gate, own in zip(gates, entered, strict=True)
                )
                meeting = Meeting(gates, entered, shown, sample or "")
                kinds, unclear = difference_of(meeting, fates[0].outcome, fates[1].outcome)
                found.doubt |= unclear
                if not kinds or (fates, shown) in done:
                    continue
                done.add((fates, shown))
                caller = self.world.members[lowest(self.outsiders)].caller
                request = Request(caller=caller, server_name=sample or "", http=False)
                made = _sample(meeting, _at(meeting, request), (fates[0], fates[1]))
                found.doubt |= made is None
                if made is not None:
                    found.changes.extend(Change(k, listed=True, samples=(made,)) for k in kinds)


def bare(hosts: Strings) -> Mapping[Pattern, int]:
    """The atoms of names without a port, by pattern."""
    return {
        key[0]: atoms
        for key, atoms in hosts.covered.items()
        if isinstance(key, tuple) and not key[1]
    }


def entered_by(gates: Gates, covered: Mapping[Pattern, int], atom: int) -> Both:
    """What holds on both sides for the names of an atom."""
    return gates[0].entered(covered, atom), gates[1].entered(covered, atom)


def _named(frame: Frame, gates: Gates, entered: Both) -> int:
    """The requests whose host enters like that, where rules ask for the host themselves."""
    if frame.space.sizes[AUTHORITY] == 1:
        return frame.space.full
    covered = bare(frame.hosts)
    atoms = sum(
        1 << atom
        for atom, sample in enumerate(frame.hosts.samples)
        if sample is not None and entered_by(gates, covered, atom) == entered
    )
    return frame.space.lift(AUTHORITY, atoms)


def _shown(gates: Gates, entered: Both) -> Iterator[Shown]:
    """One of the clients that are let in alike."""
    seen: set[tuple[bool, ...]] = set()
    for shown in (Shown.PLAIN, Shown.TLS, Shown.CERTIFICATE, Shown.MESH):
        key = tuple(g.admits(e, shown) for g, e in zip(gates, entered, strict=True))
        if any(key) and key not in seen:
            seen.add(key)
            yield shown


def difference_of(
    meeting: Meeting, before: Outcome, after: Outcome
) -> tuple[tuple[Kind, ...], bool]:
    """In which ways two outcomes differ, and whether that cannot be told in full. To be served where nobody was is wider here: a gateway stands at the rim."""
    if before.kind in _CLOSED or after.kind in _CLOSED:
        refused = [one.kind in _CLOSED or _refuses(one) for one in (before, after)]
        if all(refused):
            told = (before.status or after.status) != (after.status or before.status)
            return (Kind.REWRITTEN,) if told else (), False
        return (Kind.NEWLY_ALLOWED if refused[0] else Kind.NEWLY_DENIED,), False
    kinds, unclear = differences(before, after)
    if meeting.terms[0] != meeting.terms[1] and Kind.REWRITTEN not in kinds:
        kinds = (*kinds, Kind.REWRITTEN)
    return kinds, unclear


def _refuses(outcome: Outcome) -> bool:
    return outcome.kind == "answer" and (outcome.status or 0) >= _ERROR


def _at(meeting: Meeting, request: Request) -> Request:
    gate = meeting.gates[0]
    return replace(request, listener=gate.gateway, service_port=gate.port, shows=meeting.shown)


def _sample(
    meeting: Meeting, there: Request, fates: tuple[Fate, Fate], *, perhaps: bool = False
) -> Sample | None:
    """The request, confirmed by the naive decider; ``None`` where it cannot tell.

    ``perhaps``: it need not be of the class.

    Raises:
        Disagreement: the naive decider says otherwise.
    """
    models = [gate.narrowed for gate in meeting.gates]
    try:
        found = [decide_route(model, there) for model in models]
    except Unsupported:
        return None
    if not all(agrees(fate, one) for fate, one in zip(fates, found, strict=True)):
        if perhaps:
            return None
        raise unlike(there, fates, found)
    leaves = [one.leaves for one in found]
    if fates[0].outcome.kind != fates[1].outcome.kind or meeting.terms[0] != meeting.terms[1]:
        by = [entry(model, there).leaves for model in models]
        leaves = [tuple(sorted({*a, *b})) for a, b in zip(leaves, by, strict=True)]
    return Sample(there, said(fates[0]), said(fates[1]), leaves[0], leaves[1])
