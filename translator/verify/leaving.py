"""What leaves the cluster on one side, for all destinations outside at once: exact sets, one int each.

A destination is a form (HTTP by host, TLS by name, other bytes) at an address; its bit is that of the pair.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from ir.attachment import Audience, Scope
from ir.behaviour.lower import Lowering
from ir.behaviour.request import Caller
from ir.edge import EgressPolicy, ExternalService, UnknownEgress
from ir.language import Opaque
from ir.match import Cidr, Part, Pattern, PatternKind
from ir.traffic import Protocol, RouteTable
from translator.verify.dimensions import Strings, addresses_of, hosts_of, values_of
from translator.verify.routed import is_among

_WEB = ("HTTP", "HTTP2", "GRPC", "GRPC-WEB")
_SECURE = ("HTTPS", "TLS")
_HTTP = (Protocol.HTTP, Protocol.GRPC)
_MORE = "routes for what leaves the cluster that ask for more than its name"


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


@dataclass(frozen=True, slots=True)
class Grid:
    """The destinations on one port: hosts, names and plain bytes, by the addresses that are told apart."""

    hosts: Strings
    names: Strings
    addresses: Strings

    @property
    def forms(self) -> int:
        """How many forms there are; the last is bytes without a name."""
        return len(self.hosts.samples) + len(self.names.samples)

    @property
    def full(self) -> int:
        """All destinations."""
        return (1 << self.forms * len(self.addresses.samples)) - 1

    def cells(self, forms: int, addresses: int) -> int:
        """The pairs of some forms and some addresses."""
        width = len(self.addresses.samples)
        return sum(addresses << place * width for place in range(self.forms) if forms >> place & 1)

    def web(self, patterns: Iterable[Pattern]) -> int:
        """The forms of HTTP whose host is among the patterns; a host that is absent is among none."""
        found = 0
        for one in patterns:
            found |= self.hosts.covered[one, False]
        return found & ~self.hosts.absent

    def secure(self, patterns: Iterable[Pattern]) -> int:
        """The forms of TLS whose name is among the patterns."""
        found = 0
        for one in patterns:
            found |= self.names.covered[one]
        return (found & ~self.names.absent) << len(self.hosts.samples)

    @property
    def all_web(self) -> int:
        """All forms of HTTP."""
        return (1 << len(self.hosts.samples)) - 1

    @property
    def all_forms(self) -> int:
        """All forms."""
        return (1 << self.forms) - 1

    def near(self, blocks: Sequence[Cidr]) -> int:
        """The addresses in one of the blocks; none: all."""
        found = 0 if blocks else self.addresses.everything
        for block in blocks:
            found |= self.addresses.covered[block]
        return found


class Leaving:
    """The facts of one model about what leaves the cluster."""

    def __init__(self, lowering: Lowering) -> None:
        """Files the facts."""
        self.lowering = lowering
        model = lowering.model
        self.policies = tuple(f for f in model.facts if isinstance(f, EgressPolicy))
        self.services = tuple(f for f in model.facts if isinstance(f, ExternalService))
        limits = tuple(policy for policy in self.policies if refuses(policy))
        self.tables = tuple(
            f
            for f in model.facts
            if isinstance(f, RouteTable)
            and f.attachment.subject.scope is Scope.EGRESS
            and any(_is_of(f, policy) for policy in limits)
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

    def spaces(self) -> Iterator[str]:
        """The namespaces of clients that some fact names."""
        for policy in self.policies:
            space = policy.attachment.subject.namespace
            if space is not None:
                yield space.value
        for audience in self._audiences():
            yield from () if audience is None else (one.value for one in audience.namespaces)
        yield from (service.name.value.partition("/")[0] for service in self.services)

    def blocks(self) -> Iterator[Cidr]:
        """All blocks of addresses that are told apart."""
        yield from (block.value for one in self.policies for block in one.networks)
        yield from (block.value for one in self.services for block in one.addresses)

    def hosts(self) -> Iterator[Pattern]:
        """All patterns on hosts and names.

        Raises:
            Opaque: a route asks for more than that.
        """
        yield from (host.value for one in self.services for host in one.hosts)
        for table in self.tables:
            yield from (host.value for host in table.hosts)
            yield from (p for route in _routes(table) for p in route or ())

    def holding(self, client: Client) -> tuple[EgressPolicy, ...]:
        """The policies that are about the client."""
        return tuple(p for p in self.policies if self._covers(p, client))

    def _covers(self, policy: EgressPolicy, client: Client) -> bool:
        subject = policy.attachment.subject
        return self.lowering.covers_pod(subject, client.namespace, dict(client.labels))

    def signature(self, client: Client) -> tuple[object, ...]:
        """All that facts can tell of the client: clients of one signature fare alike."""
        policies = tuple(self._covers(policy, client) for policy in self.policies)
        own = any(word.value.startswith("./") for p in self.policies for word in p.seen)
        seen = tuple(is_among(one, client.caller) for one in self._audiences())
        return policies, seen, client.namespace if own else ""

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

    def lets_out(self, client: Client, port: int, grid: Grid) -> int:
        """The destinations on the port that the client reaches."""
        found = 0
        for policy, addresses in self._by_address(client, grid):
            here = grid.cells(grid.all_forms, addresses)
            declared = self._declared(client, port, policy, grid)
            routed = 0 if policy is None else self._routed(client, port, policy, grid)
            limited = policy is not None and refuses(policy)
            found |= here & (declared | routed if limited else grid.full)
        return found

    def _by_address(self, client: Client, grid: Grid) -> Iterator[tuple[EgressPolicy | None, int]]:
        """The policy that holds for each address: that of the smallest block, then the first."""
        policies = self.holding(client)
        for place in range(len(grid.addresses.samples)):
            held = [(_size(p, place, grid), n) for n, p in enumerate(policies)]
            sizes = [(size, n) for size, n in held if size is not None]
            yield (policies[min(sizes)[1]] if sizes else None), 1 << place

    def _declared(self, client: Client, port: int, policy: EgressPolicy | None, grid: Grid) -> int:
        found = 0
        for service in (s for s in self.services if is_among(s.audience, client.caller)):
            hosts = [h.value for h in service.hosts if _known(service, h.value, policy, client)]
            for one in service.ports if hosts else ():
                if one.number.value != port:
                    continue
                word = "" if one.protocol is None else one.protocol.value
                near = grid.near([block.value for block in service.addresses])
                if word in _WEB or not word:
                    found |= grid.cells(grid.web(hosts), grid.addresses.everything)
                if word in _SECURE:
                    found |= grid.cells(grid.secure(hosts), near)
                elif word not in _WEB and word != "UDP":
                    forms = grid.all_forms if word else grid.all_forms & ~grid.all_web
                    found |= grid.cells(forms, near)
        return found

    def _routed(self, client: Client, port: int, policy: EgressPolicy, grid: Grid) -> int:
        tables = [
            table
            for table in self.tables
            if _is_of(table, policy)
            and port in [own.value.port for own in table.attachment.ports]
            and is_among(table.attachment.audience, client.caller)
        ]
        for kinds in (_HTTP, (Protocol.TLS,), (Protocol.TCP,)):
            own = [table for table in tables if table.protocol in kinds]
            if own:
                forms = 0
                for table in own:
                    forms |= _forms(table, grid)
                return grid.cells(forms, grid.addresses.everything)
        return 0


def grid_of(sides: Sequence[Leaving]) -> Grid:
    """What both sides tell apart.

    Raises:
        Opaque: a route asks for more than the name, or a pattern is not known exactly.
    """
    hosts = frozenset(pattern for side in sides for pattern in side.hosts())
    return Grid(
        hosts=hosts_of(frozenset((pattern, False) for pattern in hosts)),
        names=values_of(hosts),
        addresses=addresses_of(frozenset(block for side in sides for block in side.blocks())),
    )


def _forms(table: RouteTable, grid: Grid) -> int:
    """The forms that the routes of a table let out."""
    if table.protocol is Protocol.TCP:
        return grid.all_forms if table.routes else 0
    hosts = [host.value for host in table.hosts]
    http = table.protocol in _HTTP
    found = 0
    for patterns in _routes(table):
        if http:
            chosen = grid.all_web if patterns is None else grid.web(patterns)
            found |= chosen & (grid.web(hosts) if hosts else grid.all_web)
        else:
            every = grid.all_forms & ~grid.all_web
            found |= every if patterns is None else grid.secure(patterns)
    return found


def _routes(table: RouteTable) -> Iterator[tuple[Pattern, ...] | None]:
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
                    raise Opaque(_MORE)
                patterns = terms
            yield patterns


def _is_of(table: RouteTable, policy: EgressPolicy) -> bool:
    subject = table.attachment.subject
    space, name = subject.namespace, subject.name
    if space is None or name is None or policy.name is None:
        return False
    return policy.name.value == f"{space.value}/{name.value}"


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


def _known(
    service: ExternalService, host: Pattern, policy: EgressPolicy | None, client: Client
) -> bool:
    """Whether the proxies of the client know of the host."""
    text = f"*{host.text}" if host.kind is PatternKind.SUFFIX else host.text
    home = service.name.value.partition("/")[0]
    return policy is None or knows([w.value for w in policy.seen], home, text, client.namespace)


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
