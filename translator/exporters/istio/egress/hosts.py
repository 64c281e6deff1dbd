"""Rules for requests that leave, as rules of the hosts that they ask for: a VirtualService is about hosts.

istio/istio pilot/pkg/networking/core/httproute.go, 1.31: the rules of an exact host take all of its requests, those that a
wildcard has too; so each host has the rules of all tables that cover it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.attachment import Audience, Reach, Scope, Subject
from ir.edge import EgressPolicy
from ir.match import Part, Pattern, PatternKind
from ir.provenance import Traced, derived, named
from ir.traffic import AS_DIALLED, Backend, NoMatch, Route, RouteMatch, RouteTable
from translator.exporters.egress.known import refuses
from translator.exporters.egress.names import text_of
from translator.exporters.istio.egress.views import View, exported
from translator.exporters.istio.egress.ways import HTTP, hosts_of, is_of, is_wild
from translator.exporters.istio.egress.zones import Zone


def exact_hosts(tables: Sequence[RouteTable]) -> tuple[Traced[Pattern], ...]:
    """The names without a wildcard that rules for requests ask for, each once."""
    found: dict[str, list[Traced[Pattern]]] = {}
    for host in (h for t in tables if t.protocol in HTTP for h in hosts_of(t)[0]):
        if not is_wild(host.value):
            found.setdefault(host.value.text, []).append(host)
    return tuple(derived(said[0].value, said) for _, said in sorted(found.items()))


def of_host(
    host: Traced[Pattern], tables: Sequence[RouteTable], view: View, zone: Zone
) -> Iterator[RouteTable]:
    """The rules of the tables for one host, for the clients of the view."""
    for table in tables:
        policy = next(p for p in zone.policies if is_of(table, p))
        routes = tuple(_to(host, route) for route in table.routes if _covers(route, table, host))
        if routes:
            yield _table(host, replace(table, routes=routes), policy, view, zone)


def _table(
    host: Traced[Pattern], table: RouteTable, policy: EgressPolicy, view: View, zone: Zone
) -> RouteTable:
    node = derived("the host", _place(table))
    subject = Subject(scope=Scope.SERVICE, name=host.derive(text_of(host.value)), trail=node)
    return replace(
        table,
        home=named(view.home, table.trail),
        attachment=replace(
            table.attachment, subject=subject, audience=_audience(view, table, zone)
        ),
        hosts=(),
        no_match=NoMatch.FORBIDDEN if refuses(policy) else NoMatch.PASS,
    )


def _audience(view: View, table: RouteTable, zone: Zone) -> Audience | None:
    found = exported(view, [table], zone)
    return found if found.reach is Reach.NAMESPACES else None


def _place(table: RouteTable) -> Iterator[Traced[object]]:
    """What the table says of its network."""
    subject = table.attachment.subject
    yield subject.trail
    yield from (value for value in (subject.namespace, subject.name) if value is not None)


def _covers(route: Route, table: RouteTable, host: Traced[Pattern]) -> bool:
    if table.hosts:
        return any(_is_among(host.value, own.value) for own in table.hosts)
    return not route.matches or any(_asks_for(match, host) for match in route.matches)


def _asks_for(match: RouteMatch, host: Traced[Pattern]) -> bool:
    asked = [test for test in match.requests.tests if test.part is Part.AUTHORITY]
    return all(
        any(isinstance(t.value, Pattern) and _is_among(host.value, t.value) for t in test.any_of)
        for test in asked
    )


def _is_among(host: Pattern, asked: Pattern) -> bool:
    if asked.kind is PatternKind.SUFFIX:
        return host.text.lower().endswith(asked.text.lower())
    return host.text.lower() == asked.text.lower()


def _to(host: Traced[Pattern], route: Route) -> Route:
    """The rule for requests to the host: it asks for it no more, and what leaves as dialled goes to the host."""
    matches = tuple(_less(match) for match in route.matches if _asks_for(match, host))
    backends = tuple(_named(backend, host) for backend in route.backends)
    return replace(route, matches=matches, backends=backends)


def _less(match: RouteMatch) -> RouteMatch:
    tests = match.requests.tests
    kept = tuple(test for test in tests if test.part is not Part.AUTHORITY)
    asked = [test.trail for test in tests if test.part is Part.AUTHORITY]
    node = derived(match.requests.trail.value, (match.requests.trail, *asked))
    return replace(match, requests=replace(match.requests, tests=kept, trail=node))


def _named(backend: Backend, host: Traced[Pattern]) -> Backend:
    destination = backend.destination
    if destination.name.value != AS_DIALLED:
        return backend
    name = derived(text_of(host.value), (destination.name,))
    return replace(backend, destination=replace(destination, name=name))
