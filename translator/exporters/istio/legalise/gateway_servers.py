"""Listeners as servers of Istio's own Gateway, on ports that pods may share.

istio/istio pilot/pkg/model/gateway.go ``mergeGateways``, 1.31: all Gateways that choose the same pods are one. On a port
there are servers that read requests in clear text, or servers with TLS that are told apart by name, or one for bytes; of
two with TLS for one name the second is skipped. Their secrets are in the namespace of the pods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ir.edge import Listener, ListenerTls, narrower
from ir.inventory import equal_to
from ir.match import Pattern
from ir.provenance import Assumption, assumed, derived, named
from ir.traffic import Protocol
from translator.api import Options
from translator.exporters.gateways.listeners import Door, Doors, by_options, kept_from
from translator.exporters.istio.legalise.gateway_findings import (
    by_roots,
    left_out,
    settings_lost,
)
from translator.exporters.istio.legalise.gateway_hosts import is_short
from translator.exporters.istio.legalise.gateway_pods import Pods
from translator.exporters.naming import Names, name_of

SELECTOR = Assumption(
    "gateway-selector",
    "the pods that --gateway-selector names serve the gateways, on the ports of their Service",
)
_CLEAR = "HTTP"
_ENDS = (ListenerTls.TERMINATE, ListenerTls.MUTUAL)
_MODES = {
    "HTTP": (ListenerTls.NONE,),
    "HTTPS": _ENDS,
    "TLS": (*_ENDS, ListenerTls.PASSTHROUGH),
    "TCP": (ListenerTls.NONE,),
}
"""What the target's servers do with TLS, by protocol."""

_TWO_SINCE, _ROOTS_SINCE = "1.27", "1.28"
"""Since when a server may have two certificates, and roots of its own (release notes of both)."""


@dataclass(slots=True)
class Ports:
    """The ports of pods that several gateways share: who has which names there, and the secrets in their namespace."""

    pods: Pods
    taken: dict[int, list[tuple[Mapping[str, str], str, str, Pattern]]] = field(
        default_factory=dict
    )
    secrets: dict[tuple[str, str], str] = field(default_factory=dict)

    def conflict(self, labels: Mapping[str, str], listener: Listener) -> str:
        """Why the listener cannot stand beside those of other gateways; empty where it can."""
        (host,) = listener.hosts
        for others, gateway, kind, name in self.taken.get(listener.port.value, ()):
            if gateway == listener.gateway.value or not self.pods.meet(labels, others):
                continue
            if kind != _kind(listener) or _CLEAR not in (kind, "TLS", "HTTPS"):
                return f"the same pods have the port for {gateway}, as {kind}"
            if narrower(name, host.name.value) is not None:
                return f"the same pods have the port for {gateway}, for names that it has too"
        return ""

    def note(self, labels: Mapping[str, str], listener: Listener) -> None:
        """Notes a server that is written."""
        own = labels, listener.gateway.value, _kind(listener), listener.hosts[0].name.value
        self.taken.setdefault(listener.port.value, []).append(own)

    def other_secret(self, space: str, secrets: Sequence[str]) -> str:
        """Why the secrets cannot all be copied to a namespace; empty where they can."""
        for secret in secrets:
            name = secret.rpartition("/")[2]
            known = self.secrets.setdefault((space, name), secret)
            if known != secret:
                return f"its secret {secret} and {known} would be one in the namespace {space}"
        return ""


def _kind(listener: Listener) -> str:
    """How the port is served: in clear text, with TLS of whatever protocol, or as bytes."""
    word = listener.protocol.value
    return "TLS" if word == "HTTPS" else word


def servers_of(
    listeners: Sequence[Listener],
    labels: Mapping[str, str],
    pods_in: str,
    ports: Ports,
    options: Options,
) -> Doors:
    """The servers of a gateway whose pods are in the namespace ``pods_in``, and what could not become one."""
    found = Doors()
    names = Names()
    for listener in listeners:
        reason = (
            _reason(listener, options)
            or ports.conflict(labels, listener)
            or ports.other_secret(pods_in, _secrets(listener))
        )
        if reason:
            found.losses.append(left_out(listener, reason))
            found.shut.extend(kept_from(listener))
            continue
        ports.note(labels, listener)
        if listener.demands:
            found.losses.append(settings_lost(listener))
        if listener.client_trust is not None:
            found.losses.append(by_roots(listener, pods_in))
        found.made.append(_door(listener, labels, names))
    return found


def _secrets(listener: Listener) -> tuple[str, ...]:
    return tuple(secret.value for secret in listener.certificates)


def _reason(listener: Listener, options: Options) -> str:
    """Why the listener is left out; empty where it is not."""
    mode, word = _mode(listener), listener.protocol.value
    if word not in _MODES:
        return f"the target has no server for {word}"
    if any(is_short(host.name.value) for host in listener.hosts):
        return (
            "its name has no dot, and the webhook of the target refuses the whole Gateway for that"
        )
    if mode is ListenerTls.OPTIONAL_MUTUAL:
        return by_options(listener) or "it takes certificates of clients that it does not verify"
    if mode not in _MODES[word]:
        return f"a server for {word} does not do that with TLS"
    return _odd_secrets(listener, options) if mode in _ENDS else ""


def _odd_secrets(listener: Listener, options: Options) -> str:
    """Why its certificates, or the roots of its clients, have no form."""
    most = 2 if options.target.at_least(_TWO_SINCE) else 1
    if not 1 <= len(listener.certificates) <= most:
        return f"a server has {most} certificate{'s' * (most > 1)} at most, and one at least"
    trust = listener.client_trust
    if _mode(listener) is not ListenerTls.MUTUAL:
        return ""
    if trust is None or ", " in trust.value:
        return "a server verifies its clients by the roots in one object"
    if not options.target.at_least(_ROOTS_SINCE):
        return f"roots in an object of their own can be named from {_ROOTS_SINCE} on"
    return ""


def _mode(listener: Listener) -> ListenerTls:
    return ListenerTls.NONE if listener.tls is None else listener.tls.value


def _door(listener: Listener, labels: Mapping[str, str], names: Names) -> Door:
    mode = _mode(listener)
    (host,) = listener.hosts
    word = listener.protocol.value
    base = "" if listener.name is None else listener.name.value
    name = names.take("Server", "", name_of(base or f"{word.lower()}-{listener.port.value}"))
    said = () if listener.name is None else (listener.name,)
    node = listener.trail
    if mode not in _ENDS and listener.certificates:
        node = derived(node.value, (node, *listener.certificates))
    server = replace(
        listener,
        name=derived(name, said) if said else named(name, listener.port),
        workloads=assumed(equal_to(dict(labels)), SELECTOR),
        certificates=tuple(s.map(_last) for s in listener.certificates if mode in _ENDS),
        client_trust=None if listener.client_trust is None else listener.client_trust.map(_last),
        demands=(),
        trail=node,
    )
    return Door(server, host.name.value, serves(listener), None)


def _last(secret: str) -> str:
    return secret.rpartition("/")[2]


def serves(listener: Listener) -> Protocol:
    """The rules that hold there: where TLS ends and no requests are read, those for TCP.

    istio/istio pilot/pkg/networking/core/gateway.go ``createGatewayTCPFilterChainOpts``, 1.31.
    """
    word, mode = listener.protocol.value, _mode(listener)
    if word in ("HTTP", "HTTPS"):
        return Protocol.HTTP
    return Protocol.TLS if mode is ListenerTls.PASSTHROUGH else Protocol.TCP
