"""A state between two configurations held against both: what it lets in that neither does, what it refuses that both let in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ir.access import ClientTls, TlsMode
from ir.behaviour.concrete import Unsupported, decide_access
from ir.behaviour.lower import Lowering
from ir.behaviour.request import Caller, Request
from ir.behaviour.stages import Access, Lowered
from ir.inventory import Workload
from ir.language import Opaque
from ir.match import Cidr
from ir.model import Model
from translator.verify.callers import World, certified
from translator.verify.decide import allowed
from translator.verify.everybody import everybody
from translator.verify.frame import ADDRESS, CALLER, Frame, asked_of
from translator.verify.holding import classes
from translator.verify.result import Sample, Verdict
from translator.verify.space import Sure, bits, lowest
from translator.verify.stage import Account, DoorFound, Passage, Passed, Permit, Stage
from translator.verify.witness import is_dotted, representatives, requests_of

UNDECLARED = 65000
_DOUBT = "requests on which something beyond the model decides"
_TWO = "the exact comparison and the naive decider disagree, which is a fault of this tool"
_ALONE = "a workload that only one side lists"
_FORCED = (
    "its clients are told to use the mutual TLS of their own mesh, which the server does not speak"
)


@dataclass(frozen=True, slots=True)
class Three:
    """The same port in the start, in the state and in the end."""

    workload: Workload
    port: int
    shown: str
    sides: tuple[Lowered, Lowered, Lowered]
    forced: bool
    declared: bool

    @property
    def accesses(self) -> tuple[Access, Access, Access]:
        """What decides there."""
        return self.sides[0].access, self.sides[1].access, self.sides[2].access


@dataclass(slots=True)
class Crossing:
    """The comparison of a state with its start and its end.

    ``known``: the callers whose calls must not break; a stranger's may. ``networks``: addresses of pods; none: any.
    """

    start: Model
    stage: Stage
    end: Model
    permits: Sequence[Permit]
    known: frozenset[Account]
    networks: tuple[str, ...] = ()
    trust_domain: str = "cluster.local"
    world: World = field(init=False)
    _lowered: dict[int, Lowering] = field(default_factory=dict)

    def doors(self) -> Iterator[DoorFound]:
        """What is found at each port of each workload."""
        threes = [
            three for workload in self.start.inventory.workloads for three in self._threes(workload)
        ]
        accesses = [s.access for three in threes if isinstance(three, Three) for s in three.sides]
        models = self.start, self.stage.first, self.stage.second, self.end
        self.world = everybody(
            models, accesses, self.trust_domain, self.stage.marked, self._is_there
        )
        for three in threes:
            yield self._door(three) if isinstance(three, Three) else three

    def _is_there(self, caller: Caller) -> bool:
        """Whether there may be such a caller: the label of pods that have moved is borne by no others, but who bears it by itself."""
        mark = self.stage.mark
        if not mark or mark not in caller.labels or caller.namespace in self.stage.clients:
            return True
        own = self.start.inventory.workloads_in(caller.namespace)
        return any(mark in workload.labels for workload in own)

    def _lowering(self, model: Model) -> Lowering:
        if id(model) not in self._lowered:
            self._lowered[id(model)] = Lowering(model)
        return self._lowered[id(model)]

    def _threes(self, workload: Workload) -> Iterator[Three | DoorFound]:
        models = self.start, self.stage.of(workload.namespace), self.end
        lowered = [self._lowering(model) for model in models]
        listed = [_listed(lowering, workload.key) for lowering in lowered]
        own = [one for one in listed if one is not None]
        if len(own) < len(models):
            yield DoorFound(workload.key, workload.key, 0, Verdict.MAY_DIFFER, reasons=(_ALONE,))
            return
        about = [lowering.about(one) for lowering, one in zip(lowered, own, strict=True)]
        ports = {
            port
            for lowering, one, facts in zip(lowered, own, about, strict=True)
            for port in (*lowering.inventory.ports_of(one), *lowering.named_ports(facts, one))
        }
        free = next(n for n in range(UNDECLARED, 0, -1) if n not in ports)
        for port in (*sorted(ports), free):
            shown = f"{workload.key} " + ("other ports" if port == free else f"port {port}")
            try:
                sides = tuple(
                    lowering.access(lowering.at(facts, one, port), one, port)
                    for lowering, one, facts in zip(lowered, own, about, strict=True)
                )
            except Opaque as opaque:
                reasons = (opaque.reason,)
                yield DoorFound(shown, workload.key, port, Verdict.UNKNOWN, reasons=reasons)
            else:
                yield Three(
                    workload,
                    port,
                    shown,
                    (sides[0], sides[1], sides[2]),
                    self._forced(workload),
                    port != free,
                )

    def _forced(self, workload: Workload) -> bool:
        """Whether clients of the first mesh are told to speak its mutual TLS to a server that is in the second."""
        lowering = self._lowering(self.stage.first)
        return workload.namespace in self.stage.servers and any(
            isinstance(fact, ClientTls)
            and fact.mode.value is TlsMode.MESH
            and lowering.covers(fact.attachment.subject, workload)
            for fact in self.stage.first.facts
        )

    def _door(self, three: Three) -> DoorFound:
        here = DoorFound(
            three.shown,
            three.workload.key,
            three.port,
            Verdict.UNKNOWN,
            declared=three.declared,
        )
        taints = [t for side in three.sides for t in side.taints]
        for model in (self.start, self.stage.of(three.workload.namespace), self.end):
            taints.extend(self._lowering(model).taints(three.workload))
        try:
            found = [self._read(three, http=http) for http in (True, False)]
        except Opaque as opaque:
            return replace(here, reasons=(opaque.reason,))
        except Disagreeing as disagreeing:
            return replace(here, reasons=(f"{_TWO}: {disagreeing}",))
        if any(one.doubt for one in found):
            taints.append(_DOUBT)
        passed = tuple(p for one in found for p in one.passed)
        bad = any(p.passage is not Passage.LISTED for p in passed)
        reasons = tuple(dict.fromkeys((*taints, *(a for s in three.sides for a in s.assumptions))))
        verdict = (
            Verdict.DIFFERENT if bad else Verdict.EQUAL_UNDER if reasons else Verdict.EQUAL_EXACT
        )
        if taints and not bad:
            verdict = Verdict.MAY_DIFFER
        clear = tuple(sorted({account for one in found for account in one.clear}))
        return replace(
            here, verdict=verdict, passed=_shortest(passed), clear=clear, reasons=reasons
        )

    def _read(self, three: Three, *, http: bool) -> Reading:
        """Requests that are HTTP, or those that are not."""
        return Reading.of(self, three, self._frame(three, http=http))

    def _frame(self, three: Three, *, http: bool) -> Frame:
        asked = asked_of(*three.accesses)
        blocks = (Cidr(block) for block in (*self.networks, *self._granted(three)))
        asked.blocks.update(blocks)
        crossing = self.crossing(three.workload.namespace)
        server = three.workload.namespace
        groups = classes(asked.callers, (crossing, self.altered(server)), self.world)
        mirrored = [self._seen_in(group, server) for group in groups]
        known = self.world.select(self.is_known)
        audiences = crossing, self.altered(server), *mirrored, known
        return Frame(asked, self.world, http=http, audiences=audiences)

    def _granted(self, three: Three) -> Iterator[str]:
        for permit in self.permits_at(three):
            yield from permit.networks

    def permits_at(self, three: Three) -> Iterator[Permit]:
        """The permits for the port."""
        key = three.workload.key, three.port
        return (p for p in self.permits if (p.workload, p.port) == key)

    def is_known(self, caller: Caller) -> bool:
        """Whether the caller is one of those whose calls must go on."""
        return certified(caller) and (caller.namespace, caller.service_account) in self.known

    def crossing(self, server: str) -> int:
        """The callers that come from the other mesh."""
        return self.world.select(
            lambda c: self.stage.crosses(c, server), ("crossing", server, id(self))
        )

    def altered(self, server: str) -> int:
        """The callers that are seen otherwise than they are at the start."""
        return self.world.select(
            lambda c: self.stage.seen(c, server) != c, ("altered", server, id(self))
        )

    def _seen_in(self, group: int, server: str) -> int:
        """The callers that are seen as one of the group."""
        seen = self.stage.seen
        return self.world.select(lambda c: bool(self.member(seen(c, server)) & group))

    def member(self, caller: Caller) -> int:
        """The bit of a caller."""
        return self.world.bit_of(caller)


class Disagreeing(Exception):  # noqa: N818  # it names what happened
    """The exact comparison and the naive decider say different things of one request."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found among the requests of one frame."""

    passed: tuple[Passed, ...]
    clear: tuple[Account, ...]
    doubt: bool

    @classmethod
    def of(cls, of: Crossing, three: Three, frame: Frame) -> Reading:
        """Compares the port on the three sides."""
        start, state, end = (allowed(access, frame) for access in three.accesses)
        crossing = of.crossing(three.workload.namespace)
        state = _as_seen(of, three, frame, state)
        either = Sure(start.must | end.must, start.may | end.may)
        opened = state.must & ~either.may
        listed = opened & _covered(of, three, frame, either)
        inside = _from_networks(frame, of.networks)
        friends = _atoms(frame, of.world.select(of.is_known))
        shut = start.must & end.must & ~state.may & frame.space.lift(CALLER, friends) & inside
        unsure = state.may & ~either.must & ~opened
        if three.accesses[1] in (three.accesses[0], three.accesses[2]):
            unsure &= frame.space.lift(CALLER, _atoms(frame, crossing))
        groups = (
            (Passage.OPENED, opened & ~listed),
            (Passage.LISTED, listed),
            (Passage.SHUT, shut),
        )
        clear = (
            state.must & start.must & frame.space.lift(CALLER, friends & _atoms(frame, crossing))
        )
        return cls(
            tuple(p for passage, cells in groups for p in _shown(of, three, frame, passage, cells)),
            tuple(_accounts(of, frame, clear)),
            bool(unsure),
        )


def _atoms(frame: Frame, members: int) -> int:
    return sum(1 << n for n, group in enumerate(frame.callers) if group & members)


def _as_seen(of: Crossing, three: Three, frame: Frame, state: Sure) -> Sure:
    """What the state lets in, callers seen as they arrive: those of the other mesh in clear text, with the labels of then."""
    server = three.workload.namespace
    altered = of.altered(server)
    width = frame.space.strides[CALLER]
    row = (1 << width) - 1
    must, may = state.must, state.may
    for atom, group in enumerate(frame.callers):
        if not group & altered:
            continue
        shift = atom * width
        caller = frame.world.members[lowest(group)].caller
        crosses = of.stage.crosses(caller, server)
        shut = three.forced and crosses and caller.namespace not in of.stage.clients
        other = lowest(_atoms(frame, of.member(of.stage.seen(caller, server)))) * width
        for_must = 0 if shut else state.must >> other & row
        for_may = 0 if shut else state.may >> other & row
        must = must & ~(row << shift) | for_must << shift
        may = may & ~(row << shift) | for_may << shift
    return Sure(must, may)


def _covered(of: Crossing, three: Three, frame: Frame, either: Sure) -> int:
    """The requests that permits list: what their peers may do, from those whom they let in."""
    width = frame.space.strides[CALLER]
    row = (1 << width) - 1
    found = 0
    for permit in of.permits_at(three):
        peers = _atoms(frame, of.world.select(lambda c, p=permit: _is_peer(c, p)))  # type: ignore[misc]
        rights = 0
        for atom in bits(peers):
            rights |= either.must >> atom * width & row
        whole = of.world.everybody
        if permit.plain:
            whole &= ~of.world.certified | of.crossing(three.workload.namespace)
        cells = 0
        for atom in bits(_atoms(frame, whole)):
            cells |= rights << atom * width
        found |= cells & _from_networks(frame, permit.networks)
    return found


def _is_peer(caller: Caller, permit: Permit) -> bool:
    own = caller.namespace, caller.service_account
    return certified(caller) and any(
        own == peer or (not peer[1] and peer[0] == caller.namespace) for peer in permit.peers
    )


def _from_networks(frame: Frame, networks: Sequence[str]) -> int:
    """The requests from these networks; without any, all."""
    if not networks:
        return frame.space.full
    atoms = 0
    for block in networks:
        atoms |= frame.addresses.covered.get(Cidr(block), 0)
    return frame.space.lift(ADDRESS, atoms)


def _accounts(of: Crossing, frame: Frame, cells: int) -> Iterator[Account]:
    """The known callers among some requests."""
    for atom in bits(frame.space.shadow(cells, CALLER)):
        for number in bits(frame.callers[atom]):
            caller = of.world.members[number].caller
            if of.is_known(caller):
                yield caller.namespace, caller.service_account


# --- requests that show it -----------------------------------------------------------------------


def _shown(
    of: Crossing, three: Three, frame: Frame, passage: Passage, cells: int
) -> Iterator[Passed]:
    """A request for each kind of caller, confirmed by the naive decider."""
    for cell in representatives(frame, cells) if cells else ():
        found = _confirmed(of, three, frame, passage, cell)
        if found is not None:
            yield found


def _confirmed(
    of: Crossing, three: Three, frame: Frame, passage: Passage, cell: int
) -> Passed | None:
    server = three.workload.namespace
    models = of.start, of.stage.of(server), of.end
    for request in requests_of(frame, cell):
        there = replace(request, workload=three.workload.key, port=three.port)
        arrives = replace(there, caller=of.stage.seen(there.caller, server))
        forced = three.forced and of.stage.crosses(there.caller, server)
        try:
            start, state, end = (
                decide_access(model, one)
                for model, one in zip(models, (there, arrives, there), strict=True)
            )
        except Unsupported:
            continue
        wanted = (True, False, True) if passage is Passage.SHUT else (False, True, False)
        got = (start.allowed, state.allowed and not forced, end.allowed)
        if got != wanted:
            if is_dotted(frame, cell):
                continue
            message = f"{there}: {got} where {wanted} was found"
            raise Disagreeing(message)
        sample = Sample(there, start.sentence, state.sentence, start.leaves, state.leaves)
        return Passed(
            passage, sample, end.sentence, _FORCED if forced else _change(of, there, server)
        )
    return None


def _change(of: Crossing, request: Request, server: str) -> str:
    if of.stage.crosses(request.caller, server):
        return "the caller comes from the other mesh: in clear text, without an identity"
    return ""


def _shortest(passed: Iterable[Passed]) -> tuple[Passed, ...]:
    """One of each kind of passage and caller."""
    found: dict[tuple[Passage, str, str, bool], Passed] = {}
    for one in passed:
        caller = one.sample.request.caller
        found.setdefault((one.passage, caller.namespace, caller.service_account, caller.mtls), one)
    return tuple(found.values())


# --- who is there --------------------------------------------------------------------------------


def _listed(lowering: Lowering, key: str) -> Workload | None:
    return next((w for w in lowering.inventory.workloads if w.key == key), None)
