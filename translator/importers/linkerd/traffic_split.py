"""``split.smi-spec.io`` TrafficSplit, which Linkerd's SMI extension makes shares of a ServiceProfile of.

linkerd-smi pkg/adaptor/controller.go, 0.2: the profile of the Service in the split's own namespace gets the shares as
``dstOverrides``; ``spec.matches`` is not looked at.
"""

from __future__ import annotations

from ir.provenance import Traced, absorb, trail
from ir.traffic import Backend, Destination
from translator.importers.linkerd.age import read_created
from translator.importers.linkerd.model import TrafficSplit
from translator.importers.linkerd.quantity import read_weight
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

FAILOVER = (
    ("labels", "failover.linkerd.io/controlled-by"),
    ("annotations", "failover.linkerd.io/primary-service"),
)
"""What puts a split into the hands of the failover extension (linkerd-failover, 0.1)."""

SPLIT_KEYS = frozenset(key for _, key in FAILOVER)


def read_traffic_split(root: Cursor, meta: Meta) -> TrafficSplit:
    """The split as written."""
    spec = root.map("spec")
    matches = spec.opt("matches")
    return TrafficSplit(
        meta=meta,
        created=read_created(root),
        service=spec.str("service"),
        backends=tuple(_backend(item, meta) for item in spec.opt_list("backends")),
        ignored=() if matches is None else matches.leaves(),
        failover=tuple(_failover(root)),
        trail=absorb(meta.fact("TrafficSplit"), spec.empty("backends")),
    )


def _backend(item: Cursor, meta: Meta) -> Backend:
    destination = Destination(
        namespace=meta.namespace,
        name=item.str("service"),
        trail=trail("destination", because=meta.because),
    )
    return Backend(
        destination=destination,
        weight=read_weight(item),
        trail=trail("share", because=meta.because),
    )


def _failover(root: Cursor) -> list[Traced[str]]:
    found: list[Traced[str]] = []
    for field, key in FAILOVER:
        entries = root.map("metadata").opt_map(field)
        value = None if entries is None else entries.opt_str(key)
        if value is not None:
            found.append(value)
    return found
