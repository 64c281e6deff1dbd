"""Routes for what leaves the cluster, as routes of the hosts that they ask for: so they compare with those of a host."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ir.attachment import Scope, Subject
from ir.match import Part, Pattern, PatternKind
from ir.provenance import Traced, trail
from ir.traffic import AS_DIALLED, Backend, Route, RouteTable


def by_host(table: RouteTable) -> Iterator[RouteTable]:
    """The table for each name that it or one of its rules asks for; none where it is for a service."""
    if table.attachment.subject.scope is not Scope.EGRESS:
        return
    hosts = dict.fromkeys(
        pattern.text for pattern in _patterns(table) if pattern.kind is PatternKind.EXACT
    )
    for host in hosts:
        subject = Subject(scope=Scope.SERVICE, name=Traced(host), trail=trail(f"host {host}"))
        yield replace(
            table,
            attachment=replace(table.attachment, subject=subject),
            routes=tuple(_to_host(route, host) for route in table.routes),
        )


def _patterns(table: RouteTable) -> Iterator[Pattern]:
    yield from (host.value for host in table.hosts)
    for match in (match for route in table.routes for match in route.matches):
        for test in match.requests.tests:
            if test.part is Part.AUTHORITY:
                yield from (t.value for t in test.any_of if isinstance(t.value, Pattern))


def _to_host(route: Route, host: str) -> Route:
    return replace(route, backends=tuple(_named(backend, host) for backend in route.backends))


def _named(backend: Backend, host: str) -> Backend:
    """What goes on as it was dialled goes to the host that was asked for."""
    if backend.destination.name.value != AS_DIALLED:
        return backend
    return replace(backend, destination=replace(backend.destination, name=Traced(host)))
