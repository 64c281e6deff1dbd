"""What clients' proxies are told in the target's own form: tables by rank, profiles, and networks outside.

Such a table stays an object, by its name. Of those of one Service, or one network, the oldest counts among rules of one
rank, then the first by name (linkerd2 policy-controller/grpc/src/routes.rs ``timestamp_then_name``, 2.20): where the ages
of the source are in another order than its names, the younger gets a name behind that of the older. What a Service says
of its requests where no route is for them stays a word of the Service.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ir.attachment import Attachment, EnforcedAt, Scope
from ir.edge import EgressPolicy
from ir.match import AllOf, Part, Pattern
from ir.model import Fact, Model
from ir.provenance import Traced, derived, named
from ir.resilience import AppliesTo, Outliers, RetryBudget
from ir.traffic import AS_ASKED, Order, Protocol, Redirect, Route, RouteMatch, RouteTable
from ir.walk import rebuild, traced
from translator.exporters.gateways.binding import KINDS
from translator.exporters.linkerd.legalise.kept_names import KeptNames

_PROTOCOLS = {kind: protocol for protocol, kind in KINDS.items()}
_KINDS = ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute")
_PROFILES = ("ServiceProfile", "TrafficSplit")
SERVICE = "Service"
NETWORK = "EgressNetwork"
_STREAMS = (Protocol.TLS, Protocol.TCP)


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays as it is: tables, and what objects say besides."""

    tables: tuple[RouteTable, ...] = ()
    others: tuple[Fact, ...] = ()


def without_kept(model: Model) -> tuple[Model, Kept]:
    """The model without what stays, and that."""
    tables = tuple(f for f in model.facts if isinstance(f, RouteTable) and _is_kept(f))
    profiles = [f for f in model.facts if isinstance(f, RouteTable) and is_kept_profile(f)]
    places = {clients_of(profile.attachment) for profile in profiles}
    bounds = (f for f in model.facts if isinstance(f, RetryBudget))
    words = (f for f in model.facts if isinstance(f, Outliers | EgressPolicy) and _is_word(f))
    others = (*profiles, *(f for f in bounds if clients_of(f.attachment) in places), *words)
    gone = {id(fact) for fact in (*tables, *others)}
    rest = tuple(fact for fact in model.facts if id(fact) not in gone)
    return (replace(model, facts=rest) if gone else model), Kept(tables, others)


def is_kept_profile(table: RouteTable) -> bool:
    """Whether a table is what a ServiceProfile says, or a TrafficSplit writes into one."""
    return table.object.partition("/")[0] in _PROFILES and table.order is Order.LIST


def clients_of(at: Attachment) -> tuple[str, ...]:
    """The Service that clients address, and who they are: all, or those of a namespace."""
    spaces = () if at.audience is None else at.audience.namespaces
    return (
        _value(at.subject.namespace),
        _value(at.subject.name),
        *(space.value for space in spaces),
    )


def _is_kept(table: RouteTable) -> bool:
    at = table.attachment
    by_clients = at.enforced_at is EnforcedAt.CLIENT
    placed = at.subject.scope in (Scope.SERVICE, Scope.EGRESS)
    own = table.object.partition("/")[0] in (*_KINDS, SERVICE)
    return by_clients and placed and own and table.order is Order.RANK


def _is_word(fact: Outliers | EgressPolicy) -> bool:
    """Whether the target has one object, or one word, for it: a network by its name, failures by what was addressed."""
    if isinstance(fact, EgressPolicy):
        whole = fact.unknown is not None and fact.through is None and not fact.seen
        return fact.name is not None and whole
    times = (fact.consecutive_errors, fact.ejection_time, fact.longest_ejection)
    return fact.applies_to is AppliesTo.ADDRESS and fact.labels is None and None not in times


def written_tables(kept: Kept, names: KeptNames) -> Iterator[Fact]:
    """What stays, in legal form."""
    last: dict[tuple[str, ...], tuple[str, str]] = {}
    for table in kept.tables:
        kind, home, own = table.object.split("/")
        if kind == SERVICE:
            yield _of_service(table)
            continue
        subject = table.attachment.subject
        parent = kind, subject.scope, _value(subject.namespace), _value(subject.name)
        name, space = last.get(parent, ("", ""))
        after = name if (name, space) >= (own, home) else ""
        taken = names.take(kind, home, own, parent[-1], after=after)
        last[parent] = max(last.get(parent, ("", "")), (taken, home))
        stated, inherited = _inherited(table)
        yield _table(stated, kind, taken)
        yield from inherited
    yield from kept.others


def _value(part: Traced[str] | None) -> str:
    return "" if part is None else part.value


def _of_service(table: RouteTable) -> RouteTable:
    """What a Service says, without the ports that it is not about: these follow from what else is there."""
    return replace(table, attachment=replace(table.attachment, excluding_ports=()))


def _inherited(table: RouteTable) -> tuple[RouteTable, tuple[RouteTable, ...]]:
    """The table without time limits that only some of its rules have from its parent, and these as what that says.

    An object can say limits of answers and of silence for all of its rules alone.
    """
    sent = [route for route in table.routes if route.redirect is None]
    if len({_limits(route) for route in sent}) < 2:  # noqa: PLR2004  # all alike
        return table, ()
    from_parent = [route for route in sent if _limits(route) != (None, None)]
    routes = tuple(
        replace(route, timeouts=None) if any(route is one for one in from_parent) else route
        for route in table.routes
    )
    kind = NETWORK if table.attachment.subject.scope is Scope.EGRESS else SERVICE
    subject = table.attachment.subject
    said = [Route(timeouts=one.timeouts, trail=named("words", one.trail)) for one in from_parent]
    words = replace(
        table,
        attachment=_reference(table.attachment),
        object=f"{kind}/{_value(subject.namespace)}/{_value(subject.name)}",
        routes=tuple(said),
        trail=named("words", table.trail),
    )
    return replace(table, routes=routes), (words,)


def _limits(route: Route) -> tuple[float | None, float | None]:
    times = route.timeouts
    stated = (None, None) if times is None else (times.response, times.idle)
    response, idle = (None if limit is None else limit.value for limit in stated)
    return response, idle


def _reference(at: Attachment) -> Attachment:
    """The same place, named by a fact that does not state it."""
    return rebuild(at, lambda value: named(value.value, value))


def _table(table: RouteTable, kind: str, name: str) -> RouteTable:
    """The table as one object: its hosts beside its rules, its port if it names one."""
    at = table.attachment
    ports = tuple(port for port in at.ports if port.origin)
    clients = () if at.audience is None else tuple(traced(at.audience))
    protocol = _PROTOCOLS[kind]
    streams = protocol in _STREAMS
    return replace(
        table,
        name=named(name, table.name),
        attachment=replace(at, ports=ports, excluding_ports=()),
        protocol=protocol,
        hosts=() if streams else _hosts(table),
        routes=tuple(_route(route, table, streams=streams) for route in table.routes),
        trail=derived(table.trail.value, (table.trail, *clients)),
    )


def _hosts(table: RouteTable) -> tuple[Traced[Pattern], ...]:
    """The hosts that all rules ask for."""
    found: dict[Pattern, list[Traced[object]]] = {}
    for match in (m for route in table.routes for m in route.matches):
        for test in match.requests.tests:
            if test.part is Part.AUTHORITY:
                for term in test.any_of:
                    if isinstance(term.value, Pattern):
                        found.setdefault(term.value, []).append(term)
    return tuple(derived(value, terms) for value, terms in found.items())


def _route(route: Route, table: RouteTable, *, streams: bool) -> Route:
    """A rule without the hosts of its table, its name on its trail."""
    spent = [route.trail, *(() if route.name is None else (route.name,))]
    matches = tuple(m if streams else _without_hosts(m, route, table) for m in route.matches)
    redirect = None if route.redirect is None else _redirect(route.redirect)
    return replace(
        route,
        name=None,
        matches=matches,
        redirect=redirect,
        trail=derived(route.trail.value, (*spent, named("rule", table.trail))),
    )


def _without_hosts(match: RouteMatch, route: Route, table: RouteTable) -> RouteMatch:
    asked = match.requests
    tests = tuple(test for test in asked.tests if test.part is not Part.AUTHORITY)
    node = derived(
        match.trail.value, (match.trail, asked.trail, named("rule", route.trail, table.trail))
    )
    return replace(match, requests=AllOf(tests=tests, trail=named("requests", node)), trail=node)


def _redirect(redirect: Redirect) -> Redirect:
    """A redirect to the port asked for says nothing of ports."""
    port = redirect.port
    if port is None or port.value != AS_ASKED:
        return redirect
    return replace(redirect, port=None, trail=derived(redirect.trail.value, (redirect.trail, port)))


__all__ = [
    "NETWORK",
    "SERVICE",
    "Kept",
    "clients_of",
    "is_kept_profile",
    "without_kept",
    "written_tables",
]
