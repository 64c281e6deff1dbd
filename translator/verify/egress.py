"""What leaves the cluster compared: for all clients that fare alike, all ports, names and addresses outside.

And with it what clients may not reach inside since their proxies know of less: the services of the inventory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ir.attachment import EnforcedAt, Scope
from ir.behaviour.concrete_egress import decide_egress
from ir.behaviour.concrete_trail import leaves_of, name_of
from ir.behaviour.lower import Lowering
from ir.behaviour.request import Answer, Decision, Request
from ir.language import Opaque
from ir.match import Labels, Operator
from ir.membership import Aspect, ProxySetting
from ir.model import Model
from ir.opaque import Column, Intent
from ir.opaque import Opaque as OpaquePiece
from translator.verify.destinations import Grid
from translator.verify.leaving import MORE, Client, Leaving, grid_of, refuses
from translator.verify.network import Network, alike, rulings
from translator.verify.outside import knows, ruled_hosts
from translator.verify.result import Change, Kind, Sample, Slice, Verdict, judged
from translator.verify.space import lowest
from translator.verify.witness import Disagreement

UNDECLARED = 65000
"""The port that stands for all that nobody declares, unless somebody declares it."""
LEAVES = "what leaves"
"""How the name of each slice here begins."""
WHOLE = f"{LEAVES} the cluster"
"""The name of the slice where the question is too hard for all clients."""
_NOWHERE = "nowhere"
_MOST_PODS = 64
"""Pods of one namespace that are told apart by their labels."""
_TWO = "the exact comparison and the naive decider disagree, which is a fault of this tool"
_SHOWN = 3


Marks = tuple[tuple[str, str], ...]
"""Labels that tell pods apart."""


@dataclass(frozen=True, slots=True)
class View:
    """One port: the facts of both sides that are about it, and what they tell apart."""

    port: int
    sides: tuple[Leaving, Leaving]
    grid: Grid


@dataclass(slots=True)
class EgressComparison:
    """Two models side by side; ``strict``: a disagreement with the naive decider is raised."""

    before: Model
    after: Model
    lowered: tuple[Lowering, Lowering]
    domain: str = "cluster.local"
    strict: bool = False
    unread: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sides: tuple[Leaving, Leaving] = field(init=False)
    kept: bool = field(init=False)
    """Whether there are policies of the network, and the same on both sides."""

    def __post_init__(self) -> None:
        """Files the facts of both sides; policies of the network that are the same on both change nothing."""
        one, other = self.lowered
        before, after = rulings(one.model.facts), rulings(other.model.facts)
        self.kept = bool(before) and alike(before, after)
        if self.kept:
            before = after = ()
        listed = frozenset(one.inventory.namespaces) & frozenset(other.inventory.namespaces)
        self.sides = (
            Leaving(one, one.model.facts, Network(one, before), listed, ruled_hosts(self.after)),
            Leaving(
                other, other.model.facts, Network(other, after), listed, ruled_hosts(self.before)
            ),
        )

    def slices(self) -> Iterator[Slice]:
        """A verdict for each set of clients that fare alike; none where neither side limits what leaves."""
        if not self.limits:
            return
        try:
            views = self.views()
            clients = self.clients()
        except Opaque as opaque:
            yield Slice(WHOLE, Verdict.UNKNOWN, (), (opaque.reason,))
            return
        for group in clients:
            yield self._slice(group, views)

    def unchanged(self) -> Iterator[Slice]:
        """One slice where policies of the network, the same on both sides, are all that limits what leaves."""
        if not self.kept or self.limits:
            return
        taints = [kind for kinds in self.unread.values() for kind in kinds]
        taints.extend(
            piece.kind
            for lowering in self.lowered
            for piece in lowering.model.facts
            if isinstance(piece, OpaquePiece)
            and {Column.ACCESS, Column.ROUTING}.intersection(piece.may_touch)
        )
        assumptions = [a.text for m in (self.before, self.after) for a in m.assumptions]
        yield judged(WHOLE, (), taints, assumptions)

    @property
    def limits(self) -> bool:
        """Whether either side limits what leaves."""
        return any(side.limits for side in self.sides)

    def views(self) -> tuple[View, ...]:
        """Each port that either side declares, and one that stands for all others.

        Raises:
            Opaque: a route asks for more than a name.
        """
        ports = sorted({port for side in self.sides for port in side.ports()})
        other = next(n for n in range(UNDECLARED, UNDECLARED + len(ports) + 1) if n not in ports)
        return tuple(self._view(port) for port in (*ports, other))

    def _view(self, port: int) -> View:
        one, other = (side.on_port(port) for side in self.sides)
        return View(port, (one, other), grid_of((one, other)))

    def _slice(self, group: Sequence[Client], views: Sequence[View]) -> Slice:
        shown = shown_as(group)
        changes: list[Change] = []
        for view in views:
            try:
                changes.extend(_changes(group, view))
            except Opaque as opaque:
                return Slice(shown, Verdict.UNKNOWN, (), (opaque.reason,))
            except Disagreement as disagreement:
                if self.strict:
                    raise
                return Slice(shown, Verdict.UNKNOWN, (), (f"{_TWO} ({disagreement})",))
        changes.extend(self._inside(group))
        assumptions = [a.text for m in (self.before, self.after) for a in m.assumptions]
        return judged(shown, changes, self._taints(group), assumptions)

    # --- services of the cluster -------------------------------------------------------------------

    def _inside(self, group: Sequence[Client]) -> Iterator[Change]:
        """The services that only the proxies of one side refuse to go to, since they do not know of them."""
        client = group[0]
        listed = any(one.listed for one in group)
        kinds: dict[Kind, list[Sample]] = {}
        for (space, name), service in sorted(self.before.inventory.services.items()):
            before, after = (self.reached(side, client, space, name) for side in self.sides)
            if before.allowed is after.allowed:
                continue
            port = service.ports[0].number if service.ports else 0
            request = Request(caller=client.caller, service=f"{space}/{name}", service_port=port)
            kind = Kind.NEWLY_ALLOWED if after.allowed else Kind.NEWLY_DENIED
            sample = Sample(request, before.sentence, after.sentence, before.leaves, after.leaves)
            kinds.setdefault(kind, []).append(sample)
        for kind, samples in kinds.items():
            yield Change(kind, listed, tuple(samples))

    def reached(self, side: Leaving, client: Client, space: str, name: str) -> Decision:
        """Whether the client's proxy knows of a service of the cluster, or lets it pass though it does not."""
        host = f"{name}.{space}.svc.{self.domain}"
        for policy in side.holding(client):
            words = [word.value for word in policy.seen]
            if (
                policy.networks
                or not refuses(policy)
                or knows(words, space, host, client.namespace)
            ):
                continue
            why = "the client's proxy does not know of the service"
            return Decision(Answer.REFUSED, name_of(policy), why, leaves_of(policy))
        return Decision(Answer.ALLOWED, "default", "services of the cluster are reached")

    # --- clients -----------------------------------------------------------------------------------

    def clients(self) -> tuple[tuple[Client, ...], ...]:
        """All clients, in groups that fare alike, those of the inventory first.

        Raises:
            Opaque: too many selectors overlap.
        """
        found = dict.fromkeys(self._listed())
        shown = {
            (w.namespace, tuple(sorted(w.labels.items())))
            for model in (self.before, self.after)
            for w in model.inventory.workloads
        }
        spaces = dict.fromkeys((*self._spaces(), _NOWHERE))
        for space in spaces:
            for wanted in _pods(self._selectors(space)):
                marks = tuple(sorted(wanted.items()))
                if (space, marks) not in shown:  # pods with all labels of a listed one are its own
                    found[Client(space, marks)] = None
        groups: dict[tuple[object, ...], list[Client]] = {}
        for client in found:
            key = tuple(side.signature(client) for side in self.sides)
            groups.setdefault(key, []).append(client)
        return tuple(tuple(group) for group in groups.values())

    def _listed(self) -> Iterator[Client]:
        """The pods of the input, each once: words on a pod for one mesh go, or come, and only that mesh heeds them."""
        pods: dict[str, Client] = {}
        for model in (self.after, self.before):
            for w in model.inventory.workloads:
                known = pods.get(w.key)
                labels = {**(dict(known.labels) if known else {}), **w.labels}
                marks = tuple(sorted(labels.items()))
                pods[w.key] = Client(w.namespace, marks, w.service_account, listed=True)
        yield from pods.values()

    def _spaces(self) -> Iterator[str]:
        """The namespaces that either side speaks of."""
        for model, side in zip((self.before, self.after), self.sides, strict=True):
            yield from sorted(model.inventory.namespaces)
            yield from (w.namespace for w in model.inventory.workloads)
            yield from (space for space, _ in sorted(model.inventory.services))
            yield from side.spaces()

    def _selectors(self, space: str) -> tuple[Marks, ...]:
        """The labels by which some fact tells pods of a namespace apart."""
        found: dict[Marks, None] = {}
        for fact in (f for side in self.sides for f in side.about_pods()):
            subject = fact.attachment.subject
            where = None if subject.namespace is None else subject.namespace.value
            for one in (subject, *subject.excluding):
                if one.scope is Scope.WORKLOADS and one.labels and where in (None, space):
                    found.update(dict.fromkeys(_marks(one.labels.value)))
        return tuple(found)

    def _taints(self, group: Sequence[Client]) -> Iterator[str]:
        for space in dict.fromkeys(("", *(client.namespace for client in group))):
            yield from self.unread.get(space, ())
        ways = [sorted({w for c in group for w in side.ways(c)}) for side in self.sides]
        if ways[0] != ways[1]:
            yield f"the way out by {', '.join(dict.fromkeys((*ways[0], *ways[1])))}"
        for lowering in self.lowered:
            for fact in lowering.model.facts:
                if isinstance(fact, OpaquePiece) and _may_stop(fact):
                    yield fact.kind
                elif isinstance(fact, ProxySetting) and fact.aspect is Aspect.CAPTURE_OUT:
                    pods = ((one.namespace, dict(one.labels)) for one in group)
                    if any(lowering.covers_pod(fact.subject, *one) for one in pods):
                        yield f"a setting of proxies ({fact.aspect.value})"


def _may_stop(piece: OpaquePiece) -> bool:
    """Whether it may have a say on what leaves; the ports on which a server's proxy takes what comes in have none."""
    at = piece.attachment
    inbound = at is not None and at.enforced_at is EnforcedAt.SERVER
    return Column.ROUTING in piece.may_touch and not (inbound and piece.intent is Intent.CAPTURE)


def _changes(group: Sequence[Client], view: View) -> Iterator[Change]:
    """The destinations on a port that only one side lets out, by form, and apart what no policy limits.

    Raises:
        Opaque: both sides let out some requests for a name, which are not told apart.
    """
    client, grid = group[0], view.grid
    before, after = (side.lets_out(client, view.port, grid) for side in view.sides)
    if after.some or before.some & after.passed:
        raise Opaque(MORE)
    web = grid.cells(grid.all_web, grid.addresses.everything)
    listed = any(one.listed for one in group)
    for kind, cells, addresses in (
        (
            Kind.NEWLY_ALLOWED,
            after.passed & ~before.passed,
            view.sides[1].beyond(client, grid),
        ),
        (
            Kind.NEWLY_DENIED,
            before.passed & ~after.passed,
            view.sides[0].unlimited(client, grid),
        ),
    ):
        far = grid.cells(grid.all_forms, addresses)
        for beyond, where in ((False, cells & ~far), (True, cells & far)):
            for here in (where & web, where & ~web):
                if here:
                    chosen = _representatives(here, (*before.parts, *after.parts))
                    samples = tuple(_sample(client, view, cell, kind) for cell in chosen)
                    yield Change(kind, listed, samples, beyond=beyond)


def _sample(client: Client, view: View, cell: int, kind: Kind) -> Sample:
    """The request of a destination, decided naively too.

    Raises:
        Disagreement: the naive decider sees no such difference.
    """
    request = _request(client, view.port, view.grid, cell)
    before, after = (decide_egress(side.model, request) for side in view.sides)
    wanted = kind is Kind.NEWLY_ALLOWED
    if after.allowed is not wanted or before.allowed is wanted:
        naive = f"{before.answer.value} by {before.rule}, then {after.answer.value} by {after.rule}"
        raise Disagreement(request, kind.value.replace("_", " "), naive)
    return Sample(request, before.sentence, after.sentence, before.leaves, after.leaves)


def shown_as(group: Sequence[Client]) -> str:
    """The name of the slice of some clients: their namespaces, and of those of one the labels that all of them bear."""
    names: dict[str, None] = {}
    for client in group:
        names.setdefault(
            "any other namespace" if client.namespace == _NOWHERE else client.namespace
        )
    shown = [*names][:_SHOWN]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    common = sorted(set(group[0].labels).intersection(*(client.labels for client in group)))
    told = ", ".join(f"{key}={value}" for key, value in common)
    pods = f" pods with {told}" if told and len(names) == 1 else ""
    return f"{LEAVES} {', '.join(shown)}{more}{pods}"


def _pods(selectors: Sequence[Marks]) -> tuple[dict[str, str], ...]:
    """The labels of a pod for each set of selectors that one pod can meet, and of one that meets none.

    Raises:
        Opaque: there are too many.
    """
    found: list[dict[str, str]] = [{}]
    for selector in selectors:
        wanted = dict(selector)
        more = [
            {**labels, **wanted}
            for labels in found
            if all(labels.get(key, value) == value for key, value in wanted.items())
        ]
        found.extend(labels for labels in more if labels not in found)
        if len(found) > _MOST_PODS:
            raise Opaque("more selectors of one namespace than can be told apart")
    return tuple(found)


def _marks(selector: Labels) -> Iterator[Marks]:
    """Labels that a selector asks for, and each that it must not meet."""
    wanted = tuple(
        (r.key, r.values[0])
        for r in selector.requirements
        if r.operator is Operator.IN and r.values
    )
    if wanted:
        yield tuple(sorted(wanted))
    for one in selector.requirements:
        if one.operator is Operator.NOT_IN:
            yield from (((one.key, value),) for value in one.values)
        elif one.operator is not Operator.IN:
            yield ((one.key, "some"),)


def _representatives(cells: int, parts: Iterable[int]) -> tuple[int, ...]:
    """Destinations of which everything that decides of one is decider of some, the lowest first."""
    found = {lowest(cells): None}
    found.update((lowest(cells & part), None) for part in parts if cells & part)
    return tuple(sorted(found))


def _request(client: Client, port: int, grid: Grid, cell: int) -> Request:
    form, at = divmod(cell, grid.places)
    address, sought = divmod(at, len(grid.sought.samples))
    place = form - len(grid.names.samples)
    http = place < 0
    return Request(
        caller=client.caller,
        external=str(grid.addresses.samples[address]),
        looked_up=grid.sought.samples[sought] or "",
        service_port=port,
        http=http,
        authority=(grid.names.samples[form] or "") if http else "",
        server_name="" if http else grid.names.samples[place] or "",
    )
