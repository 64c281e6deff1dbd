"""Ports that the source closes in the target's own form: a door of one port of some pods, whoever these are.

Such a door is a closed port whose protocol is said with it, with whom rules let in there, its routes and its limits. It
stays whole, by its name and for the pods that it selects. Of doors that hold one port of a pod the oldest counts, then
the first by name, and of routes of one rank as well (linkerd2 policy-controller/k8s/index/src/inbound/index.rs
``reindex_servers``, policy-controller/grpc/src/routes.rs ``timestamp_then_name``, 2.20): where the ages of the source are
in another order than its names, the younger gets a name behind that of the older.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ir.access import Admission, AuditMark, Closed, Grant, GuardedRoute, GuardedRoutes
from ir.attachment import Attachment, Subject
from ir.match import AllOf, Part, texts_of
from ir.model import Fact, Model
from ir.provenance import derived, named
from ir.resilience import RateLimit
from ir.traffic import PortProtocol
from ir.walk import rebuild, traced
from translator.api import Loss, Options
from translator.exporters.linkerd.capabilities.access import UNMARKED
from translator.exporters.linkerd.legalise.as_one import as_one
from translator.exporters.linkerd.legalise.default_policies import POLICIES, policy_of
from translator.exporters.linkerd.legalise.kept_names import KeptNames
from translator.exporters.prune import lost, of_one_cause
from translator.report.model import Impact

SERVER = "Server"
CALLS = "gRPC"
"""The protocol of doors that take calls alone: their routes are GRPCRoutes."""

_POLICY = "AuthorizationPolicy"


@dataclass(slots=True)
class Door:
    """All that is said of one port of some pods."""

    closed: list[Closed] = field(default_factory=list)
    protocols: list[PortProtocol] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    routes: list[GuardedRoutes] = field(default_factory=list)
    limits: list[RateLimit] = field(default_factory=list)
    marks: list[AuditMark] = field(default_factory=list)

    def take(self, fact: Fact) -> bool:
        """Notes what is said of it; whether it is of a kind that a door may hold."""
        match fact:
            case Closed():
                self.closed.append(fact)
            case PortProtocol():
                self.protocols.append(fact)
            case Grant():
                self.grants.append(fact)
            case GuardedRoutes():
                self.routes.append(fact)
            case RateLimit():
                self.limits.append(fact)
            case AuditMark():
                self.marks.append(fact)
            case _:
                return False
        return True

    @property
    def facts(self) -> tuple[Fact, ...]:
        """All of it."""
        return (
            *self.closed,
            *self.protocols,
            *self.grants,
            *self.routes,
            *self.limits,
            *self.marks,
        )

    @property
    def home(self) -> str:
        """The namespace of its pods."""
        return self.closed[0].object.split("/")[1]

    @property
    def name(self) -> str:
        """What it is called in the source."""
        return self.closed[0].object.split("/")[2]


def is_server(owner: str) -> bool:
    """Whether an object holds a port of some pods by itself."""
    return owner.startswith(f"{SERVER}/")


def without_doors(model: Model) -> tuple[Model, tuple[Door, ...]]:
    """The model without the doors that stay, and these: the oldest first, as the source states them."""
    doors = {
        place_of(f.attachment): Door()
        for f in model.facts
        if isinstance(f, Closed) and is_server(f.object)
    }
    if not doors:
        return model, ()
    rest: list[Fact] = []
    for fact in model.facts:
        at = getattr(fact, "attachment", None)
        door = doors.get(place_of(at)) if isinstance(at, Attachment) else None
        if door is None or not door.take(fact):
            rest.append(fact)
    return replace(model, facts=tuple(rest)), tuple(doors.values())


def without_marks(model: Model) -> tuple[Model, tuple[Loss, ...]]:
    """The model without marks for an audit log that no door has, and what is told of them."""
    marks = [f for f in model.facts if isinstance(f, AuditMark)]
    facts = tuple(f for f in model.facts if not isinstance(f, AuditMark))
    losses = of_one_cause(lost(mark, UNMARKED, Impact.NONE) for mark in marks)
    return (replace(model, facts=facts) if marks else model), losses


def place_of(at: Attachment) -> tuple[object, ...]:
    """Where a fact holds, to be compared."""
    numbers = tuple(port.value for port in at.ports)
    left = tuple(port.value for port in at.excluding_ports)
    return at.enforced_at, numbers, left, *_pods(at.subject)


def _pods(subject: Subject) -> tuple[object, ...]:
    parts = (subject.namespace, subject.name, subject.labels, subject.workload)
    own = tuple(None if part is None else part.value for part in parts)
    return subject.scope, *own, tuple(map(_pods, subject.excluding))


def written_doors(doors: Sequence[Door], names: KeptNames, options: Options) -> list[Fact]:
    """The facts of the doors in legal form; ``names``: those that are taken."""
    found: list[Fact] = []
    older: list[tuple[Door, str]] = []
    for door in doors:
        after = max((name for one, name in older if _may_yield(door, one)), default="")
        name = names.take(SERVER, door.home, door.name, after=after)
        older.append((door, name))
        found.extend(_Writer(door, name, names, options).facts())
    return found


def _may_yield(younger: Door, older: Door) -> bool:
    """Whether the older one may hold a port of a pod that the younger one would hold."""
    if younger.home != older.home:
        return False
    labels = older.closed[0].attachment.subject.labels
    return any(
        pods.workload is not None
        or (labels is not None and pods.labels is not None and pods.labels.value == labels.value)
        for pods in younger.closed[0].attachment.subject.excluding
    )


class _Writer:
    """One door in legal form."""

    def __init__(self, door: Door, name: str, names: KeptNames, options: Options) -> None:
        self.door = door
        self.name = name
        self.names = names
        self.options = options
        self.calls = any(one.protocol.value == CALLS for one in door.protocols)
        self.at = self._attachment()
        self.same = rebuild(self.at, lambda value: named(value.value, value))

    def facts(self) -> Iterator[Fact]:
        """Its protocol, whom it lets in, its routes and limits, and that it is closed."""
        own = [one for one in self.door.routes if not (self.calls and _is_usual(one))]
        usual = [one for one in self.door.routes if not any(one is kept for kept in own)]
        yield self._protocol(usual)
        yield from self._grants()
        yield from (replace(self._routes(one), attachment=self.same) for one in own)
        yield from (replace(limit, attachment=self.same) for limit in self.door.limits)
        closed = self.door.closed
        yield replace(
            closed[0],
            attachment=self.at,
            object=f"{SERVER}/{self.door.home}/{self.name}",
            trail=derived(closed[0].trail.value, [one.trail for one in closed]),
        )

    def _attachment(self) -> Attachment:
        """Where all of it holds, said once; the name of its subject is that of the door."""
        whole = as_one([_less(fact) for fact in self.door.facts])
        called = f"{SERVER}/{self.door.home}/{self.name}"
        name = named(called, self.door.closed[0].trail)
        return replace(whole, subject=replace(whole.subject, name=name))

    def _protocol(self, usual: Sequence[GuardedRoutes]) -> PortProtocol:
        """The protocol; what the target itself makes of it where no route is there goes with it."""
        own = self.door.protocols
        spoken = [one.protocol for one in own]
        implied = [value for one in usual for value in traced(replace(one, attachment=self.same))]
        return PortProtocol(
            attachment=self.same,
            protocol=derived(spoken[0].value, (*spoken, *implied)),
            evidence="service",
            trail=derived(own[0].trail.value, [one.trail for one in own]),
        )

    def _grants(self) -> Iterator[Grant]:
        """One of them may be a word of the door's own; names of policies are none of these words."""
        word = next((g for g in self.door.grants if policy_of(g, self.options)), None)
        for grant in self.door.grants:
            name = grant.name
            if grant is not word:
                wanted = "policy" if name is None else name.value
                taken = self._policy_name(wanted, self.name)
                name = named(taken, *(() if name is None else (name,)))
            yield replace(grant, name=name, attachment=self.same)

    def _policy_name(self, wanted: str, target: str) -> str:
        wanted = f"{wanted}-{target}" if wanted in POLICIES else wanted
        return self.names.take(_POLICY, self.door.home, wanted, target)

    def _routes(self, fact: GuardedRoutes) -> GuardedRoutes:
        """The routes, one for each object of the source: its rules admit the same callers."""
        kind = "GRPCRoute" if self.calls else "HTTPRoute"
        found: list[GuardedRoute] = []
        last = ""
        for group in _objects(fact.routes):
            wanted = group[0].name.value.partition("/")[0]
            last = self.names.take(kind, self.door.home, wanted, self.name, after=last)
            found.append(self._route(group, last))
        return replace(fact, routes=tuple(found))

    def _route(self, rules: Sequence[GuardedRoute], name: str) -> GuardedRoute:
        matches = [
            replace(match, trail=match.trail.derive(match.trail.value, rule.trail))
            for rule in rules
            for match in rule.matches or _every(rule, rules)
        ]
        return GuardedRoute(
            name=derived(name, [rule.name for rule in rules]),
            matches=tuple(matches),
            admissions=tuple(self._admissions(rules, name)),
            trail=derived(f"route {name}", [rule.trail for rule in rules]),
        )

    def _admissions(self, rules: Sequence[GuardedRoute], route: str) -> Iterator[Admission]:
        for copies in zip(*(rule.admissions for rule in rules), strict=True):
            whole = as_one(copies)
            wanted = route if whole.name is None else whole.name.value
            reasons = () if whole.name is None else (whole.name,)
            yield replace(whole, name=named(self._policy_name(wanted, route), *reasons))


def _less(fact: Fact) -> Attachment:
    """Where a fact of a door holds, without the pods that older doors hold."""
    at = fact.attachment  # type: ignore[union-attr]  # facts of doors have one
    if not isinstance(at, Attachment):
        raise TypeError(fact)
    return replace(at, subject=replace(at.subject, excluding=()))


def _every(rule: GuardedRoute, rules: Sequence[GuardedRoute]) -> tuple[AllOf, ...]:
    """A rule without alternatives beside others; one that is alone says so by having none."""
    return () if len(rules) == 1 else (AllOf(trail=named("every request", rule.trail)),)


def _objects(routes: Iterable[GuardedRoute]) -> Iterator[list[GuardedRoute]]:
    """The rules of each object: they are numbered where there are several."""
    found: list[GuardedRoute] = []
    for route in routes:
        number = route.name.value.partition("/")[2]
        if found and number in ("", "0"):
            yield found
            found = []
        found.append(route)
    if found:
        yield found


def _is_usual(fact: GuardedRoutes) -> bool:
    """Whether the routes are what the target itself makes of a door for calls: all calls, and nobody is named."""
    if len(fact.routes) != 1 or fact.routes[0].admissions:
        return False
    tests = [[(t.part, texts_of(t)) for t in one.tests] for one in fact.routes[0].matches]
    return tests == [[(Part.METHOD, ["POST"])]]


__all__ = [
    "CALLS",
    "SERVER",
    "Door",
    "is_server",
    "place_of",
    "without_doors",
    "without_marks",
    "written_doors",
]
