"""The networks of a zone and the routes that let through what is declared.

linkerd2 policy-controller/grpc/src/outbound.rs ``to_proto`` and .../k8s/index/src/outbound/index/egress_network.rs, 2.20:
the network of the smallest block that holds an address counts alone, so each has all routes that hold there. On a port
with HTTPRoutes TLSRoutes do not count, on one with TLSRoutes TCPRoutes do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ir.attachment import Attachment, Audience, EnforcedAt, Reach, Scope, ServicePort, Subject
from ir.edge import EgressPolicy, UnknownEgress
from ir.match import AllOf, Part, Pattern, Term, Test, View
from ir.provenance import Traced, derived, named, trail
from ir.traffic import (
    AS_DIALLED,
    Backend,
    Destination,
    NoMatch,
    Order,
    Protocol,
    Route,
    RouteMatch,
    RouteTable,
)
from ir.walk import traced
from translator.exporters.egress.known import refuses
from translator.exporters.egress.names import Unreached, text_of
from translator.exporters.linkerd.egress.declared import Block, Entry, within
from translator.exporters.linkerd.egress.zones import Zone
from translator.exporters.naming import Names, name_of

MAX_HOSTS = 16
"""Host names that one route may have (Gateway API ``hostnames``)."""
NAME = "outside"
_KINDS = {Protocol.HTTP: "HTTPRoute", Protocol.TLS: "TLSRoute", Protocol.TCP: "TCPRoute"}


@dataclass(slots=True)
class Built:
    """The facts of zones, and what of the declared did not find a place in them."""

    facts: list[EgressPolicy | RouteTable] = field(default_factory=list)
    written: list[Entry] = field(default_factory=list)
    left: list[Unreached] = field(default_factory=list)


def build(
    zone: Zone, found: Sequence[Entry], shadows: Sequence[str], names: Names, to: Built
) -> None:
    """Adds the networks of a zone and their routes. ``shadows``: namespaces with a zone of their own."""
    for blocks in ((), *(_alike(found) if zone.refuses else ())):
        texts = [block.value for block in blocks]
        stated = [b for entry in found for b in entry.blocks if b.value in texts]
        name = names.take("EgressNetwork", zone.home, _called(blocks[0]) if blocks else NAME)
        policy = _policy(zone, name, stated, shadows)
        to.facts.append(policy)
        if not zone.refuses:
            continue
        here = [e for e in found if not e.blocks or any(within(b, e.blocks) for b in blocks)]
        for number in sorted({entry.port.number.value for entry in here}):
            on_port = [entry for entry in here if entry.port.number.value == number]
            for entry in _heeded(on_port, to):
                to.facts.extend(_tables(entry, policy, zone, names))
                to.written.append(entry)


def _alike(found: Sequence[Entry]) -> tuple[tuple[Block, ...], ...]:
    """All blocks, those together in which the same passes."""
    groups: dict[tuple[object, ...], list[Block]] = {}
    for block in _distinct([b for entry in found for b in entry.blocks]):
        here = {_passing(e) for e in found if e.blocks and within(block, e.blocks)}
        groups.setdefault(tuple(sorted(here)), []).append(block)
    return tuple(map(tuple, groups.values()))


def _passing(entry: Entry) -> tuple[int, str, str, tuple[str, ...]]:
    """What an entry lets through where it holds."""
    client = "" if entry.client is None else entry.client.value
    hosts = tuple(sorted(text_of(host.value) for host in entry.hosts))
    return entry.port.number.value, entry.protocol.value, client, hosts


def _distinct(blocks: Sequence[Block]) -> tuple[Block, ...]:
    return tuple({block.value: block for block in blocks}.values())


def _called(block: Block) -> str:
    return name_of(NAME, block.value.block.replace("/", "-").replace(":", "-").replace(".", "-"))


def _policy(zone: Zone, name: str, blocks: Sequence[Block], shadows: Sequence[str]) -> EgressPolicy:
    stated = [value for policy in zone.policies for value in _stated(policy, zone)]
    modes = [p.unknown for p in zone.policies if p.unknown and refuses(p) is zone.refuses]
    word = UnknownEgress.REFUSE if zone.refuses else UnknownEgress.PASS
    subject = Subject(
        scope=Scope.MESH if zone.at is None else Scope.NAMESPACE,
        namespace=None if zone.at is None else _home(zone, stated),
        excluding=tuple(_shadow(space) for space in shadows) if zone.at is None else (),
        trail=trail("clients"),
    )
    return EgressPolicy(
        name=named(f"{zone.home}/{name}", *stated),
        attachment=Attachment(subject=subject, enforced_at=EnforcedAt.CLIENT),
        networks=tuple(derived(b.value, blocks) for b in _distinct(blocks)),
        unknown=derived(word, modes) if modes else named(word, *stated),
        trail=derived("egress network", stated),
    )


def _home(zone: Zone, reasons: Sequence[Traced[object]]) -> Traced[str]:
    """The namespace of the networks, as the policies of the namespace say it."""
    spaces = [p.attachment.subject.namespace for p in zone.policies]
    said = [space for space in spaces if space is not None]
    return derived(zone.home, said) if said else named(zone.home, *reasons)


def _stated(policy: EgressPolicy, zone: Zone) -> Iterator[Traced[object]]:
    """What of a policy the networks say beside the mode."""
    subject = policy.attachment.subject
    yield from (policy.trail, subject.trail)
    yield from (value for value in (subject.namespace, subject.labels) if value is not None)
    if policy.unknown is not None and zone.refuses and not refuses(policy):
        yield policy.unknown


def _shadow(space: str) -> Subject:
    return Subject(scope=Scope.NAMESPACE, namespace=Traced(space), trail=trail("exception"))


def _heeded(entries: Sequence[Entry], to: Built) -> Iterator[Entry]:
    """The entries of one port that count beside each other; the others are noted as not reached."""
    kinds = {entry.protocol for entry in entries}
    bytes_for_all = [e for e in entries if e.protocol is Protocol.TCP and e.client is None]
    if Protocol.HTTP in kinds:
        best = Protocol.HTTP
    elif bytes_for_all or Protocol.TLS not in kinds:
        best = Protocol.TCP
    else:
        best = Protocol.TLS
    for entry in entries:
        if entry.protocol is best:
            yield entry
        elif best is Protocol.TCP:  # whatever is sent passes
            spent = (*entry.hosts, *entry.spent)
            yield Entry(entry.service, entry.port, best, (), entry.blocks, entry.client, spent)
        else:
            reason = f"port {entry.port.number.value} has {_KINDS[best]}s, beside which it does not count"
            to.left.append(Unreached(entry.service, entry.port, reason))


def _tables(entry: Entry, policy: EgressPolicy, zone: Zone, names: Names) -> Iterator[RouteTable]:
    hosts = entry.hosts
    for start in range(0, max(len(hosts), 1), MAX_HOSTS):
        yield _table(entry, hosts[start : start + MAX_HOSTS], policy, zone, names)


def _table(
    entry: Entry,
    hosts: tuple[Traced[Pattern], ...],
    policy: EgressPolicy,
    zone: Zone,
    names: Names,
) -> RouteTable:
    service, port, home = entry.service, entry.port, zone.home
    if policy.name is None:
        raise TypeError(policy)
    network = policy.name.value.partition("/")[2]
    where = home if entry.client is None else entry.client.value
    base = name_of(service.name.value.partition("/")[2], str(port.number.value))
    parts = (base,) if network == NAME else (base, network.removeprefix(f"{NAME}-"))
    http = entry.protocol is Protocol.HTTP
    said = [*_said(entry)]
    audience = None
    if entry.client is not None:
        client = entry.client
        audience = Audience(
            reach=Reach.NAMESPACES,
            namespaces=(client.derive(client.value),),
            trail=trail("clients"),
        )
    return RouteTable(
        name=named(names.take(_KINDS[entry.protocol], where, *parts), service.name),
        attachment=Attachment(
            subject=Subject(
                scope=Scope.EGRESS,
                namespace=_home(zone, [policy.name]),
                name=named(network, policy.name),
                trail=trail("the network"),
            ),
            ports=(port.number.derive(ServicePort(port.number.value)),),
            audience=audience,
            enforced_at=EnforcedAt.CLIENT,
        ),
        protocol=entry.protocol,
        hosts=tuple(h.derive(h.value) for h in hosts) if http else (),
        order=Order.RANK,
        routes=(_route(() if http else hosts, said),),
        no_match=NoMatch.PASS,
        view=View(authority_has_port=False) if http else View(),
        trail=derived("declared outside", said),
    )


def _said(entry: Entry) -> Iterator[Traced[object]]:
    """What the kind of route, its parent and its place say of the entry."""
    service, port = entry.service, entry.port
    yield from (service.trail, service.name, service.resolution, service.internal, port.trail)
    yield from (value for value in (port.protocol, port.name) if value is not None)
    yield from entry.spent
    if service.audience is not None:
        yield from traced(service.audience)


def _route(names: Sequence[Traced[Pattern]], said: Sequence[Traced[object]]) -> Route:
    backend = Backend(
        destination=Destination(namespace=None, name=Traced(AS_DIALLED), trail=trail("as dialled")),
        trail=trail("as dialled"),
    )
    matches: tuple[RouteMatch, ...] = ()
    if names:
        terms: tuple[Traced[Term], ...] = tuple(n.derive(n.value) for n in names)
        test = Test(part=Part.SERVER_NAME, any_of=terms, trail=trail("names"))
        requests = AllOf(tests=(test,), trail=trail("match"))
        matches = (RouteMatch(requests=requests, trail=trail("alternative")),)
    return Route(matches=matches, backends=(backend,), trail=derived("passes", said))
