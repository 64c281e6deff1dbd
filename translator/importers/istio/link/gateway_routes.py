"""Gateway API routes on services, as the VirtualServices that Istio makes of them.

istio/istio pilot/pkg/config/kube/gateway/route_collections.go ``HTTPRouteCollection`` and ``mergeHTTPRoutes``, 1.31:
the routes of one namespace on one host and port are one VirtualService, each alternative a rule of its own, the most
particular first; the host names of a route on a service are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ir.match import AllOf, Part, Pattern, PatternKind, Test
from ir.provenance import Assumption, Traced, absorb, trail, united
from ir.traffic import (
    Protocol,
    Route,
    RouteMatch,
)
from translator.api import Loss, Options
from translator.importers.istio.link.gateway_rules import (
    delivered,
    host_of,
    in_order_of_gateway_api,
    rules_of,
)
from translator.importers.istio.link.hosts import place_of
from translator.importers.istio.link.leaves import Idle, in_order, leaves_in, origins
from translator.importers.istio.link.visibility import by_age
from translator.importers.istio.model import (
    GatewayRoute,
    ServiceEntry,
    Statement,
    VirtualService,
)
from translator.importers.linked import AGE
from translator.report.model import Fate, Impact, Severity, Support
from translator.resources.gateway_api.read import Parent
from translator.resources.kubernetes.metadata import Meta

SERVICE = ("", "Service")
SERVICE_ENTRY = ("networking.istio.io", "ServiceEntry")

_HOSTS = "the host names of a route on a service are not looked at"
_FAULTY = "a filter that is not known makes the source leave out the whole object"
_PARENT = "the source lets no route belong to an object of this kind"
_WHOLE = "none of its parents takes it"


@dataclass(slots=True)
class Made:
    """The VirtualServices of all routes, and what of the routes is in none of them."""

    services: list[VirtualService] = field(default_factory=list)
    idles: list[Idle] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    assumptions: list[Assumption] = field(default_factory=list)


Key = tuple[str, str, int | None, str]
"""Kind, namespace, port and host."""

ALPHA = Assumption(
    "alpha-kinds",
    "istiod reads routes whose kind is in alpha (PILOT_ENABLE_ALPHA_GATEWAY_API): there would be no use in them else",
)


@dataclass(frozen=True, slots=True)
class _Seat:
    """A route at one host of one of its parents."""

    route: GatewayRoute
    parent: Parent
    host: Traced[str]
    options: Options

    @property
    def key(self) -> Key:
        """Routes of one key are one VirtualService: those of one kind, and of connections each alone."""
        port = self.parent.port
        http = self.route.protocol is Protocol.HTTP
        home = self.route.meta.namespace.value
        whole = place_of(self.host, self.route.meta, self.options).text
        kind = self.route.meta.kind if http else self.route.meta.key
        return kind, home, None if port is None else port.value, whole


def as_virtual_services(statements: Sequence[Statement], options: Options) -> Made:
    """The VirtualServices that stand for the routes of the input."""
    made = Made()
    entries = {
        (one.meta.namespace.value, one.meta.name.value): one
        for one in statements
        if isinstance(one, ServiceEntry)
    }
    groups: dict[Key, list[_Seat]] = {}
    for route in (one for one in statements if isinstance(one, GatewayRoute)):
        if route.faults:
            loss = _refused(route)
            made.losses.append(loss)
            made.idles.append(Idle(loss.leaves, _FAULTY))
            continue
        if route.alpha and ALPHA not in made.assumptions:
            made.assumptions.append(ALPHA)
        for seat in _seats(route, entries, made, options):
            groups.setdefault(seat.key, []).append(seat)
        made.idles.append(Idle(origins(*route.hosts), _HOSTS))
        made.idles.append(Idle(in_order(_all(route)), _WHOLE))
    for seats in groups.values():
        http = seats[0].route.protocol is Protocol.HTTP
        service = _merged(seats, made, options) if http else _streams(seats[0], options)
        made.services.append(service)
    return made


def _all(route: GatewayRoute) -> frozenset[int]:
    parents = [value for parent in route.parents for value in _words(parent)]
    return leaves_in(*route.routes, *parents, *route.quiet, route.trail)


def _words(parent: Parent) -> list[Traced[object]]:
    given = (parent.namespace, parent.port, parent.section)
    return [parent.spent, parent.name, *(one for one in given if one is not None)]


def _seats(
    route: GatewayRoute,
    entries: dict[tuple[str, str], ServiceEntry],
    made: Made,
    options: Options,
) -> Iterator[_Seat]:
    for parent in route.parents:
        kind = (parent.group, parent.kind)
        if kind == SERVICE:
            yield _Seat(route, parent, host_of(parent.name, parent.namespace, options), options)
        elif kind == SERVICE_ENTRY:
            home = route.meta.namespace if parent.namespace is None else parent.namespace
            entry = entries.get((home.value, parent.name.value))
            if entry is None:
                made.losses.append(_unknown(route, parent, home.value))
                continue
            for host in entry.hosts:
                yield _Seat(route, parent, parent.name.derive(_spelt(host.value)), options)
        else:
            made.idles.append(Idle(origins(*_words(parent)), _PARENT))


def _spelt(host: Pattern) -> str:
    return f"*{host.text}" if host.kind is PatternKind.SUFFIX else host.text


def _merged(seats: Sequence[_Seat], made: Made, options: Options) -> VirtualService:
    known = all(seat.route.created.value for seat in seats)
    blank = Traced("")
    order = sorted(seats, key=lambda s: by_age(s.route.created if known else blank, s.route.meta))
    if len(seats) > 1 and not known and AGE not in made.assumptions:
        made.assumptions.append(AGE)
    first = order[0]
    meta = _meta([seat.route.meta for seat in order])
    rules = [rule for seat in order for rule in rules_of(seat.route, options)]
    spent: list[Traced[object]] = []
    for seat in order:
        spent.extend((seat.route.trail, seat.parent.spent))
    spent += [seat.parent.section for seat in order if seat.parent.section is not None]
    spent += [seat.parent.port for seat in order[1:] if seat.parent.port is not None]
    return VirtualService(
        meta=meta,
        created=first.route.created,
        hosts=(first.host,),
        export_to=_clients(first),
        http=tuple(in_order_of_gateway_api(rules)),
        quiet=tuple(value for seat in order for value in seat.route.quiet),
        port=first.parent.port,
        from_gateway_api=True,
        trail=absorb(meta.fact("route"), *spent, *(seat.host for seat in order[1:])),
    )


def _streams(seat: _Seat, options: Options) -> VirtualService:
    """The rules for connections of one route at one host; one without names is for the host's own."""
    route = seat.route
    rules = tuple(_connection(delivered(rule, options), seat, options) for rule in route.routes)
    tls = route.protocol is Protocol.TLS
    section = () if seat.parent.section is None else (seat.parent.section,)
    return VirtualService(
        meta=route.meta,
        created=route.created,
        hosts=(seat.host,),
        export_to=_clients(seat),
        tls=rules if tls else (),
        tcp=() if tls else rules,
        quiet=route.quiet,
        from_gateway_api=True,
        trail=absorb(route.meta.fact("route"), route.trail, seat.parent.spent, *section),
    )


def _connection(route: Route, seat: _Seat, options: Options) -> Route:
    tests: list[Test] = []
    if seat.route.protocol is Protocol.TLS and not route.matches:
        whole = place_of(seat.host, seat.route.meta, options).text
        name = Pattern(PatternKind.EXACT, whole, ignore_case=True)
        asked = Traced(name, (), seat.host.origin)
        tests.append(Test(part=Part.SERVER_NAME, any_of=(asked,), trail=trail("the host")))
    port = seat.parent.port
    if port is not None:
        number = port.map(lambda value: Pattern(PatternKind.EXACT, str(value)))
        tests.append(Test(part=Part.SERVICE_PORT, any_of=(number,), trail=trail("port")))
    if not tests:
        return route
    nothing = AllOf(tests=(), trail=trail("requests"))
    matches = route.matches or (RouteMatch(requests=nothing, trail=trail("alternative")),)
    more = tuple(tests)
    return replace(
        route,
        matches=tuple(
            replace(m, requests=replace(m.requests, tests=(*m.requests.tests, *more)))
            for m in matches
        ),
    )


def _meta(metas: Sequence[Meta]) -> Meta:
    """The object that states the rules: the oldest, the others being of them too."""
    return replace(metas[0], because=united(meta.because for meta in metas))


def _clients(seat: _Seat) -> tuple[Traced[str], ...]:
    """A route at home is for everyone; one on a service of another namespace for clients of its own."""
    space = seat.parent.namespace
    if space is None or space.value == seat.route.meta.namespace.value:
        return ()
    return (Traced(".", (), space.origin),)


# --- findings ------------------------------------------------------------------------------------


def _refused(route: GatewayRoute) -> Loss:
    why = "; ".join(dict.fromkeys(fault.why for fault in route.faults))
    leaves = in_order(
        (
            *_all(route),
            *origins(*route.hosts),
            *(leaf for fault in route.faults for leaf in fault.leaves),
        )
    )
    return Loss(
        code="MM223",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        fate=Fate.INERT,
        leaves=leaves,
        message=f"{route.meta.key} holds {why}: the source heeds nothing of it, and nothing of it is written.",
        advice="Take the filter out if the rules are meant to hold, then translate again.",
    )


def _unknown(route: GatewayRoute, parent: Parent, space: str) -> Loss:
    return Loss(
        code="MM222",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        fate=Fate.UNREAD,
        leaves=origins(*_words(parent)),
        message=f"{route.meta.key} belongs to ServiceEntry/{space}/{parent.name.value}, which is not in the input: "
        "for which hosts its rules are cannot be told, and none is written for them.",
        advice="Add the ServiceEntry to the input.",
    )
