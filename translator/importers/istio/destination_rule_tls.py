"""``tls`` of a traffic policy, and the blocks that only this mesh understands.

istio/istio pilot/pkg/networking/core/cluster_tls.go, 1.31: the block says all there is to say; where
it is given and has no ``mode``, the mode is DISABLE, the zero value of the enumeration.
"""

from __future__ import annotations

from ir.access import ClientTls, TlsMode
from ir.attachment import Attachment
from ir.opaque import Column, Intent, Opaque
from ir.provenance import Traced, absorb, trail
from translator.importers.istio.virtual_service_scope import empties
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

MODES = {
    "DISABLE": TlsMode.OFF,
    "SIMPLE": TlsMode.SIMPLE,
    "MUTUAL": TlsMode.MUTUAL,
    "ISTIO_MUTUAL": TlsMode.MESH,
}


def read_tls(place: Cursor, here: Attachment, meta: Meta) -> ClientTls:
    """``tls``; a mode that is not written has no origin, and ``link`` names the default."""
    return ClientTls(
        attachment=here,
        mode=place.opt_enum("mode", MODES) or Traced(TlsMode.OFF),
        server_name=place.opt_str("sni"),
        trust_roots=place.opt_str("caCertificates"),
        revoked=place.opt_str("caCrl"),
        subject_names=place.opt_strings("subjectAltNames"),
        credential=place.opt_str("credentialName"),
        certificate=place.opt_str("clientCertificate"),
        private_key=place.opt_str("privateKey"),
        skip_verification=place.opt_bool("insecureSkipVerify"),
        trail=empties(absorb(meta.fact("tls"), place.here), place, "subjectAltNames"),
    )


_FOREIGN = (
    ("tunnel", Intent.DESTINATION, (Column.ROUTING,)),
    ("proxyProtocol", Intent.PROXY_PROTOCOL, (Column.ROUTING,)),
)


def read_foreign(
    place: Cursor, balancer: Cursor | None, here: Attachment, meta: Meta
) -> tuple[Opaque, ...]:
    """``tunnel``, ``proxyProtocol`` and ``backendUtilization``: what no other mesh has words for."""
    found = [(place.opt(key), key, intent, touched) for key, intent, touched in _FOREIGN]
    if balancer is not None:
        key = "backendUtilization"
        found.append((balancer.opt(key), key, Intent.OTHER, (Column.RESILIENCE,)))
    return tuple(
        Opaque(
            attachment=here,
            kind=f"DestinationRule {key}",
            intent=intent,
            may_touch=touched,
            trail=trail(key, *own.leaves(), because=meta.because),
        )
        for own, key, intent, touched in found
        if own is not None
    )
