"""Which routes hold at which listener.

sigs.k8s.io/gateway-api apis/v1/shared_types.go and geps/gep-1364, 1.6: a route binds to a listener of its parent that it
names (by section or port, else to all), that admits its namespace and its kind, and with which it has a host name in
common; of two names the narrower counts. Listeners of one port and host, or of one port and two protocols that exclude
each other, hold none of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ir.attachment import Attachment, Audience, EnforcedAt, Reach, Scope, ServicePort, Subject
from ir.edge import Listener, narrower
from ir.inventory import Inventory, meets
from ir.match import AllOf, Part, Pattern, PatternKind, Test, View
from ir.model import Fact, Inactive
from ir.opaque import Column, Opaque
from ir.provenance import Assumption, Traced, absorb, derived, trail
from ir.traffic import NoMatch, Order, Protocol, Route, RouteMatch, RouteTable
from translator.api import Options
from translator.importers.linked import Linked
from translator.importers.route_objects.grants import Grants
from translator.importers.route_objects.link.age import oldest_first
from translator.importers.route_objects.link.backends import Scene, routes_of
from translator.importers.route_objects.model import (
    Admission,
    Door,
    GatewayObject,
    ListenerSetObject,
    RouteObject,
    Statement,
)
from translator.importers.route_objects.places import GROUPS
from translator.resources.gateway_api.isolation import ISOLATED, Siblings, isolation_of
from translator.resources.gateway_api.read import ROUTE_GROUP, Parent
from translator.resources.kubernetes.metadata import Meta

_SETS = ("ListenerSet", "XListenerSet")
_SECRET = ("", "Secret")
_SPOKEN = {"HTTP": "plain", "HTTPS": "tls", "TLS": "tls", "TCP": "tcp", "UDP": "udp"}
_CONFLICT = (
    "another listener of the gateway has the same port and name, or the port for another protocol"
)
_NAMELESS = "no listener of its parents has the name, or one that is more particular has it"
_UNBOUND = "no listener of its parent takes it"


def link_gateways(
    statements: Sequence[Statement], inventory: Inventory, grants: Grants, options: Options
) -> Linked:
    """Listeners, the tables that hold at them, and what had to be taken for granted of whose requests are whose."""
    entrance = entrance_of(statements, inventory, grants, options)
    scene = Scene(inventory, grants, options, granted=True)
    inactive = list(entrance.inactive)
    routes = sorted((s for s in statements if isinstance(s, RouteObject)), key=oldest_first)
    tables: list[Fact] = []
    for route in routes:
        found, idle = _bound(route, routes_of(route, scene), entrance)
        tables.extend(found)
        inactive.extend(idle)
    apart, assumptions = entrance.kept_apart(tables)
    return Linked(
        facts=(*entrance.listeners, *tables, *apart),
        inactive=tuple(inactive),
        assumptions=assumptions,
    )


def entrance_of(
    statements: Sequence[object], inventory: Inventory, grants: Grants, options: Options
) -> Entrance:
    """The listeners of the Gateways among the statements, and of the sets that these take in."""
    gateways = [s for s in statements if isinstance(s, GatewayObject)]
    sets = sorted((s for s in statements if isinstance(s, ListenerSetObject)), key=oldest_first)
    inactive: list[Inactive] = []
    owners: list[_Owner] = []
    for gateway in gateways:
        standing, lost = _standing(gateway, sets, inventory)
        inactive.extend(lost)
        own = [(key, tuple(_granted(d, key, grants) for d in doors)) for key, doors in standing]
        listeners = tuple(door.listener for _, doors in own for door in doors)
        isolation = isolation_of(gateway.class_name.value, options.source)
        siblings = Siblings(listeners, isolation)
        owners.extend(_Owner(*key, doors, siblings) for key, doors in own)
    return Entrance(tuple(owners), tuple(inactive), inventory)


@dataclass(frozen=True, slots=True)
class _Owner:
    """An object with listeners. ``siblings``: all listeners of its gateway."""

    kind: str
    namespace: str
    name: str
    doors: tuple[Door, ...]
    siblings: Siblings


@dataclass(frozen=True, slots=True)
class Entrance:
    """The listeners that stand, by the object that has them. ``inactive``: what says nothing."""

    owners: tuple[_Owner, ...]
    inactive: tuple[Inactive, ...]
    inventory: Inventory

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """All of them."""
        return tuple(door.listener for owner in self.owners for door in owner.doors)

    def bound(
        self, parent: Parent, route: Meta, hosts: Sequence[Traced[Pattern]]
    ) -> Iterator[tuple[Listener, tuple[Traced[Pattern], ...]]]:
        """The listeners to which a route binds by one of its parents, with the names that it has there."""
        if parent.group not in GROUPS:
            return
        home = route.namespace.value
        where = home if parent.namespace is None else parent.namespace.value
        wanted = "ListenerSet" if parent.kind in _SETS else parent.kind
        for owner in self.owners:
            if (owner.kind, owner.namespace, owner.name) != (wanted, where, parent.name.value):
                continue
            for door in owner.doors:
                if not _takes(door, route, parent, self.inventory):
                    continue
                common = tuple(_common(door, hosts))
                names = owner.siblings.own_names(door.listener, common, route.key)
                if names:
                    yield door.listener, names

    def kept_apart(
        self, facts: Sequence[Fact]
    ) -> tuple[tuple[RouteTable, ...], tuple[Assumption, ...]]:
        """What keeps the requests of listeners from the tables of wider ones, and what had to be taken for granted."""
        tables = [fact for fact in facts if isinstance(fact, RouteTable)]
        found: list[RouteTable] = []
        guessed = False
        for siblings in {id(owner.siblings): owner.siblings for owner in self.owners}.values():
            apart = tuple(siblings.kept_apart(tables))
            found.extend(apart)
            guessed = guessed or siblings.guessed(apart)
        return tuple(found), (ISOLATED,) if guessed else ()


def _bound(
    route: RouteObject, made: tuple[Route, ...], entrance: Entrance
) -> tuple[list[Fact], list[Inactive]]:
    """What a route says at the listeners of its parents, and what of it holds at none."""
    facts: list[Fact] = []
    inactive: list[Inactive] = []
    bound: set[int] = set()
    for parent in route.parents:
        if parent.group not in GROUPS:
            continue
        bindings = entrance.bound(parent, route.meta, route.hosts)
        tables = [t for at, names in bindings for t in _table(route, parent, made, at, names)]
        facts.extend(tables)
        if not tables:
            words = (parent.namespace, parent.section, parent.port)
            node = absorb(parent.spent, parent.name, *(w for w in words if w is not None))
            inactive.append(Inactive(leaves=node.origin, winner="", why=_UNBOUND))
        bound.update(_hosts(tables))
    unbound = tuple(leaf for h in route.hosts for leaf in h.origin if leaf not in bound)
    if bound and unbound:
        inactive.append(Inactive(leaves=unbound, winner="", why=_NAMELESS))
    return facts, inactive


def _hosts(tables: Sequence[Fact]) -> Iterator[int]:
    """The leaves of host names that hold at some listener."""
    for table in tables:
        if isinstance(table, RouteTable):
            yield from (leaf for host in table.hosts for leaf in host.origin)


Owner = tuple[str, str, str]
"""Kind, namespace and name of the object of a listener."""


def _standing(
    gateway: GatewayObject, sets: Sequence[ListenerSetObject], inventory: Inventory
) -> tuple[list[tuple[Owner, tuple[Door, ...]]], list[Inactive]]:
    """The listeners of a gateway and of its sets that do not exclude each other: those of the gateway go first."""
    space, name = gateway.meta.namespace.value, gateway.meta.name.value
    own = [(("Gateway", space, name), gateway.doors)]
    for one in sets:
        home = one.meta.namespace.value
        where = home if one.parent.namespace is None else one.parent.namespace.value
        if (where, one.parent.name.value) == (space, name) and _admits(
            gateway.sets, home, inventory
        ):
            own.append((("ListenerSet", home, one.meta.name.value), one.doors))
    held: list[Door] = []
    found: list[tuple[Owner, tuple[Door, ...]]] = []
    lost: list[Inactive] = []
    for owner, doors in own:
        kept = tuple(d for d in doors if not _conflicts(d, (*held, *doors)))
        lost.extend(
            Inactive(leaves=d.leaves, winner=gateway.meta.key, why=_CONFLICT)
            for d in doors
            if d not in kept
        )
        held.extend(kept)
        found.append((owner, kept))
    return found, lost


def _granted(door: Door, owner: Owner, grants: Grants) -> Door:
    """The listener of a Gateway with what other namespaces let it have of their certificates.

    What they let a set of listeners have they do not let its Gateway have, of which its listeners become a part.
    """
    kind, home, _ = owner
    if kind != "Gateway":
        return door
    found: list[Traced[str]] = []
    for (space, name), word in zip(door.secrets, door.listener.certificates, strict=True):
        leaves = grants.allowed(kind, home, _SECRET, space, name) if space != home else None
        if leaves is not None:
            found.append(Traced(word.value, (), (*word.origin, *leaves)))
    if not found:
        return door
    return replace(door, listener=replace(door.listener, granted=tuple(found)))


def _conflicts(door: Door, others: Sequence[Door]) -> bool:
    mine = door.listener
    for other in others:
        theirs = other.listener
        if other is door or theirs.port.value != mine.port.value:
            continue
        one, two = (_SPOKEN.get(x.protocol.value, x.protocol.value) for x in (mine, theirs))
        if one != two and {one, two} != {"udp", "tcp"} and "udp" not in (one, two):
            return True
        if one == two and mine.hosts[0].name.value == theirs.hosts[0].name.value:
            return True
    return False


def _takes(door: Door, route: Meta, parent: Parent, inventory: Inventory) -> bool:
    own = door.listener
    section = "" if own.name is None else own.name.value
    if parent.section is not None and parent.section.value != section:
        return False
    if parent.port is not None and parent.port.value != own.port.value:
        return False
    if (ROUTE_GROUP, route.kind) not in door.kinds:
        return False
    return _admits(door.admits, route.namespace.value, inventory)


def _admits(admits: Admission, namespace: str, inventory: Inventory) -> bool:
    """Whether objects of the namespace are taken in; of one that is not listed only its name is known."""
    if admits.labels is not None:
        listed = inventory.namespaces.get(namespace)
        own = {"kubernetes.io/metadata.name": namespace}
        return meets({**({} if listed is None else listed.labels), **own}, admits.labels)
    return admits.names is None or namespace in admits.names


def _common(door: Door, hosts: Sequence[Traced[Pattern]]) -> Iterator[Traced[Pattern]]:
    own = door.listener.hosts[0].name
    if not hosts:
        yield Traced(own.value, (), own.origin)
    for host in hosts:
        pattern = narrower(own.value, host.value)
        if pattern is not None:
            yield derived(pattern, (host,))


def _by_name(
    made: tuple[Route, ...], route: RouteObject, hosts: tuple[Traced[Pattern], ...]
) -> tuple[Route, ...]:
    """The rules; those of a TLSRoute for the names that it has there, of which the most particular counts (TLSRoute, 1.6)."""
    if route.protocol is not Protocol.TLS:
        return made
    test = Test(part=Part.SERVER_NAME, any_of=hosts, trail=trail("names"))
    requests = AllOf(tests=(test,), trail=trail("requests"))
    match = RouteMatch(requests=requests, trail=trail("alternative"))
    return tuple(replace(one, matches=(match,)) for one in made)


def _table(
    route: RouteObject,
    parent: Parent,
    made: tuple[Route, ...],
    listener: Listener,
    hosts: tuple[Traced[Pattern], ...],
) -> Iterator[Fact]:
    place = at_listener(listener, parent)
    section = () if parent.section is None else (parent.section,)
    port = () if parent.port is None else (parent.port,)
    space_of = () if parent.namespace is None else (parent.namespace,)
    node = absorb(route.trail, parent.spent, *section, *port, *space_of)
    every = all(h.value.kind is PatternKind.SUFFIX and not h.value.text for h in hosts)
    yield RouteTable(
        name=Traced(route.meta.name.value, (), route.meta.because),
        home=Traced(route.meta.namespace.value, (), route.meta.because),
        attachment=place,
        protocol=route.protocol,
        hosts=() if every and not route.hosts else hosts,
        order=Order.SPECIFICITY,
        routes=tuple(
            replace(
                one,
                name=one.name
                or Traced(f"{route.meta.name.value}/{number}", (), route.meta.because),
            )
            for number, one in enumerate(_by_name(made, route, hosts))
        ),
        no_match=NoMatch.NOT_FOUND,
        view=View(authority_has_port=False),
        trail=node,
    )
    for rule in route.rules:
        for extension in rule.extensions:
            yield Opaque(
                attachment=place,
                kind=extension.kind,
                intent=extension.intent,
                may_touch=(Column.ACCESS, Column.ROUTING, Column.HEADERS),
                trail=route.meta.fact(extension.kind, *extension.leaves),
            )


def at_listener(listener: Listener, parent: Parent) -> Attachment:
    """Where a route holds that is bound to a listener by one of its parents."""
    space, _, name = listener.gateway.value.partition("/")
    subject = Subject(
        scope=Scope.LISTENER,
        namespace=listener.gateway.map(lambda _: space),
        name=parent.name if parent.kind == "Gateway" else parent.name.derive(name),
        trail=trail("the gateway", because=parent.name.origin),
    )
    return Attachment(
        subject=subject,
        ports=(Traced(ServicePort(listener.port.value), (), listener.port.origin),),
        audience=Audience(
            reach=Reach.LISTENERS, listeners=(listener.gateway,), trail=trail("by the gateway")
        ),
        enforced_at=EnforcedAt.GATEWAY,
    )
