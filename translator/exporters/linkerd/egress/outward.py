"""Rules for requests to names outside where everything passes: routes on a network that lets all out.

linkerd2 policy-controller/grpc/src/outbound.rs ``to_proto``, 2.20: a request that no route of the network matches goes on
by its policy, so only rules of which the last takes all requests are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ir.attachment import Attachment, EnforcedAt, Scope, ServicePort, Subject
from ir.edge import EgressPolicy, ExternalPort, ExternalService, UnknownEgress
from ir.match import Pattern, PatternKind
from ir.model import Fact
from ir.provenance import Traced, absorb, derived, named, trail
from ir.traffic import AS_DIALLED, Backend, NoMatch, Protocol, Route, RouteTable
from translator.exporters.egress.names import HTTP_WORDS, text_of
from translator.exporters.linkerd.egress.objects import NAME
from translator.exporters.linkerd.egress.zones import GLOBAL


@dataclass(frozen=True, slots=True)
class Outward:
    """All facts, those for names outside bound to the network ``policy``; without such facts there is none."""

    facts: tuple[Fact, ...]
    policy: EgressPolicy | None


def outward(facts: Sequence[Fact], services: Sequence[ExternalService]) -> Outward:
    """The rules for names outside in terms of a network that lets all out."""
    found: list[Fact] = []
    bound: list[RouteTable] = []
    for fact in facts:
        ports = _ports(fact, services) if isinstance(fact, RouteTable) else ()
        if isinstance(fact, RouteTable) and ports and _is_same_there(fact, ports):
            made = tuple(_bound(fact, port) for port in ports)
            bound.extend(made)
            found.extend(made)
        else:
            found.append(fact)
    return Outward(tuple(found), _network(bound) if bound else None)


def _ports(table: RouteTable, services: Sequence[ExternalService]) -> tuple[ExternalPort, ...]:
    """The HTTP ports on which the host of the rules is declared, one for each number."""
    subject, at = table.attachment.subject, table.attachment
    if subject.scope is not Scope.SERVICE or subject.namespace is not None or subject.name is None:
        return ()
    if at.enforced_at is not EnforcedAt.CLIENT or at.ports or table.protocol is not Protocol.HTTP:
        return ()
    host = subject.name.value
    declared = [s for s in services if host in [text_of(h.value) for h in s.hosts]]
    ports = [p for s in declared for p in s.ports]
    if any(p.target is not None or not _is_http(p) for p in ports):
        return ()
    return tuple({port.number.value: port for port in ports}.values())


def _is_http(port: ExternalPort) -> bool:
    return port.protocol is not None and port.protocol.value in HTTP_WORDS


def _is_same_there(table: RouteTable, ports: Sequence[ExternalPort]) -> bool:
    """Whether every rule goes on to the host itself, and the last takes whatever is left."""
    last = table.routes[-1] if table.routes else None
    return (
        last is not None
        and not last.matches
        and all(_goes_on(route, table, ports) for route in table.routes)
    )


def _goes_on(route: Route, table: RouteTable, ports: Sequence[ExternalPort]) -> bool:
    host = table.attachment.subject.name
    return len(route.backends) == 1 and all(
        host is not None
        and b.destination.namespace is None
        and b.destination.name.value == host.value
        and b.destination.subset is None
        and not b.header_edits
        and (
            b.destination.port is None
            or [b.destination.port.value.port] == [p.number.value for p in ports]
        )
        for b in route.backends
    )


def _bound(table: RouteTable, port: ExternalPort) -> RouteTable:
    """The rules on one port of the network."""
    host = table.attachment.subject.name
    if host is None:
        raise TypeError(table)
    kind = PatternKind.SUFFIX if host.value.startswith("*") else PatternKind.EXACT
    asked = Pattern(kind, host.value.removeprefix("*"), ignore_case=True)
    subject = Subject(
        scope=Scope.EGRESS,
        namespace=named(GLOBAL, table.trail),
        name=named(NAME, table.trail),
        trail=absorb(trail("the network"), table.attachment.subject.trail),
    )
    return replace(
        table,
        attachment=replace(
            table.attachment,
            subject=subject,
            ports=(named(ServicePort(port.number.value), port.number),),
        ),
        hosts=(derived(asked, (host, *table.hosts)),),
        routes=tuple(replace(r, backends=(_on(r.backends[0]),)) for r in table.routes),
        no_match=NoMatch.PASS,
    )


def _on(backend: Backend) -> Backend:
    wanted = backend.destination
    node = derived("as dialled", (wanted.trail, *filter(None, (wanted.port,))))
    made = replace(wanted, name=wanted.name.derive(AS_DIALLED), port=None, trail=node)
    return replace(backend, destination=made)


def _network(tables: Sequence[RouteTable]) -> EgressPolicy:
    reasons = [value for table in tables for value in _reasons(table)]
    return EgressPolicy(
        name=named(f"{GLOBAL}/{NAME}", *reasons),
        attachment=Attachment(
            subject=Subject(scope=Scope.MESH, trail=trail("clients")),
            enforced_at=EnforcedAt.CLIENT,
        ),
        unknown=named(UnknownEgress.PASS, *reasons),
        trail=derived("egress network", reasons),
    )


def _reasons(table: RouteTable) -> Iterator[Traced[object]]:
    yield table.trail
    yield from table.hosts
