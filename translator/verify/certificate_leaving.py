"""The claims of a certificate about what leaves the cluster, and about services that proxies do not know of.

Each policy is told as a gate: what is declared or has a route passes it, and all else where it is open. A policy for
blocks of addresses is a gate for each; they stand in such an order that the last of those for an address has the say.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from ipaddress import ip_network
from itertools import product

from ir.edge import EgressPolicy, ExternalService
from ir.language import Opaque
from ir.match import Cidr, Part, Pattern, PatternKind
from ir.traffic import Protocol, RouteTable
from translator.verify.certificate import LeftOut, Tree
from translator.verify.certificate_network import network_gate
from translator.verify.certificate_routes import Certified
from translator.verify.certificate_trees import (
    BYTES,
    BYTES_SEEN,
    HELLO,
    HOST,
    REQUEST,
    REQUEST_SEEN,
    asks,
    gate,
    named,
    near,
    rule,
)
from translator.verify.egress import WHOLE, EgressComparison, View, shown_as
from translator.verify.leaving import (
    HTTP,
    MORE,
    SECURE,
    WEB,
    Client,
    Leaving,
    known,
    names_asked,
    refuses,
)
from translator.verify.result import Slice

_MOST_NAMES = 64
"""Services of the cluster of which a checker tells the names apart."""

Group = Sequence[Client]


def certified_exits(comparison: EgressComparison, slices: Sequence[Slice]) -> Certified:
    """The claims of a comparison of what leaves; ``slices`` are those that it found."""
    if not comparison.limits:
        return Certified((), {})
    reasons = {one.name: one.reasons for one in slices}
    try:
        views, groups = comparison.views(), comparison.clients()
    except Opaque as opaque:
        return Certified((), {opaque.reason: (WHOLE,)})
    found: dict[str, Tree] = {}
    left: dict[str, tuple[str, ...]] = {}
    for group in groups:
        shown = shown_as(group)
        for view in views:
            name = f"{shown}, port {view.port}"
            try:
                entry = _leaving(group[0], view)
            except (LeftOut, Opaque) as reason:
                left[str(reason)] = (*left.get(str(reason), ()), name)
            else:
                _file(found, name, entry, reasons.get(shown, ()))
        name = f"{shown}, services of the cluster"
        try:
            inside = _inside(comparison, group[0])
        except LeftOut as reason:
            left[str(reason)] = (*left.get(str(reason), ()), name)
        else:
            if inside is not None:
                _file(found, name, inside, reasons.get(shown, ()))
    return Certified(tuple(found.values()), left)


def _file(found: dict[str, Tree], name: str, entry: Tree, reasons: Sequence[str]) -> None:
    """Files an entry; those that are decided alike, and rest on the same, are one."""
    whole = {"ports": [name], **entry, "if": list(reasons)}
    key = json.dumps([entry, whole["if"]])
    ports = found.setdefault(key, whole)["ports"]
    if isinstance(ports, list) and name not in ports:
        ports.append(name)


def _leaving(client: Client, view: View) -> Tree:
    ways = [side.lets_out(client, view.port, view.grid) for side in view.sides]
    one, other = (way.passed for way in ways)
    if ways[1].some or ways[0].some & other:
        raise LeftOut(MORE)
    before, after = ([*_gates(side, client, view.port)] for side in view.sides)
    return {
        "names": [],
        "before": _side(before),
        "after": _side(after),
        "newly_allowed": bool(other & ~one),
        "newly_denied": bool(one & ~other),
    }


def _side(gates: Sequence[Tree]) -> Tree:
    return {"bypassed": False, "demanded": False, "checks": [], "gates": list(gates)}


# --- what leaves ---------------------------------------------------------------------------------


def _gates(side: Leaving, client: Client, port: int) -> Iterator[Tree]:
    """The policies for the client: those of its proxy, where it does not dial past it, and those of the network."""
    if not side.proxies.let_by(client.namespace, dict(client.labels), port):
        yield from _of_proxy(side, client, port)
    yield from network_gate(side, client)


def _of_proxy(side: Leaving, client: Client, port: int) -> Iterator[Tree]:
    """The policies of a mesh, each for each of its blocks: the smallest block last, the first policy after others."""
    sized: list[tuple[int, int, EgressPolicy, Cidr | None]] = []
    for place, policy in enumerate(side.holding(client)):
        blocks = [block.value for block in policy.networks]
        sizes = [ip_network(one.block, strict=False).num_addresses for one in blocks]
        sized += [(-size, -place, policy, b) for size, b in zip(sizes, blocks, strict=True)]
        sized += [] if blocks else [(-(1 << 128), -place, policy, None)]
    for _, _, policy, block in sorted(sized, key=lambda one: one[:2]):
        where = [] if block is None else [[near([block])]]
        grants = [*_declared(side, client, port, policy), *_routed(side, client, policy)]
        yield gate("egress", where, grants, closed=refuses(policy))


def _declared(side: Leaving, client: Client, port: int, policy: EgressPolicy) -> Iterator[Tree]:
    """What each port that is declared lets out."""
    for service in side.about(client):
        hosts = [h.value for h in service.hosts if known(service, h.value, policy, client)]
        for one in service.ports if hosts else ():
            if one.number.value == port:
                word = "" if one.protocol is None else one.protocol.value
                yield from _passing(word, hosts, _blocks(service))


def _blocks(service: ExternalService) -> list[Tree]:
    blocks = [block.value for block in service.addresses]
    return [near(blocks)] if blocks else []


def _passing(word: str, hosts: Sequence[Pattern], around: list[Tree]) -> Iterator[Tree]:
    """What a declared port of this protocol lets out, as a port without one does: HTTP by its host, else by address."""
    if word == "UDP":
        return
    if word in WEB or not word:
        yield rule([[one] for one in named(HOST, hosts)])
    if word in SECURE:
        yield rule([[BYTES, one, *around] for one in named(HELLO, hosts)], BYTES_SEEN)
    elif word not in WEB:
        yield rule([[*around] if word else [BYTES, *around]], BYTES_SEEN)


def _routed(side: Leaving, client: Client, policy: EgressPolicy) -> Iterator[Tree]:
    """What the routes that have a say let out."""
    for table in side.counting(client, policy, side.tables):
        if table.protocol is Protocol.TCP:
            yield from [rule([[]])] if table.routes else []
            continue
        for names in names_asked(table):
            if table.protocol in HTTP:
                ways = [[REQUEST, *way] for way in _of_requests(table, names)]
                view = REQUEST_SEEN
            else:
                secure = None if names is None else named(HELLO, names)
                ways = [[BYTES]] if secure is None else [[BYTES, one] for one in secure]
                view = BYTES_SEEN
            yield from [rule(ways, view)] if ways else []


def _of_requests(table: RouteTable, names: Sequence[Pattern] | None) -> Iterator[list[Tree]]:
    """The hosts of a table together with those that one of its routes asks for."""
    asked = [names] if names is not None else []
    hosts = [host.value for host in table.hosts]
    asked += [hosts] if hosts else []
    yield from map(list, product(*(named(HOST, held) for held in asked)))


# --- services of the cluster ---------------------------------------------------------------------


def _inside(comparison: EgressComparison, client: Client) -> Tree | None:
    """What proxies know of the services of the cluster, where one side's do not know of all."""
    before, after = ([*_knowing(side, client, comparison.domain)] for side in comparison.sides)
    services = sorted(comparison.before.inventory.services)
    if not services or not (before or after):
        return None
    if len(services) > _MOST_NAMES:
        raise LeftOut("more services of the cluster than a checker tells apart")
    reached = [
        tuple(comparison.reached(side, client, *one).allowed for side in comparison.sides)
        for one in services
    ]
    hosts = [f"{name}.{space}.svc.{comparison.domain}" for space, name in services]
    return {
        "names": [[asks(Part.AUTHORITY, [Pattern(PatternKind.EXACT, host) for host in hosts])]],
        "before": _side(before),
        "after": _side(after),
        "newly_allowed": (False, True) in reached,
        "newly_denied": (True, False) in reached,
    }


def _knowing(side: Leaving, client: Client, domain: str) -> Iterator[Tree]:
    """Each policy of the client that refuses what its proxies do not know of, by the names that they know."""
    for place, policy in enumerate(side.holding(client)):
        words = [word.value for word in policy.seen]
        if policy.networks or not refuses(policy) or not words:
            continue
        barred = [word[1:] for word in words if word.startswith("~") and word != "~/*"]
        listed = [word for word in words if not word.startswith("~")]
        refusals = [rule([_word(word, client, domain)]) for word in barred]
        grants = [rule([_word(word, client, domain)]) for word in listed]
        yield gate(f"known {place}", [], grants, refusals, closed=True)


def _word(word: str, client: Client, domain: str) -> list[Tree]:
    """The hosts of services that a word ``namespace/host`` is about."""
    space, _, wanted = word.partition("/")
    found: list[Pattern] = []
    if space != "*":
        home = client.namespace if space == "." else space
        found.append(Pattern(PatternKind.SUFFIX, f".{home}.svc.{domain}"))
    if wanted != "*":
        whole = not wanted.startswith("*")
        kind = PatternKind.EXACT if whole else PatternKind.SUFFIX
        found.append(Pattern(kind, wanted.removeprefix("*")))
    return [REQUEST, *(asks(Part.AUTHORITY, [one]) for one in found)]
