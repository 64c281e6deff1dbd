"""``gateway.networking.k8s.io`` Gateway of the class that is given, routes bound to it, and grants across namespaces.

sigs.k8s.io/gateway-api apis/v1/{gateway,httproute}_types.go and apis/v1beta1/referencegrant_types.go, 1.4. Which
namespaces may bind routes is for the listener to say (``allowedRoutes``); a grant is for references to Services and
Secrets of another namespace.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ir.attachment import EnforcedAt
from ir.edge import Listener, ListenerTls
from ir.match import Pattern, PatternKind
from ir.model import Fact
from ir.provenance import Traced, assumed, derived
from ir.traffic import Protocol, Route, RouteTable
from translator.api import Manifest, Said, Tree
from translator.exporters.gateways.binding import KINDS
from translator.exporters.gateways.findings import CLASS, OLD_VERSIONS
from translator.exporters.gateways.grants import Grants, note_backends
from translator.exporters.gateways.listeners import MAX_LISTENERS
from translator.exporters.naming import name_of
from translator.exporters.routes.write import rule_tree
from translator.resources.gateway_api.write import (
    GATEWAY_API,
    ROUTE_GROUP,
    backend_tree,
)

NAMESPACE_LABEL = "kubernetes.io/metadata.name"


def is_at_gateway(table: RouteTable) -> bool:
    """Whether the table is for requests that enter by a gateway."""
    return table.attachment.enforced_at is EnforcedAt.GATEWAY


def write_gateways(
    facts: Sequence[Fact],
    class_name: str,
    annotations: Mapping[str, str],
    versions: Mapping[Protocol, str] = OLD_VERSIONS,
    sets: tuple[str, str] | None = None,
) -> Iterator[Manifest]:
    """The Gateways of all listeners, the routes bound to them, and the grants that both need.

    ``annotations``: what the pods of the class get (sigs.k8s.io/gateway-api apis/v1/gateway_types.go
    ``GatewayInfrastructure``, 1.4). ``sets``: API version and kind of what holds the listeners beyond those of a Gateway.
    """
    tables = [f for f in facts if isinstance(f, RouteTable) and is_at_gateway(f)]
    gateways: dict[str, list[Listener]] = {}
    for fact in facts:
        if isinstance(fact, Listener):
            gateways.setdefault(fact.gateway.value, []).append(fact)
    grants = Grants()
    homes: dict[str, _Home] = {}
    for gateway, every in gateways.items():
        for number, start in enumerate(range(0, len(every), MAX_LISTENERS), start=1):
            listeners = every[start : start + MAX_LISTENERS]
            home = _home(gateway, number, sets)
            homes.update((_section(one), home) for one in listeners)
            if number == 1:
                over = len(every) > MAX_LISTENERS
                yield _gateway(gateway, listeners, tables, class_name, annotations, over=over)
            else:
                yield _listener_set(gateway, home, listeners, tables)
            _note_secrets(home, listeners, grants)
    for table in tables:
        yield _route(table, versions[table.protocol], homes)
        note_backends(table, "" if table.home is None else table.home.value, grants)
    yield from grants.manifests()


@dataclass(frozen=True, slots=True)
class _Home:
    """The object of a listener."""

    api_version: str
    kind: str
    namespace: str
    name: str

    @property
    def group(self) -> str:
        """Its API group."""
        return self.api_version.rpartition("/")[0]


def _home(gateway: str, number: int, sets: tuple[str, str] | None) -> _Home:
    """The Gateway, or the set of this number, in its namespace and called after it."""
    space, _, name = gateway.partition("/")
    if number == 1:
        return _Home(GATEWAY_API, "Gateway", space, name)
    if sets is None:
        message = f"more than {MAX_LISTENERS} listeners of {gateway}"
        raise TypeError(message)
    return _Home(*sets, space, name_of(name, str(number)))


def _section(listener: Listener) -> str:
    return f"{listener.gateway.value}/{'' if listener.name is None else listener.name.value}"


def _note_secrets(home: _Home, listeners: Sequence[Listener], grants: Grants) -> None:
    """A grant for a Gateway is none for its sets (geps/gep-1713)."""
    for listener in listeners:
        roots = () if listener.client_trust is None else (listener.client_trust,)
        for secret in listener.certificates:
            grants.note(home.kind, home.namespace, "Secret", *_split(secret))
        for secret in roots:
            grants.note("Gateway", home.namespace, "Secret", *_split(secret))


def _listener_set(
    gateway: str, home: _Home, listeners: Sequence[Listener], tables: Sequence[RouteTable]
) -> Manifest:
    """ListenerSet: listeners more for a Gateway of its namespace."""
    node = tuple(listener.trail for listener in listeners)
    parent: dict[str, Tree] = {
        "group": Said(ROUTE_GROUP, node),
        "kind": Said("Gateway", node),
        "name": Said(gateway.partition("/")[2], node),
        "namespace": Said(home.namespace, node),
    }
    items: list[Tree] = [_listener(listener, tables) for listener in listeners]
    return Manifest(
        api_version=home.api_version,
        kind=home.kind,
        namespace=home.namespace,
        name=home.name,
        tree={"spec": {"parentRef": parent, "listeners": items}},
        purpose=node,
    )


def _gateway(
    gateway: str,
    listeners: Sequence[Listener],
    tables: Sequence[RouteTable],
    class_name: str,
    annotations: Mapping[str, str],
    *,
    over: bool,
) -> Manifest:
    """``over``: sets hold more listeners of it, which it lets in from its own namespace."""
    space, _, name = gateway.partition("/")
    node = tuple(listener.trail for listener in listeners)
    spec: dict[str, Tree] = {"gatewayClassName": assumed(class_name, CLASS)}
    if annotations:
        words: dict[str, Tree] = {key: Said(value, node) for key, value in annotations.items()}
        spec["infrastructure"] = {"annotations": words}
    spec["listeners"] = [_listener(listener, tables) for listener in listeners]
    if over:
        spec["allowedListeners"] = {"namespaces": {"from": Said("Same", node)}}
    ports = list(_verified_ports(listeners))
    if ports:
        spec["tls"] = {"frontend": {"default": {}, "perPort": ports}}
    return Manifest(
        api_version=GATEWAY_API,
        kind="Gateway",
        namespace=space,
        name=name,
        tree={"spec": spec},
        purpose=node,
    )


def _listener(listener: Listener, tables: Sequence[RouteTable]) -> dict[str, Tree]:
    if listener.name is None:
        raise TypeError(listener)
    (host,) = listener.hosts
    tree: dict[str, Tree] = {
        "name": listener.name,
        "port": listener.port,
        "protocol": listener.protocol,
    }
    if host.name.value.text and listener.protocol.value not in ("TCP", "UDP"):
        tree["hostname"] = host.name.map(_text)
    if listener.tls is not None and listener.tls.value is not ListenerTls.NONE:
        tree["tls"] = _tls(listener, listener.tls)
    allowed: dict[str, Tree] = {"namespaces": _allowed(listener, tables)}
    if listener.protocol.value == "TLS" and mode_of(listener) is not ListenerTls.PASSTHROUGH:
        node = (listener.trail, listener.protocol)
        kind: dict[str, Tree] = {
            "group": Said(ROUTE_GROUP, node),
            "kind": Said("TCPRoute", node),
        }
        allowed["kinds"] = [kind]  # what a TLS listener takes by itself is TLSRoutes
    tree["allowedRoutes"] = allowed
    return tree


def mode_of(listener: Listener) -> ListenerTls:
    """What the listener does with TLS."""
    return ListenerTls.NONE if listener.tls is None else listener.tls.value


def _tls(listener: Listener, mode: Traced[ListenerTls]) -> dict[str, Tree]:
    if mode.value is ListenerTls.PASSTHROUGH:
        return {"mode": Said("Passthrough", (mode, listener.trail))}
    refs: list[Tree] = []
    for secret in listener.certificates:
        space, name = _split(secret)
        ref: dict[str, Tree] = {
            "group": Said("", (secret,)),
            "kind": Said("Secret", (secret,)),
            "name": name,
            "namespace": space,
        }
        refs.append(ref)
    return {"mode": mode.derive("Terminate"), "certificateRefs": refs}


def _verified_ports(listeners: Sequence[Listener]) -> Iterator[Tree]:
    """The ports that demand certificates of clients, each with the roots by which these are verified."""
    by_port: dict[int, list[Listener]] = {}
    for listener in listeners:
        if listener.tls is not None and listener.tls.value is ListenerTls.MUTUAL:
            by_port.setdefault(listener.port.value, []).append(listener)
    for port, alike in by_port.items():
        roots = [one.client_trust for one in alike if one.client_trust is not None]
        modes = tuple(one.tls for one in alike if one.tls is not None)
        space, name = _split(derived(roots[0].value, roots))
        ref: dict[str, Tree] = {
            "group": Said("", (name,)),
            "kind": Said("Secret", (name,)),
            "name": name,
            "namespace": space,
        }
        validation: dict[str, Tree] = {
            "caCertificateRefs": [ref],
            "mode": Said("AllowValidOnly", modes),
        }
        yield {"port": Said(port, modes), "tls": {"validation": validation}}


def _split(secret: Traced[str]) -> tuple[Traced[str], Traced[str]]:
    """Namespace and name of ``namespace/name``."""
    space, _, name = secret.value.partition("/")
    return secret.derive(space), secret.derive(name)


def _allowed(listener: Listener, tables: Sequence[RouteTable]) -> dict[str, Tree]:
    """The namespaces whose routes bind to the listener, and no others."""
    (host,) = listener.hosts
    bound = [t for t in tables if _section(listener) in [s.value for s in _sections(t)]]
    homes: dict[str, list[Traced[object]]] = {}
    for table in bound:
        if table.home is not None:
            homes.setdefault(table.home.value, []).extend((table.home, table.trail))
    because = () if host.routes_from is None else (host.routes_from,)
    if set(homes) <= {listener.gateway.value.partition("/")[0]}:
        return {"from": Said("Same", (listener.trail, *because))}
    node = (listener.trail, *because)
    values: list[Tree] = [Said(home, (*homes[home], *because)) for home in sorted(homes)]
    expression: dict[str, Tree] = {
        "key": Said(NAMESPACE_LABEL, node),
        "operator": Said("In", node),
        "values": values,
    }
    return {"from": Said("Selector", node), "selector": {"matchExpressions": [expression]}}


def _sections(table: RouteTable) -> tuple[Traced[str], ...]:
    audience = table.attachment.audience
    return () if audience is None else audience.listeners


def _route(table: RouteTable, version: str, homes: Mapping[str, _Home]) -> Manifest:
    subject = table.attachment.subject
    if table.home is None or subject.namespace is None or subject.name is None:
        raise TypeError(table)
    node = (table.trail,)
    parents: list[Tree] = []
    for section in _sections(table):
        home = homes[section.value]
        own = home.kind == "Gateway"
        parent: dict[str, Tree] = {
            "group": Said(home.group, node),
            "kind": Said(home.kind, node),
            "name": subject.name if own else Said(home.name, (section, *node)),
            "namespace": subject.namespace,
            "sectionName": Said(section.value.rpartition("/")[2], (section, *node)),
        }
        parents.append(parent)
    spec: dict[str, Tree] = {"parentRefs": parents}
    if table.hosts:
        spec["hostnames"] = [host.map(_text) for host in table.hosts]
    http = table.protocol is Protocol.HTTP
    spec["rules"] = [rule_tree(route) if http else _connection(route) for route in table.routes]
    return Manifest(
        api_version=version,
        kind=KINDS[table.protocol],
        namespace=table.home.value,
        name=table.name.value,
        tree={"spec": spec},
        purpose=node if http else (*node, *(route.trail for route in table.routes)),
    )


def _connection(route: Route) -> dict[str, Tree]:
    return {"backendRefs": [backend_tree(backend) for backend in route.backends]}


def _text(pattern: Pattern) -> str:
    return f"*{pattern.text}" if pattern.kind is PatternKind.SUFFIX else pattern.text
