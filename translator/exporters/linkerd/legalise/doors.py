"""From the table of a port to facts: the server, its routes, their admissions, with all trails kept."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from functools import lru_cache

from ir.access import (
    Admission,
    Closed,
    Grant,
    GuardedRoute,
    GuardedRoutes,
    Layer,
    MtlsMode,
    PeerMtls,
)
from ir.attachment import Attachment, EnforcedAt, Scope, ServicePort, Subject, WorkloadPort
from ir.inventory import Inventory, Namespace, Workload
from ir.language import Language
from ir.match import (
    AllOf,
    Cidr,
    Part,
    Pattern,
    PatternKind,
    RegexDialect,
    Term,
    Test,
    View,
)
from ir.model import Fact
from ir.provenance import Assumption, Traced, derived, named
from ir.traffic import NoMatch, Order, PortProtocol
from ir.walk import rebuild
from translator.api import Options
from translator.exporters.linkerd.callers import (
    NOBODY,
    Callers,
    Clause,
    Who,
    simplest,
    within,
)
from translator.exporters.linkerd.legalise.combinations import (
    Ask,
    asks,
    base,
    flat,
    host_of,
    hosts,
)
from translator.exporters.linkerd.legalise.door import Table
from translator.exporters.linkerd.legalise.phrases import phrases
from translator.exporters.linkerd.legalise.rules import OTHER
from translator.exporters.linkerd.legalise.standins import is_standin, own_labels, selector_of
from translator.exporters.linkerd.legalise.terms import Terms, asked_of
from translator.exporters.naming import Names
from translator.exporters.ports import protocol_of, readable
from translator.exporters.routes.expressions import say

NODES = Assumption("node-networks", "the blocks of --node-networks hold nodes and nothing else")
TRUST_DOMAIN = Assumption(
    "trust-domain", "workloads keep the trust domain given by --trust-domain in the target"
)
SEEN = View(authority_has_port=False, regex_reads_bytes=False)
"""How routes of the target see a request: the path as it was sent, the host without its port."""

MATCHES = 96
"""Alternatives in one route object (Gateway API HTTPRoute: 128 in all)."""

Port = Traced[WorkloadPort | ServicePort]


class Carver:
    """Cuts the facts of one workload to the target's form."""

    def __init__(
        self, workload: Workload, inventory: Inventory, options: Options, names: Names
    ) -> None:
        self.workload = workload
        self.inventory = inventory
        self.options = options
        self.names = names
        self.selector = (
            selector_of(workload, inventory)
            if is_standin(workload)
            else own_labels(workload, inventory)
        )
        self.because = Traced("", (), workload.leaves)

    @staticmethod
    def of_namespace(namespace: Namespace, whole: Sequence[Fact], default: str) -> Fact:
        """What holds for all pods of a namespace on the ports that no server names."""
        terms = Terms([f for f in whole if not isinstance(f, Grant)])
        because = Traced("", (), namespace.leaves)
        spaces, _ = terms.subjects()
        subject = Subject(
            scope=Scope.NAMESPACE,
            namespace=derived(namespace.name, (*spaces, because)),
            name=named(f"Namespace//{namespace.name}", because),
            trail=named(f"pods of {namespace.name}", because),
        )
        at = Attachment(subject=subject, enforced_at=EnforcedAt.SERVER)
        if default == "deny":
            return Closed(
                attachment=at, layer=Layer.MESH_REQUEST, trail=terms.rest("closed by default")
            )
        mode = derived(MtlsMode.DEMANDED, terms.demands())
        return PeerMtls(attachment=at, mode=mode, trail=terms.rest("certificate demanded"))

    def server(self, port: int, here: Sequence[Fact], table: Table) -> Iterator[Fact]:
        """A closed server with what its table lets in: grants for any connection, and routes where requests differ.

        Where no rule asks for HTTP, its callers come in by what they send, and routes tell health checks apart alone.
        """
        terms = Terms(here)
        at = self._at(port, terms)
        same = _reference(at)
        everywhere = table.cells[0].callers(base(table, 0), OTHER) if table.plain else NOBODY
        rules: list[Fact] = [
            Grant(
                attachment=same,
                layer=Layer.MESH_REQUEST,
                callers=admission.callers,
                trail=admission.trail,
                name=admission.name,
            )
            for admission in self._admissions(everywhere, terms, f"{port}")
        ]
        if not table.plain or not flat(table):
            rules.append(self._routes(port, same, table, terms, everywhere))
        elif self._probed(port):
            rules.append(self._only_route(port, same, terms))
        yield self._protocol(port, same)
        yield from rules
        yield Closed(attachment=at, layer=Layer.MESH_REQUEST, trail=terms.rest("closed"))

    def _protocol(self, port: int, at: Attachment) -> PortProtocol:
        return PortProtocol(
            attachment=at,
            protocol=named(protocol_of(self.workload, port, self.inventory), self.because),
            evidence="service",
            trail=named(f"protocol of port {port}", self.because),
        )

    def shut(self, port: int, here: Sequence[Fact]) -> Iterator[Fact]:
        """A closed server that lets nobody in."""
        terms = Terms([f for f in here if not isinstance(f, Grant)])
        at = self._at(port, terms, Terms(here))
        yield self._protocol(port, _reference(at))
        if self._probed(port):
            yield self._only_route(port, _reference(at), terms)
        yield Closed(attachment=at, layer=Layer.MESH_REQUEST, trail=terms.rest("closed"))

    def _probed(self, port: int) -> bool:
        """Whether health checks come to the port, which are read as HTTP there."""
        protocol = protocol_of(self.workload, port, self.inventory)
        asked = any(self.workload.port_number(p.port) == port for p in self.workload.probes)
        return asked and readable(protocol)

    def _only_route(self, port: int, at: Attachment, terms: Terms) -> GuardedRoutes:
        """A route that admits nobody: without one the port lets health checks in by their path, from anyone."""
        return self._guarded(port, at, [self._route(port, "otherwise", (), [], terms)])

    def default(
        self, everywhere: Sequence[Fact], *, closed: bool, demanded: bool
    ) -> Iterator[Fact]:
        """What holds on the ports that no server names: the default of the pod."""
        terms = Terms(everywhere)
        if closed:
            at = self._at(None, terms)
            yield Closed(
                attachment=at, layer=Layer.MESH_REQUEST, trail=terms.rest("closed by default")
            )
        elif demanded:
            at = self._at(None, terms)
            mode = derived(MtlsMode.DEMANDED, terms.demands())
            yield PeerMtls(attachment=at, mode=mode, trail=terms.rest("certificate demanded"))

    def _at(self, port: int | None, terms: Terms, whole: Terms | None = None) -> Attachment:
        """The workload, by labels that no other workload of the namespace meets; ``whole``: all that is about it."""
        spaces, labels = (whole or terms).subjects()
        subject = Subject(
            scope=Scope.WORKLOADS,
            namespace=derived(self.workload.namespace, (*spaces, self.because)),
            name=named(self.workload.key, self.because),
            labels=derived(self.selector, (*labels, self.because)),
            trail=named(f"pods of {self.workload.key}", self.because),
        )
        ports: tuple[Port, ...] = ()
        if port is not None:
            numbers = terms.ports(port, self.workload)
            ports = (derived(WorkloadPort(port), (*numbers, self.because)),)
        return Attachment(subject=subject, ports=ports, enforced_at=EnforcedAt.SERVER)

    def _routes(
        self, port: int, at: Attachment, table: Table, terms: Terms, everywhere: Callers
    ) -> GuardedRoutes:
        """Routes for the callers who do not come in ``everywhere``."""
        found: dict[tuple[Pattern | None, tuple[Clause, ...]], list[AllOf]] = {}
        rooted: set[tuple[Pattern | None, tuple[Clause, ...]]] = set()
        for ask in asks(table):
            match = self._match(ask, terms)
            rest = frozenset(c for c in ask.callers if not within(frozenset((c,)), everywhere))
            key = ask.host, simplest(rest)
            found.setdefault(key, []).append(match)
            if ask.paths is not None and ask.paths.accepts("/"):
                rooted.add(key)
        routes = [
            self._route(port, str(number), clauses, matches, terms)
            for number, (clauses, matches) in enumerate(_portions(found, rooted))
        ]
        for number in hosts(table):
            plain, host = base(table, number), host_of(table, number)
            if not any(c.paths is None and c.callers(plain, OTHER) for c in table.cells):
                matches = [] if host is None else [self._match_of(host, terms)]
                routes.append(self._route(port, f"otherwise{number or ''}", (), matches, terms))
        return self._guarded(port, at, routes)

    def _guarded(self, port: int, at: Attachment, routes: Sequence[GuardedRoute]) -> GuardedRoutes:
        return GuardedRoutes(
            attachment=at,
            layer=Layer.MESH_REQUEST,
            order=Order.RANK,
            routes=tuple(routes),
            no_match=NoMatch.NOT_FOUND,
            view=SEEN,
            trail=named(f"routes of {self.workload.key} port {port}", self.because),
        )

    def _route(
        self,
        port: int,
        suffix: str,
        clauses: tuple[Clause, ...],
        matches: Sequence[AllOf],
        terms: Terms,
    ) -> GuardedRoute:
        name = self.names.take(
            "HTTPRoute", self.workload.namespace, self.workload.name, str(port), suffix
        )
        return GuardedRoute(
            name=named(name, self.because),
            matches=tuple(matches),
            admissions=self._admissions(frozenset(clauses), terms, f"{port}-{suffix}"),
            trail=named(f"route {name}", *terms.trails(), self.because),
        )

    def _match(self, ask: Ask, terms: Terms) -> AllOf:
        """One alternative of a route."""
        tests: list[Test] = (
            [] if ask.paths is None else [self._path(ask.paths, ask.patterns, terms)]
        )
        for name, pattern in ask.headers:
            tests.append(self._header(name, pattern, terms))
        if ask.host is not None:
            tests.append(self._asked(Part.AUTHORITY, ask.host, terms))
        if ask.method is not None:
            method = Pattern(PatternKind.EXACT, ask.method)
            tests.append(self._asked(Part.METHOD, method, terms))
        return AllOf(tests=tuple(tests), trail=named("requests", self.because))

    def _match_of(self, host: Pattern, terms: Terms) -> AllOf:
        tests = (self._asked(Part.AUTHORITY, host, terms),)
        return AllOf(tests=tests, trail=named("requests", self.because))

    def _asked(self, part: Part, pattern: Pattern, terms: Terms) -> Test:
        terms.use(part)
        return Test(
            part=part,
            # no rule asks for it where it only sets health checks apart
            any_of=(derived(pattern, terms.of(part) or (self.because,)),),
            trail=named(part.value, self.because),
        )

    def _header(self, name: str, pattern: Pattern, terms: Terms) -> Test:
        asked = terms.headers(name)
        return Test(
            part=Part.HEADER,
            name=derived(name, [t.name for t in asked if t.name is not None]),
            any_of=(derived(pattern, [v for t in asked for v in asked_of(t)]),),
            trail=named("header", self.because),
        )

    def _path(self, paths: Language, patterns: tuple[Pattern, ...], terms: Terms) -> Test:
        term: Term = _path_pattern(paths, patterns)
        terms.use(Part.PATH)
        parents = terms.of(Part.PATH) or (self.because,)
        return Test(
            part=Part.PATH,
            any_of=(derived(term, parents),),
            trail=named("path", self.because),
        )

    def _admissions(self, callers: Callers, terms: Terms, suffix: str) -> tuple[Admission, ...]:
        """One admission for each set of networks; identities of one set are alternatives of it."""
        grouped: dict[object, list[Clause]] = {}
        for clause in simplest(callers):
            grouped.setdefault(clause.networks, []).append(clause)
        found = []
        for number, clauses in enumerate(grouped.values()):
            name = self.names.take(
                "AuthorizationPolicy",
                self.workload.namespace,
                self.workload.name,
                suffix,
                str(number) if len(grouped) > 1 else "",
            )
            alternatives = tuple(self._caller(clause, terms) for clause in clauses)
            found.append(
                Admission(
                    name=named(name, self.because),
                    callers=() if any(not a.tests for a in alternatives) else alternatives,
                    trail=terms.grants(f"admission {name}"),
                )
            )
        return tuple(found)

    def _caller(self, clause: Clause, terms: Terms) -> AllOf:
        tests: list[Test] = []
        domain = self.options.trust_domain
        term: Term | None = None
        part = Part.IDENTITY
        match clause.who:
            case Who.ACCOUNT:
                text = f"{domain}/ns/{clause.namespace}/sa/{clause.account}"
                term = Pattern(PatternKind.EXACT, text)
            case Who.NAMESPACE:
                part, term = Part.NAMESPACE, Pattern(PatternKind.EXACT, clause.namespace)
            case Who.AUTHENTICATED:
                part, term = Part.TRUST_DOMAIN, Pattern(PatternKind.EXACT, domain)
            case Who.ANYONE:
                pass
        if term is not None:
            tests.append(self._test(part, (term,), terms.callers(clause)))
        if clause.who is Who.NAMESPACE:
            own: Term = Pattern(PatternKind.EXACT, domain)
            stated = Traced(own, (), self.workload.leaves, (), TRUST_DOMAIN)
            tests.append(
                Test(
                    part=Part.TRUST_DOMAIN,
                    any_of=(stated,),
                    trail=named("own trust domain", self.because),
                )
            )
        if clause.networks is not None:
            blocks = tuple(Cidr(block, out) for block, out in clause.networks)
            tests.append(self._test(Part.PEER_ADDRESS, blocks, terms.networks(blocks)))
        return AllOf(tests=tuple(tests), trail=named("callers", self.because))

    def _test(self, part: Part, terms: Iterable[Term], parents: Sequence[Traced[object]]) -> Test:
        if parents:
            any_of = tuple(derived(term, parents) for term in terms)
        else:
            stated = NODES if part is Part.PEER_ADDRESS else TRUST_DOMAIN
            any_of = tuple(Traced(term, (), self.workload.leaves, (), stated) for term in terms)
        return Test(part=part, any_of=any_of, trail=named("caller", self.because))


@lru_cache(maxsize=4096)
def _path_pattern(paths: Language, patterns: tuple[Pattern, ...]) -> Pattern:
    """One path exactly, or a regular expression."""
    first = (paths.witness() or b"").decode("ascii", "replace")
    if paths.equals(Language.exact(first)):
        return Pattern(PatternKind.EXACT, first)
    text = say(paths, () if paths.said is not None else phrases(paths, patterns))
    return Pattern(PatternKind.REGEX, text, dialect=RegexDialect.RUST_SPAN)


def _reference(at: Attachment) -> Attachment:
    """The same place, named by a fact that does not state it."""
    return rebuild(at, lambda value: named(value.value, value))


def _portions(
    found: dict[tuple[Pattern | None, tuple[Clause, ...]], list[AllOf]],
    rooted: Container[tuple[Pattern | None, tuple[Clause, ...]]],
) -> Iterator[tuple[tuple[Clause, ...], Sequence[AllOf]]]:
    """The alternatives of each host and set of callers, as many as one route object holds.

    Those of the path ``/`` first: of equals the older object wins, and of one age the first by name.
    """
    ordered = sorted(found.items(), key=lambda item: (item[0] not in rooted, str(item[0])))
    for (_, clauses), matches in ordered:
        for start in range(0, len(matches), MATCHES):
            yield clauses, matches[start : start + MATCHES]
