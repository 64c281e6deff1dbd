"""Tables in the order of Gateway API or of rank as tables in list order, which targets start from.

By specificity (sigs.k8s.io/gateway-api apis/v1/httproute_types.go ``HTTPRouteRule.Matches`` and geps/gep-1294, 1.6) of all
rules of a service that match, the exact path holds, then the longest prefix, then a method, more headers, more query
parameters; of equal ones the first. Clients with tables of their own have these alone, as tables in list order have it.
Where a regular expression stands is open: it comes behind exact paths and before prefixes here, and that is told.

By rank (:mod:`ir.behaviour.precedence`) the path that was matched counts by its characters, of which an exact path and a
regular expression match all, then headers, query parameters and the method. Of the path that is a prefix itself the prefix
matches all too: there such a rule stands once more, among those that match all. Clients with tables of their own have those
of everybody as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ir.attachment import EnforcedAt, Scope, ServicePort
from ir.behaviour.precedence import LEAST, WHOLE
from ir.match import Part, Pattern, PatternKind, Term
from ir.model import Fact, Model
from ir.provenance import Traced, derived
from ir.traffic import Order, Protocol, Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.routes.passed_on import at_path, has, passed_first
from translator.exporters.routes.slots import is_on, service_ports
from translator.report.model import Fate, Impact, Severity, Support


def in_list_order(model: Model) -> tuple[Model, tuple[Loss, ...]]:
    """The model with tables of services in list order, and what is open about it."""
    groups: dict[tuple[object, ...], list[RouteTable]] = {}
    for fact in model.facts:
        if isinstance(fact, RouteTable) and _is_unlisted(fact):
            groups.setdefault(_key(fact), []).append(fact)
    if not groups:
        return model, ()
    made: dict[int, tuple[RouteTable, ...]] = {}
    losses: list[Loss] = []
    for tables in groups.values():
        made[id(tables[0])] = tuple(t for some in _by_clients(tables) for t in _by_port(some))
        if tables[0].order is Order.SPECIFICITY:
            losses.extend(_open(tables))
    members = {id(table) for tables in groups.values() for table in tables}
    facts: list[Fact] = []
    for fact in model.facts:
        if id(fact) in members:
            facts.extend(made.get(id(fact), ()))
        else:
            facts.append(fact)
    return replace(model, facts=tuple(facts)), tuple(losses)


def _is_unlisted(table: RouteTable) -> bool:
    mesh = table.attachment.enforced_at is EnforcedAt.CLIENT
    of_service = table.attachment.subject.scope is Scope.SERVICE
    return table.order is not Order.LIST and mesh and of_service


def _key(table: RouteTable) -> tuple[object, ...]:
    """Service, order and protocol, by specificity the clients too: tables that are alike in these hold together."""
    subject = table.attachment.subject
    return (
        subject.namespace and subject.namespace.value,
        subject.name and subject.name.value,
        table.order,
        _clients(table) if table.order is Order.SPECIFICITY else (),
        table.protocol,
        tuple(host.value for host in table.hosts),
    )


def _clients(table: RouteTable) -> tuple[str, ...]:
    audience = table.attachment.audience
    return () if audience is None else tuple(space.value for space in audience.namespaces)


def _by_clients(tables: Sequence[RouteTable]) -> Iterator[Sequence[RouteTable]]:
    """The tables that each set of clients has, its own first."""
    if tables[0].order is Order.SPECIFICITY:
        yield tables
        return
    public = [table for table in tables if not _clients(table)]
    if public:
        yield public
    for clients in dict.fromkeys(_clients(table) for table in tables if _clients(table)):
        yield [*(table for table in tables if _clients(table) == clients), *public]


def _has_own(tables: Sequence[RouteTable], here: Sequence[RouteTable]) -> bool:
    """Whether clients with tables of their own have one among those that hold here."""
    return not _clients(tables[0]) or any(_clients(table) for table in here)


def _by_port(tables: Sequence[RouteTable]) -> Iterator[RouteTable]:
    """One table for each port that some of them are for alone, and one for all others."""
    numbers: dict[int, Traced[ServicePort]] = {}
    for table in tables:
        for port in service_ports(table.attachment.ports):
            numbers.setdefault(port.value.port, port)
    for number, port in sorted(numbers.items()):
        here = [t for t in tables if is_on(t.attachment, number)]
        if _has_own(tables, here):
            yield _joined(here, (port,))
    rest = [t for t in tables if not t.attachment.ports]
    if rest and _has_own(tables, rest):
        without = tuple(Traced(p.value, (), p.origin) for p in numbers.values())
        table = _joined(rest, ())
        apart = (*table.attachment.excluding_ports, *without)
        ports = tuple({port.value: port for port in apart}.values())
        yield replace(table, attachment=replace(table.attachment, excluding_ports=ports))


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
    ordered = _in_order([as_text(route) for route in _all(tables)], first.order)
    routes = tuple(one for route in ordered for one in passed_first(route, first))
    return replace(
        first,
        name=named_by.name,
        attachment=replace(first.attachment, ports=own),
        order=Order.LIST,
        routes=routes if first.protocol is Protocol.HTTP else _all(tables),
        trail=derived(first.trail.value, spent),
    )


def as_text(route: Route) -> Route:
    """The route with the elements that stand for no element at all put as a text: lists of routes replace texts.

    Of ``/`` both ask for every path; what comes in its place ends in a slash then, so that the rest stays an element.
    """
    if not all(map(_is_every_path, route.matches)):
        return route
    rewrite, redirect = route.rewrite, route.redirect
    if rewrite is not None and rewrite.prefix is not None:
        rewrite = replace(rewrite, prefix=_ending(rewrite.prefix))
    if redirect is not None and redirect.prefix is not None:
        redirect = replace(redirect, prefix=_ending(redirect.prefix))
    if (rewrite, redirect) == (route.rewrite, route.redirect):
        return route
    matches = tuple(map(_of_text, route.matches))
    return replace(route, matches=matches, rewrite=rewrite, redirect=redirect)


def _ending(put: Traced[str]) -> Traced[str]:
    return put.derive(f"{put.value.rstrip('/')}/")


def _is_every_path(match: RouteMatch) -> bool:
    return all(
        path.kind is PatternKind.ELEMENT_PREFIX and path.text in ("", "/") for path in _paths(match)
    )


def _of_text(match: RouteMatch) -> RouteMatch:
    every = Pattern(PatternKind.PREFIX, "/")
    tests = tuple(
        replace(test, any_of=(derived(every, test.any_of),))
        if test.part is Part.PATH and test.any_of
        else test
        for test in match.requests.tests
    )
    return replace(match, requests=replace(match.requests, tests=tests))


def _all(tables: Sequence[RouteTable]) -> tuple[Route, ...]:
    return tuple(route for table in tables for route in table.routes)


@dataclass(frozen=True, slots=True)
class _Rule:
    """A route by one of its alternatives; ``place``: where that stands in the tables; ``whole``: it matches whole paths."""

    route: Route
    match: RouteMatch | None
    place: int
    key: tuple[int, ...]
    whole: bool


def _in_order(routes: Sequence[Route], order: Order) -> Iterator[Route]:
    """The rules by alternative, the first to hold first; neighbours of one route stay together."""
    pairs = [(route, match) for route in routes for match in route.matches or (None,)]
    by_rank = order is Order.RANK
    rules = [
        _Rule(route, match, place, (_ranked if by_rank else _specific)(match), _is_whole(match))
        for place, (route, match) in enumerate(pairs)
    ]
    if by_rank:
        rules.extend(_at_their_stems(rules))
    run: list[_Rule] = []
    for rule in sorted(rules, key=lambda rule: (*rule.key, rule.place)):
        if run and rule.route is not run[0].route:
            yield _run(run)
            run = []
        run.append(rule)
    if run:
        yield _run(run)


def _run(run: Sequence[_Rule]) -> Route:
    """One route for neighbours; where one of them asks for nothing, all of it does."""
    matches = tuple(rule.match for rule in run if rule.match is not None)
    return replace(run[0].route, matches=matches if len(matches) == len(run) else ())


def _counts(match: RouteMatch | None) -> tuple[int, int, int]:
    """Headers, query parameters and method, the more the smaller."""
    tests = () if match is None else match.requests.tests
    parts = [test.part for test in tests]
    return -parts.count(Part.HEADER), -parts.count(Part.QUERY), -int(Part.METHOD in parts)


def _specific(match: RouteMatch | None) -> tuple[int, ...]:
    headers, query, method = _counts(match)
    kind, *lengths = _of_paths(match)
    return (-kind, *(-n for n in lengths), method, headers, query)


def _ranked(match: RouteMatch | None) -> tuple[int, ...]:
    """Host, then all that matches whole paths, then prefixes by their length."""
    _, *lengths = _of_paths(match)
    if _is_whole(match):
        lengths = [WHOLE, 0]
    return (*_host(match), *(-n for n in lengths), *_counts(match))


def _host(match: RouteMatch | None) -> tuple[int, int]:
    """A whole name, the longest part of one, none."""
    names = _patterns(match, Part.AUTHORITY)
    ranks = [(2 if p.kind is PatternKind.EXACT else 1, len(p.text)) for p in names]
    kind, length = max(ranks, default=(0, 0))
    return -kind, -length


def _is_whole(match: RouteMatch | None) -> bool:
    """Whether the path is matched to its end."""
    return not _is_call(match) and _of_paths(match)[0] != _PREFIX


def _is_call(match: RouteMatch | None) -> bool:
    return any(_patterns(match, part) for part in (Part.RPC_SERVICE, Part.RPC_METHOD))


def _at_their_stems(rules: Sequence[_Rule]) -> list[_Rule]:
    """The rules that stand once more at the path that is their prefix; each of these may make another stand there too."""
    found: dict[int, _Rule] = {}
    known = -1
    while len(found) > known:
        known = len(found)
        for rule in rules:
            if rule.place not in found:
                more = _at_its_stem(rule, [*rules, *found.values()])
                found.update((own.place, own) for own in more)
    return list(found.values())


def _at_its_stem(rule: _Rule, rules: Sequence[_Rule]) -> Iterator[_Rule]:
    """The rule for the path that is its prefix, where a rule that matches the whole of that path would go before it."""
    kind, length, _ = _of_paths(rule.match)
    if kind != _PREFIX or _is_call(rule.match):
        return
    prefixes = _patterns(rule.match, Part.PATH)
    stem = prefixes[0].text.rstrip("/") if prefixes else ""
    path = stem or "/"
    key = (*_host(rule.match), -WHOLE, 0, *_counts(rule.match))
    rivals = [
        other
        for other in rules
        if other.route is not rule.route
        and other.whole
        and (key, rule.place) < (other.key, other.place)
        and any(has(pattern, path) for pattern in _patterns(other.match, Part.PATH))
    ]
    if rivals and length == len(path):
        why = [term for other in rivals for term in _terms(other.match, Part.PATH)]
        again = at_path(rule.match, path, rule.route, why)
        yield _Rule(rule.route, again, rule.place, key, whole=True)


_EXACT, _REGEX, _PREFIX = 3, 2, 1


def _of_paths(match: RouteMatch | None) -> tuple[int, int, int]:
    """The kind of the path and what it counts; of a remote call the lengths of service and method."""
    if _is_call(match):
        service, method = (
            max((len(p.text) for p in _patterns(match, part)), default=0)
            for part in (Part.RPC_SERVICE, Part.RPC_METHOD)
        )
        return _PREFIX, service, method
    kind, length = _PREFIX, LEAST
    for path in _paths(match):
        kind, length = _of_path(path)
    return kind, length, 0


def _of_path(path: Pattern) -> tuple[int, int]:
    match path.kind:
        case PatternKind.EXACT:
            return _EXACT, len(path.text)
        case PatternKind.ELEMENT_PREFIX:
            return _PREFIX, max(LEAST, len(path.text.rstrip("/")))
        case PatternKind.PREFIX:
            return _PREFIX, max(LEAST, len(path.text))
        case _:
            return _REGEX, len(path.text)


def _paths(match: RouteMatch | None) -> list[Pattern]:
    return _patterns(match, Part.PATH)


def _patterns(match: RouteMatch | None, part: Part) -> list[Pattern]:
    return [term.value for term in _terms(match, part) if isinstance(term.value, Pattern)]


def _terms(match: RouteMatch | None, part: Part) -> list[Traced[Term]]:
    tests = () if match is None else match.requests.tests
    return [term for test in tests if test.part is part for term in test.any_of]


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
