"""From the table of a port to facts: the server, its routes, their admissions, with all trails kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ir.access import (
    Admission,
    Closed,
    Grant,
    GuardedRoute,
    GuardedRoutes,
    Layer,
    MtlsMode,
    PeerMtls,
    Refusal,
)
from ir.attachment import Attachment, EnforcedAt, Scope, ServicePort, Subject, WorkloadPort
from ir.inventory import Inventory, Namespace, Workload
from ir.language import Language
from ir.match import (
    CALLER_PARTS,
    AllOf,
    Cidr,
    Labels,
    Operator,
    Part,
    Pattern,
    PatternKind,
    RegexDialect,
    Requirement,
    Term,
    Test,
    View,
)
from ir.model import Fact
from ir.provenance import Assumption, Traced, Trail, derived, named
from ir.traffic import NoMatch, Order, PortProtocol
from ir.walk import rebuild, traced
from translator.api import Options
from translator.exporters.linkerd.callers import Callers, Clause, Who, simplest
from translator.exporters.linkerd.legalise.cells import Cell, Table
from translator.exporters.linkerd.legalise.combinations import (
    Ask,
    asks,
    base,
    flat,
    host_of,
    hosts,
)
from translator.exporters.linkerd.legalise.paths import say
from translator.exporters.linkerd.legalise.phrases import phrases
from translator.exporters.linkerd.legalise.ports import protocol_of
from translator.exporters.linkerd.legalise.rules import OTHER
from translator.exporters.linkerd.legalise.standins import is_standin, selector_of
from translator.exporters.naming import Names

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
        terms = _Terms([f for f in whole if not isinstance(f, Grant)])
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
        """A closed server with what its table lets in."""
        terms = _Terms(here)
        at = self._at(port, terms)
        same = _reference(at)
        if flat(table):
            callers = table.cells[0].callers(base(table, 0), OTHER)
            rules: list[Fact] = [
                Grant(
                    attachment=same,
                    layer=Layer.MESH_REQUEST,
                    callers=admission.callers,
                    trail=admission.trail,
                    name=admission.name,
                )
                for admission in self._admissions(callers, terms, f"{port}")
            ]
        else:
            rules = [self._routes(port, same, table, terms)]
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
        terms = _Terms([f for f in here if not isinstance(f, Grant)])
        at = self._at(port, terms)
        yield self._protocol(port, _reference(at))
        if any(self.workload.port_number(probe.port) == port for probe in self.workload.probes):
            # Without a route of its own the port lets health checks in by their path, from anyone.
            nobody = self._route(port, "otherwise", (), [], terms)
            yield self._guarded(port, _reference(at), [nobody])
        yield Closed(attachment=at, layer=Layer.MESH_REQUEST, trail=terms.rest("closed"))

    def default(
        self, everywhere: Sequence[Fact], *, closed: bool, demanded: bool
    ) -> Iterator[Fact]:
        """What holds on the ports that no server names: the default of the pod."""
        terms = _Terms(everywhere)
        if closed:
            at = self._at(None, terms)
            yield Closed(
                attachment=at, layer=Layer.MESH_REQUEST, trail=terms.rest("closed by default")
            )
        elif demanded:
            at = self._at(None, terms)
            mode = derived(MtlsMode.DEMANDED, terms.demands())
            yield PeerMtls(attachment=at, mode=mode, trail=terms.rest("certificate demanded"))

    def _at(self, port: int | None, terms: _Terms) -> Attachment:
        """The workload, by labels that no other workload of the namespace meets."""
        spaces, labels = terms.subjects()
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

    def _routes(self, port: int, at: Attachment, table: Table, terms: _Terms) -> GuardedRoutes:
        found: dict[tuple[Pattern | None, tuple[Clause, ...]], list[AllOf]] = {}
        for ask in asks(table):
            match = self._match(ask, terms)
            found.setdefault((ask.host, simplest(ask.callers)), []).append(match)
        routes = [
            self._route(port, str(number), clauses, matches, terms)
            for number, (clauses, matches) in enumerate(_portions(found))
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
        terms: _Terms,
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

    def _match(self, ask: Ask, terms: _Terms) -> AllOf:
        """One alternative of a route."""
        tests: list[Test] = [] if ask.cell.paths is None else [self._path(ask.cell, terms)]
        for name, pattern in ask.headers:
            tests.append(self._header(name, pattern, terms))
        if ask.host is not None:
            tests.append(self._asked(Part.AUTHORITY, ask.host, terms))
        if ask.method is not None:
            method = Pattern(PatternKind.EXACT, ask.method)
            tests.append(self._asked(Part.METHOD, method, terms))
        return AllOf(tests=tuple(tests), trail=named("requests", self.because))

    def _match_of(self, host: Pattern, terms: _Terms) -> AllOf:
        tests = (self._asked(Part.AUTHORITY, host, terms),)
        return AllOf(tests=tests, trail=named("requests", self.because))

    def _asked(self, part: Part, pattern: Pattern, terms: _Terms) -> Test:
        terms.use(part)
        return Test(
            part=part,
            # no rule asks for it where it only sets health checks apart
            any_of=(derived(pattern, terms.of(part) or (self.because,)),),
            trail=named(part.value, self.because),
        )

    def _header(self, name: str, pattern: Pattern, terms: _Terms) -> Test:
        asked = terms.headers(name)
        return Test(
            part=Part.HEADER,
            name=derived(name, [t.name for t in asked if t.name is not None]),
            any_of=(derived(pattern, [v for t in asked for v in (*t.any_of, *t.none_of)]),),
            trail=named("header", self.because),
        )

    def _path(self, cell: Cell, terms: _Terms) -> Test:
        if cell.paths is None:
            raise TypeError(cell)
        term: Term = _path_pattern(cell.paths, cell.patterns)
        terms.use(Part.PATH)
        parents = terms.of(Part.PATH) or (self.because,)
        return Test(
            part=Part.PATH,
            any_of=(derived(term, parents),),
            trail=named("path", self.because),
        )

    def _admissions(self, callers: Callers, terms: _Terms, suffix: str) -> tuple[Admission, ...]:
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

    def _caller(self, clause: Clause, terms: _Terms) -> AllOf:
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


def _path_pattern(paths: Language, patterns: tuple[Pattern, ...]) -> Pattern:
    """One path exactly, or a regular expression."""
    first = (paths.witness() or b"").decode("ascii", "replace")
    if paths.equals(Language.exact(first)):
        return Pattern(PatternKind.EXACT, first)
    return Pattern(
        PatternKind.REGEX, say(paths, phrases(paths, patterns)), dialect=RegexDialect.RUST_SPAN
    )


def _reference(at: Attachment) -> Attachment:
    """The same place, named by a fact that does not state it."""
    return rebuild(at, lambda value: named(value.value, value))


def _portions(
    found: dict[tuple[Pattern | None, tuple[Clause, ...]], list[AllOf]],
) -> Iterator[tuple[tuple[Clause, ...], Sequence[AllOf]]]:
    """The alternatives of each host and set of callers, as many as one route object holds."""
    for (_, clauses), matches in sorted(found.items(), key=lambda item: str(item[0])):
        for start in range(0, len(matches), MATCHES):
            yield clauses, matches[start : start + MATCHES]


def own_labels(workload: Workload, inventory: Inventory) -> Labels:
    """A selector for exactly this workload.

    Its labels, and for each other workload that has them all too, one label that this one lacks.
    """
    requirements = [
        Requirement(key, Operator.IN, (value,)) for key, value in sorted(workload.labels.items())
    ]
    absent: set[str] = set()
    for other in inventory.workloads_in(workload.namespace):
        more = {k for k in other.labels if k not in workload.labels}
        if other.key != workload.key and more and workload.labels.items() <= other.labels.items():
            absent.add(min(more))
    requirements += [Requirement(key, Operator.DOES_NOT_EXIST) for key in sorted(absent)]
    return Labels(tuple(requirements))


class _Terms:
    """The traced values of the rules of a port, by what they speak of; what no output says is left for the trail."""

    def __init__(self, here: Sequence[Fact]) -> None:
        self.here = here
        self.used: set[int] = set()
        self._tests: list[Test] = []
        for fact in here:
            if isinstance(fact, (Grant, Refusal)):
                alternatives = (*fact.callers, *fact.requests)
                self._tests.extend(t for a in alternatives for t in a.tests)
                self._tests.extend(fact.always)

    def of(self, *parts: Part) -> tuple[Traced[object], ...]:
        """The terms of all tests on these parts."""
        return tuple(
            term for t in self._tests if t.part in parts for term in (*t.any_of, *t.none_of)
        )

    def headers(self, name: str) -> tuple[Test, ...]:
        """The tests on a header, which stand in an output from now on."""
        found = tuple(
            t
            for t in self._tests
            if t.part is Part.HEADER and t.name is not None and t.name.value.lower() == name
        )
        for test in found:
            self.used.update(id(v) for v in (test.name, *test.any_of, *test.none_of))
        return found

    def use(self, *parts: Part) -> None:
        """Notes that the terms of these parts stand in an output."""
        self.used.update(id(term) for term in self.of(*parts))

    def subjects(self) -> tuple[list[Traced[object]], list[Traced[object]]]:
        """Namespaces and labels of the subjects of all rules."""
        spaces: list[Traced[object]] = []
        labels: list[Traced[object]] = []
        for fact in self.here:
            subject = fact.attachment.subject  # type: ignore[union-attr]  # rulings have one
            if subject.namespace is not None:
                spaces.append(subject.namespace)
            if subject.labels is not None:
                labels.append(subject.labels)
        self.used.update(id(t) for t in (*spaces, *labels))
        return spaces, labels

    def ports(self, port: int, workload: Workload) -> list[Traced[object]]:
        """What names this port: tests on the port, ports of attachments."""
        found = [
            term
            for term in self.of(Part.PORT)
            if isinstance(term.value, Pattern) and term.value.text == str(port)
        ]
        for fact in self.here:
            for own in fact.attachment.ports:  # type: ignore[union-attr]
                value = own.value
                if isinstance(value, WorkloadPort) and workload.port_number(value.port) == port:
                    found.append(own)
        self.used.update(id(t) for t in found)
        return found

    def callers(self, clause: Clause) -> tuple[Traced[object], ...]:
        """The terms that name a caller; those of all callers where it was made from several."""
        everybody = self.of(*CALLER_PARTS)
        words = {clause.namespace, clause.account} - {""}
        exact = tuple(t for t in everybody if words and _names(t.value, clause))
        modes = tuple(f.mode for f in self.here if isinstance(f, PeerMtls) and f.mode.origin)
        found = exact or (
            everybody + modes if clause.who is not Who.AUTHENTICATED else modes + everybody
        )
        self.used.update(id(t) for t in found)
        return found

    def networks(self, blocks: Sequence[Cidr]) -> tuple[Traced[object], ...]:
        """The terms that name a network; none for those that an option gives."""
        terms = self.of(Part.PEER_ADDRESS)
        mine = tuple(t for t in terms if _within(t.value, blocks))
        self.used.update(id(t) for t in mine)
        return mine

    def grants(self, what: str) -> Trail:
        """A trail that names the grants."""
        return derived(what, [f.trail for f in self.here if isinstance(f, Grant)] or self.trails())

    def demands(self) -> list[Traced[object]]:
        """The modes that demand a certificate."""
        found: list[Traced[object]] = [
            f.mode
            for f in self.here
            if isinstance(f, PeerMtls) and f.mode.value is MtlsMode.DEMANDED
        ]
        self.used.update(id(mode) for mode in found)
        return found

    def trails(self) -> list[Traced[object]]:
        """The trails of all rules."""
        return [f.trail for f in self.here]

    def rest(self, what: str) -> Trail:
        """A trail with all that no output said yet."""
        return derived(what, [t for f in self.here for t in traced(f) if id(t) not in self.used])


def _names(value: object, clause: Clause) -> bool:
    if not isinstance(value, Pattern):
        return False
    text = value.text
    if clause.who is Who.ACCOUNT:
        return text.endswith((f"ns/{clause.namespace}/sa/{clause.account}",)) or text == (
            f"{clause.namespace}/{clause.account}"
        )
    return text == clause.namespace or f"/ns/{clause.namespace}/" in text


def _within(value: object, blocks: Sequence[Cidr]) -> bool:
    if not isinstance(value, Cidr):
        return False
    return any(
        value.block.partition("/")[0] in b.block or value.block in b.excluding for b in blocks
    )
