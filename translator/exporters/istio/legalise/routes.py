"""Routes of services: one VirtualService for each service and each set of clients.

istio/istio pilot/pkg/networking/core/httproute.go and pilot/pkg/model/push_context.go, 1.31: the first VirtualService of a
host takes all requests of a client, those that are private to the client's namespace before the public ones; a request that
no rule matches is not found. So what several objects of the source say together is one list here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ir.attachment import Audience, EnforcedAt, Reach, Scope, ServicePort
from ir.inventory import Inventory, Service
from ir.match import AllOf, Part, Pattern, PatternKind, Test, texts_of
from ir.model import Fact, Model
from ir.provenance import Traced, derived, named
from ir.resilience import Retry
from ir.traffic import FixedAnswer, NoMatch, Order, Protocol, Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.api import Loss, Options
from translator.exporters.handed_on import rejects, turns_away
from translator.exporters.istio.legalise.effects import in_target_effects
from translator.exporters.istio.legalise.for_some import with_the_rest
from translator.exporters.istio.legalise.order import Unsayable, in_list_order
from translator.exporters.istio.legalise.own_streams import OwnStreams
from translator.exporters.istio.legalise.streams import DECLARED, Streams
from translator.exporters.istio.legalise.unread import on_bytes
from translator.exporters.naming import Names
from translator.exporters.routes.destinations import to_itself
from translator.exporters.routes.passed_on import passed_first
from translator.exporters.routes.slots import is_on, service_ports
from translator.report.model import Impact, Severity, Support

_FORBIDDEN, _NOT_FOUND = 403, 404


@dataclass(slots=True)
class Routed:
    """The facts with route tables in legal form, and what was lost."""

    facts: list[Fact] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)


@dataclass(slots=True)
class _Group:
    """The tables of one service: for all clients, and for those of some namespaces."""

    public: list[RouteTable] = field(default_factory=list)
    private: dict[str, list[RouteTable]] = field(default_factory=dict)


def legalise_routes(model: Model, scene: Scene, options: Options) -> Routed:
    """One table for each service and set of clients, in list order."""
    found = Routed()
    groups: dict[tuple[str, str], _Group] = {}
    streams: list[RouteTable] = []
    for fact in model.facts:
        if not isinstance(fact, RouteTable):
            found.facts.append(fact)
            continue
        reason = _unwritten(fact)
        if reason:
            found.losses.append(_whole((fact,), reason))
            continue
        if fact.protocol in DECLARED:
            streams.append(fact)
            continue
        group = groups.setdefault(_service(fact), _Group())
        spaces = _clients(fact)
        if not spaces:
            group.public.append(fact)
        for space in spaces:
            group.private.setdefault(space.value, []).append(fact)
    for key in sorted(groups):
        found.facts.extend(_tables(groups[key], scene, found))
    own = options.source.mesh == options.target.mesh
    written = (OwnStreams if own else Streams)(model.facts, model.inventory, scene.names, options)
    written.add(streams)
    found.facts.extend(written.made)
    found.losses.extend(written.losses)
    found.losses.extend(_whole((table,), reason) for table, reason in written.refused)
    return found


@dataclass(frozen=True, slots=True)
class Scene:
    """What rules are made with: the retries to be written out, and the names that are taken."""

    inventory: Inventory
    retry: Retry | None
    names: Names
    unread: frozenset[tuple[str, int]] = frozenset()
    """Ports of services, by key and number, on which the source reads no request."""


def _unwritten(table: RouteTable) -> str:
    """Why a table is not written yet; empty where it is."""
    if table.attachment.enforced_at is not EnforcedAt.CLIENT:
        return "routes of gateways are not written yet"
    if table.attachment.subject.scope is not Scope.SERVICE:
        return "routes to destinations outside are not written yet"
    if table.protocol not in (Protocol.HTTP, Protocol.GRPC, *DECLARED):
        return f"routes of {table.protocol.value} connections are not written yet"
    return ""


def _service(table: RouteTable) -> tuple[str, str]:
    subject = table.attachment.subject
    space = "" if subject.namespace is None else subject.namespace.value
    return space, "" if subject.name is None else subject.name.value


def _clients(table: RouteTable) -> tuple[Traced[str], ...]:
    audience = table.attachment.audience
    some = (Reach.NAMESPACES, Reach.WORKLOADS)
    return audience.namespaces if audience is not None and audience.reach in some else ()


def _tables(group: _Group, scene: Scene, found: Routed) -> Iterator[RouteTable]:
    views: list[tuple[str, list[RouteTable]]] = []
    if group.public:
        views.append(("", group.public))
    for space, own in sorted(group.private.items()):
        again = [t for t in group.public if not any(_is_same(t, other) for other in own)]
        views.append((space, [*again, *own]))
    for space, tables in views:
        try:
            yield _table(space, tables, scene, found)
        except Unsayable as reason:
            found.losses.extend(_given_up(tables, str(reason), group.public if space else ()))


def _given_up(
    tables: Sequence[RouteTable], reason: str, common: Sequence[RouteTable]
) -> Iterator[Loss]:
    """The losses of the rules of some clients, who go by those for all (``common``) then, or to the service."""
    loss = _whole(tables, reason)
    if common:
        end = "; where none of these matches they are not found" if turns_away(common) else ""
        message = loss.message.replace(
            _TO_SERVICE, f"Requests go by the rules for all clients{end}."
        )
        impact = Impact.STRICTER if turns_away(common) else loss.impact
        loss = replace(loss, message=message, impact=impact)
    yield loss
    refusing = [route for table in tables for route in table.routes if rejects(route)]
    if refusing:
        yield replace(
            loss,
            impact=Impact.LOOSER,
            severity=None,
            sites=(),
            because=tuple(value for route in refusing for value in traced(route)),
            message=f"{loss.message} What these rules refuse is not refused any more.",
        )


_TO_SERVICE = "Requests go to the service that they address."


def _is_same(one: RouteTable, other: RouteTable) -> bool:
    """Whether one table is said for all clients, and for some of them again."""
    return one.trail is other.trail and [p.value for p in one.attachment.ports] == [
        p.value for p in other.attachment.ports
    ]


def _table(space: str, tables: Sequence[RouteTable], scene: Scene, found: Routed) -> RouteTable:
    """All rules of one service for some clients."""
    first = next((t for t in tables if _clients(t)), tables[0]) if space else tables[0]
    subject = first.attachment.subject
    home, name = _service(first)
    service = scene.inventory.service(home, name)
    losses: list[Loss] = []
    tables = with_the_rest(tables)
    routes = tuple(_routes(tables, service, scene, losses))
    found.losses.extend((*losses, *on_bytes(tables, service, scene.unread)))
    at = space or home or ("" if first.home is None else first.home.value)
    own = [t.name for t in tables]
    audience = None
    if space:
        clients = [c for t in tables for c in _clients(t) if c.value == space]
        audience = Audience(
            reach=Reach.NAMESPACES,
            namespaces=(derived(space, clients),),
            trail=derived(
                "clients", [t.attachment.audience.trail for t in tables if t.attachment.audience]
            ),
        )
    taken = scene.names.take("VirtualService", at, own[0].value if len(tables) == 1 else name)
    trails = [v for t in tables for v in _spent(t)]
    if not space:  # that it is for all clients goes without saying
        trails.extend(t.attachment.audience.trail for t in tables if t.attachment.audience)
    trails.extend(a.labels for t in tables if (a := t.attachment.audience) and a.labels)
    return replace(
        first,
        name=derived(taken, own),
        home=derived(at, [*([subject.namespace] if subject.namespace else []), *own]),
        attachment=replace(
            first.attachment,
            subject=replace(
                subject,
                namespace=_same(home, [t.attachment.subject.namespace for t in tables]),
                name=_same(name, [t.attachment.subject.name for t in tables]),
            ),
            ports=(),
            excluding_ports=(),
            audience=audience,
        ),
        protocol=Protocol.HTTP,
        hosts=(),
        order=Order.LIST,
        routes=routes,
        no_match=NoMatch.NOT_FOUND,
        view=replace(first.view, authority_has_port=True),
        trail=derived(f"routes of {name}", trails),
    )


def _same(text: str, values: Sequence[Traced[str] | None]) -> Traced[str] | None:
    found = [value for value in values if value is not None]
    return derived(text, found) if found else None


def _spent(table: RouteTable) -> Iterator[Traced[object]]:
    """What a table says beside its rules, its service, its clients and its name."""
    yield table.trail
    yield table.attachment.subject.trail
    yield from table.attachment.ports
    yield from table.attachment.excluding_ports
    if table.home is not None:
        yield table.home
    yield from table.hosts


def _routes(
    tables: Sequence[RouteTable], service: Service | None, scene: Scene, losses: list[Loss]
) -> Iterator[Route]:
    """The rules port by port, where not all ports have the same."""
    wide = [t for t in tables if not t.attachment.ports and not t.attachment.excluding_ports]
    if len(wide) == len(tables) or _is_alone(tables, service):
        yield from rules_of(_narrowest(tables), None, scene, losses)
        return
    numbers = sorted(
        {
            p.value.port
            for t in tables
            for p in service_ports((*t.attachment.ports, *t.attachment.excluding_ports))
        }
    )
    for number in numbers:
        here = _narrowest([t for t in tables if is_on(t.attachment, number)])
        if here:
            yield from rules_of(here, number, scene, losses)
            if not any(t.no_match is NoMatch.PASS or _takes_all(t) for t in here):
                yield _turned_away(here, number)
        else:
            yield from _itself(tables, number, scene)
    others = _narrowest([t for t in tables if not t.attachment.ports])
    if others:
        yield from rules_of(others, None, scene, losses)
    else:
        yield from _itself(tables, None, scene)


def _narrowest(tables: Sequence[RouteTable]) -> Sequence[RouteTable]:
    """Those that hold together on a port: clients with tables of their own have these alone, unless all compete by rank.

    By specificity GEP-1426 says so; lists are never joined, as a ServiceProfile of the client's namespace stands for that
    of the service (linkerd/linkerd2 controller/api/destination/fallback_profile_listener.go, 2.20).
    """
    own = [table for table in tables if _clients(table)]
    return own if own and own[0].order is not Order.RANK else tables


def _is_alone(tables: Sequence[RouteTable], service: Service | None) -> bool:
    """Whether all tables are for the only port that the service has."""
    if service is None or len(service.ports) != 1:
        return False
    return all(is_on(table.attachment, service.ports[0].number) for table in tables)


def rules_of(
    tables: Sequence[RouteTable], number: int | None, scene: Scene, losses: list[Loss]
) -> Iterator[Route]:
    """The rules of tables that compete, in list order, on one port or (``None``) on all of theirs.

    Raises:
        Unsayable: one of them has no form.
    """
    for route, matches in in_list_order(tables):
        stated, table = route, next(t for t in tables if any(r is route for r in t.routes))
        own = tuple(_on_port(match, number, table) for match in matches)
        if any(not match.requests.tests and match.audience is None for match in own):
            spent = derived(route.trail.value, (route.trail, *traced(own)))
            route = replace(route, trail=spent)  # noqa: PLW2901
            own = ()  # one of them asks for nothing, so all of them together do
        listed = table.order is Order.LIST
        for one in passed_first(replace(route, matches=own), table):
            made, lost = in_target_effects(one, stated, scene.retry, listed=listed)
            losses.extend(lost)
            yield from made
    passing = [t for t in tables if t.no_match is NoMatch.PASS]
    if passing:
        yield from _itself(passing, number, scene)


def _on_port(match: RouteMatch, number: int | None, table: RouteTable) -> RouteMatch:
    tests = match.requests.tests
    if number is None or any(
        test.part is Part.SERVICE_PORT and texts_of(test) == [str(number)] for test in tests
    ):
        return match
    return replace(
        match,
        requests=replace(match.requests, tests=(*tests, _port(number, (table,)))),
    )


def _port(number: int, tables: Sequence[RouteTable]) -> Test:
    own = [
        p
        for t in tables
        for p in (*t.attachment.ports, *t.attachment.excluding_ports)
        if isinstance(p.value, ServicePort) and p.value.port == number
    ]
    trails = [t.trail for t in tables]
    term = Pattern(PatternKind.EXACT, str(number))
    said: Traced[Pattern] = derived(term, own) if own else named(term, *trails)
    return Test(part=Part.SERVICE_PORT, any_of=(said,), trail=named("port", *trails))


def _any(number: int | None, tables: Sequence[RouteTable]) -> tuple[RouteMatch, ...]:
    if number is None:
        return ()
    trails = [t.trail for t in tables]
    request = AllOf(tests=(_port(number, tables),), trail=named("request", *trails))
    return (RouteMatch(requests=request, trail=named("match", *trails)),)


def _takes_all(table: RouteTable) -> bool:
    """Whether a rule of the table takes whatever no other does."""
    return any(
        not route.matches
        or any(not match.requests.tests and match.audience is None for match in route.matches)
        for route in table.routes
    )


def _turned_away(tables: Sequence[RouteTable], number: int) -> Route:
    """What no rule of a port matches is not found, or refused, though other ports have rules that would."""
    trails = [t.trail for t in tables]
    refused = any(t.no_match is NoMatch.FORBIDDEN for t in tables)
    status = _FORBIDDEN if refused else _NOT_FOUND
    answer = FixedAnswer(status=named(status, *trails), trail=named("turned away", *trails))
    return Route(
        matches=_any(number, tables), answer=answer, trail=named("what no rule matches", *trails)
    )


def _itself(tables: Sequence[RouteTable], number: int | None, scene: Scene) -> Iterator[Route]:
    """Requests to ports without rules go to the service that they address."""
    trails = [t.trail for t in tables]
    yield Route(
        matches=_any(number, tables),
        backends=to_itself(tables[0]),
        retry=scene.retry,
        trail=named("ports without rules", *trails),
    )


def _whole(tables: Sequence[RouteTable], reason: str) -> Loss:
    where = "/".join(filter(None, _service(tables[0])))
    return Loss(
        code="MM226",
        impact=Impact.DIFFERENT,
        support=Support.NOT_YET,
        severity=Severity.HIGH,
        sites=tuple(v for table in tables for v in traced(table)),
        message=f"the routes of {where} are not written: {reason}. {_TO_SERVICE}",
        advice="Write a VirtualService by hand.",
    )


def names_of(options: Options) -> Names:
    """The names of VirtualServices, those of the input being taken."""
    taken: dict[tuple[str, str], set[str]] = {}
    for one in options.beside:
        if one.kind == "VirtualService":
            taken.setdefault((one.kind, one.namespace), set()).add(one.name)
    return Names(taken)
