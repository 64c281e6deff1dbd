"""Listeners in Gateway API's form: one host each, with TLS that ends at the gateway or passes through it.

sigs.k8s.io/gateway-api apis/v1/gateway_types.go ``Listener``, 1.4. What demands a certificate of the client is left out
whole: a listener without the demand would let everybody in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ir.edge import Listener, ListenerHost, ListenerTls
from ir.match import Pattern, PatternKind
from ir.provenance import Traced, derived, named
from ir.traffic import Protocol
from ir.walk import traced
from translator.api import Loss
from translator.exporters.gateways.clients import ENDS, by_port, roots_of, unverified
from translator.exporters.naming import Names, name_of
from translator.report.model import Impact, Severity, Support

HTTP = ("HTTP", "HTTP2", "GRPC", "GRPC-WEB")
"""Protocols of the source that are read as HTTP."""

_BYTES = ("TCP", "UDP")
"""Protocols of listeners without host names."""
_RAW = ("MONGO", "MYSQL", "REDIS")
"""Protocols of the source that are bytes once TLS has ended (istio/istio pkg/config/protocol/instance.go, 1.31)."""

MAX_LISTENERS = 64
"""Listeners that one Gateway, or one ListenerSet, may have."""

_CLIENT = {
    ListenerTls.MUTUAL: "it demands a certificate of the client",
    ListenerTls.OPTIONAL_MUTUAL: "it asks for a certificate of the client",
    ListenerTls.MESH: "it speaks the mutual TLS of the source mesh",
    ListenerTls.AUTO_PASSTHROUGH: "it passes TLS on to whatever service the name in the hello spells",
}
_WHOLE = "Nothing enters there any more."


@dataclass(frozen=True, slots=True)
class Door:
    """A listener with one host in its legal form, and the kind of route tables that may bind to it.

    ``redirects``: the flag that sends all its requests to TLS, so that no table binds.
    """

    listener: Listener
    pattern: Pattern
    protocol: Protocol
    redirects: Traced[bool] | None


@dataclass(slots=True)
class Doors:
    """The doors of one gateway, and what could not become one."""

    made: list[Door] = field(default_factory=list)
    shut: list[tuple[int, Pattern]] = field(default_factory=list)
    """Ports and names of listeners that are left out: no other listener of the port may take their requests in."""
    losses: list[Loss] = field(default_factory=list)


def doors_of(
    listeners: Sequence[Listener], secrets_in: str, *, verifies: bool = False, sets: bool = False
) -> Doors:
    """The legal listeners of a gateway; ``secrets_in`` is the namespace of its pods, where its secrets are.

    ``verifies``: a port may demand certificates of its clients. ``sets``: listeners beyond those of one Gateway may stand in
    ListenerSets, which ask nothing of clients (``spec.tls`` is the Gateway's), so those that do come first.
    """
    found = Doors()
    names = Names()
    taken: dict[tuple[int, str, str], Door] = {}
    for listener in listeners:
        reason = _reason(listener, listeners if verifies else ())
        if reason:
            found.losses.append(_left_out(listener, reason))
            found.shut.extend(kept_from(listener))
            continue
        opened, lost = _plain(listener, secrets_in)
        found.losses.extend(lost)
        for number, host in enumerate(listener.hosts):
            door = _door(opened, host, names, first=not number)
            if isinstance(door, Loss):
                found.losses.append(door)
                continue
            key = (listener.port.value, opened.protocol.value, door.pattern.text)
            if key in taken:
                found.losses.append(_twice(door))
                continue
            taken[key] = door
            found.made.append(door)
    _within_bounds(found, sets=sets)
    return found


def kept_from(listener: Listener) -> Iterator[tuple[int, Pattern]]:
    """What no other listener may take when one is left out: its names on its port; datagrams are no connections."""
    if listener.protocol.value != "UDP":
        yield from ((listener.port.value, host.name.value) for host in listener.hosts)


def _within_bounds(found: Doors, *, sets: bool) -> None:
    """Leaves out the listeners for which there is no room."""
    if len(found.made) <= MAX_LISTENERS:
        return
    if sets:
        found.made.sort(key=lambda door: _mode(door.listener) is not ListenerTls.MUTUAL)
    over = [d for d in found.made[MAX_LISTENERS:] if not sets or _mode(d.listener) is _VERIFIED]
    for door in over:
        reason = f"a Gateway has {MAX_LISTENERS} at most"
        advice = "" if sets else "Take a version with ListenerSets (Gateway API 1.5, Cilium 1.20)."
        found.losses.append(_left_out(door.listener, reason, advice))
        found.shut.extend(kept_from(door.listener))
    found.made[:] = [door for door in found.made if door not in over]


_VERIFIED = ListenerTls.MUTUAL


def _mode(listener: Listener) -> ListenerTls:
    return ListenerTls.NONE if listener.tls is None else listener.tls.value


def _reason(listener: Listener, beside: Sequence[Listener]) -> str:
    """Why the listener is left out; empty where it is not. ``beside``: those whose demands on clients can be said."""
    mode = None if listener.tls is None else listener.tls.value
    if not listener.hosts:
        return "it names no host"
    if mode is ListenerTls.MUTUAL and beside:
        reason = unverified(listener, beside)
        if reason:
            return reason
    elif mode in _CLIENT:
        return by_options(listener) or _CLIENT[mode]
    ends = mode in ENDS
    if ends and not (listener.certificates and _is_secret(listener)):
        return (
            "its certificate is no Secret of the gateway's namespace: a file in its pods, or a Secret of a "
            "namespace that has not granted it (no ReferenceGrant of the input does)"
            if any(_elsewhere(name.value) for name in listener.certificates)
            else "its certificate is a file in the gateway's pods, where Gateway API wants a Secret"
        )
    return _odd_protocol(listener.protocol.value, mode) or _odd_address(listener)


def by_options(listener: Listener) -> str:
    """That words to its class alone may ask for certificates of clients; empty where there are none."""
    words = [one.value.partition(":")[0] for one in listener.demands]
    foreign = [word for word in words if "/" in word]
    if not foreign or listener.tls is None or listener.tls.value is not ListenerTls.OPTIONAL_MUTUAL:
        return ""
    return f"its tls.options are words to its class alone ({', '.join(foreign)}), and may ask for certificates of clients"


def _odd_protocol(protocol: str, mode: ListenerTls | None) -> str:
    if protocol in ("HTTPS", "TLS") and mode is None:
        return "it has no TLS settings"
    if protocol not in (*HTTP, "HTTPS", "TLS", *_BYTES, *_RAW):
        return f"Gateway API has no listener for {protocol}"
    return ""


def _odd_address(listener: Listener) -> str:
    """A Gateway listens on every address of its own: more than one that is bound to a single address."""
    if listener.bind is not None and listener.bind.value not in ("0.0.0.0", "::"):  # noqa: S104  # compared, not bound
        return f"it listens on {listener.bind.value} only"
    return ""


def _is_secret(listener: Listener) -> bool:
    """Whether all are names, or ``namespace/name`` of the gateway's own namespace or of one that grants its Secrets."""
    own = listener.gateway.value.partition("/")[0]
    granted = [name.value for name in listener.granted]
    given = (name.value for name in listener.certificates if name.value not in granted)
    return all(name.rpartition("/")[0] in ("", own) for name in given)


def _elsewhere(name: str) -> bool:
    return name.count("/") == 1 and not name.startswith("/")


def _plain(listener: Listener, secrets_in: str) -> tuple[Listener, list[Loss]]:
    """The listener without what Gateway API has no word for."""
    losses: list[Loss] = []
    if listener.bind is not None:
        losses.append(_lost((listener.bind,), "the address that a listener binds to cannot be chosen.",
                            Severity.LOW))  # fmt: skip
    mode = ListenerTls.NONE if listener.tls is None else listener.tls.value
    verified = mode is ListenerTls.MUTUAL
    trust = None if verified else listener.client_trust
    settings = [*listener.demands, *([trust] if trust else [])]
    if verified:
        losses.append(by_port(listener))
    if settings:
        words = ", ".join(dict.fromkeys(value.value.split(" ")[0] for value in settings))
        losses.append(
            _lost(
                tuple(settings),
                f"the TLS settings of {listener.gateway.value} have no place in Gateway API ({words}): "
                "the class's own hold.",
                Severity.HIGH,
            )
        )
    secrets = tuple(
        name
        if "/" in name.value
        else name.map(lambda text: f"{secrets_in}/{text.removeprefix('kubernetes://')}")
        for name in listener.certificates
        if mode in ENDS
    )
    node = listener.trail
    if mode not in ENDS and listener.certificates:
        node = derived(node.value, (node, *listener.certificates))
    if listener.redirect_to_tls is not None and not listener.redirect_to_tls.value:
        node = derived(node.value, (node, listener.redirect_to_tls))
    plain = replace(
        listener,
        protocol=listener.protocol.derive(_protocol(listener.protocol.value, mode)),
        bind=None,
        demands=(),
        client_trust=roots_of(listener, secrets_in) if verified else None,
        workloads=None,
        certificates=secrets,
        granted=(),
        redirect_to_tls=listener.redirect_to_tls if _redirects(listener) else None,
        trail=node,
    )
    return plain, losses


def _protocol(word: str, mode: ListenerTls) -> str:
    if word == "UDP":
        return word
    if word in HTTP:
        return "HTTPS" if mode in ENDS else "HTTP"
    if word == "HTTPS":
        return "HTTPS" if mode in ENDS else "TLS"
    return "TLS" if mode in (*ENDS, ListenerTls.PASSTHROUGH) else "TCP"


def _served(protocol: str, mode: ListenerTls) -> Protocol:
    """The rules that hold there: where TLS ends at the gateway and no requests are read, those for TCP.

    istio/istio pilot/pkg/networking/core/gateway.go ``createGatewayTCPFilterChainOpts``, 1.31; a TCPRoute may bind to a listener that
    ends TLS (gateway-api.sigs.k8s.io/guides/tls, 1.4).
    """
    if protocol in ("HTTP", "HTTPS"):
        return Protocol.HTTP
    if protocol == "UDP":
        return Protocol.UDP
    return Protocol.TLS if mode is ListenerTls.PASSTHROUGH else Protocol.TCP


def _door(listener: Listener, host: ListenerHost, names: Names, *, first: bool) -> Door | Loss:
    pattern = host.name.value
    if pattern.kind is PatternKind.SUFFIX and pattern.text and not pattern.text.startswith("."):
        sites = tuple(traced(host)) if not first else (*traced(listener),)
        return _lost(sites, f'"*{pattern.text}" is no host name of Gateway API. {_WHOLE}', Severity.HIGH,
                     Impact.STRICTER)  # fmt: skip
    port, protocol = listener.port.value, listener.protocol.value
    base = listener.name.value if listener.name is not None else f"{protocol.lower()}-{port}"
    label = name_of(base) if len(listener.hosts) == 1 else name_of(base, _spoken(pattern))
    name = names.take("Listener", "", label)
    said: list[Traced[object]] = [listener.port, listener.protocol]
    if listener.name is not None:
        said = [listener.name]
    node = listener.trail
    if protocol in _BYTES or not pattern.text:
        node = derived(node.value, (node, host.name))  # nothing is written for it
        host = replace(host, name=named(pattern, host.name))
    node = derived(node.value, (node, host.trail))
    own = replace(
        listener, name=derived(name, said), hosts=(host,), redirect_to_tls=None, trail=node
    )
    redirects = listener.redirect_to_tls
    mode = ListenerTls.NONE if listener.tls is None else listener.tls.value
    return Door(own, pattern, _served(protocol, mode), redirects)


def _redirects(listener: Listener) -> bool:
    return listener.redirect_to_tls is not None and listener.redirect_to_tls.value


def _spoken(pattern: Pattern) -> str:
    if pattern.kind is PatternKind.EXACT:
        return pattern.text
    return f"any{pattern.text}"


def left(listener: Listener) -> Iterator[Traced[object]]:
    """What the listener says, save which pods serve it."""
    yield from traced(replace(listener, workloads=None))


def _left_out(listener: Listener, reason: str, advice: str = "") -> Loss:
    words = f"port {listener.port.value} of {listener.gateway.value}"
    return Loss(
        code="MM506",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        sites=tuple(left(listener)),
        message=f"the listener on {words} is not written: {reason}. {_WHOLE}",
        why="Verifying clients is part of Gateway API's standard channel from 1.5 on, for a port as a whole.",
        advice=advice
        or "Write it by hand with what the gateway's class offers, as strict as it is now.",
    )


def _twice(door: Door) -> Loss:
    return _lost(
        tuple(traced(door.listener)),
        f"another listener of {door.listener.gateway.value} has the same port and host.",
        Severity.LOW,
        Impact.NONE,
    )


def _lost(
    sites: tuple[Traced[object], ...],
    message: str,
    severity: Severity,
    impact: Impact = Impact.DIFFERENT,
) -> Loss:
    return Loss(
        code="MM506",
        impact=impact,
        support=Support.NEVER,
        severity=severity,
        sites=sites,
        message=message,
        advice="See whether the gateway's class has a setting for it (tls.options, parametersRef).",
    )
