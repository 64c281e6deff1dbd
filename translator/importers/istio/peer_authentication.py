"""``security.istio.io`` PeerAuthentication: what proof of identity a workload asks of its callers."""

from __future__ import annotations

from ir.provenance import Traced, absorb
from translator.importers.istio.model import PeerAuthentication
from translator.importers.istio.selector import read_selector
from translator.importers.istio.virtual_service_scope import read_created
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

MODES = {mode: mode for mode in ("UNSET", "DISABLE", "PERMISSIVE", "STRICT")}


def read_peer_authentication(root: Cursor, meta: Meta) -> PeerAuthentication:
    """The policy as written; ``UNSET`` and absence inherit.

    Raises:
        InputError: a mode is none of the four words, or a port is no number.
    """
    node = absorb(meta.fact("PeerAuthentication"), root.empty("spec"))
    created = read_created(root)
    spec = root.opt_map("spec")
    if spec is None:
        return PeerAuthentication(
            meta=meta, created=created, selector=None, mode=None, ports=(), trail=node
        )
    selector, spent = read_selector(spec)
    mtls = spec.opt_map("mtls")
    ports = spec.opt_map("portLevelMtls")
    node = absorb(node, spent, spec.empty("mtls"), spec.empty("portLevelMtls"))
    found: list[tuple[int, Traced[str]]] = []
    for key, place in () if ports is None else ports.entries():
        if not key.isdigit():
            raise place.refuse(f'expected a port number as key, found "{key}".')
        node = absorb(node, place.here)
        mode = place.opt_enum("mode", MODES) if isinstance(place.node.value, dict) else None
        if mode is not None:
            found.append((int(key), mode))
    return PeerAuthentication(
        meta=meta,
        created=created,
        selector=selector,
        mode=None if mtls is None else mtls.opt_enum("mode", MODES),
        ports=tuple(found),
        trail=node,
    )
