"""Of the routes of a port one kind is heeded: those for calls, else for requests, else for TLS by name, else for bytes.

linkerd2 policy-controller/grpc/src/outbound.rs ``to_proto``, 2.20: those of lower kinds are left out on that port, not
merged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.attachment import Attachment, Audience, EnforcedAt, Scope
from ir.match import AllOf, Part
from ir.model import Fact, Inactive
from ir.opaque import Column, Opaque
from ir.provenance import Traced, named, trail
from ir.traffic import HeaderSide, Protocol, RouteTable
from ir.walk import traced
from translator.importers.linkerd.link.claims import ORDER, beside

_BESIDE = "routes for all clients beside GRPCRoutes for some"
_BROKEN = "a GRPCRoute that makes its port fail"


def first_kinds(facts: Sequence[Fact]) -> tuple[list[Fact], list[Inactive]]:
    """The tables of clients on the ports where they are heeded, and those that are nowhere."""
    tables = [fact for fact in facts if isinstance(fact, RouteTable) and _is_for_clients(fact)]
    kept: list[Fact] = []
    inactive: list[Inactive] = []
    for fact in facts:
        if not isinstance(fact, RouteTable) or not _is_for_clients(fact):
            kept.append(fact)
            continue
        left: RouteTable | None = fact
        why = ""
        dark: list[Opaque] = []
        for other in tables:
            if left is not None and _rank(other) < _rank(fact):
                left, unknown = _beside(left, other)
                dark.extend(unknown)
                why = beside(other.protocol) if left is None else why
        kept.extend(dark)
        if left is not None:
            kept.append(_as_requests(left))
        elif not dark:
            inactive.append(Inactive(leaves=_leaves(fact), winner="", why=why))
        kept.extend(_broken(fact))
    return kept, inactive


def _rank(table: RouteTable) -> int:
    return ORDER.index(table.protocol)


def _is_for_clients(table: RouteTable) -> bool:
    return table.attachment.enforced_at is EnforcedAt.CLIENT and table.protocol in ORDER


def _as_requests(fact: RouteTable) -> RouteTable:
    """A table of calls as one of requests: a call is a request, and its tests say which.

    Of what leaves the cluster nobody else says what it speaks, so that it stays one of calls.
    """
    inside = fact.attachment.subject.scope is not Scope.EGRESS
    return replace(fact, protocol=Protocol.HTTP) if inside and _is_of_calls(fact) else fact


def _is_of_calls(table: RouteTable) -> bool:
    return table.protocol is Protocol.GRPC


def _leaves(fact: Fact) -> tuple[int, ...]:
    return tuple(sorted({leaf for one in traced(fact) for leaf in one.origin}))


def _beside(table: RouteTable, other: RouteTable) -> tuple[RouteTable | None, list[Opaque]]:
    """The table less the ports on which the other puts it aside, nothing where none is left; and what is not known of these."""
    if not _same(table, other):
        return table, []
    mine, theirs = table.attachment, other.attachment
    all_know = _covers(theirs.audience, mine.audience)
    if not all_know and mine.subject.scope is Scope.EGRESS and not _is_of_calls(other):
        return table, []
    left = _less(mine, theirs)
    if left == mine:
        return table, []
    unknown = [] if all_know else [_unclear(table, theirs, left)]
    return None if left is None else replace(table, attachment=left), unknown


def _unclear(table: RouteTable, theirs: Attachment, left: Attachment | None) -> Opaque:
    """What is not known of the ports on which only some clients have other routes."""
    mine, leaves = table.attachment, _leaves(table)
    kept = () if left is None else left.ports
    ports = tuple(port for port in mine.ports or theirs.ports if port not in kept)
    return Opaque(
        attachment=replace(mine, audience=None, ports=ports),
        kind=_BESIDE,
        may_touch=(Column.ROUTING, Column.RESILIENCE),
        trail=trail(_BESIDE, *leaves) if left is None else trail(_BESIDE, because=leaves),
    )


def _less(mine: Attachment, theirs: Attachment) -> Attachment | None:
    """The first without the ports of the second; ``None`` where none is left."""
    spared = [port.value for port in theirs.excluding_ports]
    taken = [port for port in theirs.ports if port.value not in spared]
    if theirs.ports and not taken:
        return mine
    numbers = [port.value for port in taken]
    if mine.ports:
        ports = tuple(
            port
            for port in mine.ports
            if port.value in spared or (numbers and port.value not in numbers)
        )
        return replace(mine, ports=ports) if ports else None
    if taken:
        gone = tuple(named(port.value, port) for port in taken)
        return replace(mine, excluding_ports=(*mine.excluding_ports, *gone))
    own = [port.value for port in mine.excluding_ports]
    rest = tuple(named(p.value, p) for p in theirs.excluding_ports if p.value not in own)
    return replace(mine, ports=rest) if rest else None


def _same(one: RouteTable, other: RouteTable) -> bool:
    mine, theirs = one.attachment.subject, other.attachment.subject
    return mine.scope is theirs.scope and [
        part and part.value for part in (mine.namespace, mine.name)
    ] == [part and part.value for part in (theirs.namespace, theirs.name)]


def _covers(one: Audience | None, other: Audience | None) -> bool:
    """Whether all clients of the other are among those of the first."""
    if one is None or other is None:
        return one is None
    return {n.value for n in other.namespaces} <= {n.value for n in one.namespaces}


def _broken(fact: RouteTable) -> Iterator[Opaque]:
    """Linkerd's proxy refuses the whole policy of a port whose calls change headers of answers, or are asked for by headers alone.

    linkerd2 policy-controller/grpc/src/outbound/grpc.rs ``convert_to_filter`` writes a filter without a kind, which
    linkerd2-proxy linkerd/proxy/client-policy/src/grpc.rs does not take, and policy-controller/grpc/src/routes/grpc.rs
    ``convert_match`` a match without a call, which linkerd/http/route/src/grpc/match.rs does not (``MissingRpc``), 2.20.
    """
    if not _is_of_calls(fact):
        return
    if fact.attachment.subject.scope not in (Scope.SERVICE, Scope.EGRESS):
        return
    edits = [e for route in fact.routes for e in route.header_edits]
    spent: list[Traced[object]] = [e.name for e in edits if e.side is HeaderSide.RESPONSE]
    spent += [
        value
        for route in fact.routes
        for match in route.matches
        if _is_nameless(match.requests)
        for value in traced(match.requests)
    ]
    if spent:
        because = [leaf for name in spent for leaf in (*name.origin, *name.because)]
        yield Opaque(
            attachment=fact.attachment,
            kind=_BROKEN,
            may_touch=(Column.ROUTING,),
            trail=trail(_BROKEN, because=because),
        )


def _is_nameless(asked: AllOf) -> bool:
    """Whether an alternative of a call, which is for POST, names neither its service nor its method."""
    parts = {test.part for test in asked.tests}
    return Part.METHOD in parts and not parts & {Part.PATH, Part.RPC_METHOD}
