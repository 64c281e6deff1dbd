"""Routes for some ports of a service, as they are on one of them: what they ask for a port is decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ir.match import Part, Pattern, Test
from ir.traffic import Route, RouteMatch, RouteTable


def at_port(tables: Iterable[RouteTable], port: int) -> Iterator[RouteTable]:
    """The tables less the matches for other ports; those for this port ask for the rest alone.

    A table of which nothing is left is none there (istio/istio pilot/pkg/networking/core/route/route.go
    ``BuildHTTPRoutesForVirtualService``, 1.31: without a route the service has its default).
    """
    for table in tables:
        if not any(_asks(match) for route in table.routes for match in route.matches):
            yield table
            continue
        found = (_route(route, port) for route in table.routes)
        routes = tuple(route for route in found if route is not None)
        if routes:
            yield replace(table, routes=routes)


def _asks(match: RouteMatch) -> bool:
    return any(_is_decided(test) for test in match.requests.tests)


def _is_decided(test: Test) -> bool:
    """Whether it asks for one of some ports, and for nothing else."""
    plain = all(isinstance(term.value, Pattern) for term in test.any_of)
    return test.part is Part.SERVICE_PORT and bool(test.any_of) and not test.none_of and plain


def _route(route: Route, port: int) -> Route | None:
    """The route on this port; none where all of its matches are for others."""
    kept = tuple(_match(match) for match in route.matches if _holds(match, port))
    if route.matches and not kept:
        return None
    return replace(route, matches=kept)


def _holds(match: RouteMatch, port: int) -> bool:
    return all(str(port) in _texts(test) for test in match.requests.tests if _is_decided(test))


def _texts(test: Test) -> Iterable[str]:
    return [term.value.text for term in test.any_of if isinstance(term.value, Pattern)]


def _match(match: RouteMatch) -> RouteMatch:
    rest = tuple(test for test in match.requests.tests if not _is_decided(test))
    return replace(match, requests=replace(match.requests, tests=rest))
