"""Gateway as every mesh reads it, and which routes bind to its listeners.

sigs.k8s.io/gateway-api apis/v1/gateway_types.go and shared_types.go, 1.4: a route binds where the listener admits its
namespace and both have a host name in common; of two the narrower counts, and what lies within a narrower listener is that
one's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ir.edge import Listener, ListenerHost, ListenerTls, narrower
from ir.match import Pattern, PatternKind
from ir.provenance import Traced, Trail, absorb, derived, trail
from translator.resources.gateway_api.isolation import Siblings, isolation_of
from translator.resources.gateway_api.read import Parent
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor
from translator.target import Target

_MODES = {"Terminate": ListenerTls.TERMINATE, "Passthrough": ListenerTls.PASSTHROUGH}
_EVERYBODY = Pattern(PatternKind.SUFFIX, "", ignore_case=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A listener; ``admits``: the namespaces whose routes may bind, ``None`` for all."""

    listener: Listener
    admits: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """``gateway.networking.k8s.io`` Gateway. ``siblings``: its listeners, which may have names in common."""

    meta: Meta
    doors: tuple[Door, ...]
    siblings: Siblings
    trail: Trail


def gateway_reader(source: Target) -> Callable[[Cursor, Meta], Gateway]:
    """The reader of Gateways for a source."""

    def read_gateway(root: Cursor, meta: Meta) -> Gateway:
        spec = root.map("spec")
        class_name = spec.str("gatewayClassName")
        shown = spec.opt_map("tls")
        asks = shown is not None and shown.has("frontend")
        doors = tuple(_door(item, meta, asks=asks) for item in spec.list("listeners"))
        return Gateway(
            meta=meta,
            doors=doors,
            siblings=Siblings(
                tuple(door.listener for door in doors), isolation_of(class_name.value, source)
            ),
            trail=absorb(meta.fact("Gateway"), class_name),
        )

    return read_gateway


def _door(item: Cursor, meta: Meta, *, asks: bool) -> Door:
    """``asks``: the Gateway says something of certificates of clients, which is not read: they may be demanded."""
    name = item.opt_str("hostname")
    pattern = Traced(_EVERYBODY) if name is None else name.map(host_pattern)
    tls = item.opt_map("tls")
    protocol = item.str("protocol")
    usual = protocol.derive(ListenerTls.TERMINATE)
    mode = None if tls is None else tls.opt_enum("mode", _MODES) or usual
    if (
        mode is not None
        and mode.value is ListenerTls.TERMINATE
        and (asks or item.map("tls").has("options"))
    ):
        mode = mode.derive(ListenerTls.OPTIONAL_MUTUAL)
    admits, spent = _admits(item, meta)
    listener = Listener(
        gateway=Traced(f"{meta.namespace.value}/{meta.name.value}", (), meta.because),
        name=item.str("name"),
        port=item.int("port"),
        protocol=protocol,
        hosts=(ListenerHost(name=pattern, trail=trail("host")),),
        tls=mode,
        certificates=() if tls is None else tuple(_secrets(tls, meta)),
        trail=absorb(meta.fact(item.path), *spent),
    )
    return Door(listener=listener, admits=admits)


def _secrets(tls: Cursor, meta: Meta) -> Iterator[Traced[str]]:
    for item in tls.opt_list("certificateRefs"):
        space, name = item.opt_str("namespace"), item.str("name")
        home = meta.namespace.value if space is None else space.value
        words = [w for w in (item.opt_str("group"), item.opt_str("kind")) if w is not None]
        yield derived(f"{home}/{name.value}", [name, *([] if space is None else [space]), *words])


def _admits(item: Cursor, meta: Meta) -> tuple[tuple[str, ...] | None, list[Traced[object]]]:
    """The namespaces by name; selectors of other labels than that are taken to choose nobody."""
    allowed = item.opt_map("allowedRoutes")
    spaces = None if allowed is None else allowed.opt_map("namespaces")
    word = None if spaces is None else spaces.opt_str("from")
    spent: list[Traced[object]] = [] if word is None else [word]
    if spaces is None or word is None or word.value == "Same":
        return (meta.namespace.value,), spent
    if word.value == "All":
        return None, spent
    names: list[str] = []
    selector = spaces.map("selector")
    for wanted in selector.opt_list("matchExpressions"):
        values = wanted.opt_strings("values")
        spent.extend((wanted.str("key"), wanted.str("operator"), *values))
        names.extend(value.value for value in values)
    return tuple(names), spent


def host_pattern(text: str) -> Pattern:
    """The names that a host name of Gateway API stands for."""
    if text.startswith("*."):
        return Pattern(PatternKind.SUFFIX, text[1:], ignore_case=True)
    return Pattern(PatternKind.EXACT, text, ignore_case=True)


def bound(
    gateways: Sequence[Gateway], parent: Parent, route: Meta, hosts: Sequence[Traced[Pattern]]
) -> Iterator[tuple[Listener, tuple[Traced[Pattern], ...]]]:
    """The listeners that a route binds to, with the names that it has there."""
    home = route.namespace.value
    space = home if parent.namespace is None else parent.namespace.value
    for gateway in gateways:
        if (gateway.meta.namespace.value, gateway.meta.name.value) != (space, parent.name.value):
            continue
        for door in gateway.doors:
            own = door.listener
            if door.admits is not None and home not in door.admits:
                continue
            name = "" if own.name is None else own.name.value
            if parent.section is not None and parent.section.value != name:
                continue
            if parent.port is not None and parent.port.value != own.port.value:
                continue
            common = tuple(_common(own.hosts[0].name, hosts))
            names = gateway.siblings.own_names(own, common, route.key)
            if names:
                yield own, names


def _common(own: Traced[Pattern], hosts: Sequence[Traced[Pattern]]) -> Iterator[Traced[Pattern]]:
    if not hosts:
        yield Traced(own.value, (), own.origin)
    for host in hosts:
        pattern = narrower(own.value, host.value)
        if pattern is not None:
            yield derived(pattern, (host,))
