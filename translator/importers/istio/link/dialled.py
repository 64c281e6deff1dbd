"""Destinations without a port, at a sidecar: the port of the listener, whatever ports their Service has.

istio/istio pilot/pkg/networking/core/httproute.go ``BuildSidecarOutboundVirtualHosts``, 1.31: of each Service a sidecar knows the
port of the listener alone when it makes routes, and does not know those that have no such port; so that ``GetDestinationCluster``
(route/route.go), which takes the only port of a Service, takes the listener's. A cluster of that name does not exist where the
Service has no such port: Envoy answers 503 (``cluster_not_found_response_code``). Gateways, waypoints and rules for connections
know Services as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ir.attachment import EnforcedAt, Scope
from ir.inventory import Inventory, PortOfService, Service
from ir.match import AllOf, Part, Pattern, PatternKind, Test
from ir.provenance import absorb, derived, named, silent
from ir.traffic import Backend, Destination, FixedAnswer, Protocol, Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.api import AMBIENT, Loss, Options
from translator.importers.istio.defaults import silence
from translator.importers.istio.link.connections import ports_asked
from translator.importers.istio.link.scope import waypoint_of
from translator.report.model import Fate, Impact, Severity, Support

_NOWHERE = 503
_FIELD = "VirtualService.spec.http[].route[].destination.port"
_DOC = "reference/config/networking/virtual-service/#Destination"
_BYTES = ("tcp", "tls", "https", "mongo", "mysql", "redis", "udp")


@dataclass(frozen=True, slots=True)
class Dialled:
    """Tables with rules for the ports on which a destination does not exist, and what is told of them."""

    tables: tuple[RouteTable, ...]
    losses: tuple[Loss, ...]


def as_dialled(tables: Sequence[RouteTable], inventory: Inventory, options: Options) -> Dialled:
    """The tables of sidecars, where destinations without a port have that of the listener."""
    found: list[RouteTable] = []
    losses: list[Loss] = []
    for table in tables:
        ports = _listeners(table, inventory, options)
        routes = [
            part for route in table.routes for part in _on_ports(route, ports, inventory, options)
        ]
        dead = {n: d for r in table.routes for n in ports for d in _dead(r, n, inventory)}
        losses.extend(_told(table, number, dead[number]) for number in sorted(dead))
        found.append(replace(table, routes=tuple(routes)) if dead else table)
    return Dialled(tuple(found), tuple(losses))


def _listeners(table: RouteTable, inventory: Inventory, options: Options) -> tuple[int, ...]:
    """The ports on which sidecars hold the table; none where it is not theirs, or its Service is not listed."""
    at, subject = table.attachment, table.attachment.subject
    if at.enforced_at is not EnforcedAt.CLIENT or options.profile == AMBIENT:
        return ()
    if subject.scope is not Scope.SERVICE or subject.namespace is None or subject.name is None:
        return ()
    service = inventory.service(subject.namespace.value, subject.name.value)
    if table.protocol not in (Protocol.HTTP, Protocol.GRPC) or service is None:
        return ()
    if waypoint_of(service, inventory) is not None:
        return ()
    own = {port.value.port for port in at.ports}
    others = {port.value.port for port in at.excluding_ports}
    numbers = (port.number for port in service.ports if _may_be_http(port))
    return tuple(n for n in numbers if n not in others and (not own or n in own))


def _may_be_http(port: PortOfService) -> bool:
    word = (port.app_protocol or port.name).lower().partition("-")[0]
    return port.protocol == "TCP" and word not in _BYTES


def _dead(route: Route, number: int, inventory: Inventory) -> tuple[Destination, ...]:
    """The destinations of a rule that do not exist on a port."""
    asked = [ports_asked(match) for match in route.matches] or [None]
    if not any(ports is None or number in ports for ports in asked):
        return ()
    goals = (*(b.destination for b in route.backends), *(m.destination for m in route.mirrors))
    return tuple(goal for goal in goals if _is_nowhere(goal, number, inventory))


def _is_nowhere(goal: Destination, number: int, inventory: Inventory) -> bool:
    service = _service(goal, inventory)
    return (
        goal.port is None
        and service is not None
        and number not in [port.number for port in service.ports]
    )


def _service(goal: Destination, inventory: Inventory) -> Service | None:
    return (
        None if goal.namespace is None else inventory.service(goal.namespace.value, goal.name.value)
    )


def _on_ports(
    route: Route, ports: Sequence[int], inventory: Inventory, options: Options
) -> Iterator[Route]:
    """The rule for each port where it has other destinations, and for all others."""
    apart = [number for number in ports if _dead(route, number, inventory)]
    for number in apart:
        matches = tuple(_of_port(route, number)) if len(ports) > 1 else route.matches
        yield _without(replace(route, matches=matches), number, inventory, options)
    if not apart or len(apart) < len(ports):
        yield route


def _of_port(route: Route, number: int) -> Iterator[RouteMatch]:
    """The alternatives of a rule that hold on a port, which they ask for."""
    node = route.trail
    if not route.matches:
        empty = AllOf(trail=named("any request", node))
        yield _asking(RouteMatch(requests=empty, trail=named("match", node)), number)
    for match in route.matches:
        asked = ports_asked(match)
        if asked is None:
            yield _asking(match, number)
        elif number in asked:
            yield match


def _asking(match: RouteMatch, number: int) -> RouteMatch:
    node = match.trail
    term = named(Pattern(PatternKind.EXACT, str(number)), node)
    test = Test(part=Part.SERVICE_PORT, any_of=(term,), trail=named("port", node))
    return replace(match, requests=replace(match.requests, tests=(*match.requests.tests, test)))


def _without(route: Route, number: int, inventory: Inventory, options: Options) -> Route:
    """The rule with 503 for the shares of destinations that do not exist; copies for them are not sent."""
    mirrors = tuple(m for m in route.mirrors if not _is_nowhere(m.destination, number, inventory))
    gone = [v for m in route.mirrors if m not in mirrors for v in traced(m)]
    held = [
        b
        for b in route.backends
        if not _is_nowhere(b.destination, number, inventory)
        and (b.weight is None or b.weight.value)
    ]
    if not held and route.backends:
        spent = [
            v for part in (route.backends, route.header_edits, route.mirrors) for v in traced(part)
        ]
        more = (route.rewrite, route.timeouts, route.retry, route.cross_origin, route.fault)
        spent.extend(v for part in more if part is not None for v in traced(part))
        node = absorb(route.trail, *spent)
        status = silent(_NOWHERE, silence(options, _FIELD, _DOC), *node.origin, *node.because)
        return Route(
            name=route.name,
            matches=route.matches,
            answer=FixedAnswer(status=status, trail=node),
            trail=node,
        )
    backends = tuple(
        _to_nobody(b) if _is_nowhere(b.destination, number, inventory) else b
        for b in route.backends
    )
    return replace(route, backends=backends, mirrors=mirrors, trail=absorb(route.trail, *gone))


def _to_nobody(backend: Backend) -> Backend:
    """The share of a name that nothing has."""
    goal = backend.destination
    parts = [goal.name, *(() if goal.namespace is None else (goal.namespace,))]
    text = ".".join((*(part.value for part in parts), "invalid"))
    spent = [v for v in (goal.subset, goal.labels) if v is not None]
    wrong = Destination(namespace=None, name=derived(text, parts), trail=absorb(goal.trail, *spent))
    return replace(backend, destination=wrong)


def _told(table: RouteTable, number: int, goal: Destination) -> Loss:
    where = f"{goal.namespace.value}/{goal.name.value}" if goal.namespace else goal.name.value
    return Loss(
        code="MM203",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        fate=Fate.ABSORBED,
        because=tuple(traced(goal)),
        message=f"{table.name.value}: requests on port {number} that go to Service/{where} are answered with 503, as in the "
        f"source: it names no port, so the port {number} is meant, which the Service does not have.",
        why="A sidecar takes the port of its listener for a destination without a port, not the only port of the Service.",
        advice="Write destination.port.number.",
    )
