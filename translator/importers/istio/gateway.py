"""``networking.istio.io`` Gateway: the ports on which requests enter the mesh, or leave it.

istio/api networking/v1alpha3/gateway.proto and istio/istio pilot/pkg/model/gateway.go, 1.31.
"""

from __future__ import annotations

from collections.abc import Iterator

from ir.edge import Listener, ListenerHost, ListenerTls
from ir.inventory import equal_to
from ir.match import Labels, Pattern, PatternKind
from ir.provenance import Traced, Trail, absorb
from translator.importers.istio.model.edge import Gateway
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

MODES = {
    "PASSTHROUGH": ListenerTls.PASSTHROUGH,
    "SIMPLE": ListenerTls.TERMINATE,
    "MUTUAL": ListenerTls.MUTUAL,
    "AUTO_PASSTHROUGH": ListenerTls.AUTO_PASSTHROUGH,
    "ISTIO_MUTUAL": ListenerTls.MESH,
    "OPTIONAL_MUTUAL": ListenerTls.OPTIONAL_MUTUAL,
}
"""Words of ``tls.mode``; the first is what holds where it is not written."""

VERSIONS = {word: word for word in ("TLS_AUTO", "TLSV1_0", "TLSV1_1", "TLSV1_2", "TLSV1_3")}
_CERTIFICATES = ("credentialName", "serverCertificate", "privateKey")
_TRUST = ("caCertCredentialName", "caCertificates")
_LISTS = ("subjectAltNames", "verifyCertificateSpki", "verifyCertificateHash", "cipherSuites", "ecdhCurves")  # fmt: skip


def read_gateway(root: Cursor, meta: Meta) -> Gateway:
    """The resource as written.

    Raises:
        InputError: a field has a type or a word that the API server refuses, or a server lacks its port or hosts.
    """
    node = absorb(meta.fact("Gateway"), root.empty("spec"))
    spec = root.opt_map("spec")
    if spec is None:
        return Gateway(meta=meta, listeners=(), trail=node)
    selector = _selector(spec)
    node = absorb(node, spec.empty("selector"), spec.empty("servers"))
    listeners = tuple(_listener(item, meta, selector) for item in spec.opt_list("servers"))
    if selector is not None and not listeners:  # nobody else bears what it says
        node = absorb(node, selector)
    return Gateway(meta=meta, listeners=listeners, trail=node)


def _selector(spec: Cursor) -> Traced[Labels] | None:
    entries = spec.opt_string_map("selector")
    if not entries:
        return None
    origin = tuple(leaf for _, value in entries for leaf in value.origin)
    return Traced(equal_to({key: value.value for key, value in entries}), origin)


def _listener(item: Cursor, meta: Meta, selector: Traced[Labels] | None) -> Listener:
    port = item.map("port")
    node = absorb(meta.fact(item.path), item.empty("hosts"), item.empty("tls"))
    for quiet in (
        port.opt_str("name"),
        item.opt_str("defaultEndpoint"),
        port.opt_int("targetPort"),
    ):
        if quiet is not None:
            node = absorb(node, quiet)
    tls = item.opt_map("tls")
    mode = None if tls is None else tls.opt_enum("mode", MODES)
    redirect = None if tls is None else tls.opt_bool("httpsRedirect")
    if tls is not None and mode is None and redirect is None:
        mode = Traced(ListenerTls.PASSTHROUGH)
    return Listener(
        gateway=Traced(f"{meta.namespace.value}/{meta.name.value}", (), meta.because),
        name=item.opt_str("name"),
        workloads=selector,
        port=port.int("number"),
        protocol=port.str("protocol").map(str.upper),
        bind=item.opt_str("bind"),
        hosts=tuple(_host(host.as_str(), meta) for host in item.list("hosts")),
        tls=mode,
        certificates=() if tls is None else tuple(_certificates(tls)),
        client_trust=None if tls is None else _first(tls, *_TRUST),
        demands=() if tls is None else tuple(_demands(tls)),
        redirect_to_tls=redirect,
        trail=node if tls is None else _empties(node, tls),
    )


def _empties(node: Trail, tls: Cursor) -> Trail:
    return absorb(
        node, *(tls.empty(key) for key in (*_LISTS, "credentialNames", "tlsCertificates"))
    )


def _host(host: Traced[str], meta: Meta) -> ListenerHost:
    """``namespace/name``; ``*`` is any namespace, ``.`` the gateway's own."""
    space, slash, name = host.value.rpartition("/")
    own = meta.namespace.value if space == "." else space
    wild = name.startswith("*")
    pattern = Pattern(
        PatternKind.SUFFIX if wild else PatternKind.EXACT,
        name.removeprefix("*").lower(),
        ignore_case=True,
    )
    scope = None if not slash or own == "*" else Traced(own, host.origin, meta.namespace.because)
    node = meta.fact(f"host {host.value}")
    return ListenerHost(name=Traced(pattern, host.origin), routes_from=scope, trail=node)


def _certificates(tls: Cursor) -> Iterator[Traced[str]]:
    """Names of secrets and files, never their contents."""
    for key in _CERTIFICATES:
        found = tls.opt_str(key)
        if found is not None:
            yield found
    yield from tls.opt_strings("credentialNames")
    for pair in tls.opt_list("tlsCertificates"):
        for key in ("serverCertificate", "privateKey", "caCertificates"):
            found = pair.opt_str(key)
            if found is not None:
                yield found


def _first(tls: Cursor, *keys: str) -> Traced[str] | None:
    """The values at these fields as one."""
    found = [value for key in keys if (value := tls.opt_str(key)) is not None]
    return found[0].derive(found[0].value, *found[1:]) if found else None


def _demands(tls: Cursor) -> Iterator[Traced[str]]:
    for key in ("minProtocolVersion", "maxProtocolVersion"):
        version = tls.opt_enum(key, VERSIONS)
        if version is not None:
            yield version.map(f"{key} {{}}".format)
    for key in _LISTS:
        for value in tls.opt_strings(key):
            yield value.map(f"{key} {{}}".format)
    revoked = tls.opt_str("caCrl")
    if revoked is not None:
        yield revoked.map("caCrl {}".format)
    skipped = tls.opt_bool("insecureSkipVerify")
    if skipped is not None:
        yield skipped.map("insecureSkipVerify {}".format)
