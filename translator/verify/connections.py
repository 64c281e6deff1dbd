"""Connections to services compared that are not read as requests: every port that rules for them are about.

What a rule asks of a connection is the name in its TLS hello, its port and its client. So clients that all rules take alike
and names that none tells apart are one class, and one connection of each is decided on both sides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ir.attachment import EnforcedAt, Scope, ServicePort
from ir.behaviour.concrete import Unsupported, decide_route
from ir.behaviour.concrete_place import on_service_port, reaches
from ir.behaviour.delivery import Address
from ir.behaviour.lower import Lowering
from ir.behaviour.request import Caller, Delivery, Request
from ir.language import Opaque
from ir.match import Part, Pattern
from ir.model import Model
from ir.traffic import Protocol, RouteTable
from translator.verify.callers import World
from translator.verify.dimensions import hosts_of
from translator.verify.result import Change, Kind, Sample, Slice, Verdict, judged

_STREAMS = (Protocol.TLS, Protocol.TCP)


@dataclass(slots=True)
class ConnectionComparison:
    """Two models side by side; ``unread``: what may have a say on where they go, by the namespace that it may touch."""

    lowered: tuple[Lowering, Lowering]
    world: World
    unread: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def slices(self) -> Iterator[Slice]:
        """A verdict for each port of a service of the cluster that some rule for connections is about."""
        for address in self._addresses():
            yield self._slice(address)

    def _addresses(self) -> tuple[Address, ...]:
        found: dict[Address, None] = {}
        for lowering in self.lowered:
            for table in _tables(lowering.model):
                space, name = table.attachment.subject.namespace, table.attachment.subject.name
                if space is None or name is None:
                    continue
                service = lowering.inventory.service(space.value, name.value)
                numbers = {
                    p.value.port for p in table.attachment.ports if isinstance(p.value, ServicePort)
                }
                numbers |= {port.number for port in service.ports} if service is not None else set()
                for number in numbers:
                    found[Address(space.value, name.value, number)] = None
        return tuple(sorted(found, key=lambda a: (a.namespace or "", a.name, a.port)))

    def _slice(self, address: Address) -> Slice:
        shown = f"Service/{address.key} port {address.port}, connections"
        tables = [table for side in self.lowered for table in _about(side.model, address)]
        found: dict[Kind, list[tuple[bool, Sample]]] = {}
        taints = [*self.unread.get("", ()), *self.unread.get(address.namespace or "", ())]
        try:
            names = _names(tables)
            for caller, listed in self._clients(tables):
                for name in names:
                    request = Request(
                        caller=caller,
                        service=address.key,
                        service_port=address.port,
                        server_name=name,
                        http=False,
                    )
                    before, after = (decide_route(side.model, request) for side in self.lowered)
                    kind = _kind(before, after)
                    if kind is not None:
                        sample = Sample(request, _said(before), _said(after), before.leaves, after.leaves)  # fmt: skip
                        found.setdefault(kind, []).append((listed, sample))
        except (Opaque, Unsupported) as reason:
            return Slice(shown, Verdict.UNKNOWN, (), (str(reason),))
        changes = [
            Change(kind, any(listed for listed, _ in own), tuple(sample for _, sample in own))
            for kind, own in found.items()
        ]
        assumptions = [a.text for side in self.lowered for a in side.model.assumptions]
        return judged(shown, changes, taints, assumptions)

    def _clients(self, tables: Sequence[RouteTable]) -> Iterator[tuple[Caller, bool]]:
        """One of the clients of the mesh that all rules take alike, and whether one of them is listed."""
        audiences = [
            audience
            for table in tables
            for audience in (
                table.attachment.audience,
                *(match.audience for route in table.routes for match in route.matches),
            )
        ]
        groups: dict[tuple[bool, ...], tuple[Caller, bool]] = {}
        for member in self.world.members:
            if member.caller.namespace and member.caller.mtls:
                key = tuple(reaches(audience, member.caller) for audience in audiences)
                first, listed = groups.get(key, (member.caller, False))
                groups[key] = first, listed or member.listed
        yield from groups.values() or [(Caller(), False)]


def _tables(model: Model) -> Iterator[RouteTable]:
    """Those that clients in the mesh hold for connections to services."""
    for fact in model.facts:
        if (
            isinstance(fact, RouteTable)
            and fact.protocol in _STREAMS
            and fact.attachment.subject.scope is Scope.SERVICE
            and fact.attachment.enforced_at is not EnforcedAt.GATEWAY
        ):
            yield fact


def _about(model: Model, address: Address) -> Iterator[RouteTable]:
    probe = Request(caller=Caller(), service=address.key, service_port=address.port, http=False)
    for table in _tables(model):
        space, name = table.attachment.subject.namespace, table.attachment.subject.name
        here = (space and space.value, name and name.value) == (address.namespace, address.name)
        if here and on_service_port(table.attachment, model, probe):
            yield table


def _names(tables: Sequence[RouteTable]) -> tuple[str, ...]:
    """A name of each class that the rules tell apart; the empty one is that of a connection without TLS."""
    asked = frozenset(
        (term.value, False)
        for table in tables
        for route in table.routes
        for match in route.matches
        for test in match.requests.tests
        if test.part is Part.SERVER_NAME
        for term in (*test.any_of, *test.none_of)
        if isinstance(term.value, Pattern)
    )
    return tuple(sample or "" for sample in hosts_of(asked).samples)


def _kind(before: Delivery, after: Delivery) -> Kind | None:
    """In which way connections fare otherwise; endpoints that are not listed are told by the name of their service."""
    if before.kind != after.kind:
        return Kind.NEWLY_DENIED if before.kind == "forward" else Kind.REROUTED
    mine, theirs = (
        {(share.endpoints, share.port): share.fraction for share in one.shares}
        for one in (before, after)
    )
    if mine == theirs:
        return None
    return Kind.REWEIGHTED if mine.keys() == theirs.keys() else Kind.REROUTED


def _said(found: Delivery) -> str:
    if found.kind != "forward":
        return "refused"
    shares = ", ".join(
        f"{share.fraction} to {' '.join(share.endpoints)}:{share.port}" for share in found.shares
    )
    return f"{shares} by {found.route}"
