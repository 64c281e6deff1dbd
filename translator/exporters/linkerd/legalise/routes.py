"""Route tables in the target's form: bound to a service, ordered by rank, one object for each set of clients and port.

A route of the target belongs to a service and is found by the address that the client dialled, not by the host name
(linkerd2 policy-controller/k8s/index/src/outbound, 2.20). Clients of one namespace get a route of their own in that
namespace; it is merged with the service's, so it names the service's hosts, which outranks every route without hosts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ir.attachment import Audience, Reach, ServicePort
from ir.inventory import Inventory, PortOfService, Service
from ir.language import HEADER_VALUE, PATH, Dialect, Opaque
from ir.match import AllOf, Part, Pattern, PatternKind, RegexDialect, Test
from ir.model import Fact, Model
from ir.provenance import Traced, derived, named, trail
from ir.traffic import Order, Protocol, Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.api import Loss, Options
from translator.exporters.linkerd.legalise.destinations import Subsets, Unreachable
from translator.exporters.linkerd.legalise.paths import say
from translator.exporters.linkerd.legalise.rank import (
    Alternative,
    Ask,
    Contradiction,
    alternative,
    in_rank_order,
)
from translator.exporters.linkerd.legalise.retries import in_target_terms
from translator.exporters.naming import Names, name_of
from translator.report.model import Fate, Impact, Severity, Support

MAX_RULES = 16
"""Rules that one route object may have (Gateway API HTTPRoute.spec.rules)."""

Slot = Traced[ServicePort] | None


@dataclass(slots=True)
class Legal:
    """What legalising comes to."""

    facts: list[Fact] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)


def legalise_routes(model: Model, options: Options) -> Legal:
    """The route tables in legal form, the services made for subsets, and all other facts as they are."""
    legal = Legal()
    subsets = Subsets(model.inventory, Names(_taken(model.inventory)))
    names = Names()
    for fact in model.facts:
        if not isinstance(fact, RouteTable):
            legal.facts.append(fact)
            continue
        if fact.protocol is not Protocol.HTTP:
            reason = "rules for connections that are not HTTP are not translated yet"
            legal.losses.append(_whole(fact, "MM203", reason, ""))
            continue
        try:
            tables = list(_tables(fact, subsets, model.inventory, names, options, legal))
        except Unreachable as reason:
            legal.losses.append(_whole(fact, reason.code, str(reason), reason.advice))
        except Contradiction as reason:
            legal.losses.append(_whole(fact, "MM202", str(reason), _ORDER))
        except Opaque as reason:
            legal.losses.append(
                _whole(fact, "MM202", f"a pattern has no exact language: {reason}", _ORDER)
            )
        else:
            legal.facts.extend(tables)
    legal.facts.extend(subsets.made.values())
    return legal


_ORDER = "Write rules that do not overlap, or put the one with more conditions first."


def _taken(inventory: Inventory) -> dict[tuple[str, str], set[str]]:
    taken: dict[tuple[str, str], set[str]] = {}
    for namespace, name in inventory.services:
        taken.setdefault(("Service", namespace), set()).add(name)
    return taken


def _whole(table: RouteTable, code: str, reason: str, advice: str) -> Loss:
    return Loss(
        code=code,
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        sites=tuple(traced(table)),
        message=f"the routes of {_host(table)} are not written: {reason}. "
        "Requests go to the service that they address.",
        advice=advice,
    )


def _host(table: RouteTable) -> str:
    subject = table.attachment.subject
    space = "" if subject.namespace is None else f"{subject.namespace.value}/"
    return f"{space}{'' if subject.name is None else subject.name.value}"


def _tables(  # one pass, all of it needed
    table: RouteTable,
    subsets: Subsets,
    inventory: Inventory,
    names: Names,
    options: Options,
    legal: Legal,
) -> Iterator[RouteTable]:
    subject = table.attachment.subject
    if subject.namespace is None or subject.name is None:
        reason = "the host is no service of the cluster"
        raise Unreachable("MM203", reason, "Hosts outside the cluster are not translated yet.")
    service = inventory.service(subject.namespace.value, subject.name.value)
    losses: list[Loss] = []
    found: list[RouteTable] = []
    for client in _clients(table):
        for slot in _slots(table, service):
            losses.clear()
            one = _one(table, client, slot, subsets, options, losses)
            if one is not None:
                found.append(_finished(one, client, service, names, options))
                legal.losses.extend(losses)
    _check_all_said(table, found, legal)
    yield from found


def _check_all_said(table: RouteTable, found: Sequence[RouteTable], legal: Legal) -> None:
    if not found:
        legal.losses.append(
            _whole(table, "MM208", "none of its rules is for clients of the mesh", "")
        )


def _clients(table: RouteTable) -> tuple[Traced[str] | None, ...]:
    """The sets of clients that see different rules: ``None`` for all those whom no rule names."""
    audience = table.attachment.audience
    if audience is not None and audience.reach is Reach.NAMESPACES:
        return audience.namespaces
    named_in_rules: dict[str, list[Traced[str]]] = {}
    for route in table.routes:
        for match in route.matches:
            if match.audience is not None and match.audience.reach is Reach.NAMESPACES:
                for space in match.audience.namespaces:
                    named_in_rules.setdefault(space.value, []).append(space)
    return (None, *(derived(name, spaces) for name, spaces in sorted(named_in_rules.items())))


def _slots(table: RouteTable, service: Service | None) -> tuple[Slot, ...]:
    """The ports of the service that need a table of their own: all HTTP ones together where they see the same rules."""
    asked = [
        term
        for route in table.routes
        for match in route.matches
        for test in match.requests.tests
        if test.part is Part.SERVICE_PORT
        for term in test.any_of
    ]
    if service is None:
        numbers = sorted({int(t.value.text) for t in asked if isinstance(t.value, Pattern)})
        return tuple(_slot(n, asked) for n in numbers) or (None,)
    http = [p for p in service.ports if _is_http(p)]
    if not asked and len(http) == len(service.ports) > 1:
        return (None,)
    because = Traced("", (), service.leaves)
    return tuple(named(ServicePort(p.number), because) for p in http) or (None,)


def _slot(number: int, asked: Sequence[Traced[object]]) -> Traced[ServicePort]:
    return named(ServicePort(number), *asked)


def _is_http(port: PortOfService) -> bool:
    """HTTP by name or ``appProtocol``, or sniffed."""
    word = (port.app_protocol or port.name.partition("-")[0]).lower()
    return port.protocol == "TCP" and word not in (
        "https",
        "tls",
        "tcp",
        "mongo",
        "redis",
        "mysql",
        "udp",
        "kubernetes.io/wss",
    )


def _one(
    table: RouteTable,
    client: Traced[str] | None,
    slot: Slot,
    subsets: Subsets,
    options: Options,
    losses: list[Loss],
) -> RouteTable | None:
    """The table as one set of clients sees it on one port, in rank order."""
    attachment = replace(table.attachment, ports=() if slot is None else (slot,))
    seen = replace(table, attachment=attachment)
    alternatives: list[Alternative] = []
    for number, route in enumerate(seen.routes):
        matches: Sequence[RouteMatch | None] = route.matches or (None,)
        for match in matches:
            tests = () if match is None else match.requests.tests
            if match is not None and not (_sees(match, client) and _on(tests, slot)):
                continue
            asked = [t for t in tests if t.part is not Part.SERVICE_PORT]
            alternatives.append(alternative(number, match, asked))
    if not alternatives:
        return None
    ordered = in_rank_order(alternatives)
    routes = subsets.routes(seen)
    legal = [_route(routes[n], group, seen) for n, group in _grouped(ordered)]
    _shadowed(seen, alternatives, ordered, losses)
    if len(legal) > MAX_RULES:
        reason = f"{len(legal)} rules are more than one object can have ({MAX_RULES})"
        raise Unreachable("MM209", reason, "Split the host, or write fewer rules.")
    spoken, more = in_target_terms(tuple(legal), options.target)
    losses.extend(more)
    return replace(seen, routes=spoken)


def _sees(match: RouteMatch, client: Traced[str] | None) -> bool:
    audience = match.audience
    if audience is None or audience.reach is Reach.EVERYONE:
        return True
    spaces = [space.value for space in audience.namespaces]
    return client is not None and audience.reach is Reach.NAMESPACES and client.value in spaces


def _on(tests: Iterable[Test], slot: Slot) -> bool:
    asked = [t for t in tests if t.part is Part.SERVICE_PORT]
    texts = [{t.value.text for t in test.any_of if isinstance(t.value, Pattern)} for test in asked]
    return all(slot is not None and str(slot.value.port) in numbers for numbers in texts)


def _grouped(ordered: Sequence[Alternative]) -> Iterator[tuple[int, list[Alternative]]]:
    """Runs of alternatives of one route become one rule."""
    run: list[Alternative] = []
    for one in ordered:
        if run and run[-1].route != one.route:
            yield run[0].route, run
            run = []
        run.append(one)
    if run:
        yield run[0].route, run


def _route(route: Route, group: Sequence[Alternative], table: RouteTable) -> Route:
    matches = tuple(_match(one, table) for one in group)
    if all(m.requests.tests for m in matches):
        return replace(route, matches=matches, name=None, trail=_with_name(route, ()))
    spent = [value for match in matches for value in traced(match)]
    return replace(route, matches=(), name=None, trail=_with_name(route, spent))


def _with_name(route: Route, spent: Sequence[Traced[object]]) -> Traced[str]:
    """The trail of a rule with its name, which the target has no place for, and what else was spent on it."""
    own = () if route.name is None else (route.name,)
    return derived(route.trail.value, (route.trail, *own, *spent))


def _match(one: Alternative, table: RouteTable) -> RouteMatch:
    """An alternative as tests that the target has: exact paths and regular expressions."""
    asks = [one.path, one.method, *(a for _, a in one.headers), *(a for _, a in one.query)]
    tests = tuple(_test(ask) for ask in asks if ask is not None and not _anything(ask, one))
    if tests and not any(t.part is Part.PATH for t in tests):
        tests = (_any_path(one, table), *tests)
    source = one.source
    node = (
        source.trail
        if isinstance(source, RouteMatch)
        else trail("match", because=table.trail.because)
    )
    spent = [node] if not isinstance(source, RouteMatch) else _spent(source)
    return RouteMatch(
        requests=AllOf(tests=tests, trail=named("requests", node)),
        trail=derived("match", spent),
    )


def _spent(match: RouteMatch) -> list[Traced[object]]:
    """What a match says beside its tests: its nodes, its audience, its port, tests that hold always."""
    values: list[Traced[object]] = [match.trail, match.requests.trail]
    if match.audience is not None:
        values.extend(traced(match.audience))
    for test in match.requests.tests:
        values.append(test.trail)
        if test.part in (Part.SERVICE_PORT, Part.PATH):
            values.extend(test.any_of)
    return values


def _anything(ask: Ask, one: Alternative) -> bool:
    """A path test that every path meets says nothing, where nothing else is asked either."""
    return ask is one.path and one.plain and _every_path(one)


def _every_path(one: Alternative) -> bool:
    return (PATH - one.paths).is_empty()


def _any_path(one: Alternative, table: RouteTable) -> Test:
    """Every path, said as a regular expression so that the path counts in full."""
    term = Pattern(PatternKind.REGEX, "/.*", dialect=RegexDialect.RUST_SPAN)
    node = one.source.trail if isinstance(one.source, RouteMatch) else table.trail
    return Test(part=Part.PATH, any_of=(named(term, node),), trail=named("any path", node))


def _test(ask: Ask) -> Test:
    """The test in the target's kinds of pattern."""
    test = ask.test
    kinds = [t.value.kind for t in test.any_of if isinstance(t.value, Pattern)]
    direct = all(k in (PatternKind.EXACT, PatternKind.REGEX) for k in kinds)
    if not test.any_of:
        term = Pattern(PatternKind.REGEX, ".*", dialect=RegexDialect.RUST_SPAN)
        shown = (test.presence,) if test.presence is not None else (test.trail,)
        return replace(test, any_of=(derived(term, shown),), presence=None)
    if direct and len(test.any_of) == 1 and _same_dialect(test.any_of[0].value):
        return test
    regex = _say(ask)
    term = Pattern(PatternKind.REGEX, regex, dialect=RegexDialect.RUST_SPAN)
    return replace(test, any_of=(derived(term, test.any_of),), presence=None)


def _same_dialect(term: object) -> bool:
    if not isinstance(term, Pattern) or term.ignore_case:
        return False
    return term.kind is PatternKind.EXACT or term.dialect is RegexDialect.RUST_SPAN


def _say(ask: Ask) -> str:
    if ask.test.part is Part.PATH:
        return say(ask.accepted)
    return ask.accepted.to_regex(Dialect.RUST_SPAN, within=HEADER_VALUE)


def _shadowed(
    table: RouteTable,
    before: Sequence[Alternative],
    after: Sequence[Alternative],
    losses: list[Loss],
) -> None:
    """Alternatives that earlier rules cover whole: the source never reaches them either."""
    left = {id(one.source) for one in after}
    routes = {one.route for one in after}
    for one in before:
        if one.route not in routes:
            losses.append(_never_reached(table.routes[one.route]))
        elif id(one.source) not in left:
            losses.append(_never_reached(one.source))


def _never_reached(value: object) -> Loss:
    return Loss(
        code="MM107",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        fate=Fate.ABSORBED,
        sites=tuple(traced(value)),
        message="no request gets as far as this rule: earlier ones take them all.",
    )


def _finished(
    table: RouteTable,
    client: Traced[str] | None,
    service: Service | None,
    names: Names,
    options: Options,
) -> RouteTable:
    """The table with a name, its clients as the namespace of its object, and hosts where it must outrank another."""
    subject = table.attachment.subject
    home = subject.namespace.value if subject.namespace else ""
    port = table.attachment.ports[0].value if table.attachment.ports else None
    number = (
        str(port.port)
        if isinstance(port, ServicePort) and service and len(service.ports) > 1
        else ""
    )
    consumer = client is not None and client.value != home
    where = client.value if client is not None and consumer else home
    name = names.take("HTTPRoute", where, name_of(_base(table), number))
    audience = None
    hosts: tuple[Traced[Pattern], ...] = ()
    if client is not None:
        audience = Audience(
            reach=Reach.NAMESPACES, namespaces=(client,), trail=named("clients", client)
        )
        hosts = _hosts(table, options)
    stated: list[Traced[object]] = [table.trail, table.name]
    if table.attachment.audience is not None:
        stated.extend(traced(table.attachment.audience))
    return replace(
        table,
        trail=derived(table.trail.value, stated),
        name=named(name, table.name),
        attachment=replace(table.attachment, audience=audience),
        hosts=hosts,
        order=Order.RANK,
    )


def _base(table: RouteTable) -> str:
    subject = table.attachment.subject
    return subject.name.value if subject.name else table.name.value


def _hosts(table: RouteTable, options: Options) -> tuple[Traced[Pattern], ...]:
    subject = table.attachment.subject
    if subject.name is None or subject.namespace is None:
        return ()
    short = f"{subject.name.value}.{subject.namespace.value}"
    forms = (short, f"{short}.svc", f"{short}.svc.{options.cluster_domain}")
    parents = (subject.name, subject.namespace)
    return tuple(named(Pattern(PatternKind.EXACT, form), *parents) for form in forms)
