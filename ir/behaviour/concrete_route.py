"""Where one request goes: the route that wins, and the endpoints that get their shares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import chain
from typing import TypeVar

from ir.attachment import Audience, Reach, Scope
from ir.behaviour.concrete_choice import Candidate, host_rank, winner
from ir.behaviour.concrete_entry import entry
from ir.behaviour.concrete_match import Sight, any_holds, pattern_matches, seen_authority
from ir.behaviour.concrete_place import on_service_port, passed_on_unread, reaches
from ir.behaviour.concrete_regex import Unsupported
from ir.behaviour.concrete_shares import Place, share_of, shares_of
from ir.behaviour.concrete_trail import leaves_of, name_of
from ir.behaviour.request import Delivery, Request, Share
from ir.model import Model
from ir.resilience import Retry, Timeouts
from ir.traffic import NoMatch, Order, Protocol, Route, RouteTable

T = TypeVar("T")

_FORBIDDEN = 403
_NOT_FOUND = 404
_OK, _ALL = 200, 100
_NARROWNESS = {Reach.EVERYONE: 0, Reach.NAMESPACES: 1, Reach.WORKLOADS: 2, Reach.LISTENERS: 3}


def decide_route(model: Model, request: Request) -> Delivery:
    """What becomes of a request to a service once its client's proxy has it.

    A request to a workload itself goes there; one that no route table is about goes to the service.

    Raises:
        Unsupported: the tables of the service contradict each other, or shares cannot be told.
    """
    if request.listener:
        return _enters(model, request)
    if not request.service:
        return _forward(model, request, (Share((request.workload,), request.port, Fraction(1)),))
    tables = _tables(model, request)
    if not tables:
        return _to_itself(model, request)
    order = _only((table.order for table in tables), "in how the winner is chosen")
    if order is Order.LIST:
        tables = (max(tables, key=lambda table: _precedence(table, request)),)
    if order is Order.SPECIFICITY:
        own = max(map(_narrowness, tables))
        tables = tuple(table for table in tables if _narrowness(table) == own)
    route = winner(order, [c for table in tables for c in _candidates(model, request, table)])
    if route is not None:
        return _taken(model, request, route)
    no_match = _only((table.no_match for table in tables), "in what happens without a match")
    leaves = tuple(sorted(set(chain.from_iterable(leaves_of(table) for table in tables))))
    return _unmatched(model, request, no_match, leaves)


def _enters(model: Model, request: Request) -> Delivery:
    """What becomes of a request that enters by a gateway."""
    found = entry(model, request)
    if found.shut:
        return Delivery(kind="shut", route="", leaves=found.leaves)
    if found.redirect is not None:
        return Delivery("redirect", "to TLS", status=found.redirect, leaves=found.leaves)
    if found.by_name:
        return Delivery(kind="forward", route="by name", leaves=found.leaves)
    orders = [table.order for table in found.tables]
    order = _only(orders, "in how the winner is chosen") if orders else Order.LIST
    candidates = [c for table in found.tables for c in _candidates(model, request, table)]
    if not request.http:  # the most particular name first
        candidates.sort(key=host_rank, reverse=True)
    elif order is Order.LIST:  # those that ask nothing come last
        candidates.sort(key=lambda candidate: not candidate.tests)
    route = winner(order, candidates)
    if route is None:
        status = _NOT_FOUND if request.http else None
        return Delivery(kind="not_found", route="", status=status, leaves=found.leaves)
    return _taken(model, request, route)


def _only(found: Iterable[T], what: str) -> T:
    """The one value that all tables agree on."""
    values = list(dict.fromkeys(found))
    if len(values) == 1:
        return values[0]
    message = f"route tables of one service differ {what}"
    raise Unsupported(message)


def _address(request: Request) -> tuple[str | None, str]:
    """Namespace and name of the service addressed; no namespace for a name outside the cluster."""
    namespace, slash, name = request.service.partition("/")
    return (namespace, name) if slash else (None, namespace)


def _tables(model: Model, request: Request) -> tuple[RouteTable, ...]:
    """The tables that the caller's proxy holds for the service, the port and the host.

    Of a connection with TLS inside, those for its name if there are any; where the port is taken for bytes, none that
    is about requests.
    """
    if request.http and passed_on_unread(model, request):
        return ()
    found = tuple(
        fact
        for fact in model.facts
        if isinstance(fact, RouteTable)
        and fact.protocol in _protocols(request)
        and _is_about(fact, request)
        and on_service_port(fact.attachment, model, request)
        and reaches(fact.attachment.audience, request.caller)
        and _asks_for(fact, request)
    )
    by_name = tuple(table for table in found if table.protocol is Protocol.TLS)
    return by_name or found


def _protocols(request: Request) -> tuple[Protocol, ...]:
    if request.http:
        return Protocol.HTTP, Protocol.GRPC
    return (Protocol.TLS, Protocol.TCP) if request.server_name else (Protocol.TCP,)


def _is_about(table: RouteTable, request: Request) -> bool:
    subject = table.attachment.subject
    if subject.scope is not Scope.SERVICE or subject.name is None:
        return False
    namespace = None if subject.namespace is None else subject.namespace.value
    return (namespace, subject.name.value) == _address(request)


def _asks_for(table: RouteTable, request: Request) -> bool:
    """Whether the table is for the host asked for; a request that names none is taken by any."""
    authority = seen_authority(request.authority, table.view)
    hosts = [host.value for host in table.hosts]
    return not hosts or not authority or any(pattern_matches(host, authority) for host in hosts)


def _sight(model: Model, request: Request, table: RouteTable) -> Sight:
    return Sight(request=request, view=table.view, inventory=model.inventory)


def _precedence(table: RouteTable, request: Request) -> tuple[int, tuple[int, int]]:
    """How much a table in list order is the client's own: by audience, then by host."""
    hosts = tuple(host.value for host in table.hosts)
    seen = Candidate(table, (), hosts, Sight(request=request, view=table.view))
    return _narrowness(table), host_rank(seen)


def _narrowness(table: RouteTable) -> int:
    """How much a table is its clients' own."""
    audience = table.attachment.audience
    return _NARROWNESS[Reach.EVERYONE if audience is None else audience.reach]


def _candidates(model: Model, request: Request, table: RouteTable) -> Iterator[Candidate[Route]]:
    sight = _sight(model, request, table)
    hosts = tuple(host.value for host in table.hosts)
    for route in table.routes:
        if not route.matches:
            yield Candidate(route, (), hosts, sight)
        for match in route.matches:
            if _holds_for(match.audience, request) and any_holds((match.requests,), sight):
                yield Candidate(route, match.requests.tests, hosts, sight)


def _holds_for(audience: Audience | None, request: Request) -> bool:
    """Whether the caller's proxy holds a rule, or the gateway by which the request enters."""
    if request.listener and audience is not None and audience.listeners:
        return request.listener in [name.value for name in audience.listeners]
    return reaches(audience, request.caller)


def _unmatched(
    model: Model, request: Request, no_match: NoMatch, leaves: tuple[int, ...]
) -> Delivery:
    match no_match:
        case NoMatch.NOT_FOUND:
            status = _NOT_FOUND if request.http else None
            return Delivery(kind="not_found", route="", status=status, leaves=leaves)
        case NoMatch.FORBIDDEN:
            return Delivery(kind="answer", route="", status=_FORBIDDEN, leaves=leaves)
        case NoMatch.PASS:
            return _to_itself(model, request)


def _to_itself(model: Model, request: Request) -> Delivery:
    place = Place(*_address(request), port=request.service_port)
    return _forward(model, request, (share_of(model, request, place, Fraction(1)),))


def _forward(model: Model, request: Request, shares: tuple[Share, ...]) -> Delivery:
    return Delivery(
        kind="forward",
        route="default",
        shares=shares,
        timeout=_timeout(model, request, None),
        retries=_retries(model, request, None),
        retry=_retry(model, request, None),
    )


def _taken(model: Model, request: Request, route: Route) -> Delivery:
    named = Delivery(kind="forward", route=name_of(route), leaves=leaves_of(route))
    if route.redirect is not None and request.path == route.redirect.passed:
        place = Place(*_address(request), port=request.service_port)
        itself = (share_of(model, request, place, Fraction(1)),)
        return _served(model, request, route, replace(named, shares=itself))
    if route.redirect is not None:
        status = route.redirect.status
        return replace(named, kind="redirect", status=None if status is None else status.value)
    if route.answer is not None:
        return replace(named, kind="answer", status=route.answer.status.value)
    fault = route.fault
    if fault is not None and fault.abort_percent is not None and fault.abort_percent.value >= _ALL:
        if fault.abort_status is not None:
            return replace(named, kind="answer", status=fault.abort_status.value)
        if fault.abort_grpc_status is not None:
            return replace(named, kind="answer", status=_OK)
    return _served(
        model, request, route, replace(named, shares=shares_of(model, request, route.backends))
    )


def _served(model: Model, request: Request, route: Route, found: Delivery) -> Delivery:
    """The delivery with the limits and further tries of the route."""
    return replace(
        found,
        timeout=_timeout(model, request, route.timeouts),
        retries=_retries(model, request, route.retry),
        retry=_retry(model, request, route.retry),
        times=route.timeouts,
    )


def _timeout(model: Model, request: Request, own: Timeouts | None) -> float | None:
    """Seconds; what the route does not say is what the model states for silence."""
    silent = (d.fact for d in model.defaults if d.key == "Timeouts.request" and request.http)
    stated = [own, *(fact for fact in silent if isinstance(fact, Timeouts))]
    limits = (t.request.value for t in stated if t is not None and t.request is not None)
    return next(limits, None)


def _retry(model: Model, request: Request, own: Retry | None) -> Retry | None:
    silent = (d.fact for d in model.defaults if d.key == "Route.retry" and request.http)
    stated = [own, *(fact for fact in silent if isinstance(fact, Retry))]
    return next((retry for retry in stated if retry is not None), None)


def _retries(model: Model, request: Request, own: Retry | None) -> int | None:
    retry = _retry(model, request, own)
    return None if retry is None else retry.attempts.value
