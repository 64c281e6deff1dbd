"""``tls`` and ``tcp`` rules of all VirtualServices of a host together: tables for what is not read as HTTP.

istio/istio pilot/pkg/networking/core/tls.go, 1.31: at a sidecar the rules of every VirtualService of the host are used,
those private to the client's namespace first, then those exported to it by name, then the public ones, each by age. Of
TLS rules the most particular name wins (Envoy's filter chains), and a name that none has finds no chain; the first TCP
rule without a destination block takes all connections, and without one they go to the service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ir.attachment import Attachment, EnforcedAt, Reach, ServicePort
from ir.inventory import Inventory, PortOfService
from ir.match import Part, Pattern, PatternKind, Test
from ir.provenance import Traced, absorb, derived, named
from ir.traffic import Destination, NoMatch, Order, Protocol, Route, RouteMatch, RouteTable
from translator.importers.istio.link.hosts import Place, asked_for, subject_at
from translator.importers.istio.link.leaves import Idle, in_order, leaves_in
from translator.importers.istio.link.surfaces import at_listeners, gateway_name
from translator.importers.istio.link.visibility import (
    Visibility,
    audience_of,
    by_age,
    visibility_of,
)
from translator.importers.istio.model import VirtualService

_MESH = "mesh"
_TLS = ("https", "tls", "kubernetes.io/wss")
_HTTP = ("http", "http2", "grpc", "grpc-web", "kubernetes.io/h2c", "kubernetes.io/ws")

Resolve = Callable[[VirtualService, Destination, Visibility], Destination]
"""A destination as written in a VirtualService for these clients, with its service and subset."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A VirtualService at one of its hosts."""

    service: VirtualService
    place: Place
    host: Traced[str]
    covered: tuple[Place, ...] = ()
    """The services that the host covers, for the clients in the mesh; none: the place."""

    @property
    def seen(self) -> Visibility:
        """Who sees it."""
        return visibility_of(self.service.export_to, self.service.meta)

    @property
    def prefers(self) -> bool:
        """Whether the clients of its own namespace prefer it to public ones."""
        return self.service.from_gateway_api


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with the VirtualService that it comes from."""

    service: VirtualService
    route: Route


def streams_of(service: VirtualService, protocol: Protocol) -> tuple[Route, ...]:
    """The rules of a VirtualService for one kind of connection."""
    return service.tls if protocol is Protocol.TLS else service.tcp


def connection_tables(
    bound: Sequence[Bound], inventory: Inventory, resolve: Resolve
) -> tuple[list[RouteTable], list[Idle]]:
    """The tables of all hosts, and rules that no proxy holds."""
    tables: list[RouteTable] = []
    idles: list[Idle] = []
    by_host: dict[str, list[Bound]] = {}
    for one in bound:
        for place in one.covered or (one.place,):
            by_host.setdefault(place.text, []).append(replace(one, place=place))
    for protocol in (Protocol.TLS, Protocol.TCP):
        for claims in by_host.values():
            for audience, chosen in _audiences(claims, protocol):
                table, idle = _mesh_table(chosen, audience, protocol, inventory, resolve)
                tables.extend(table)
                idles.extend(idle)
        for one in bound:
            tables.extend(_gateway_tables(one, protocol, resolve))
    return tables, idles


def _audiences(
    claims: Sequence[Bound], protocol: Protocol
) -> Iterator[tuple[Traced[str] | None, list[Bound]]]:
    """The sets of clients that see other VirtualServices than the rest, each with what it sees, in order."""
    mine = [one for one in claims if any(_at_mesh(one.service, protocol))]
    spaces: dict[str, list[Traced[str]]] = {}
    for one in mine:
        for space in one.seen.namespaces:
            spaces.setdefault(space.value, []).append(space)
    for one in mine:
        own = one.service.meta.namespace
        if one.prefers and _seen_from(own.value, mine) != _seen_from(None, mine):
            spaces.setdefault(own.value, [Traced(own.value, (), (*own.origin, *own.because))])
    for name, found in sorted(spaces.items()):
        yield derived(name, found), _seen_from(name, mine)
    everyone = _seen_from(None, mine)
    if everyone:
        yield None, everyone


def _seen_from(space: str | None, claims: Sequence[Bound]) -> list[Bound]:
    known = all(one.service.created.value for one in claims)

    def key(one: Bound) -> tuple[int, tuple[str, str]]:
        own = one.service.meta.namespace.value == space
        grade = 3 if one.seen.public else 0 if own else 1
        grade = 2 if own and one.prefers else grade
        created = one.service.created if known else Traced("")
        return grade, by_age(created, one.service.meta)

    def sees(one: Bound) -> bool:
        return one.seen.public or space in [s.value for s in one.seen.namespaces]

    return sorted((one for one in claims if sees(one)), key=key)


def _mesh_table(
    chosen: Sequence[Bound],
    space: Traced[str] | None,
    protocol: Protocol,
    inventory: Inventory,
    resolve: Resolve,
) -> tuple[list[RouteTable], list[Idle]]:
    first = chosen[0]
    ports = _ports(first.place, protocol, inventory)
    rules = [
        Rule(one.service, r)
        for one in chosen
        for r in _at_mesh(one.service, protocol)
        if r.backends
    ]
    if ports is None:
        why = f"no port of the service {first.place.text} is {protocol.value.upper()}"
        return [], [Idle(in_order(leaves_in(rule.route)), why) for rule in rules]
    if protocol is Protocol.TLS and rules:
        matched = _matched(ports, rules)
        if matched is None:
            why = f"no TLS port of the service {first.place.text} is one that it asks for"
            return [], [Idle(in_order(leaves_in(rule.route)), why) for rule in rules]
        ports = matched
    kept, idles = _in_order(rules) if protocol is Protocol.TLS else _until_all(rules)
    seen = Visibility(public=space is None, namespaces=() if space is None else (space,), spent=())
    spent = [one.host for one in chosen]
    for one in chosen:
        words = [w for w in one.service.gateways if w.value == _MESH]
        shown = one.seen
        spent.extend((one.service.trail, *words, *shown.spent))
        if len(chosen) > 1:
            spent.append(Traced("", one.service.created.because))
        if space is not None:
            spent.extend(s for s in shown.namespaces if s.value == space.value)
    meta = first.service.meta
    table = RouteTable(
        name=Traced(meta.name.value, (), meta.because),
        home=Traced(meta.namespace.value, (), meta.because),
        attachment=Attachment(
            subject=subject_at(first.place, meta),
            ports=ports,
            audience=audience_of(seen, meta),
            enforced_at=EnforcedAt.CLIENT,
        ),
        protocol=protocol,
        order=Order.LIST,
        routes=tuple(_delivered(rule, resolve, seen) for rule in kept),
        no_match=NoMatch.NOT_FOUND if protocol is Protocol.TLS else NoMatch.PASS,
        trail=absorb(meta.fact(f"{protocol.value} routes of {first.place.text}"), *spent),
    )
    return [table], idles


def _delivered(rule: Rule, resolve: Resolve, seen: Visibility) -> Route:
    backends = tuple(
        replace(b, destination=resolve(rule.service, b.destination, seen))
        for b in rule.route.backends
    )
    return replace(rule.route, backends=backends)


def _at_mesh(service: VirtualService, protocol: Protocol) -> Iterator[Route]:
    """The rules that sidecars hold, less the matches for gateways."""
    names = [name.value for name in service.gateways]
    if names and _MESH not in names:
        return
    yield from _at(service, protocol, (_MESH,))


def _at(service: VirtualService, protocol: Protocol, names: Sequence[str]) -> Iterator[Route]:
    for route in streams_of(service, protocol):
        if not route.matches:
            yield route
            continue
        found = (at_listeners(m, names, service.meta) for m in route.matches)
        matches = tuple(match for match in found if match is not None)
        if matches:
            yield replace(route, matches=matches)


def _gateway_tables(one: Bound, protocol: Protocol, resolve: Resolve) -> Iterator[RouteTable]:
    service, meta, seen = one.service, one.service.meta, one.seen
    names = tuple(gateway_name(name, meta) for name in service.gateways)
    others = tuple(name for name in names if name.value != _MESH)
    routes = tuple(_at(service, protocol, [name.value for name in others]))
    if not (others and routes and (seen.public or seen.namespaces)):
        return
    clients = replace(audience_of(seen, meta), reach=Reach.LISTENERS, listeners=others)
    yield RouteTable(
        name=Traced(meta.name.value, (), meta.because),
        home=Traced(meta.namespace.value, (), meta.because),
        attachment=Attachment(
            subject=subject_at(one.place, meta), audience=clients, enforced_at=EnforcedAt.GATEWAY
        ),
        protocol=protocol,
        hosts=asked_for(one.host, one.place),
        order=Order.LIST,
        routes=tuple(_delivered(Rule(service, route), resolve, seen) for route in routes),
        no_match=NoMatch.NOT_FOUND,
        trail=absorb(
            meta.fact(f"{protocol.value} routes of {one.place.text}"), service.trail, one.host
        ),
    )


def _ports(
    place: Place, protocol: Protocol, inventory: Inventory
) -> tuple[Traced[ServicePort], ...] | None:
    """The service's ports for this kind of connection: ``()`` where it is not listed, ``None`` where it has none.

    istio/istio pkg/config/kube/conversion.go, 1.31: a port that is neither declared as TLS nor as HTTP has TCP rules.
    """
    service = None
    if place.namespace is not None:
        service = inventory.service(place.namespace.value, place.name.value)
    if service is None:
        return ()
    because = Traced("", (), service.leaves)
    fitting = [p.number for p in service.ports if _kind(p) is protocol]
    return tuple(named(ServicePort(n), because) for n in fitting) or None


def _matched(
    ports: tuple[Traced[ServicePort], ...], rules: Sequence[Rule]
) -> tuple[Traced[ServicePort], ...] | None:
    """The ports for which there is a TLS rule: at the others connections go to the service. ``None``: there is none for any.

    istio/istio pilot/pkg/networking/core/tls.go ``buildSidecarOutboundTLSFilterChainOpts``, 1.31.
    """
    asked = [ports_asked(match) for rule in rules for match in rule.route.matches]
    if any(numbers is None for numbers in asked):
        return ports
    listed = {number for numbers in asked if numbers is not None for number in numbers}
    kept = tuple(port for port in ports if port.value.port in listed)
    if ports:
        return kept or None
    return tuple(Traced(ServicePort(n)) for n in sorted(listed))  # the service is not listed


def ports_asked(match: RouteMatch) -> list[int] | None:
    """The ports that an alternative asks for; ``None``: whatever the port is."""
    tests = [test for test in match.requests.tests if test.part is Part.SERVICE_PORT]
    if not tests:
        return None
    return [
        int(term.value.text)
        for test in tests
        for term in test.any_of
        if isinstance(term.value, Pattern)
    ]


def _kind(port: PortOfService) -> Protocol:
    word = (port.app_protocol or port.name).lower()
    short = word if word.startswith("kubernetes.io/") else word.partition("-")[0]
    if port.protocol != "TCP":
        return Protocol.UDP
    if short in _TLS:
        return Protocol.TLS
    return Protocol.HTTP if short in _HTTP or word.startswith("grpc-web") else Protocol.TCP


def _until_all(rules: Sequence[Rule]) -> tuple[list[Rule], list[Idle]]:
    """TCP rules up to the first that takes every connection."""
    kept: list[Rule] = []
    for number, rule in enumerate(rules):
        kept.append(rule)
        everything = [m for m in rule.route.matches if not m.requests.tests and m.audience is None]
        if not rule.route.matches or everything:
            why = "an earlier rule takes every connection"
            rest = (in_order(leaves_in(r.route)) for r in rules[number + 1 :])
            return kept, [Idle(leaves, why, rule.route.trail.value) for leaves in rest]
    return kept, []


def _in_order(rules: Sequence[Rule]) -> tuple[list[Rule], list[Idle]]:
    """TLS rules with the most particular names first, which is how one of them is chosen."""
    apart = [
        Rule(r.service, replace(r.route, matches=(m,))) for r in rules for m in r.route.matches
    ]
    ordered = all(_beats(first, second) for n, second in enumerate(apart) for first in apart[:n])
    if ordered:
        return list(rules), []
    single = [
        Rule(one.service, replace(one.route, matches=(_only(match, test, term),)))
        for one in apart
        for match in one.route.matches
        for test in _names(match)
        for term in test.any_of
    ]
    return sorted(single, key=lambda rule: _rank(rule.route)), []


def _beats(first: Rule, second: Rule) -> bool:
    return max(_ranks(first.route)) <= min(_ranks(second.route)) or first.route == second.route


def _ranks(route: Route) -> list[tuple[bool, int]]:
    found = [
        (t.value.kind is not PatternKind.EXACT, -len(t.value.text))
        for match in route.matches
        for test in _names(match)
        for t in test.any_of
        if isinstance(t.value, Pattern)
    ]
    return [(wild, size if wild else 0) for wild, size in found] or [(True, 0)]


def _rank(route: Route) -> tuple[bool, int]:
    return min(_ranks(route))


def _names(match: RouteMatch) -> list[Test]:
    return [test for test in match.requests.tests if test.part is Part.SERVER_NAME]


def _only(match: RouteMatch, test: Test, term: Traced[object]) -> RouteMatch:
    one = replace(test, any_of=(term,))  # type: ignore[arg-type]  # a term of that very test
    tests = tuple(one if known is test else known for known in match.requests.tests)
    return replace(match, requests=replace(match.requests, tests=tests))
