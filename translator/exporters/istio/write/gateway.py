"""``networking.istio.io`` Gateway: the servers of the pods that a selector chooses.

istio/api networking/v1alpha3/gateway.proto, 1.31: the names of ports are unique in an object; a host is
``namespace/name``, with the namespace whose VirtualServices may bind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.edge import Listener, ListenerHost, ListenerTls
from ir.model import Fact
from ir.provenance import Traced
from translator.api import Manifest, Said, Tree
from translator.exporters.istio.legalise.server_names import spelt
from translator.exporters.istio.write.virtual_service import NETWORKING

_MODES = {
    ListenerTls.TERMINATE: "SIMPLE",
    ListenerTls.MUTUAL: "MUTUAL",
    ListenerTls.PASSTHROUGH: "PASSTHROUGH",
}


def write_gateways(facts: Sequence[Fact]) -> Iterator[Manifest]:
    """One object for each gateway, with its servers in the order of its listeners."""
    gateways: dict[str, list[Listener]] = {}
    for fact in facts:
        if isinstance(fact, Listener):
            gateways.setdefault(fact.gateway.value, []).append(fact)
    for gateway, listeners in gateways.items():
        space, _, name = gateway.partition("/")
        yield Manifest(
            api_version=NETWORKING,
            kind="Gateway",
            namespace=space,
            name=name,
            tree={
                "spec": {
                    "selector": _selector(listeners[0]),
                    "servers": [_server(listener) for listener in listeners],
                }
            },
            purpose=tuple(listener.trail for listener in listeners),
        )


def _selector(listener: Listener) -> Tree:
    labels = listener.workloads
    if labels is None:
        raise TypeError(listener)
    return {one.key: Said(one.values[0], (labels,)) for one in labels.value.requirements}


def _server(listener: Listener) -> dict[str, Tree]:
    if listener.name is None:
        raise TypeError(listener)
    port: dict[str, Tree] = {
        "number": listener.port,
        "name": Said(listener.name.value, (listener.name,)),
        "protocol": listener.protocol,
    }
    tree: dict[str, Tree] = {
        "name": listener.name,
        "port": port,
        "hosts": [_host(host, listener) for host in listener.hosts],
    }
    if listener.tls is not None and listener.tls.value is not ListenerTls.NONE:
        tree["tls"] = dict(_tls(listener, listener.tls))
    return tree


def _host(host: ListenerHost, listener: Listener) -> Tree:
    space = host.routes_from
    if space is None:
        raise TypeError(listener)
    own = space.value == listener.gateway.value.partition("/")[0]
    text = f"{'.' if own else space.value}/{spelt(host.name.value)}"
    return Said(text, (host.name, space, host.trail, listener.trail))


def _tls(listener: Listener, mode: Traced[ListenerTls]) -> Iterator[tuple[str, Tree]]:
    yield "mode", Said(_MODES[mode.value], (mode, listener.trail))
    if len(listener.certificates) > 1:
        yield "credentialNames", list(listener.certificates)
    elif listener.certificates:
        yield "credentialName", listener.certificates[0]
    if listener.client_trust is not None:
        yield "caCertCredentialName", listener.client_trust
