"""Routes compared: every port of every service, for all clients and all requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from ir.access import Evidence
from ir.attachment import Attachment, EnforcedAt, Scope, ServicePort, Subject, WorkloadPort
from ir.behaviour.concrete import Unsupported, decide_route
from ir.behaviour.delivery import Address
from ir.behaviour.lower import Lowering
from ir.behaviour.precedence import stems
from ir.inventory import Workload
from ir.language import Opaque
from ir.match import Part, PathForm, Pattern, PatternKind, View
from ir.model import Model
from ir.opaque import Column
from ir.opaque import Opaque as OpaquePiece
from ir.traffic import EndpointSubset, Protocol, RouteTable
from translator.verify.callers import World
from translator.verify.frame import AUTHORITY, PATH, PLAIN_QUERY, Asked, Frame
from translator.verify.hands import answered
from translator.verify.outcomes import agrees, differences, said, unlike
from translator.verify.outside import by_hosts, decided_elsewhere, heeded
from translator.verify.ports import at_port
from translator.verify.result import Change, Kind, Sample, Slice, Verdict, judged
from translator.verify.routed import Fate, asks_query, members_of, routed, ways_of
from translator.verify.space import bits
from translator.verify.spoken import Spoken
from translator.verify.witness import Disagreement, is_dotted, representatives, requests_of

_HTTP = (Protocol.HTTP, Protocol.GRPC)
_GATEWAY = EnforcedAt.GATEWAY
_BARE = View(authority_has_port=False)
_BESIDES = {Column.RESILIENCE, Column.HEADERS}
_UNCLEAR = "routes whose winner or endpoints cannot be told"


SAMPLES = 1
"""Requests of a class that are confirmed: the same routes win for all of them, so more would show nothing new."""


Tables = tuple[tuple[RouteTable, ...], tuple[RouteTable, ...]]
"""Those of both sides."""


def shown_as(address: Address) -> str:
    """The name of the slice of a port of a service."""
    return f"Service/{address.key} port {address.port}"


@dataclass(frozen=True, slots=True)
class Differing:
    """Requests of which both sides make something, in which ways differently."""

    before: Fate
    after: Fate
    kinds: tuple[Kind, ...]
    cells: int


@dataclass(slots=True)
class Side:
    """The tables of one model by the service that they are about; those of gateways are compared elsewhere."""

    lowering: Lowering
    tables: dict[tuple[str | None, str], list[RouteTable]] = field(default_factory=dict)
    spoken: Spoken = field(init=False)

    def __post_init__(self) -> None:
        """Files the tables."""
        self.spoken = Spoken(self.lowering)
        model = self.lowering.model
        for fact in (*model.facts, *by_hosts(model)):
            if isinstance(fact, RouteTable) and fact.attachment.enforced_at is not _GATEWAY:
                key = _service_of(fact.attachment.subject)
                if key is not None:
                    self.tables.setdefault(key, []).append(heeded(model, fact))

    def about(self, address: Address) -> tuple[RouteTable, ...]:
        """The tables for HTTP requests to the address; none where its port is passed on unread."""
        if self.spoken.is_passed_on(address):
            return ()
        found = self.tables.get((address.namespace, address.name), ())
        here = (
            t
            for t in found
            if t.protocol in _HTTP and _on_port(t.attachment, self.lowering, address)
        )
        return tuple(at_port(here, address.port))

    def narrowed(self, address: Address, tables: Sequence[RouteTable]) -> Model:
        """The model as far as requests to the address go: so that a naive decision is quick."""
        model = self.lowering.model
        names: set[tuple[str | None, str]] = {(address.namespace, address.name)}
        for backend in (b for t in tables for r in t.routes for b in r.backends):
            destination = backend.destination
            space = None if destination.namespace is None else destination.namespace.value
            names.add((space, destination.name.value))
        found = {
            (space, name): self.lowering.subsets.get((space or "", name)) for space, name in names
        }
        subsets = [subset for subset in found.values() if subset is not None]
        workloads = {
            w.key: w for name, subset in found.items() for w in self._behind(*name, subset)
        }
        return replace(
            model,
            facts=(*tables, *subsets),
            inventory=replace(model.inventory, workloads=tuple(workloads.values())),
        )

    def _behind(
        self, namespace: str | None, name: str, subset: EndpointSubset | None
    ) -> Sequence[Workload]:
        """The workloads behind a service, or behind the one that it is a subset of."""
        if namespace is None:
            return ()
        inventory = self.lowering.inventory
        service = inventory.service(namespace, name)
        if service is None and subset is not None:
            service = inventory.service(namespace, subset.of.value)
        return () if service is None else inventory.endpoints(service)


def _passed(table: RouteTable) -> Iterator[Pattern]:
    """The paths of which requests are not redirected, since they ask for them already."""
    for redirect in (route.redirect for route in table.routes):
        if redirect is not None and redirect.passed is not None:
            yield Pattern(PatternKind.EXACT, redirect.passed)


def _has_a_say(piece: OpaquePiece) -> bool:
    """Whether it may touch what is compared here: where requests go, and what their clients' proxies do besides."""
    at = piece.attachment
    if at is not None and at.subject.scope is Scope.LISTENER:
        return False  # of requests that enter by a gateway
    ours = at is not None and at.enforced_at is EnforcedAt.CLIENT
    return Column.ROUTING in piece.may_touch or (ours and bool(_BESIDES & set(piece.may_touch)))


def _service_of(subject: Subject) -> tuple[str | None, str] | None:
    if subject.scope is not Scope.SERVICE or subject.name is None:
        return None
    return None if subject.namespace is None else subject.namespace.value, subject.name.value


def _on_port(attachment: Attachment, lowering: Lowering, address: Address) -> bool:
    targets = _targets(lowering, address)

    def same(value: WorkloadPort | ServicePort) -> bool:
        if isinstance(value, WorkloadPort):
            return value.port in targets
        return value.port == address.port

    if any(same(own.value) for own in attachment.excluding_ports):
        return False
    return not attachment.ports or any(same(own.value) for own in attachment.ports)


def _targets(lowering: Lowering, address: Address) -> list[int | str]:
    if address.namespace is None:
        return []
    service = lowering.inventory.service(address.namespace, address.name)
    subset = lowering.subsets.get((address.namespace, address.name))
    if service is None and subset is not None:
        service = lowering.inventory.service(address.namespace, subset.of.value)
    ports = () if service is None else service.ports
    return [port.target for port in ports if port.number == address.port]


@dataclass(slots=True)
class RouteComparison:
    """The routes of two models side by side."""

    before: Model
    after: Model
    world: World
    lowered: tuple[Lowering, Lowering]
    domain: str = "cluster.local"
    """The domain of services."""
    strict: bool = False
    unread: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    opaque: tuple[str, ...] = field(init=False)
    """Kinds of pieces that may have a say in where requests go and are not understood."""

    def __post_init__(self) -> None:
        facts = (*self.before.facts, *self.after.facts)
        touching = (f for f in facts if isinstance(f, OpaquePiece) and _has_a_say(f))
        self.opaque = tuple(dict.fromkeys(piece.kind for piece in touching))

    def slices(self) -> Iterator[Slice]:
        """A verdict for each port of each service that routes may be about."""
        sides = Side(self.lowered[0]), Side(self.lowered[1])
        yield from answered(lambda port: self._slice(*port, sides), tuple(self._ports(sides)))

    def ports(self) -> Iterator[tuple[Address, Tables]]:
        """Each port of each service that routes may be about, with the tables of both sides."""
        yield from self._ports((Side(self.lowered[0]), Side(self.lowered[1])))

    def _ports(self, sides: tuple[Side, Side]) -> Iterator[tuple[Address, Tables]]:
        for address in self._addresses(sides):
            tables = sides[0].about(address), sides[1].about(address)
            yield address, tables if address.namespace is not None else decided_elsewhere(*tables)

    def _addresses(self, sides: tuple[Side, Side]) -> tuple[Address, ...]:
        """Ports of services that some table is about, in order."""
        found: dict[Address, None] = {}
        for side in sides:
            for (space, name), tables in side.tables.items():
                numbers = {
                    own.value.port
                    for table in tables
                    for own in table.attachment.ports
                    if isinstance(own.value, ServicePort)
                }
                for lowering in self.lowered:
                    service = None if space is None else lowering.inventory.service(space, name)
                    ports = () if service is None else service.ports
                    # no rule for requests or connections is for datagrams
                    numbers |= {p.number for p in ports if p.protocol == "TCP"}
                for number in numbers or {80}:
                    found[Address(space, name, number)] = None
        return tuple(sorted(found, key=lambda a: (a.namespace or "", a.name, a.port)))

    def _slice(self, address: Address, tables: Tables, sides: tuple[Side, Side]) -> Slice:
        shown = shown_as(address)
        try:
            frame = self.frame(address, tables)
            fates = [
                routed(side.lowering, own, address, frame, self.world)
                for side, own in zip(sides, tables, strict=True)
            ]
            found, doubt = self._differences(address, frame, fates[0], fates[1])
            models = [
                (side.lowering.model if self.strict else side.narrowed(address, own))
                for side, own in zip(sides, tables, strict=True)
            ]
            changes, open_ends = self._changes(address, frame, found, (models[0], models[1]))
            doubt |= open_ends
        except Opaque as opaque:
            return Slice(shown, Verdict.UNKNOWN, (), (opaque.reason,))
        except Disagreement as disagreement:
            if self.strict:
                raise
            return Slice(shown, Verdict.UNKNOWN, (), (str(disagreement),))
        taints = [*self._taints(address), *([_UNCLEAR] if doubt else [])]
        assumptions = [a.text for m in (self.before, self.after) for a in m.assumptions]
        assumptions += [PLAIN_QUERY] if asks_query(*tables) else []
        return judged(shown, changes, taints, assumptions)

    def _taints(self, address: Address) -> Iterator[str]:
        for space in ("", address.namespace or ""):
            yield from self.unread.get(space, ())
        yield from self.opaque

    def frame(self, address: Address, tables: Tables, plain: Iterable[Pattern] = ()) -> Frame:
        """All requests to the address that the tables tell apart.

        ``plain``: names, and paths in normal form, are told from others as well.

        Raises:
            Opaque: a pattern is not known exactly, or too much has to be told apart.
        """
        asked = Asked()
        asked.add_hosts(plain, View())
        audiences = [self._neighbours(address)]
        for table in (table for side in tables for table in side):
            audiences.append(members_of(table.attachment.audience, self.world))
            asked.add_hosts((host.value for host in table.hosts), table.view)
            ways = [ways_of(match.requests) for route in table.routes for match in route.matches]
            asked.paths.update((stem, table.view.path) for stem in (*stems(ways), *_passed(table)))
            for one in (one for way in ways for one in way):
                asked.add((one, table.view, Evidence.CERTIFICATE))
            audiences.extend(
                members_of(match.audience, self.world)
                for route in table.routes
                for match in route.matches
            )
        if Part.AUTHORITY in asked.parts:
            asked.add_hosts((*names(address, self.domain), *short_names(address)), _BARE)
        by_form = bool(plain) or any(form is not PathForm.RAW for _, form in asked.paths)
        return Frame(asked, self.world, http=True, audiences=audiences, by_form=by_form)

    # --- differences -----------------------------------------------------------------------------

    def _differences(
        self, address: Address, frame: Frame, before: Sequence[Fate], after: Sequence[Fate]
    ) -> tuple[list[Differing], bool]:
        """What becomes of requests on both sides where that differs, and whether more may differ."""
        named = self.named(address, frame)
        known = 0
        doubt = False
        found: list[Differing] = []
        for one in before:
            for other in after:
                cells = one.cells & other.cells & named
                known |= cells
                if cells:
                    kinds, unclear = differences(one.outcome, other.outcome)
                    doubt |= unclear
                    if kinds:
                        found.append(Differing(one, other, kinds, cells))
        return found, doubt or bool(named & ~known)

    def _changes(
        self,
        address: Address,
        frame: Frame,
        found: Sequence[Differing],
        models: tuple[Model, Model],
    ) -> tuple[tuple[Change, ...], bool]:
        """The changes with their witnesses, and whether one could not be confirmed."""
        changes: list[Change] = []
        doubt = False
        strange = frame.space.lift(PATH, frame.paths.odd)
        for one in found:
            for cells, odd in ((one.cells & ~strange, False), (one.cells & strange, True)):
                fates = one.before, one.after
                most = None if self.strict else SAMPLES
                samples = tuple(islice(_samples(models, address, frame, cells, fates), most))
                listed = self._listed(frame, cells)
                if samples:
                    changes.extend(Change(kind, listed, samples, odd) for kind in one.kinds)
                doubt |= bool(cells) and not samples
        return tuple(changes), doubt

    def _neighbours(self, address: Address) -> int:
        return self.world.of_namespace(address.namespace)

    def named(self, address: Address, frame: Frame) -> int:
        """The requests that name the host addressed, as clients of its own or of another namespace call it."""
        if frame.space.sizes[AUTHORITY] == 1:
            return frame.space.full
        named = frame.named_hosts()
        near = frame.calls_of(self._neighbours(address))
        found = frame.hosts_among(names(address, self.domain), _BARE)
        return named & (found | near & frame.hosts_among(short_names(address), _BARE))

    def _listed(self, frame: Frame, cells: int) -> bool:
        return any(
            frame.callers[atom] & self.world.listed for atom in bits(frame.space.shadow(cells, 0))
        )


def _samples(
    models: tuple[Model, Model],
    address: Address,
    frame: Frame,
    cells: int,
    fates: tuple[Fate, Fate],
) -> Iterator[Sample]:
    """Requests of which every atom of the class is part, each confirmed by the naive decider."""
    for cell in representatives(frame, cells) if cells else ():
        for request in requests_of(frame, cell):
            there = replace(request, service=address.key, service_port=address.port)
            dotted = is_dotted(frame, cell)
            try:
                was = decide_route(models[0], there)
                if dotted and not agrees(fates[0], was):
                    continue  # no request of the class, whatever the later side makes of it
                becomes = decide_route(models[1], there)
            except Unsupported:
                continue
            if agrees(fates[0], was) and agrees(fates[1], becomes):
                yield Sample(there, said(fates[0]), said(fates[1]), was.leaves, becomes.leaves)
                break
            if not dotted:
                raise unlike(there, fates, [was, becomes])


def names(address: Address, domain: str) -> tuple[Pattern, ...]:
    """The names by which every client may ask for the service."""
    if address.namespace is None:
        kind = PatternKind.GLOB if "*" in address.name else PatternKind.EXACT
        return (Pattern(kind, address.name),)
    name = f"{address.name}.{address.namespace}"
    return (
        Pattern(PatternKind.EXACT, name),
        Pattern(PatternKind.EXACT, f"{name}.svc"),
        Pattern(PatternKind.EXACT, f"{name}.svc.{domain}"),
    )


def short_names(address: Address) -> tuple[Pattern, ...]:
    """The name that only clients of the service's own namespace may ask for it by."""
    return () if address.namespace is None else (Pattern(PatternKind.EXACT, address.name),)
