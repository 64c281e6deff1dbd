"""Gateway and ListenerSet: ports on which requests enter, and whose routes may bind to them.

sigs.k8s.io/gateway-api apis/v1/{gateway,listenerset,shared}_types.go, 1.6.
"""

from __future__ import annotations

from collections.abc import Iterator

from ir.edge import Listener, ListenerHost, ListenerTls
from ir.match import Labels, Operator, Pattern, PatternKind, Requirement
from ir.provenance import Traced, absorb, derived, trail
from translator.importers.route_objects.model import (
    Admission,
    Door,
    GatewayObject,
    ListenerSetObject,
)
from translator.importers.route_objects.route import read_created
from translator.resources.gateway_api.hostname import host_pattern
from translator.resources.gateway_api.read import ROUTE_GROUP, Parent
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

_EVERYBODY = Pattern(PatternKind.SUFFIX, "", ignore_case=True)
_MODES = {"Terminate": ListenerTls.TERMINATE, "Passthrough": ListenerTls.PASSTHROUGH}
_KINDS = {
    "HTTP": ("HTTPRoute", "GRPCRoute"),
    "HTTPS": ("HTTPRoute", "GRPCRoute"),
    "TLS": ("TLSRoute",),
    "TCP": ("TCPRoute",),
    "UDP": ("UDPRoute",),
}
"""Kinds that a listener takes where it does not say."""
_FORGIVING = "AllowInsecureFallback"


def read_gateway(root: Cursor, meta: Meta) -> GatewayObject:
    """The resource as written.

    Raises:
        InputError: a required field is missing or of the wrong type.
    """
    spec = root.map("spec")
    name = f"{meta.namespace.value}/{meta.name.value}"
    doors = tuple(_door(item, meta, name, spec) for item in spec.opt_list("listeners"))
    allowed = spec.opt_map("allowedListeners")
    return GatewayObject(
        meta=meta,
        created=read_created(root),
        class_name=spec.str("gatewayClassName"),
        doors=doors,
        sets=_admission(allowed, meta, "None"),
        sets_words=Traced("", () if allowed is None else allowed.leaves()),
    )


def read_listener_set(root: Cursor, meta: Meta) -> ListenerSetObject:
    """The resource as written; raises as :func:`read_gateway`."""
    spec = root.map("spec")
    item = spec.map("parentRef")
    space, name = item.opt_str("namespace"), item.str("name")
    words = [w for w in (item.opt_str("group"), item.opt_str("kind")) if w is not None]
    parent = Parent(
        group=ROUTE_GROUP,
        kind="Gateway",
        namespace=space,
        name=name,
        port=None,
        spent=absorb(trail("parent"), *words),
    )
    where = meta.namespace.value if space is None else space.value
    doors = tuple(
        _door(one, meta, f"{where}/{name.value}", None) for one in spec.opt_list("listeners")
    )
    return ListenerSetObject(meta=meta, created=read_created(root), parent=parent, doors=doors)


def _door(item: Cursor, meta: Meta, gateway: str, spec: Cursor | None) -> Door:
    hostname, port, protocol = item.opt_str("hostname"), item.int("port"), item.str("protocol")
    pattern = Traced(_EVERYBODY) if hostname is None else hostname.map(host_pattern)
    tls = item.opt_map("tls")
    mode, trust, demands = None, None, []
    secrets: list[tuple[str, str]] = []
    names: list[Traced[str]] = []
    if tls is not None:
        mode = tls.opt_enum("mode", _MODES) or protocol.derive(ListenerTls.TERMINATE)
        for ref in tls.opt_list("certificateRefs"):
            space, name = ref.opt_str("namespace"), ref.str("name")
            home = meta.namespace.value if space is None else space.value
            words = [w for w in (space, ref.opt_str("group"), ref.opt_str("kind")) if w is not None]
            names.append(derived(f"{home}/{name.value}", [name, *words]))
            secrets.append((home, name.value))
        demands = [value.derive(f"{key}: {value.value}") for key, value in _options(tls)]
    if spec is not None and protocol.value == "HTTPS" and mode is not None:
        mode, trust = _clients(spec, port.value, meta, mode)
    admits, kinds, spent = _allowed(item, meta, protocol.value)
    spent.extend(_empties(item, tls))
    listener = Listener(
        gateway=Traced(gateway, (), meta.because),
        name=item.str("name"),
        port=port,
        protocol=protocol,
        hosts=(ListenerHost(name=pattern, trail=trail("host")),),
        tls=mode,
        certificates=tuple(names),
        client_trust=trust,
        demands=tuple(demands),
        trail=absorb(meta.fact(item.path), *spent),
    )
    return Door(
        listener=listener, admits=admits, kinds=kinds, secrets=tuple(secrets), leaves=item.leaves()
    )


def _empties(item: Cursor, tls: Cursor | None) -> Iterator[Traced[object]]:
    """Collections in which nothing is."""
    places = [(item, key) for key in ("tls", "allowedRoutes")]
    places += [] if tls is None else [(tls, key) for key in ("certificateRefs", "options")]
    yield from (place.empty(key) for place, key in places)


def _options(tls: Cursor) -> Iterator[tuple[str, Traced[str]]]:
    yield from tls.opt_string_map("options")


def _clients(
    spec: Cursor, port: int, meta: Meta, mode: Traced[ListenerTls]
) -> tuple[Traced[ListenerTls], Traced[str] | None]:
    """What is asked of the certificates of clients on a port: that of the port, else of the whole Gateway (GEP-91)."""
    frontend = spec.opt_map("tls")
    frontend = None if frontend is None else frontend.opt_map("frontend")
    if frontend is None:
        return mode, None
    chosen = frontend.opt_map("default")
    because: list[Traced[object]] = []
    for one in frontend.opt_list("perPort"):
        number = one.int("port")
        if number.value == port:
            chosen = one.opt_map("tls")
            because.append(number)
    check = None if chosen is None else chosen.opt_map("validation")
    if check is None:
        return mode, None
    word = check.opt_str("mode")
    forgiving = word is not None and word.value == _FORGIVING
    refs = [_authority(ref, meta) for ref in check.opt_list("caCertificateRefs")]
    trust = derived(", ".join(ref.value for ref in refs), [*refs, *because]) if refs else None
    found = ListenerTls.OPTIONAL_MUTUAL if forgiving else ListenerTls.MUTUAL
    parents = [mode, *([] if word is None else [word])]
    return derived(found, parents), trust


def _authority(ref: Cursor, meta: Meta) -> Traced[str]:
    space, name = ref.opt_str("namespace"), ref.str("name")
    home = meta.namespace.value if space is None else space.value
    words = [w for w in (space, ref.opt_str("group"), ref.opt_str("kind")) if w is not None]
    return derived(f"{home}/{name.value}", [name, *words])


def _allowed(
    item: Cursor, meta: Meta, protocol: str
) -> tuple[Admission, tuple[tuple[str, str], ...], list[Traced[object]]]:
    allowed = item.opt_map("allowedRoutes")
    admits = _admission(allowed, meta, "Same")
    spent: list[Traced[object]] = []
    kinds = tuple((ROUTE_GROUP, kind) for kind in _KINDS.get(protocol, ()))
    if allowed is not None:
        spent.append(Traced("", allowed.leaves()))
        listed = allowed.opt_list("kinds")
        if listed:
            kinds = tuple(
                (
                    ROUTE_GROUP if (group := one.opt_str("group")) is None else group.value,
                    one.str("kind").value,
                )
                for one in listed
            )
    return admits, kinds, spent


def _admission(allowed: Cursor | None, meta: Meta, default: str) -> Admission:
    """Whose objects are taken in; ``default``: the word that holds where none is written."""
    spaces = None if allowed is None else allowed.opt_map("namespaces")
    word = None if spaces is None else spaces.opt_str("from")
    match default if word is None else word.value:
        case "All":
            return Admission(names=None)
        case "Selector" if spaces is not None:
            return Admission(names=None, labels=_labels(spaces.map("selector")))
        case "None":
            return Admission(names=())
        case _:
            return Admission(names=(meta.namespace.value,))


def _labels(selector: Cursor) -> Labels:
    wanted = [
        Requirement(key, Operator.IN, (value.value,))
        for key, value in selector.opt_string_map("matchLabels")
    ]
    operators = {operator.value: operator for operator in Operator}
    for one in selector.opt_list("matchExpressions"):
        operator = one.at("operator").as_enum(operators).value
        values = tuple(value.value for value in one.opt_strings("values"))
        wanted.append(Requirement(one.str("key").value, operator, values))
    return Labels(tuple(wanted))
