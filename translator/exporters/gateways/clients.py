"""Certificates that listeners demand of clients: Gateway API verifies them for a port as a whole, by roots in an object.

sigs.k8s.io/gateway-api apis/v1/gateway_types.go ``FrontendTLSConfig`` (geps/gep-91, standard since 1.5). The roots are a
ConfigMap; a Secret is taken by some classes, and one that does not take it serves nothing on the port (``ResolvedRefs``).
"""

from __future__ import annotations

from collections.abc import Sequence

from ir.edge import Listener, ListenerTls
from ir.provenance import Traced
from translator.api import Loss
from translator.report.model import Fate, Impact, Severity, Support

ENDS = (ListenerTls.TERMINATE, ListenerTls.MUTUAL)
"""Listeners at which TLS ends."""

_NARROWING = ("subjectAltNames", "verifyCertificateSpki", "verifyCertificateHash", "caCrl")
"""Demands that refuse some of the certificates that the roots have signed."""


def unverified(listener: Listener, beside: Sequence[Listener]) -> str:
    """Why the demand on clients cannot be said; empty where it can. ``beside``: all listeners of the gateway."""
    words = [one.value.split(" ")[0] for one in listener.demands]
    narrowing = [word for word in words if word in _NARROWING]
    if narrowing:
        return f"it takes some certificates of clients only ({', '.join(dict.fromkeys(narrowing))})"
    if any(one.value == "insecureSkipVerify True" for one in listener.demands):
        return "it takes certificates of clients that it does not verify"
    if listener.client_trust is not None and "/" in listener.client_trust.value:
        return "the roots of its clients are a file in the gateway's pods, where Gateway API wants an object"
    if not listener.certificates:
        return "its certificate is a file in the gateway's pods, where Gateway API wants a Secret"
    alike = {_asks(one) for one in beside if _is_beside(one, listener)}
    if len(alike) > 1:
        return "other listeners of its port ask something else of clients, and Gateway API asks by port"
    return ""


def _is_beside(one: Listener, other: Listener) -> bool:
    return one.port.value == other.port.value and one.tls is not None and one.tls.value in _ASKING


_ASKING = (*ENDS, ListenerTls.OPTIONAL_MUTUAL)


def _asks(one: Listener) -> tuple[str, ...]:
    if one.tls is None or one.tls.value is not ListenerTls.MUTUAL:
        return ("" if one.tls is None else one.tls.value,)
    trust = "" if one.client_trust is None else one.client_trust.value
    return ("mutual", trust, *(name.value for name in one.certificates))


def roots_of(listener: Listener, secrets_in: str) -> Traced[str]:
    """``namespace/name`` of the Secret with the roots: one of its own, else that of the certificate.

    istio/istio pilot/pkg/credentials/kube/secrets.go, 1.31: the roots stand in the same Secret (``ca.crt``), or in one
    that is called as it is with ``-cacert`` at the end.
    """
    own = listener.client_trust
    if own is not None:
        return own.derive(f"{secrets_in}/{own.value.removeprefix('kubernetes://')}")
    first = listener.certificates[0]
    return first.derive(f"{secrets_in}/{first.value.removeprefix('kubernetes://')}")


def by_port(listener: Listener) -> Loss:
    """What to see to where a port demands certificates."""
    sites = tuple(one for one in (listener.tls, listener.client_trust) if one is not None)
    return Loss(
        code="MM566",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        fate=Fate.APPROXIMATED,
        sites=sites,
        message=f"port {listener.port.value} of {listener.gateway.value} demands certificates of clients by the roots in a "
        "Secret (ca.crt): a class that takes roots from ConfigMaps alone serves nothing there, and one that does not know "
        "GatewayFrontendClientCertificateValidation asks nobody for a certificate.",
        why="Gateway API knows roots in ConfigMaps; Secrets are for each class to take or not.",
        advice="Give the class no traffic before status.supportedFeatures of its GatewayClass names it. Look at the status of the listener once it is applied; put the roots into a ConfigMap (ca.crt) and name that "
        "where the class does not take the Secret. Where the source has them in a Secret of their own (-cacert), name it.",
    )
