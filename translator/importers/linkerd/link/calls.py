"""Ports with GRPCRoutes: nobody heeds the routes of other kinds there.

linkerd2 policy-controller/grpc/src/outbound.rs ``to_proto``, 2.20: of the routes of a port those for calls come first,
and those of lower kinds are left out, not merged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.attachment import Audience, EnforcedAt, Scope
from ir.match import AllOf, Part
from ir.model import Fact, Inactive
from ir.opaque import Column, Opaque
from ir.provenance import Traced, named, trail
from ir.traffic import HeaderSide, Protocol, RouteTable
from ir.walk import traced

_LOWER = "the port has GRPCRoutes, beside which Linkerd heeds no other kind"
_BESIDE = "routes for all clients beside GRPCRoutes for some"
_BROKEN = "a GRPCRoute that makes its port fail"


def calls_first(facts: Sequence[Fact]) -> tuple[list[Fact], list[Inactive]]:
    """The tables of clients that are heeded where calls are routed, and those that are not."""
    calls = [f for f in facts if _is_for_clients(f, calls=True)]
    kept: list[Fact] = []
    inactive: list[Inactive] = []
    for fact in facts:
        left: Fact | None = fact
        for other in calls:
            if isinstance(left, RouteTable) and _is_for_clients(left, calls=False):
                left = _beside(left, other)
        if left is None:
            inactive.append(Inactive(leaves=_leaves(fact), winner="", why=_LOWER))
        else:
            kept.append(_as_requests(left))
        kept.extend(_broken(fact))
    return kept, inactive


def _is_for_clients(fact: Fact, *, calls: bool) -> bool:
    return (
        isinstance(fact, RouteTable)
        and fact.attachment.enforced_at is EnforcedAt.CLIENT
        and (fact.protocol is Protocol.GRPC) is calls
    )


def _as_requests(fact: Fact) -> Fact:
    """A table of calls as one of requests: a call is a request, and its tests say which.

    Of what leaves the cluster nobody else says what it speaks, so that it stays one of calls.
    """
    if not isinstance(fact, RouteTable) or fact.attachment.subject.scope is Scope.EGRESS:
        return fact
    if fact.protocol is Protocol.GRPC:
        return replace(fact, protocol=Protocol.HTTP)
    return fact


def _leaves(fact: Fact) -> tuple[int, ...]:
    return tuple(sorted({leaf for one in traced(fact) for leaf in one.origin}))


def _beside(table: RouteTable, other: Fact) -> Fact | None:
    """The table less the ports on which the other puts it aside; nothing where none is left."""
    if not isinstance(other, RouteTable) or not _same(table, other):
        return table
    mine, theirs = table.attachment, other.attachment
    taken = [port.value for port in theirs.ports]
    own = [port.value for port in mine.ports]
    left = [port for port in mine.ports if taken and port.value not in taken]
    if own and len(left) == len(own):
        return table
    if not _covers(theirs.audience, mine.audience):
        return Opaque(
            attachment=replace(mine, audience=None),
            kind=_BESIDE,
            may_touch=(Column.ROUTING, Column.RESILIENCE),
            trail=trail(_BESIDE, *_leaves(table)),
        )
    if not taken or (own and not left):
        return None
    if own:
        return replace(table, attachment=replace(mine, ports=tuple(left)))
    gone = tuple(named(port.value, port) for port in theirs.ports)
    excluded = (*mine.excluding_ports, *gone)
    return replace(table, attachment=replace(mine, excluding_ports=excluded))


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


def _broken(fact: Fact) -> Iterator[Opaque]:
    """Linkerd's proxy refuses the whole policy of a port whose calls change headers of answers, or are asked for by headers alone.

    linkerd2 policy-controller/grpc/src/outbound/grpc.rs ``convert_to_filter`` writes a filter without a kind, which
    linkerd2-proxy linkerd/proxy/client-policy/src/grpc.rs does not take, and policy-controller/grpc/src/routes/grpc.rs
    ``convert_match`` a match without a call, which linkerd/http/route/src/grpc/match.rs does not (``MissingRpc``), 2.20.
    """
    if not isinstance(fact, RouteTable) or not _is_for_clients(fact, calls=True):
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
