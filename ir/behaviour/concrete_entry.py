"""Where a request enters: the listeners of a gateway that answer to its host, and the tables that hold there."""

from __future__ import annotations

from dataclasses import dataclass

from ir.attachment import EnforcedAt
from ir.behaviour.concrete_regex import Unsupported
from ir.behaviour.request import Request
from ir.edge import Listener, ListenerHost, ListenerTls
from ir.match import Pattern, PatternKind
from ir.model import Model
from ir.traffic import Protocol, RouteTable

_PERMANENTLY = 301
_CLIENTS = (ListenerTls.MUTUAL, ListenerTls.OPTIONAL_MUTUAL, ListenerTls.MESH)


@dataclass(frozen=True, slots=True)
class Entry:
    """The tables of the most particular host that fits, or the status of a redirect to TLS."""

    tables: tuple[RouteTable, ...] = ()
    redirect: int | None = None


def entry(model: Model, request: Request) -> Entry:
    """What holds for a request at the gateway and port by which it enters; nothing where no listener has its host.

    Raises:
        Unsupported: a listener asks for the client's certificate.
    """
    host = request.authority.partition(":")[0].lower()
    open_here = [
        (fact, own)
        for fact in model.facts
        if isinstance(fact, Listener)
        and (fact.gateway.value, fact.port.value) == (request.listener, request.service_port)
        for own in fact.hosts
        if _fits(own.name.value, host)
    ]
    best = max((_rank(own.name.value) for _, own in open_here), default=None)
    here = [(fact, own) for fact, own in open_here if _rank(own.name.value) == best]
    if any(fact.tls is not None and fact.tls.value in _CLIENTS for fact, _ in here):
        message = "the listener looks at certificates of clients, which a request does not show"
        raise Unsupported(message)
    if any(f.redirect_to_tls is not None and f.redirect_to_tls.value for f, _ in here):
        return Entry(redirect=_PERMANENTLY)
    found = [
        (table, max(_rank(name) for name in _names(table, host)))
        for table in model.facts
        if isinstance(table, RouteTable) and _holds(table, request, host, open_here)
    ]
    top = max((rank for _, rank in found), default=None)
    return Entry(tables=tuple(table for table, rank in found if rank == top))


def _fits(pattern: Pattern, host: str) -> bool:
    text = pattern.text.lower()
    return host == text if pattern.kind is PatternKind.EXACT else host.endswith(text)


def _rank(pattern: Pattern) -> tuple[int, int]:
    return int(pattern.kind is PatternKind.EXACT), len(pattern.text)


def _names(table: RouteTable, host: str) -> list[Pattern]:
    every = Pattern(PatternKind.SUFFIX, "")
    names = [name.value for name in table.hosts] or [every]
    return [name for name in names if _fits(name, host)]


def _holds(
    table: RouteTable, request: Request, host: str, here: list[tuple[Listener, ListenerHost]]
) -> bool:
    attachment = table.attachment
    if attachment.enforced_at is not EnforcedAt.GATEWAY or table.protocol is not Protocol.HTTP:
        return False
    listeners = () if attachment.audience is None else attachment.audience.listeners
    ports = [port.value.port for port in attachment.ports]
    home = "" if table.home is None else table.home.value
    return (
        request.listener in [name.value for name in listeners]
        and (not ports or request.service_port in ports)
        and bool(_names(table, host))
        and any(own.routes_from is None or own.routes_from.value == home for _, own in here)
    )
