"""Access compared: every port of every workload, over all requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ir.access import Layer, Refusal
from ir.behaviour.concrete import Place, place
from ir.behaviour.concrete_trail import leaves_of
from ir.behaviour.exits import DOUBTS
from ir.behaviour.lower import Lowering
from ir.behaviour.request import TCP
from ir.behaviour.stages import Access, Way
from ir.inventory import Workload
from ir.language import Opaque
from ir.match import Part, Pattern, PatternKind
from ir.model import Fact, Model
from ir.resilience import Outliers
from ir.traffic import RouteTable
from translator.verify.callers import CALLER_DIMENSION, World
from translator.verify.decide import allowed
from translator.verify.doors import Doors, doors_of
from translator.verify.evidence import Twins
from translator.verify.frame import (
    CALLER,
    PLAIN_QUERY,
    Frame,
    asked_of,
    callers_of,
    conditions,
)
from translator.verify.hands import answered
from translator.verify.network import alike
from translator.verify.result import Change, Kind, Sample, Slice, Verdict, judged
from translator.verify.space import bits
from translator.verify.witness import Disagreement, Sides, is_dotted, representatives

_DOTS = "paths with dot elements: what they resolve to is known, not whether each such path exists"
_TWO = "the exact comparison and the naive decider disagree, which is a fault of this tool"
_ALONE = "a workload that only one side lists"
_DOUBT = "requests on which something beyond the model decides"
_TOKENS = "requests that carry a token"
BLOCKS = (
    "blocks of addresses in NetworkPolicies select pods too, which Cilium's do not by themselves "
    "(policy-cidr-match-mode)"
)
"""What Kubernetes leaves open (its documentation: Network Policies, ``ipBlock``), read the same way on both sides."""

_FORWARDED = "no request names another client address than its own (x-forwarded-for)"


@dataclass(frozen=True, slots=True)
class Group:
    """Requests of one frame that change alike, for callers that fare alike."""

    frame: Frame
    kind: Kind
    cells: int
    let_in: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """What two forms of access come to: changed groups, and whether more may change."""

    groups: tuple[Group, ...]
    doubt: bool


@dataclass(slots=True)
class Comparison:
    """Two models side by side; ``strict``: a disagreement with the naive decider is raised."""

    before: Model
    after: Model
    trust_domain: str = "cluster.local"
    strict: bool = False
    unread: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lowered: tuple[Lowering, Lowering] = field(init=False)
    world: World = field(init=False)
    twins: Twins = field(init=False)
    kept: bool = field(init=False)
    """Whether the same rules say on both sides what may leave."""
    _known: dict[tuple[Access, Access], Difference] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Files the facts of both sides."""
        self.lowered = Lowering(self.before), Lowering(self.after)
        self.kept = alike(*(lowering.exits for lowering in self.lowered))

    def slices(self) -> Iterator[Slice]:
        """A verdict for each port of each workload that either side lists."""
        doors = self.doors()
        named = {
            (condition.part, term)
            for door in doors
            if isinstance(door, Doors)
            for side in (door.before, door.after)
            for condition, _, _ in conditions(side.access)
            if condition.part in CALLER_DIMENSION
            for term in (*condition.any_of, *condition.none_of)
            if isinstance(term, Pattern)
        }
        named.update((Part.NAMESPACE, one) for one in client_namespaces(self.before, self.after))
        ways = dict.fromkeys(
            way
            for door in doors
            if isinstance(door, Doors)
            for side in (door.before, door.after)
            for way in callers_of(side.access)
        )
        self.world = World((self.before, self.after), named, self.trust_domain, ways)
        self.twins = Twins(self.world, self.trust_domain)
        yield from answered(self._slice, doors)

    def doors(self) -> list[Doors | Slice]:
        """The ports to compare; those that cannot be are slices already."""
        found: list[Doors | Slice] = []
        for was, becomes in self._workloads():
            if was is not None and becomes is not None:
                found.extend(doors_of(self.lowered, was, becomes))
            elif (alone := was or becomes) is not None:
                found.append(Slice(alone.key, Verdict.MAY_DIFFER, (), (_ALONE,)))
        return found

    def _workloads(self) -> Iterator[tuple[Workload | None, Workload | None]]:
        """Each workload as both sides list it."""
        sides = [
            {workload.key: workload for workload in lowering.inventory.workloads}
            for lowering in self.lowered
        ]
        for key in sorted({**sides[0], **sides[1]}):
            yield sides[0].get(key), sides[1].get(key)

    def _slice(self, doors: Doors | Slice) -> Slice:
        if isinstance(doors, Slice):
            return doors
        try:
            found = self._difference(doors.before.access, doors.after.access)
            changes, taints = self._changes(doors, found)
        except Opaque as opaque:
            return Slice(doors.shown, Verdict.UNKNOWN, (), (opaque.reason,))
        except Disagreement as disagreement:
            if self.strict:
                raise
            return Slice(doors.shown, Verdict.UNKNOWN, (), (f"{_TWO}: {disagreement}",))
        taints = [*self._taints(doors), *taints, *([_DOUBT] if found.doubt else [])]
        if self.kept and not changes:
            taints = [taint for taint in taints if taint not in DOUBTS]
        return judged(doors.shown, changes, taints, self._assumptions(doors))

    def _taints(self, doors: Doors) -> Iterator[str]:
        for space in ("", doors.workload.namespace):
            yield from self.unread.get(space, ())
        workloads = doors.workload, doors.becomes
        both = zip(self.lowered, workloads, (doors.before, doors.after), strict=True)
        for lowering, workload, side in both:
            yield from lowering.taints(workload)
            yield from side.taints
            tokens = {Part.TOKEN_PRINCIPAL, Part.TOKEN_AUDIENCE, Part.TOKEN_CLAIM}
            asked = {condition.part for condition, _, _ in conditions(side.access)}
            if side.access.tokens is not None or asked & tokens:
                yield _TOKENS

    def _assumptions(self, doors: Doors) -> Iterator[str]:
        yield from self.world.capped
        for model, side in ((self.before, doors.before), (self.after, doors.after)):
            yield from (assumption.text for assumption in model.assumptions)
            yield from side.assumptions
            if any(c.part is Part.CLIENT_ADDRESS for c, _, _ in conditions(side.access)):
                yield _FORWARDED
            if any(c.part is Part.QUERY for c, _, _ in conditions(side.access)):
                yield PLAIN_QUERY
            if _selects_by_address(side.access):
                yield BLOCKS

    # --- differences -----------------------------------------------------------------------------

    def _difference(self, before: Access, after: Access) -> Difference:
        key = before, after
        if key not in self._known:
            self._known[key] = self._compared(before, after)
        return self._known[key]

    def _compared(self, before: Access, after: Access) -> Difference:
        if before == after and _says_all(before):
            return Difference((), doubt=False)
        asked = asked_of(before, after)
        groups: list[Group] = []
        doubt = False
        labels = any(c.part in _LABELS for side in (before, after) for c, _, _ in conditions(side))
        for http in (True, False) if before.transport == TCP else (False,):
            frame = Frame(asked, self.world, http=http)
            was, becomes = allowed(before, frame), allowed(after, frame)
            opened, shut = becomes.must & ~was.may, was.must & ~becomes.may
            clear = not before.demanded
            weaker = self.twins.weaker(frame, opened, was.must, clear=clear, labels=labels)
            refused = frame.space.full & ~was.may
            meant = self.twins.weaker(frame, shut, refused, clear=True, labels=labels)
            groups.extend(_groups(frame, Kind.NEWLY_ALLOWED, opened & ~weaker))
            groups.extend(_groups(frame, Kind.EVIDENCE, weaker))
            groups.extend(_groups(frame, Kind.EVIDENCE, meant, let_in=False))
            groups.extend(_groups(frame, Kind.NEWLY_DENIED, shut & ~meant, let_in=False))
            doubt |= bool((was.doubt | becomes.doubt) & ~(opened | shut))
        return Difference(tuple(groups), doubt)

    def _changes(self, doors: Doors, found: Difference) -> tuple[tuple[Change, ...], list[str]]:
        """The groups with their witnesses; what could not be confirmed is a taint."""
        if not found.groups:
            return (), []
        transport = doors.before.access.transport
        sides = Sides(self._place(doors, 0), self._place(doors, 1), transport)
        changes: list[Change] = []
        taints: list[str] = []
        for group in found.groups:
            samples, doubtful = _samples(sides, group)
            if doubtful:
                taints.append(_DOTS if doubtful == "dots" else _DOUBT)
            if not group.let_in:
                samples = tuple(_with_refusals(sample, doors.facts[0]) for sample in samples)
            if samples:
                listed = self._listed(group)
                changes.append(Change(group.kind, listed, samples, shut=not group.let_in))
        return tuple(changes), taints

    def _place(self, doors: Doors, side: int) -> Place:
        """What the naive decider is given: the whole model where it is to check the choice of facts too."""
        model = (self.before, self.after)[side]
        workload = (doors.workload, doors.becomes)[side]
        if self.strict:
            return place(model, workload.key, doors.port)
        model = replace(
            model,
            facts=(*doors.facts[side], *self.lowered[side].exits),
            inventory=replace(model.inventory, workloads=(workload,)),
        )
        return Place(model, workload, doors.port)

    def _listed(self, group: Group) -> bool:
        atoms = group.frame.space.shadow(group.cells, CALLER)
        return any(group.frame.callers[atom] & self.world.listed for atom in bits(atoms))


def _with_refusals(sample: Sample, facts: Sequence[Fact]) -> Sample:
    """The sample of requests that pass before: whatever refuses others at the port decides them too, by not doing so."""
    refusals = (leaf for f in facts if isinstance(f, Refusal) for leaf in leaves_of(f))
    leaves = tuple(sorted({*sample.before_leaves, *refusals}))
    return replace(sample, before_leaves=leaves)


_LABELS = (Part.WORKLOAD_LABELS, Part.NAMESPACE_LABELS)
"""What tells the pods of one account apart."""


def _says_all(access: Access) -> bool:
    """Whether it is known by itself: no other thing decides of which only the place is known.

    What a plain request does not tell, as the query of a path, is then decided by the same words on both sides.
    """
    beyond = access.outside or access.tokens is not None
    return not beyond and all(c.part is not Part.EXTENSION for c, _, _ in conditions(access))


def _selects_by_address(access: Access) -> bool:
    """Whether a rule of the network names blocks of addresses, and does not say that pods are left aside."""
    return any(
        {Part.PEER_ADDRESS} <= {condition.part for condition in way} and not _is_outside(way)
        for gate in access.gates
        if gate.layer is Layer.NETWORK
        for rule in (*gate.refusals, *gate.grants)
        for way in rule.callers
    )


def _is_outside(way: Way) -> bool:
    return any(condition.part is Part.ENTITY for condition in way)


def client_namespaces(*models: Model) -> Iterator[Pattern]:
    """Namespaces for whose clients some routes or rules about failing endpoints are meant."""
    for fact in (
        f for model in models for f in model.facts if isinstance(f, (RouteTable, Outliers))
    ):
        routes = fact.routes if isinstance(fact, RouteTable) else ()
        matches = [match for route in routes for match in route.matches]
        for audience in (fact.attachment.audience, *(match.audience for match in matches)):
            for name in () if audience is None else audience.namespaces:
                yield Pattern(PatternKind.EXACT, name.value)


def _groups(frame: Frame, kind: Kind, cells: int, *, let_in: bool = True) -> Iterator[Group]:
    """The changed requests, callers that fare alike together."""
    width = frame.space.strides[CALLER]
    row = (1 << width) - 1
    by_row: dict[int, int] = {}
    for atom in range(frame.space.sizes[CALLER]):
        own = cells >> atom * width & row
        if own:
            by_row[own] = by_row.get(own, 0) | 1 << atom
    for own, atoms in by_row.items():
        found = 0
        for atom in bits(atoms):
            found |= own << atom * width
        yield Group(frame, kind, found, let_in)


def _samples(sides: Sides, group: Group) -> tuple[tuple[Sample, ...], str]:
    """Confirmed requests of a group, and what kind of doubt is left where one could not be confirmed."""
    found: list[Sample] = []
    doubtful = ""
    for cell in representatives(group.frame, group.cells):
        sample = sides.confirmed(group.frame, cell, let_in=group.let_in)
        if sample is not None:
            found.append(sample)
        elif not is_dotted(group.frame, cell):
            doubtful = "outside"
        else:
            doubtful = doubtful or "dots"
    return tuple(found), doubtful


def compare_access(
    before: Model, after: Model, *, trust_domain: str = "cluster.local", strict: bool = False
) -> Sequence[Slice]:
    """A verdict for each port of each workload.

    Raises:
        Disagreement: ``strict`` is asked for, and the naive decider sees a difference otherwise.
    """
    return tuple(Comparison(before, after, trust_domain, strict).slices())
