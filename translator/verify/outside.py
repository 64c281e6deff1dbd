"""Routes for what leaves the cluster, as routes of the hosts that they ask for: so they compare with those of a host.

A host has the rules of all tables that may take its requests: those that ask for it, for a wildcard that covers it, or for no
name at all. Where the network lets out nothing else, a request that none of them matches is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ir.attachment import Attachment, Audience, Reach, Scope, Subject
from ir.edge import EgressPolicy, UnknownEgress
from ir.match import Part, Pattern, PatternKind, Term, Test
from ir.model import Model
from ir.provenance import Traced, derived, trail
from ir.traffic import AS_DIALLED, Backend, NoMatch, Protocol, Route, RouteMatch, RouteTable
from ir.walk import traced

_HTTP = (Protocol.HTTP, Protocol.GRPC)


@dataclass(frozen=True, slots=True)
class _Network:
    """A policy of egress, the tables about it, and the namespaces that are known besides its own."""

    policy: EgressPolicy | None
    tables: tuple[RouteTable, ...]
    spaces: tuple[str, ...]


def by_hosts(model: Model) -> Iterator[RouteTable]:
    """The tables for what leaves, each for each host that it may be about."""
    policies = {
        fact.name.value: fact
        for fact in model.facts
        if isinstance(fact, EgressPolicy) and fact.name is not None
    }
    found: dict[str, list[RouteTable]] = {}
    for fact in model.facts:
        if isinstance(fact, RouteTable) and fact.attachment.subject.scope is Scope.EGRESS:
            found.setdefault(_network_of(fact), []).append(fact)
    spaces = _spaces(model)
    for name, tables in found.items():
        yield from _of_network(_Network(policies.get(name), tuple(tables), spaces))


def _spaces(model: Model) -> tuple[str, ...]:
    """The namespaces that the input names."""
    pods = (w.namespace for w in model.inventory.workloads)
    return tuple(sorted({*model.inventory.namespaces, *pods}))


def heeded(model: Model, table: RouteTable) -> RouteTable:
    """The table of a name outside less the clients whose proxies know of no such name: they are refused, or pass as they are."""
    subject, at = table.attachment.subject, table.attachment
    if subject.scope is not Scope.SERVICE or subject.namespace is not None or subject.name is None:
        return table
    home = "" if table.home is None else table.home.value
    deaf = [
        space.value
        for policy in model.facts
        if isinstance(policy, EgressPolicy)
        and policy.attachment.subject.scope is Scope.NAMESPACE
        and (space := policy.attachment.subject.namespace) is not None
        and not knows([w.value for w in policy.seen], home, subject.name.value, space.value)
    ]
    everyone = at.audience is None or at.audience.reach is Reach.EVERYONE
    if not deaf or not (everyone or (at.audience and at.audience.reach is Reach.NAMESPACES)):
        return table
    named = () if at.audience is None else tuple(space.value for space in at.audience.namespaces)
    kept = [space for space in (_spaces(model) if everyone else named) if space not in deaf]
    audience = Audience(
        reach=Reach.NAMESPACES, namespaces=tuple(map(Traced, kept)), trail=trail("clients")
    )
    return replace(table, attachment=replace(at, audience=audience))


def _of_network(network: _Network) -> Iterator[RouteTable]:
    asked = (pattern for table in network.tables for pattern in _patterns(table))
    hosts = dict.fromkeys(p.text for p in asked if p.kind is PatternKind.EXACT)
    for host in hosts:
        for table in (t for t in network.tables if t.protocol in _HTTP and _is_about(t, host)):
            at = _attachment(table.attachment, host, network)
            if at is not None:
                yield replace(
                    table,
                    attachment=at,
                    no_match=NoMatch.FORBIDDEN if _refuses(network.policy) else table.no_match,
                    routes=tuple(_to_host(route, host) for route in table.routes),
                )


def _attachment(at: Attachment, host: str, network: _Network) -> Attachment | None:
    """Where the rules of a host hold: for the clients of the network, as far as the table is for them."""
    subject = Subject(scope=Scope.SERVICE, name=Traced(host), trail=trail(f"host {host}"))
    audience = at.audience
    clients = _clients(network)
    if clients is not None:
        named = None if audience is None else [space.value for space in audience.namespaces]
        both = [space for space in clients if named is None or space in named]
        if not both:
            return None
        audience = Audience(
            reach=Reach.NAMESPACES, namespaces=tuple(map(Traced, both)), trail=trail("clients")
        )
    return replace(at, subject=subject, audience=audience)


def _clients(network: _Network) -> tuple[str, ...] | None:
    """The namespaces that the network is for; none: all. Of all but some those that are known."""
    if network.policy is None:
        return None
    subject = network.policy.attachment.subject
    if subject.namespace is not None:
        return (subject.namespace.value,)
    out = [one.namespace.value for one in subject.excluding if one.namespace is not None]
    return tuple(space for space in network.spaces if space not in out) if out else None


def _refuses(policy: EgressPolicy | None) -> bool:
    return (
        policy is not None
        and policy.unknown is not None
        and policy.unknown.value is UnknownEgress.REFUSE
    )


def _network_of(table: RouteTable) -> str:
    subject = table.attachment.subject
    space = "" if subject.namespace is None else subject.namespace.value
    return f"{space}/{'' if subject.name is None else subject.name.value}"


def _patterns(table: RouteTable) -> Iterator[Pattern]:
    yield from (host.value for host in table.hosts)
    for names in _asked(table):
        yield from names


def _asked(table: RouteTable) -> Iterator[tuple[Pattern, ...]]:
    """The names that each alternative of each rule asks for; none: it asks for none."""
    for route in table.routes:
        if not route.matches:
            yield ()
        for match in route.matches:
            yield tuple(
                term.value
                for test in match.requests.tests
                if test.part is Part.AUTHORITY
                for term in test.any_of
                if isinstance(term.value, Pattern)
            )


def _is_about(table: RouteTable, host: str) -> bool:
    """Whether some of its rules may take requests for the host."""
    if table.hosts and not _covers((own.value for own in table.hosts), host):
        return False
    return any(not names or _covers(names, host) for names in _asked(table))


def _covers(patterns: Iterable[Pattern], host: str) -> bool:
    return any(
        host.lower().endswith(one.text.lower())
        if one.kind is PatternKind.SUFFIX
        else one.text.lower() == host.lower()
        for one in patterns
    )


def _to_host(route: Route, host: str) -> Route:
    return replace(route, backends=tuple(_named(backend, host) for backend in route.backends))


def _named(backend: Backend, host: str) -> Backend:
    """What goes on as it was dialled goes to the host that was asked for."""
    if backend.destination.name.value != AS_DIALLED:
        return backend
    return replace(backend, destination=replace(backend.destination, name=Traced(host)))


# --- by name alone --------------------------------------------------------------------------------


def by_name(tables: Sequence[RouteTable]) -> tuple[RouteTable, ...]:
    """The tables as far as names go: what rules ask for besides is left out.

    Of a name without a wildcard the rules are compared with those of a host, see :func:`by_hosts`.
    """
    return tuple(_less(table, None) for table in tables)


def surely(tables: Sequence[RouteTable], ruled: Collection[str]) -> tuple[RouteTable, ...]:
    """The same less what takes only some requests, unless for names of which the other side has rules too (``ruled``).

    Rules for those are compared, see :func:`by_hosts`; those for a name with a wildcard, or for any name, are by nothing.
    """
    return tuple(_less(table, ruled) for table in tables)


def ruled_hosts(model: Model) -> frozenset[str]:
    """The names outside of which a model has rules for requests."""
    found = {
        table.attachment.subject.name.value
        for table in (*model.facts, *by_hosts(model))
        if isinstance(table, RouteTable)
        and table.protocol in _HTTP
        and table.attachment.subject.scope is Scope.SERVICE
        and table.attachment.subject.namespace is None
        and table.attachment.subject.name is not None
    }
    return frozenset(name.lower() for name in found)


def decided_elsewhere(
    before: tuple[RouteTable, ...], after: tuple[RouteTable, ...]
) -> tuple[tuple[RouteTable, ...], tuple[RouteTable, ...]]:
    """Tables of a name outside: where one side has none, what no rule matches is compared as what may leave."""
    if before and after:
        return before, after
    return tuple(map(_passing, before)), tuple(map(_passing, after))


def _passing(table: RouteTable) -> RouteTable:
    refused = table.no_match is NoMatch.FORBIDDEN
    return replace(table, no_match=NoMatch.PASS) if refused else table


def _less(table: RouteTable, ruled: Collection[str] | None) -> RouteTable:
    if table.protocol not in _HTTP:
        return table
    routes: list[Route] = []
    for route in table.routes:
        kept = tuple(one for m in route.matches if (one := _named_in(m, table, ruled)))
        if kept or not route.matches:
            routes.append(replace(route, matches=kept))
    return replace(table, routes=tuple(routes))


def _named_in(
    match: RouteMatch, table: RouteTable, ruled: Collection[str] | None
) -> RouteMatch | None:
    """The names that an alternative asks for; of one that asks for more those of ``ruled`` (absent: all)."""
    tests = match.requests.tests
    named = tuple(test for test in tests if test.part is Part.AUTHORITY)
    if ruled is not None and len(named) < len(tests):
        if not named:
            known = [_is_ruled(host.value, ruled) for host in table.hosts]
            return _with(match, ()) if known and all(known) else None
        named = tuple(
            replace(test, any_of=tuple(t for t in test.any_of if _is_ruled(t.value, ruled)))
            for test in named
        )
        if not all(test.any_of for test in named):
            return None
    return _with(match, named)


def _is_ruled(term: Term, ruled: Collection[str]) -> bool:
    exact = isinstance(term, Pattern) and term.kind is PatternKind.EXACT
    return exact and isinstance(term, Pattern) and term.text.lower() in ruled


def _with(match: RouteMatch, tests: tuple[Test, ...]) -> RouteMatch:
    """The alternative with these tests alone; what it says by the others is a reason of it still."""
    gone = [test for test in match.requests.tests if all(test is not one for one in tests)]
    own = match.requests.trail
    node = derived(own.value, (own, *(v for test in gone for v in traced(test)))) if gone else own
    return replace(match, requests=replace(match.requests, tests=tests, trail=node))


def knows(words: Sequence[str], home: str, name: str, client: str) -> bool:
    """Whether a list of ``namespace/host`` names a host that is declared in the namespace ``home``; none: all."""

    def fits(word: str) -> bool:
        space, _, wanted = word.partition("/")
        near = space in ("*", home) or (space == "." and client == home)
        return near and (
            wanted in ("*", name) or (wanted.startswith("*") and name.endswith(wanted[1:]))
        )

    barred = [word.removeprefix("~") for word in words if word.startswith("~")]
    if any(fits(word) for word in barred if not word.startswith("/")):
        return False
    return not words or any(fits(word) for word in words if not word.startswith("~"))
