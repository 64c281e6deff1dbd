"""What leaves the cluster on one side, for all destinations outside at once: exact sets, one int each.

Destinations are those of :mod:`translator.verify.destinations`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_network

from ir.access import Bypass
from ir.attachment import Audience, Scope
from ir.behaviour.lower import Lowering
from ir.behaviour.request import Caller
from ir.edge import EgressPolicy, ExternalService, UnknownEgress
from ir.language import Opaque
from ir.match import Cidr, Part, Pattern, PatternKind
from ir.membership import Enrolment
from ir.model import Fact
from ir.traffic import Protocol, RouteTable
from translator.verify.destinations import NOT_SOUGHT, Grid, names_of
from translator.verify.dimensions import addresses_of
from translator.verify.network import Network, Ruling
from translator.verify.outside import by_name, knows, surely
from translator.verify.proxies import proxies_of
from translator.verify.routed import is_among

WEB = ("HTTP", "HTTP2", "GRPC", "GRPC-WEB")
SECURE = ("HTTPS", "TLS")
HTTP = (Protocol.HTTP, Protocol.GRPC)
MORE = "routes for what leaves the cluster that ask for more than its name"


@dataclass(frozen=True, slots=True)
class Client:
    """Who leaves: a namespace and labels; ``listed``: a workload of the inventory is one."""

    namespace: str
    labels: tuple[tuple[str, str], ...] = ()
    account: str = ""
    listed: bool = False

    @property
    def caller(self) -> Caller:
        """The client as deciders know it."""
        return Caller(
            namespace=self.namespace, labels=dict(self.labels), service_account=self.account
        )


class Leaving:
    """The facts of one model about what leaves the cluster.

    ``network``: policies of the network that have a say; ``listed``: the namespaces that both sides show; ``ruled``: names
    outside of which the other side has rules.
    """

    def __init__(
        self,
        lowering: Lowering,
        facts: Sequence[Fact],
        network: Network,
        listed: frozenset[str],
        ruled: frozenset[str] = frozenset(),
    ) -> None:
        """Files the facts."""
        self.lowering = lowering
        self.network = network
        self.policies = tuple(f for f in facts if isinstance(f, EgressPolicy))
        self.services = tuple(f for f in facts if isinstance(f, ExternalService))
        limits = {p.name.value for p in self.policies if refuses(p) and p.name is not None}
        own = [f for f in facts if isinstance(f, RouteTable) and _network_of(f) in limits]
        self.given = tuple(own)
        self.ruled = ruled
        self.tables, self.sure = by_name(own), surely(own, ruled)
        self.proxies = proxies_of(lowering, listed)
        told = (f for f in lowering.model.facts if isinstance(f, (Bypass, Enrolment)))
        said = (*self.policies, *self.services, *self.tables, *network.facts, *told)
        known = lowering.inventory.namespaces
        shown = {name: space for name, space in known.items() if name in listed}
        inventory = replace(lowering.inventory, namespaces=shown)
        self.model = replace(lowering.model, facts=said, inventory=inventory)

    @property
    def limits(self) -> bool:
        """Whether it says of anybody what may leave."""
        return bool(self.policies or self.network.facts)

    def about_pods(self) -> Iterator[EgressPolicy | Ruling | Bypass]:
        """The facts whose subjects tell clients apart."""
        yield from (*self.policies, *self.network.facts, *self.proxies.without, *self.proxies.past)

    def on_port(self, port: int) -> Leaving:
        """The facts as far as the port goes."""
        services = (s for s in self.services if port in [p.number.value for p in s.ports])
        tables = (t for t in self.given if port in [own.value.port for own in t.attachment.ports])
        facts: tuple[Fact, ...] = (*self.policies, *services, *tables)
        return Leaving(
            self.lowering, facts, self.network.on_port(port), self.proxies.listed, self.ruled
        )

    def ports(self) -> Iterator[int]:
        """The ports that are declared or have routes."""
        yield from (port.number.value for one in self.services for port in one.ports)
        yield from (
            port.value.port
            for one in self.tables
            for port in one.attachment.ports
            if isinstance(port.value.port, int)
        )
        yield from self.network.ports()
        for one in self.proxies.past:
            ports = (port.value.port for port in one.attachment.ports)
            yield from (number for number in ports if isinstance(number, int))

    def spaces(self) -> Iterator[str]:
        """The namespaces of clients that some fact names."""
        for policy in self.policies:
            space = policy.attachment.subject.namespace
            if space is not None:
                yield space.value
        for audience in self._audiences():
            yield from () if audience is None else (one.value for one in audience.namespaces)
        yield from (service.name.value.partition("/")[0] for service in self.services)
        yield from self.network.spaces()

    def blocks(self) -> Iterator[Cidr]:
        """All blocks of addresses that are told apart."""
        yield from (block.value for one in self.policies for block in one.networks)
        yield from (block.value for one in self.services for block in one.addresses)
        yield from self.network.blocks()

    def hosts(self) -> Iterator[Pattern]:
        """All patterns on hosts and names.

        Raises:
            Opaque: a route asks for more than that.
        """
        yield from (host.value for one in self.services for host in one.hosts)
        for table in self.tables:
            yield from (host.value for host in table.hosts)
            yield from (p for route in names_asked(table) for p in route or ())
        yield from self.network.hosts()

    def holding(self, client: Client) -> tuple[EgressPolicy, ...]:
        """The policies that are about the client: none where it has no proxy."""
        if not self.proxies.stand_by(client.namespace, dict(client.labels)):
            return ()
        return tuple(p for p in self.policies if self._covers(p, client))

    def ways(self, client: Client) -> tuple[str, ...]:
        """The services that undeclared traffic of the client takes on its way out."""
        return tuple(p.through.value for p in self.holding(client) if p.through is not None)

    def about(self, client: Client) -> tuple[ExternalService, ...]:
        """What is declared to the client."""
        return tuple(s for s in self.services if is_among(s.audience, client.caller))

    def _covers(self, policy: EgressPolicy, client: Client) -> bool:
        subject = policy.attachment.subject
        return self.lowering.covers_pod(subject, client.namespace, dict(client.labels))

    def signature(self, client: Client) -> tuple[object, ...]:
        """All that facts can tell of the client: clients of one signature fare alike."""
        policies = tuple(self._covers(policy, client) for policy in self.policies)
        own = any(word.value.startswith("./") for p in self.policies for word in p.seen)
        seen = tuple(is_among(one, client.caller) for one in self._audiences())
        labels = dict(client.labels)
        space = client.namespace if own else ""
        proxies = self.proxies.about(client.namespace, labels)
        return policies, seen, space, proxies, self.network.about(client)

    def _audiences(self) -> Iterator[Audience | None]:
        yield from (service.audience for service in self.services)
        yield from (table.attachment.audience for table in self.tables)

    def beyond(self, client: Client, grid: Grid) -> int:
        """The addresses that no policy is about though there are some for the client."""
        policies = self.holding(client)
        near = 0
        for policy in policies:
            near |= grid.near([b.value for b in policy.networks])
        return grid.addresses.everything & ~near if policies else 0

    def lets_out(self, client: Client, port: int, grid: Grid) -> Ways:
        """The destinations on the port that the client reaches, with what decides of each."""
        passed = sure = 0
        parts: list[int] = []
        for policy, addresses in self._by_policy(client, grid):
            here = grid.cells(grid.all_forms, addresses)
            let_out = self._declared(client, port, policy, grid)
            surely_out = list(let_out)
            if policy is not None:
                let_out.extend(self._routed(client, policy, grid, self.tables))
                surely_out.extend(self._routed(client, policy, grid, self.sure))
            parts.extend(here & cells for cells in let_out)
            limited = policy is not None and refuses(policy)
            passed |= here & (_all_of(let_out) if limited else grid.full)
            sure |= here & (_all_of(surely_out) if limited else grid.full)
            parts.append(here & ~_all_of(let_out))
        if self.proxies.let_by(client.namespace, dict(client.labels), port):
            passed = sure = grid.full
        by_network, more = self.network.lets_out(client, grid)
        known = tuple(part for part in (*parts, *more) if part)
        return Ways(passed & by_network, known, passed & ~sure & by_network)

    def unlimited(self, client: Client, grid: Grid) -> int:
        """The addresses that no policy of the mesh limits for the client."""
        return sum(
            addresses
            for policy, addresses in self._by_policy(client, grid)
            if policy is None or not refuses(policy)
        )

    def _by_policy(self, client: Client, grid: Grid) -> Iterator[tuple[EgressPolicy | None, int]]:
        """The policies with the addresses for which they hold: that of the smallest block, then the first."""
        policies = self.holding(client)
        found: dict[int, int] = {}
        for place in range(len(grid.addresses.samples)):
            held = [(_size(p, place, grid), n) for n, p in enumerate(policies)]
            sizes = [(size, n) for size, n in held if size is not None]
            best = min(sizes)[1] if sizes else -1
            found[best] = found.get(best, 0) | 1 << place
        for best, addresses in found.items():
            yield (None if best < 0 else policies[best]), addresses

    def _declared(
        self, client: Client, port: int, policy: EgressPolicy | None, grid: Grid
    ) -> list[int]:
        """What each port that is declared lets out."""
        found: list[int] = []
        for service in self.about(client):
            hosts = [h.value for h in service.hosts if known(service, h.value, policy, client)]
            near = grid.near([block.value for block in service.addresses])
            for one in service.ports if hosts else ():
                if one.number.value == port:
                    word = "" if one.protocol is None else one.protocol.value
                    found.append(_passing(word, hosts, near, grid))
        return found

    def _routed(
        self, client: Client, policy: EgressPolicy, grid: Grid, given: Sequence[RouteTable]
    ) -> list[int]:
        """What each table of the kind that counts lets out."""
        tables = self.counting(client, policy, given)
        return [grid.cells(_forms(t, grid), grid.addresses.everything) for t in tables]

    def counting(
        self, client: Client, policy: EgressPolicy, given: Sequence[RouteTable]
    ) -> list[RouteTable]:
        """The tables of the policy that have a say for the client: those of the first kind that there is."""
        tables = [
            table
            for table in given
            if policy.name is not None
            and _network_of(table) == policy.name.value
            and is_among(table.attachment.audience, client.caller)
        ]
        for kinds in (HTTP, (Protocol.TLS,), (Protocol.TCP,)):
            own = [table for table in tables if table.protocol in kinds]
            if own:
                return own
        return []


@dataclass(frozen=True, slots=True)
class Ways:
    """Destinations that are reached, and all destinations in parts: those of one part have one decider.

    ``some``: those of which only some requests may be let out, which nothing tells apart.
    """

    passed: int
    parts: tuple[int, ...]
    some: int = 0


def _all_of(found: Sequence[int]) -> int:
    every = 0
    for cells in found:
        every |= cells
    return every


def _passing(word: str, hosts: Sequence[Pattern], near: int, grid: Grid) -> int:
    """What a declared port of this protocol lets out."""
    if word in WEB:
        return grid.cells(grid.web(hosts), grid.addresses.everything)
    if word in SECURE:
        return grid.cells(grid.secure(hosts), near)
    if word == "UDP":
        return 0
    if word:
        return grid.cells(grid.all_forms, near)
    by_host = grid.cells(grid.web(hosts), grid.addresses.everything)
    return by_host | grid.cells(grid.all_forms & ~grid.all_web, near)


def grid_of(sides: Sequence[Leaving]) -> Grid:
    """What both sides tell apart.

    Raises:
        Opaque: a route asks for more than the name, or for no name.
    """
    sought = dict.fromkeys(pattern for side in sides for pattern in side.network.sought())
    asked = dict.fromkeys(pattern for side in sides for pattern in side.hosts())
    return Grid(
        names=names_of(asked),
        addresses=addresses_of(frozenset(block for side in sides for block in side.blocks())),
        sought=names_of(dict.fromkeys((*asked, *sought))) if sought else NOT_SOUGHT,
    )


def _forms(table: RouteTable, grid: Grid) -> int:
    """The forms that the routes of a table let out."""
    if table.protocol is Protocol.TCP:
        return grid.all_forms if table.routes else 0
    hosts = [host.value for host in table.hosts]
    http = table.protocol in HTTP
    found = 0
    for patterns in names_asked(table):
        if http:
            chosen = grid.all_web if patterns is None else grid.web(patterns)
            found |= chosen & (grid.web(hosts) if hosts else grid.all_web)
        else:
            every = grid.all_forms & ~grid.all_web
            found |= every if patterns is None else grid.secure(patterns)
    return found


def names_asked(table: RouteTable) -> Iterator[tuple[Pattern, ...] | None]:
    """The names that each alternative of each route asks for; ``None``: it asks for nothing.

    Raises:
        Opaque: it asks for more.
    """
    for route in table.routes:
        if not route.matches:
            yield None
        for match in route.matches:
            patterns: tuple[Pattern, ...] | None = None
            for test in match.requests.tests:
                terms = tuple(t.value for t in test.any_of if isinstance(t.value, Pattern))
                plain = test.part in (Part.AUTHORITY, Part.SERVER_NAME) and not test.none_of
                if not plain or len(terms) != len(test.any_of) or patterns is not None:
                    raise Opaque(MORE)
                patterns = terms
            yield patterns


def _network_of(table: RouteTable) -> str:
    """The name of the policy that the table is about; empty where it is about a service."""
    subject = table.attachment.subject
    space, name = subject.namespace, subject.name
    if subject.scope is not Scope.EGRESS or space is None or name is None:
        return ""
    return f"{space.value}/{name.value}"


def refuses(policy: EgressPolicy) -> bool:
    """Whether what nobody declared does not pass."""
    return policy.unknown is not None and policy.unknown.value is UnknownEgress.REFUSE


def _size(policy: EgressPolicy, place: int, grid: Grid) -> int | None:
    """The size of the smallest block that holds the address."""
    if not policy.networks:
        return 1 << 128
    sizes = [
        ip_network(block.value.block, strict=False).num_addresses
        for block in policy.networks
        if grid.addresses.covered[block.value] >> place & 1
    ]
    return min(sizes, default=None)


def known(
    service: ExternalService, host: Pattern, policy: EgressPolicy | None, client: Client
) -> bool:
    """Whether the proxies of the client know of the host."""
    text = f"*{host.text}" if host.kind is PatternKind.SUFFIX else host.text
    home = service.name.value.partition("/")[0]
    return policy is None or knows([w.value for w in policy.seen], home, text, client.namespace)
