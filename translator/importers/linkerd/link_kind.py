"""``multicluster.linkerd.io`` Link: another cluster, whose exported Services are mirrored here.

linkerd2 controller/gen/apis/link/v1alpha3/types.go and multicluster/service-mirror/cluster_watcher.go, 2.20: what it
makes are Services of this cluster, which no fact has words for while they are not in the input.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.model import Fact
from ir.opaque import Column, Opaque
from ir.provenance import trail
from translator.importers.linkerd.model import ClusterLink, Statement
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

_KIND = "services of another cluster that are mirrored"


def read_link(root: Cursor, meta: Meta) -> ClusterLink:
    """The link, taken as one piece."""
    return ClusterLink(meta=meta, trail=meta.fact("Link", *root.map("spec").leaves()))


def mirrored(statements: Sequence[Statement]) -> Iterator[Fact]:
    """What links come to: nothing that is understood."""
    for one in statements:
        if isinstance(one, ClusterLink):
            spent = one.trail
            yield Opaque(
                kind=_KIND,
                may_touch=(Column.ROUTING,),
                trail=trail(_KIND, *spent.origin, because=spent.because),
            )
