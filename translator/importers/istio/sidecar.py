"""``networking.istio.io`` Sidecar: what the proxies of a namespace, or of some workloads, know and let out.

istio/api networking/v1alpha3/sidecar.proto and istio/istio pilot/pkg/model/sidecar.go, 1.31.
"""

from __future__ import annotations

from ir.edge import UnknownEgress
from ir.inventory import equal_to
from ir.match import Labels
from ir.provenance import Traced, absorb, derived
from translator.importers.istio.model.egress import Sidecar
from translator.importers.istio.virtual_service_scope import read_created
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

MODES = {
    "REGISTRY_ONLY": UnknownEgress.REFUSE,
    "ALLOW_ANY": UnknownEgress.PASS,
    "ALLOW_ANY_DYNAMIC_DNS": UnknownEgress.PASS,
}
_PORTS = ("ingress", "inboundConnectionPool")
_LISTENER = ("port", "bind", "captureMode")


def read_sidecar(root: Cursor, meta: Meta) -> Sidecar:
    """The resource as written.

    Raises:
        InputError: a field has a type or a word that the API server refuses.
    """
    node = absorb(meta.fact("Sidecar"), root.empty("spec"))
    spec = root.opt_map("spec")
    if spec is None:
        return Sidecar(
            meta=meta,
            created=read_created(root),
            selector=None,
            unknown=None,
            through=None,
            seen=(),
            ports=None,
            trail=node,
        )
    selector = spec.opt_map("workloadSelector")
    if selector is not None:
        node = absorb(node, selector.here, selector.empty("labels"))
    policy = spec.opt_map("outboundTrafficPolicy")
    leaves = [leaf for key in _PORTS if (found := spec.opt(key)) for leaf in found.leaves()]
    seen: list[Traced[str]] = []
    for item in spec.opt_list("egress"):
        node = absorb(node, item.here, item.empty("hosts"))
        seen.extend(host.map(str.lower) for host in item.opt_strings("hosts"))
        leaves.extend(
            leaf for key in _LISTENER if (found := item.opt(key)) for leaf in found.leaves()
        )
    return Sidecar(
        meta=meta,
        created=read_created(root),
        selector=None if selector is None else _labels(selector),
        unknown=None if policy is None else _mode(policy),
        through=None if policy is None else _through(policy),
        seen=tuple(seen),
        ports=meta.fact("ports of the proxy", *leaves) if leaves else None,
        trail=absorb(node, spec.empty("egress")),
    )


def _labels(selector: Cursor) -> Traced[Labels] | None:
    entries = selector.opt_string_map("labels")
    if not entries:
        return None
    origin = tuple(leaf for _, value in entries for leaf in value.origin)
    return Traced(equal_to({key: value.value for key, value in entries}), origin)


def _mode(policy: Cursor) -> Traced[UnknownEgress]:
    """A block without a mode refuses: the first word of the enumeration is ``REGISTRY_ONLY``."""
    written = policy.opt_enum("mode", MODES)
    return Traced(UnknownEgress.REFUSE, policy.leaf) if written is None else written


def _through(policy: Cursor) -> Traced[str] | None:
    proxy = policy.opt_map("egressProxy")
    if proxy is None:
        return None
    port = proxy.opt_map("port")
    parts: list[Traced[object]] = [proxy.str("host")]
    more = (None if port is None else port.opt_int("number"), proxy.opt_str("subset"))
    parts.extend(value for value in more if value is not None)
    return derived(":".join(str(part.value) for part in parts), parts)
