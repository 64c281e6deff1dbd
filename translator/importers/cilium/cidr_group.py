"""``cilium.io`` CiliumCIDRGroup: a list of blocks of addresses by name."""

from __future__ import annotations

from ir.provenance import absorb
from translator.importers.cilium.model import CidrGroup
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor


def read_cidr_group(root: Cursor, meta: Meta) -> CidrGroup:
    """The blocks as written.

    Raises:
        InputError: the list is missing, or a block is no text.
    """
    spec = root.map("spec")
    node = absorb(meta.fact("blocks"), spec.here, spec.empty("externalCIDRs"))
    return CidrGroup(
        meta=meta,
        blocks=tuple(one.as_str() for one in spec.list("externalCIDRs")),
        labels={entry.key: entry.value.value for entry in meta.source.labels},
        trail=node,
    )
