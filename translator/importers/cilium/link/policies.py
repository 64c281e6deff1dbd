"""Policies together: one union of what they allow at each end, less what any of them denies.

cilium/cilium pkg/policy/repository.go ``computePolicyEnforcementAndRules``, pkg/policy/mapstate.go, 1.20: both ends must
let a connection pass; a rule with an entry in a direction closes its pods there unless it says that it does not; deny
beats allow; allow rules add up, so that one without rules for requests voids those of another for the same peer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ir.access import Closed, Direction, Evidence, Grant, Layer, Refusal
from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.behaviour.queries import whatever_the_query
from ir.coverage import covers
from ir.inventory import Inventory, equal_to
from ir.language import Opaque as Unknown
from ir.match import AllOf, Part, PathForm, Pattern, PatternKind, Term, Test, View
from ir.model import Fact, Inactive
from ir.opaque import Column, Intent, Opaque
from ir.provenance import Traced, Trail, absorb
from translator.api import Loss, Options
from translator.importers.cilium.agent import Agent
from translator.importers.cilium.leaves import leaves_in
from translator.importers.cilium.link.enforcement import (
    SWITCHED_OFF,
    closed,
    stays_closed,
    switched_off,
)
from translator.importers.cilium.link.findings import on_nodes, pruned, refused, without_peer
from translator.importers.cilium.link.subjects import Strange, subjects_of
from translator.importers.cilium.model import (
    Item,
    Policy,
    PolicyRule,
    PortGroup,
    PortRule,
    Side,
    Statement,
)
from translator.importers.linked import Linked
from translator.resources.kubernetes.metadata import Meta

VIEW = View(path=PathForm.DECODED_AND_MERGED, headers_joined=True)
"""How the proxy of the node sees requests (``http-normalize-path``, pkg/envoy/xds_server.go: escaped slashes are undone by
sending the client there; several values of a header are compared joined)."""

ON_NODES = (
    "pods on the network of their node are part of the node, which no policy for pods selects"
)
"""cilium/cilium Documentation/security/policy/language.rst, 1.20: such pods have the identity of the host."""


def link_policies(
    statements: Sequence[Statement], inventory: Inventory, agent: Agent, options: Options
) -> Linked:
    """What all policies say of who gets in and out."""
    made = _Made(inventory, agent)
    policies = [one for one in statements if isinstance(one, Policy)]
    off = agent.idle
    for policy in policies:
        if off is None:
            made.add(policy)
        else:
            made.idle(policy, SWITCHED_OFF)
    if off is not None and policies:
        made.losses.append(switched_off(agent.key, off))
    if made.beside_nodes:
        made.losses.append(on_nodes(made.beside_nodes))
    if agent.closes and off is None:
        made.facts.extend(closed(agent, options))
        if options.source.mesh != options.target.mesh:
            made.losses.append(stays_closed(agent.key, agent.enforcement))
    return Linked(tuple(made.facts), tuple(made.inactive), tuple(made.losses))


class _Made:
    """What is found policy by policy."""

    def __init__(self, inventory: Inventory, agent: Agent) -> None:
        self.inventory = inventory
        self.agent = agent
        self.facts: list[Fact] = []
        self.inactive: list[Inactive] = []
        self.losses: list[Loss] = []
        self.beside_nodes: set[str] = set()
        """Listed pods on the network of their node that policies would select, were it not for that."""

    def add(self, policy: Policy) -> None:
        """One policy; of one that the agent refuses nothing is in force."""
        why = next((rule.refused for rule in policy.rules if rule.refused), "")
        if not policy.rules:
            why = "it has neither spec nor specs"
        if why:
            self.idle(policy, why)
            self.losses.append(refused(policy, why))
            return
        for rule in policy.rules:
            self._rule(policy, rule)

    def idle(self, value: object, why: str) -> None:
        """All of a statement, or a part, is not heeded."""
        leaves = leaves_in(value)
        if leaves:
            self.inactive.append(Inactive(leaves=leaves, winner="", why=why))

    def _rule(self, policy: Policy, rule: PolicyRule) -> None:
        node = absorb(policy.trail, rule.trail, rule.subject.trail)
        if rule.of_nodes:
            whole = _whole(policy.meta, rule, "a policy for nodes", (Column.NODES,))
            self.facts.append(replace(whole, intent=Intent.NODES))
            return
        if rule.subject.nobody:
            self.idle(rule, rule.subject.nobody)
            self.losses.append(without_peer(policy.meta, node, rule.subject.nobody))
            return
        try:
            subjects = subjects_of(policy, rule.subject, self.inventory)
        except Strange as strange:
            columns = (Column.ACCESS,) if strange.matters else ()
            self.facts.append(_whole(policy.meta, rule, str(strange), columns))
            return
        if not subjects:
            self.idle(rule, "its selector names another namespace than its own")
            self.losses.append(
                without_peer(policy.meta, node, "it selects pods of another namespace")
            )
            return
        if self._on_nodes(subjects):
            self.idle(rule, ON_NODES)
            self.losses.append(without_peer(policy.meta, node, ON_NODES))
            return
        made = False
        for side in rule.sides:
            inbound = side.direction is Direction.INBOUND
            held = [self._less_nodes(s, policy.meta) for s in subjects] if inbound else subjects
            found = [f for s in held for f in _Ruling(policy, s, side, node, self.agent).facts()]
            made = made or bool(found)
            self.facts.extend(found)
            if not found:
                self.idle(side, "it has no entry that opens or closes anything")
            self._remarks(policy, side)
        if not made:
            self.idle((rule.subject, rule.trail), "it has no entry that opens or closes anything")

    def _on_nodes(self, subjects: Sequence[Subject]) -> bool:
        """Whether the pods that are meant, as far as they are listed, all use the network of their node."""
        pods = [w for w in self.inventory.workloads
                if any(covers(one, w, self.inventory) for one in subjects)]  # fmt: skip
        return bool(pods) and all(w.host_network for w in pods)

    def _less_nodes(self, subject: Subject, meta: Meta) -> Subject:
        """The subject less the listed pods that are their node to the network."""
        pods = [w for w in self.inventory.workloads
                if w.host_network and covers(subject, w, self.inventory)]  # fmt: skip
        self.beside_nodes.update(w.key for w in pods)
        out = tuple(
            Subject(
                scope=Scope.WORKLOADS,
                namespace=Traced(w.namespace, (), meta.because),
                labels=Traced(equal_to(w.labels), (), meta.because),
                workload=Traced(w.key, (), meta.because),
                trail=meta.fact("pods on the network of their node"),
            )
            for w in pods
        )
        return replace(subject, excluding=(*subject.excluding, *out)) if out else subject

    def _remarks(self, policy: Policy, side: Side) -> None:
        for item in (*side.allows, *side.denies):
            for node, why in item.dead:
                self.idle(node, why)
                self.losses.append(
                    pruned(policy.meta, node, why)
                    if why.startswith("the API server")
                    else without_peer(policy.meta, node, why)
                )
            if item.idle or item.peers == () or not _has_ports(item):
                why = (
                    item.idle or "it lets nothing pass: it has no peer that is anybody, or no port"
                )
                self.idle((item.peers, item.ports, item.proof), why)
            for rule in item.ports or ():
                if not rule.groups:
                    self.idle(rule, "an entry without ports lets nothing pass")


def _whole(meta: Meta, rule: PolicyRule, what: str, columns: tuple[Column, ...]) -> Opaque:
    return Opaque(
        kind=f"{meta.key}: {what}",
        intent=Intent.ACCESS_RULES,
        may_touch=columns,
        trail=meta.fact("policy", *leaves_in(rule)),
    )


@dataclass(frozen=True, slots=True)
class _Ruling:
    """One direction of one rule for one subject."""

    policy: Policy
    subject: Subject
    side: Side
    node: Trail
    agent: Agent

    @property
    def meta(self) -> Meta:
        """The policy's own."""
        return self.policy.meta

    @property
    def at(self) -> Attachment:
        """All ports of the subject."""
        return Attachment(subject=self.subject, enforced_at=EnforcedAt.NODE)

    @property
    def base(self) -> Trail:
        """What every fact of this side rests on: the rule, its switch, entries that open nothing."""
        side = self.side
        spent: list[Traced[object]] = [
            item.trail
            for item in (*side.allows, *side.denies)
            if item.idle or item.peers == () or not _has_ports(item)
        ]
        if side.closes is not None:
            spent.append(side.closes)
        return absorb(self.node, side.trail, *spent)

    def facts(self) -> Iterator[Fact]:
        """The closed door, what opens it and what refuses."""
        side = self.side
        if not side.spoken:
            return
        closes = side.closes is None or side.closes.value or not self.agent.additive
        if closes:
            yield Closed(
                attachment=self.at, direction=side.direction, layer=Layer.NETWORK, trail=self.base
            )
        inbound = side.direction is Direction.INBOUND
        if inbound and self.agent.localhost and (closes or self.agent.closes):
            yield self._from_its_node()
        for item in side.allows:
            if not item.idle and item.peers != ():
                yield from self._grants(item)
        for item in side.denies:
            if not item.idle and item.peers != ():
                yield from self._refusals(item)
        if side.required:
            yield self._refusal(side.required, (), (), self.base)

    def _name(self) -> Traced[str]:
        return Traced(self.meta.name.value, (), self.meta.because)

    def _from_its_node(self) -> Grant:
        """A pod is always reached from its own node (``determineAllowLocalhostIngress``)."""
        host: Traced[Term] = Traced(Pattern(PatternKind.EXACT, "host"), (), self.meta.because)
        test = Test(part=Part.ENTITY, any_of=(host,), trail=self.meta.fact("host"))
        return Grant(
            name=self._name(),
            attachment=self.at,
            layer=Layer.NETWORK,
            callers=(AllOf(tests=(test,), trail=self.meta.fact("host")),),
            evidence=Evidence.LABEL,
            trail=self.base,
        )

    def _grants(self, item: Item) -> Iterator[Fact]:
        node = absorb(self.base, item.trail)
        proof = () if item.proof is None else (item.proof,)
        if item.ports is None:
            yield self._grant(item, None, proof, node)
        for rule in item.ports or ():
            yield from (replace(odd, attachment=self.at) for odd in rule.odd)
            for group in rule.groups:
                shared = absorb(node, rule.trail, group.trail)
                tests = (*proof, group.transport, *rule.always)
                for requests, view in _by_view(rule):
                    made = self._grant(item, group, tests, shared)
                    yield replace(made, requests=requests, view=view)

    def _grant(
        self, item: Item, group: PortGroup | None, always: tuple[Test, ...], node: Trail
    ) -> Grant:
        ports = () if group is None else group.ports
        return Grant(
            name=self._name(),
            attachment=replace(self.at, ports=ports),
            direction=self.side.direction,
            layer=Layer.NETWORK,
            callers=item.peers or (),
            always=always,
            evidence=Evidence.LABEL if item.peers else Evidence.NONE,
            view=VIEW,
            trail=node,
        )

    def _refusals(self, item: Item) -> Iterator[Refusal]:
        node = absorb(self.base, item.trail)
        if item.ports is None:
            yield self._refusal(item.peers or (), (), (), node)
        for rule in item.ports or ():
            for group in rule.groups:
                shared = absorb(node, rule.trail, group.trail)
                yield self._refusal(item.peers or (), group.ports, (group.transport,), shared)

    def _refusal(
        self,
        peers: tuple[AllOf, ...],
        ports: tuple[Traced[object], ...],
        always: tuple[Test, ...],
        node: Trail,
    ) -> Refusal:
        return Refusal(
            name=self._name(),
            attachment=replace(self.at, ports=ports),  # type: ignore[arg-type]  # ports of a group
            direction=self.side.direction,
            layer=Layer.NETWORK,
            callers=peers,
            always=always,
            evidence=Evidence.LABEL if peers else Evidence.NONE,
            view=VIEW,
            trail=node,
        )


def _has_ports(item: Item) -> bool:
    """Whether it is for some port; an entry without a word of ports is for all."""
    return item.ports is None or any(rule.groups for rule in item.ports)


def _by_view(rule: PortRule) -> Iterator[tuple[tuple[AllOf, ...], View]]:
    """The alternatives of a rule, those that look at the query apart from those that do not."""
    if rule.requests is None:
        yield (), VIEW
        return
    plain = tuple(way for way in rule.requests if _is_plain(way))
    others = tuple(way for way in rule.requests if way not in plain)
    if plain:
        yield plain, VIEW
    if others:
        yield others, replace(VIEW, path_has_query=True)


def _is_plain(way: AllOf) -> bool:
    """Whether the query changes nothing: what its pattern says of the path alone is the same for every query."""
    patterns = [t.value for test in way.tests if test.part is Part.PATH for t in test.any_of]
    try:
        return all(isinstance(p, Pattern) and whatever_the_query(p) for p in patterns)
    except Unknown:
        return False
