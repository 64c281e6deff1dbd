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
from ir.inventory import Inventory, Workload
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
from translator.exporters.linkerd.legalise.paths import say
from translator.exporters.linkerd.legalise.phrases import phrases
from translator.exporters.linkerd.legalise.ports import protocol_of
from translator.exporters.linkerd.legalise.rules import METHODS, OTHER
from translator.exporters.naming import Names

NODES = Assumption("node-networks", "the blocks of --node-networks hold nodes and nothing else")
TRUST_DOMAIN = Assumption(
    "trust-domain", "workloads keep the trust domain given by --trust-domain in the target"
)
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
        self.selector = own_labels(workload, inventory)
        self.because = Traced("", (), workload.leaves)

    def server(self, port: int, here: Sequence[Fact], table: Table) -> Iterator[Fact]:
        """A closed server with what its table lets in."""
        terms = _Terms(here)
        at = self._at(port, terms)
        protocol = protocol_of(self.workload, port, self.inventory)
        same = _reference(at)
        if len(table.cells) == 1 and _flat(table.cells[0]):
            callers = table.cells[0].callers(OTHER)
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
        yield PortProtocol(
            attachment=same,
            protocol=named(protocol, self.because),
            evidence="service",
            trail=named(f"protocol of port {port}", self.because),
        )
        yield from rules
        yield Closed(attachment=at, layer=Layer.MESH_REQUEST, trail=terms.rest("closed"))

    def shut(self, port: int, here: Sequence[Fact]) -> Iterator[Fact]:
        """A closed server that lets nobody in."""
        terms = _Terms([f for f in here if not isinstance(f, Grant)])
        at = self._at(port, terms)
        yield PortProtocol(
            attachment=_reference(at),
            protocol=named(protocol_of(self.workload, port, self.inventory), self.because),
            evidence="service",
            trail=named(f"protocol of port {port}", self.because),
        )
        yield Closed(attachment=at, layer=Layer.MESH_REQUEST, trail=terms.rest("closed"))

    def default(
        self, everywhere: Sequence[Fact], *, closed: bool, demanded: bool
    ) -> Iterator[Fact]:
        """What holds on the ports that no server names: the default of the pod."""
        terms = _Terms(everywhere)
        modes = [
            f.mode
            for f in everywhere
            if isinstance(f, PeerMtls) and f.mode.value is MtlsMode.DEMANDED
        ]
        if closed:
            at = self._at(None, terms)
            yield Closed(
                attachment=at, layer=Layer.MESH_REQUEST, trail=terms.rest("closed by default")
            )
        elif demanded:
            at = self._at(None, terms)
            mode = derived(MtlsMode.DEMANDED, modes)
            terms.used.update(id(m) for m in modes)
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
        found: dict[tuple[Clause, ...], list[AllOf]] = {}
        for cell in table.cells:
            for callers, match in self._matches(cell, terms):
                found.setdefault(simplest(callers), []).append(match)
        routes = [
            self._route(port, str(number), clauses, matches, terms)
            for number, (clauses, matches) in enumerate(sorted(found.items(), key=_by_callers))
        ]
        if not any(cell.paths is None and cell.callers(OTHER) for cell in table.cells):
            routes.append(self._route(port, "otherwise", (), [], terms))
        return GuardedRoutes(
            attachment=at,
            layer=Layer.MESH_REQUEST,
            order=Order.RANK,
            routes=tuple(routes),
            no_match=NoMatch.NOT_FOUND,
            view=View(),
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

    def _matches(self, cell: Cell, terms: _Terms) -> Iterator[tuple[Callers, AllOf]]:
        """The alternatives of one set of paths: methods that are named, then all others."""
        if not any(callers for _, callers in cell.methods):
            return
        path = () if cell.paths is None else (self._path(cell, terms),)
        rest = cell.callers(OTHER)
        for method in METHODS:
            if cell.callers(method) != rest:
                test = Test(
                    part=Part.METHOD,
                    any_of=(derived(Pattern(PatternKind.EXACT, method), terms.of(Part.METHOD)),),
                    trail=named("method", self.because),
                )
                terms.use(Part.METHOD)
                yield (
                    cell.callers(method),
                    AllOf(tests=(*path, test), trail=named("requests", self.because)),
                )
        if rest:
            yield rest, AllOf(tests=path, trail=named("requests", self.because))

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


def _by_callers(item: tuple[tuple[Clause, ...], object]) -> str:
    return str(item[0])


def _flat(cell: Cell) -> bool:
    return cell.paths is None and len({callers for _, callers in cell.methods}) == 1


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
