"""Tables in the order of Gateway API as tables in list order, which targets start from.

sigs.k8s.io/gateway-api apis/v1/httproute_types.go ``HTTPRouteRule.Matches`` and geps/gep-1294, 1.6: of all rules of a
service that match, the exact path holds, then the longest prefix, then a method, more headers, more query parameters; of
equal ones the first. Clients with tables of their own have these alone, as tables in list order have it. Where a regular
expression stands is open: it comes behind exact paths and before prefixes here, and that is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ir.attachment import EnforcedAt, Scope, ServicePort
from ir.behaviour.precedence import LEAST
from ir.match import Part, Pattern, PatternKind
from ir.model import Fact, Model
from ir.provenance import Traced, derived
from ir.traffic import Order, Protocol, Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.routes.slots import service_ports
from translator.report.model import Fate, Impact, Severity, Support


def in_list_order(model: Model) -> tuple[Model, tuple[Loss, ...]]:
    """The model with tables of services in list order, and what is open about it."""
    groups: dict[tuple[object, ...], list[RouteTable]] = {}
    for fact in model.facts:
        if isinstance(fact, RouteTable) and _is_specific(fact):
            groups.setdefault(_key(fact), []).append(fact)
    if not groups:
        return model, ()
    made: dict[int, tuple[RouteTable, ...]] = {}
    losses: list[Loss] = []
    for tables in groups.values():
        made[id(tables[0])] = tuple(_by_port(tables))
        losses.extend(_open(tables))
    members = {id(table) for tables in groups.values() for table in tables}
    facts: list[Fact] = []
    for fact in model.facts:
        if id(fact) in members:
            facts.extend(made.get(id(fact), ()))
        else:
            facts.append(fact)
    return replace(model, facts=tuple(facts)), tuple(losses)


def _is_specific(table: RouteTable) -> bool:
    mesh = table.attachment.enforced_at is EnforcedAt.CLIENT
    of_service = table.attachment.subject.scope is Scope.SERVICE
    return table.order is Order.SPECIFICITY and mesh and of_service


def _key(table: RouteTable) -> tuple[object, ...]:
    """Service, clients and protocol: tables that are alike in these hold together."""
    subject, audience = table.attachment.subject, table.attachment.audience
    clients = () if audience is None else tuple(space.value for space in audience.namespaces)
    return (
        subject.namespace and subject.namespace.value,
        subject.name and subject.name.value,
        clients,
        table.protocol,
        tuple(host.value for host in table.hosts),
    )


def _by_port(tables: Sequence[RouteTable]) -> Iterator[RouteTable]:
    """One table for each port that some of them are for alone, and one for all others."""
    numbers: dict[int, Traced[ServicePort]] = {}
    for table in tables:
        for port in service_ports(table.attachment.ports):
            numbers.setdefault(port.value.port, port)
    for number, port in sorted(numbers.items()):
        here = [
            t
            for t in tables
            if not t.attachment.ports
            or number in [p.value.port for p in service_ports(t.attachment.ports)]
        ]
        yield _joined(here, (port,))
    rest = [t for t in tables if not t.attachment.ports]
    if rest:
        without = tuple(Traced(p.value, (), p.origin) for p in numbers.values())
        table = _joined(rest, ())
        attachment = replace(table.attachment, excluding_ports=without)
        yield replace(table, attachment=attachment)


def _joined(tables: Sequence[RouteTable], ports: tuple[Traced[ServicePort], ...]) -> RouteTable:
    first = tables[0]
    same = [
        port
        for table in tables
        for port in service_ports(table.attachment.ports)
        if ports and port.value == ports[0].value
    ]
    own = (derived(same[0].value, same),) if same else ()
    spent: list[Traced[object]] = []
    for table in tables:
        spent.extend((table.trail, *traced(table.attachment.subject)))
        if table.attachment.audience is not None:
            spent.extend(traced(table.attachment.audience))
    named_by = next((t for t in tables if t.attachment.ports), first) if ports else first
    routes = tuple(_in_order([route for table in tables for route in table.routes]))
    return replace(
        first,
        name=named_by.name,
        attachment=replace(first.attachment, ports=own),
        order=Order.LIST,
        routes=routes if first.protocol is Protocol.HTTP else _all(tables),
        trail=derived(first.trail.value, spent),
    )


def _all(tables: Sequence[RouteTable]) -> tuple[Route, ...]:
    return tuple(route for table in tables for route in table.routes)


@dataclass(frozen=True, slots=True)
class _Rule:
    """A route by one of its alternatives."""

    route: Route
    match: RouteMatch | None


def _in_order(routes: Sequence[Route]) -> Iterator[Route]:
    """The rules by alternative, the most particular first; neighbours of one route stay together."""
    rules = [_Rule(route, match) for route in routes for match in route.matches or (None,)]
    run: list[_Rule] = []
    for rule in sorted(rules, key=_rank):
        if run and rule.route is not run[0].route:
            yield _run(run)
            run = []
        run.append(rule)
    if run:
        yield _run(run)


def _run(run: Sequence[_Rule]) -> Route:
    matches = tuple(rule.match for rule in run if rule.match is not None)
    return replace(run[0].route, matches=matches)


def _rank(rule: _Rule) -> tuple[int, int, int, int, int]:
    tests = () if rule.match is None else rule.match.requests.tests
    parts = [test.part for test in tests]
    kind, length = 1, LEAST
    for path in _paths(rule.match):
        kind, length = _of_path(path)
    headers, query = parts.count(Part.HEADER), parts.count(Part.QUERY)
    return -kind, -length, -int(Part.METHOD in parts), -headers, -query


def _of_path(path: Pattern) -> tuple[int, int]:
    match path.kind:
        case PatternKind.EXACT:
            return 3, len(path.text)
        case PatternKind.ELEMENT_PREFIX:
            return 1, max(LEAST, len(path.text.rstrip("/")))
        case PatternKind.PREFIX:
            return 1, max(LEAST, len(path.text))
        case _:
            return 2, len(path.text)


def _paths(match: RouteMatch | None) -> list[Pattern]:
    tests = () if match is None else match.requests.tests
    return [
        term.value
        for test in tests
        if test.part is Part.PATH
        for term in test.any_of
        if isinstance(term.value, Pattern)
    ]


def _open(tables: Sequence[RouteTable]) -> Iterator[Loss]:
    """A regular expression beside other paths: each implementation ranks it in its own way."""
    found = [
        (match, path)
        for route in _all(tables)
        for match in route.matches or (None,)
        for path in _paths(match) or [Pattern(PatternKind.ELEMENT_PREFIX, "/")]
        if path.kind is not PatternKind.EXACT
    ]
    regexes = [(match, path) for match, path in found if path.kind is PatternKind.REGEX]
    if regexes and len({path for _, path in found}) > 1:
        yield Loss(
            code="MM202",
            impact=Impact.DIFFERENT,
            support=Support.PARTIAL,
            severity=Severity.MEDIUM,
            fate=Fate.APPROXIMATED,
            sites=tuple(v for match, _ in regexes if match is not None for v in traced(match)),
            message="the path is a regular expression beside other rules, and Gateway API leaves open which of them "
            "holds where several match: here it is the regular expression, unless another rule has the exact path.",
            advice="Write rules that do not overlap, or look up what the implementation does that you come from.",
        )
