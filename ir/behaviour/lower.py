"""A model brought down to what decides at each port of each workload.

The fast twin of :mod:`ir.behaviour.concrete`: it finds the facts of a port by index, strips them of their trails, and
leaves the deciding to whoever evaluates the :class:`~ir.behaviour.stages.Access` over sets of requests. What it does
not understand becomes a taint, never nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ir.access import (
    Bypass,
    Certainty,
    Closed,
    Direction,
    ExternalDecision,
    Grant,
    GuardedRoutes,
    Layer,
    MtlsMode,
    PeerMtls,
    ProbeAccess,
    Probes,
    Refusal,
    TokenCheck,
)
from ir.attachment import Attachment, Reach, Scope, ServicePort, Subject, WorkloadPort
from ir.behaviour.exits import exits_to
from ir.behaviour.request import TCP
from ir.behaviour.rulings import RULING, attachment_of, is_exit, odd, of_network
from ir.behaviour.stages import Access, Gate, Guard, Lowered, Passage, Rule
from ir.behaviour.strip import alternatives_of, rule_of, tests_of, ways_of
from ir.inventory import Inventory, Workload, meets
from ir.match import Labels, Operator, Part, Pattern
from ir.model import Fact, Model
from ir.traffic import EndpointSubset

Port = WorkloadPort | ServicePort
F = TypeVar("F")

_MAYBE_CLOSED = (
    "where an install setting decides whether a port is closed, it is taken to be closed"
)


@dataclass(frozen=True, slots=True)
class Here:
    """A fact that holds at a port, in the model's order."""

    number: int
    fact: Fact


class Lowering:
    """The facts of a model by where they hold."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.inventory: Inventory = model.inventory
        self.subsets: Mapping[tuple[str, str], EndpointSubset] = {
            (f.namespace.value, f.name.value): f
            for f in reversed(model.facts)
            if isinstance(f, EndpointSubset)
        }
        self._odd = tuple(odd(model.facts))
        self._wide: list[Here] = []
        self._by_namespace: dict[str, list[Here]] = {}
        self._by_label: dict[tuple[str | None, str, str], list[Here]] = {}
        self.exits = tuple(f for f in model.facts if is_exit(f))
        for number, fact in enumerate(model.facts):
            if isinstance(fact, RULING) and not is_exit(fact):
                self._file(Here(number, fact), fact.attachment.subject)
        self._rules: dict[tuple[int, int, str, bool], Rule | None] = {}
        self._guards: dict[tuple[int, int], Guard] = {}

    # --- where facts hold ------------------------------------------------------------------------

    def _file(self, here: Here, subject: Subject) -> None:
        where = None if subject.namespace is None else subject.namespace.value
        if subject.scope is Scope.NAMESPACE:
            self._by_namespace.setdefault(where or "", []).append(here)
        elif subject.scope is Scope.WORKLOADS and subject.labels is not None:
            key = _one_label(subject.labels.value)
            if key is not None:
                self._by_label.setdefault((where, *key), []).append(here)
            elif where is not None:
                self._by_namespace.setdefault(where, []).append(here)
            else:
                self._wide.append(here)
        elif subject.scope not in (Scope.LISTENER, Scope.EGRESS):
            self._wide.append(here)

    def about(self, workload: Workload) -> tuple[Fact, ...]:
        """The deciding facts whose subject includes the workload, in the model's order."""
        near = [*self._wide, *self._by_namespace.get(workload.namespace, ())]
        for key, value in workload.labels.items():
            for where in (workload.namespace, None):
                near.extend(self._by_label.get((where, key, value), ()))
        near.sort(key=lambda here: here.number)
        return tuple(h.fact for h in near if self.covers(attachment_of(h.fact).subject, workload))

    def covers(self, subject: Subject, workload: Workload) -> bool:
        """Whether the subject includes the workload."""
        return self.covers_pod(subject, workload.namespace, workload.labels, workload.key)

    def covers_pod(
        self, subject: Subject, namespace: str, labels: Mapping[str, str], key: str = ""
    ) -> bool:
        """Whether the subject includes a pod of that namespace with these labels, of the workload ``key``."""
        if key and subject.workload is not None:
            return subject.workload.value == key
        where = None if subject.namespace is None else subject.namespace.value
        match subject.scope:
            case Scope.MESH:
                inside = True
            case Scope.NAMESPACE:
                inside = namespace == where
            case Scope.WORKLOADS:
                inside = where in (None, namespace) and (
                    subject.labels is None or meets(labels, subject.labels.value)
                )
            case Scope.SERVICE:
                name = "" if subject.name is None else subject.name.value
                inside = self.behind(where or "", name, namespace, labels)
            case Scope.LISTENER | Scope.EGRESS:
                inside = False
        own = subject.excluding
        return inside and not any(self.covers_pod(s, namespace, labels, key) for s in own)

    def behind(self, where: str, name: str, namespace: str, labels: Mapping[str, str]) -> bool:
        """Whether such a pod is an endpoint of the service, or of the subset of that name."""
        subset = None
        service = self.inventory.service(where, name)
        if service is None:
            subset = self.subsets.get((where, name))
            service = None if subset is None else self.inventory.service(where, subset.of.value)
        if service is None or not service.selector or namespace != service.namespace:
            return False
        selected = all(labels.get(key) == value for key, value in service.selector.items())
        return selected and (subset is None or meets(labels, subset.selector.value))

    def at(self, facts: Iterable[Fact], workload: Workload, port: int) -> tuple[Fact, ...]:
        """Those of the facts that hold on the port."""
        return tuple(f for f in facts if self.on(attachment_of(f), workload, port))

    def on(self, attachment: Attachment, workload: Workload, port: int) -> bool:
        """Whether the attachment is about the port of the workload."""
        if any(self._same(p.value, attachment, workload, port) for p in attachment.excluding_ports):
            return False
        return not attachment.ports or any(
            self._same(p.value, attachment, workload, port) for p in attachment.ports
        )

    def _same(self, own: Port, attachment: Attachment, workload: Workload, port: int) -> bool:
        if isinstance(own, WorkloadPort):
            return own.covers(port, workload.port_number(own.port))
        return port in self._targets(own.port, attachment.subject, workload)

    def _targets(self, number: int, subject: Subject, workload: Workload) -> set[int | None]:
        """Ports of the workload behind that port of the services meant."""
        found: set[int | None] = set()
        names = {key: key for key in self.inventory.services}
        names.update({key: (key[0], s.of.value) for key, s in self.subsets.items()})
        if subject.scope is Scope.SERVICE:
            where = "" if subject.namespace is None else subject.namespace.value
            only = (where, "" if subject.name is None else subject.name.value)
            names = {only: names[only]} if only in names else {}
        for (where, name), key in names.items():
            service = self.inventory.services.get(key)
            if service is not None and self.behind(
                where, name, workload.namespace, workload.labels
            ):
                found.update(
                    workload.port_number(p.target) for p in service.ports if p.number == number
                )
        return found

    def taints(self, workload: Workload) -> Iterator[str]:
        """What may have a say on who reaches the workload and is not understood."""
        for what, subject in self._odd:
            if subject is None or self.covers(subject, workload):
                yield what

    def named_ports(self, facts: Iterable[Fact], workload: Workload) -> Iterator[int]:
        """Ports of the workload that the facts single out, declared or not."""
        for fact in facts:
            attachment = attachment_of(fact)
            for own in (*attachment.ports, *attachment.excluding_ports):
                if isinstance(own.value, WorkloadPort):
                    number = workload.port_number(own.value.port)
                    if number is not None:
                        yield number
                        yield max(number, own.value.last)
            for test in tests_of(fact):
                if test.part is Part.PORT:
                    yield from (
                        int(term.value.text)
                        for term in (*test.any_of, *test.none_of)
                        if isinstance(term.value, Pattern) and term.value.text.isdecimal()
                    )

    # --- what they say ---------------------------------------------------------------------------

    def access(
        self, facts: Sequence[Fact], workload: Workload, port: int, transport: str = TCP
    ) -> Lowered:
        """What decides at the port; ``facts`` are those of :meth:`at`. On datagrams the network alone has a say."""
        facts = facts if transport == TCP else [f for f in facts if of_network(f)]
        past = any(f.direction is Direction.INBOUND for f in _only(facts, Bypass))
        if past:
            # a proxy that sees nothing decides nothing; what the network refuses stays refused
            facts = [f for f in facts if of_network(f)]
        taints = [
            f"{type(f).__name__} for some clients only"
            for f in facts
            if _for_some(attachment_of(f))
        ]
        certain = [f for f in facts if isinstance(f, Closed) and f.certain is not Certainty.NO]
        closed = [f for f in certain if f.direction is Direction.INBOUND]
        unsure = any(f.certain is Certainty.UNKNOWN for f in closed)
        exits, doubts = exits_to(self, workload, port, transport)
        asked = {(p.method, p.path.partition("?")[0]) for p in workload.probes
                 if workload.port_number(p.port) == port}  # fmt: skip
        probes = [f.access.value for f in facts if isinstance(f, Probes)]
        modes = {f.mode.value for f in _only(facts, PeerMtls)}
        clear = MtlsMode.OFF in modes
        access = Access(
            bypassed=past and not facts,
            probed=tuple(sorted(p for m, p in asked if m == "GET")) if probes else (),
            called=tuple(sorted(p for m, p in asked if m == "POST")) if probes else (),
            rewritten_probes=ProbeAccess.REWRITTEN in probes,
            open_probes=ProbeAccess.BY_PATH in probes,
            demanded=MtlsMode.DEMANDED in modes,
            gates=tuple(
                self._gates(facts, {f.layer for f in closed}, port, transport, clear=clear)
            ),
            outside=tuple(
                dict.fromkeys(
                    rule
                    for f in _only(facts, ExternalDecision)
                    if (rule := self._rule(f, port, clear=clear)) is not None
                )
            ),
            tokens=_tokens(_only(facts, TokenCheck)),
            exits=exits,
            transport=transport,
        )
        taints.extend(doubts)
        return Lowered(access, tuple(dict.fromkeys(taints)), (_MAYBE_CLOSED,) if unsure else ())

    def _gates(
        self,
        facts: Sequence[Fact],
        closed: set[Layer],
        port: int,
        transport: str,
        *,
        clear: bool,
    ) -> Iterator[Gate]:
        for layer in Layer:
            gate = Gate(
                layer=layer,
                closed=layer in closed,
                refusals=self._rules_of(_only(facts, Refusal), layer, port, transport, clear=clear),
                grants=self._rules_of(_only(facts, Grant), layer, port, transport, clear=clear),
                guards=tuple(
                    self._guard(f, port) for f in _only(facts, GuardedRoutes) if f.layer is layer
                ),
            )
            if gate.closed or gate.refusals or gate.guards:
                yield gate

    def _rules_of(
        self,
        facts: Iterable[Grant | Refusal],
        layer: Layer,
        port: int,
        transport: str,
        *,
        clear: bool,
    ) -> tuple[Rule, ...]:
        rules = (self._rule(f, port, transport, clear=clear) for f in facts if f.layer is layer)
        return tuple(dict.fromkeys(rule for rule in rules if rule is not None))

    def _rule(
        self,
        fact: Grant | Refusal | ExternalDecision,
        port: int,
        transport: str = TCP,
        *,
        clear: bool,
    ) -> Rule | None:
        asks = any(t.part is Part.PORT for t in tests_of(fact))
        key = id(fact), port if asks else 0, transport, clear
        if key not in self._rules:
            self._rules[key] = rule_of(fact, port, transport, clear=clear)
        return self._rules[key]

    def _guard(self, fact: GuardedRoutes, port: int) -> Guard:
        key = id(fact), port
        if key not in self._guards:
            passages = []
            for route in fact.routes:
                matches = alternatives_of(route.matches, port)
                admissions = (ways_of(a.callers, port) for a in route.admissions)
                admitted = tuple(dict.fromkeys(a for a in admissions if a is not None))
                if matches:
                    passages.append(Passage(matches, admitted))
            self._guards[key] = Guard(fact.order, fact.no_match, tuple(passages), fact.view)
        return self._guards[key]


def _only(facts: Iterable[Fact], kind: type[F]) -> list[F]:
    return [f for f in facts if isinstance(f, kind)]


def _one_label(labels: Labels) -> tuple[str, str] | None:
    """A label that every object of the selection has."""
    for one in labels.requirements:
        if one.operator is Operator.IN and len(one.values) == 1:
            return one.key, one.values[0]
    return None


def _for_some(attachment: Attachment) -> bool:
    audience = attachment.audience
    return audience is not None and audience.reach is not Reach.EVERYONE


def _tokens(checks: Sequence[TokenCheck]) -> tuple[str, ...] | None:
    if not checks:
        return None
    return tuple(sorted({place.value.lower() for check in checks for place in check.locations}))
