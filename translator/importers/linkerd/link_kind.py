"""``multicluster.linkerd.io`` Link: another cluster, whose exported Services are mirrored here.

linkerd2 controller/gen/apis/link/v1alpha3/types.go and multicluster/service-mirror/cluster_watcher.go, 2.20: what it
makes are Services of this cluster, which bear the labels that ``keys.py`` names. The Link itself says of no request what
becomes of it: it is how the mesh is spread over clusters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.attachment import Scope, Subject
from ir.membership import Aspect, ProxySetting
from ir.provenance import Traced, absorb, trail
from translator.importers.linkerd.model import ClusterLink, Statement
from translator.importers.linkerd.server import read_selector
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

_TEXTS = (
    "targetClusterDomain",
    "targetClusterLinkerdNamespace",
    "clusterCredentialsSecret",
    "gatewayAddress",
    "gatewayPort",
    "gatewayIdentity",
)
_PROBE = ("path", "port", "period", "timeout", "failureThreshold")
_SELECTORS = ("selector", "remoteDiscoverySelector", "federatedServiceSelector")


def read_link(root: Cursor, meta: Meta) -> ClusterLink:
    """The link: the name of the cluster, and all else that is said of the way to it."""
    spec = root.map("spec")
    probe = spec.opt_map("probeSpec")
    spent: list[Traced[object]] = [v for key in _TEXTS if (v := spec.opt_str(key)) is not None]
    if probe is not None:
        spent += [v for key in _PROBE if (v := probe.opt_str(key)) is not None]
        spent.append(probe.here)
    for key in _SELECTORS:
        place = spec.opt_map(key)
        if place is not None:
            spent.append(read_selector(place))
    for key in ("excludedAnnotations", "excludedLabels"):
        spent += [*spec.opt_strings(key), spec.empty(key)]
    return ClusterLink(
        meta=meta,
        cluster=spec.opt_str("targetClusterName") or Traced(meta.name.value, (), meta.because),
        trail=absorb(meta.fact("Link"), *spent),
    )


def mirrored(statements: Sequence[Statement]) -> Iterator[ProxySetting]:
    """The clusters over which the mesh is spread."""
    for one in statements:
        if isinstance(one, ClusterLink):
            yield ProxySetting(
                subject=Subject(scope=Scope.MESH, trail=trail("the mesh")),
                object="",
                aspect=Aspect.NETWORKS,
                value=one.cluster,
                trail=one.trail,
            )
