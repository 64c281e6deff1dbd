"""Where a request enters: the listeners of a gateway that answer to its name, and the tables that hold there.

A request is known by the host that it asks for, a connection by the name in its TLS hello; one to a listener without TLS
is not asked for any. Listeners of a port that read requests without TLS are one list of hosts; where TLS ends there, the most
particular listener is chosen by the name in the hello before any request is read, and only what it lets in holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ir.attachment import EnforcedAt
from ir.behaviour.concrete_match import seen_authority
from ir.behaviour.concrete_trail import leaves_of
from ir.behaviour.request import Request, Shown
from ir.edge import Listener, ListenerHost, ListenerTls, narrower, reads_requests
from ir.match import Pattern, PatternKind, View
from ir.model import Model
from ir.traffic import Protocol, RouteTable

_PERMANENTLY = 301
_BARE = View(authority_has_port=False)
_ADMITTED = {
    ListenerTls.NONE: (Shown.PLAIN,),
    ListenerTls.TERMINATE: (Shown.TLS, Shown.CERTIFICATE),
    ListenerTls.MUTUAL: (Shown.CERTIFICATE,),
    ListenerTls.OPTIONAL_MUTUAL: (Shown.TLS, Shown.CERTIFICATE),
    ListenerTls.PASSTHROUGH: (Shown.TLS, Shown.CERTIFICATE),
    ListenerTls.AUTO_PASSTHROUGH: (Shown.TLS, Shown.CERTIFICATE, Shown.MESH),
    ListenerTls.MESH: (Shown.MESH,),
}

Open = tuple[Listener, ListenerHost]
"""A listener by one of its hosts."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The tables that hold, or the status of a redirect to TLS.

    ``shut``: no listener lets it in (a request for a host that none has is not found). ``by_name``: it goes to the service that the TLS hello spells. ``leaves``
    are those of the listeners that have a say.
    """

    tables: tuple[RouteTable, ...] = ()
    redirect: int | None = None
    shut: bool = False
    by_name: bool = False
    leaves: tuple[int, ...] = ()


def entry(model: Model, request: Request) -> Entry:
    """What holds for a request at the gateway and port by which it enters."""
    doors = list(_doors(model, request))
    best = max((_rank(own.name.value) for _, own in doors), default=None)
    here = [(fact, own) for fact, own in doors if _rank(own.name.value) == best or _is_bare(fact)]
    leaves = tuple(sorted({leaf for fact, own in here for leaf in _leaves(fact, own)}))
    if not any(_admits(fact, request.shows) for fact, _ in here):
        return Entry(shut=bool(here) or not request.http, leaves=leaves)
    if any(f.redirect_to_tls is not None and f.redirect_to_tls.value for f, _ in here):
        return Entry(redirect=_PERMANENTLY, leaves=leaves)
    if any(_mode(fact) is ListenerTls.AUTO_PASSTHROUGH for fact, _ in here):
        return Entry(by_name=True, leaves=leaves)
    chosen = here if request.http and any(_ends_tls(fact) for fact, _ in here) else doors
    tables = [t for t in model.facts if isinstance(t, RouteTable) and _holds(t, request, chosen)]
    if request.http:
        found = [(table, max(map(_rank, _names(table, _name(request))))) for table in tables]
        top = max((rank for _, rank in found), default=None)
        tables = [table for table, rank in found if rank == top]
    return Entry(tables=tuple(tables), leaves=leaves)


def _doors(model: Model, request: Request) -> Iterator[Open]:
    for fact in model.facts:
        if (
            isinstance(fact, Listener)
            and (fact.gateway.value, fact.port.value) == (request.listener, request.service_port)
            and reads_requests(fact) is request.http
        ):
            for own in fact.hosts:
                if _is_bare(fact) or _fits(own.name.value, _name(request)):
                    yield fact, own


def _name(request: Request) -> str:
    """The name by which it enters: a host without its port and the dot that may end it."""
    host = seen_authority(request.authority, _BARE) if request.http else request.server_name
    return host.lower()


def _mode(listener: Listener) -> ListenerTls:
    return ListenerTls.NONE if listener.tls is None else listener.tls.value


def _ends_tls(listener: Listener) -> bool:
    return _mode(listener) is not ListenerTls.NONE


def _is_bare(listener: Listener) -> bool:
    """Whether what enters shows no name at all."""
    return not reads_requests(listener) and _mode(listener) is ListenerTls.NONE


def _admits(listener: Listener, shown: Shown) -> bool:
    return shown is Shown.FITTING or shown in _ADMITTED[_mode(listener)]


def _leaves(listener: Listener, own: ListenerHost) -> set[int]:
    """The leaves of a listener, less those that say which pods serve it and those of other hosts."""
    others = [host for host in listener.hosts if host is not own]
    aside = {leaf for value in (listener.workloads, *others) for leaf in leaves_of(value)}
    return set(leaves_of(listener)) - (aside - set(leaves_of(own)))


def _fits(pattern: Pattern, host: str) -> bool:
    text = pattern.text.lower()
    return host == text if pattern.kind is PatternKind.EXACT else host.endswith(text)


def _rank(pattern: Pattern) -> tuple[int, int]:
    return int(pattern.kind is PatternKind.EXACT), len(pattern.text)


def _names(table: RouteTable, host: str) -> list[Pattern]:
    every = Pattern(PatternKind.SUFFIX, "")
    names = [name.value for name in table.hosts] or [every]
    return [name for name in names if _fits(name, host)]


def _holds(table: RouteTable, request: Request, doors: list[Open]) -> bool:
    attachment = table.attachment
    if attachment.enforced_at is not EnforcedAt.GATEWAY:
        return False
    listeners = () if attachment.audience is None else attachment.audience.listeners
    ports = [port.value.port for port in attachment.ports]
    return (
        request.listener in [name.value for name in listeners]
        and (not ports or request.service_port in ports)
        and any(_binds(table, request, door) for door in doors)
    )


def _binds(table: RouteTable, request: Request, door: Open) -> bool:
    """Whether the table holds at that door: its kind, its home and its hosts."""
    fact, own = door
    home = "" if table.home is None else table.home.value
    if own.routes_from is not None and own.routes_from.value != home:
        return False
    if request.http:
        return table.protocol in (Protocol.HTTP, Protocol.GRPC) and bool(
            _names(table, _name(request))
        )
    if _mode(fact) is ListenerTls.PASSTHROUGH:
        return table.protocol is Protocol.TLS and bool(_names(table, _name(request)))
    meeting = not table.hosts or any(narrower(own.name.value, h.value) for h in table.hosts)
    return table.protocol is Protocol.TCP and meeting
