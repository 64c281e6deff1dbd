"""How the node's proxy treats the endpoints of a Service: limits, balancing, those that fail.

Silent values: envoyproxy/envoy api/envoy/config/cluster/v3/outlier_detection.proto, 1.37; cilium/cilium
pkg/ciliumenvoyconfig/cec_resource_parser.go and pkg/option/config.go (``proxy-cluster-max-connections`` and its like), 1.20.
The state is that of the node's proxy, which all clients on the node share.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.attachment import Attachment
from ir.model import Default, Fact
from ir.opaque import Column, Intent, Opaque
from ir.provenance import Silence, Traced, silent
from ir.resilience import ConnectionLimits, LoadBalancing, Outliers, RetryBudget, StateScope
from translator.api import Options
from translator.importers.cilium.envoy.clusters import Cluster, Ejection
from translator.importers.cilium.leaves import leaves_in
from translator.resources.kubernetes.metadata import Meta

_DOC = "https://www.envoyproxy.io/docs/envoy/v1.37.0/api-v3/config/cluster/v3/cluster.proto"


def silence(options: Options, field: str) -> Silence:
    """The name of a default of the proxy at the version of the source."""
    return Silence("cilium", options.source.version, field, _DOC)


def treatment(
    cluster: Cluster, at: Attachment | None, meta: Meta, options: Options
) -> Iterator[Fact]:
    """What holds for requests to the Service; of one that is reached otherwise too (no ``at``) nothing can be said."""
    for why, leaves in cluster.odd:
        yield Opaque(
            attachment=at,
            kind=f"endpoints of {cluster.target.value}: {why}",
            intent=Intent.DESTINATION,
            may_touch=(Column.RESILIENCE,),
            trail=meta.fact("endpoints", *leaves),
        )
    settings = (cluster.algorithm, cluster.connect, cluster.bounds, cluster.ejection)
    if at is None:
        own = leaves_in(*settings)
        if own:
            yield Opaque(
                kind=f"endpoints of {cluster.target.value} as {meta.key} reaches them",
                intent=Intent.DESTINATION,
                may_touch=(Column.RESILIENCE,),
                trail=meta.fact("endpoints", *own),
            )
        return
    if cluster.algorithm is not None:
        yield LoadBalancing(
            attachment=at, algorithm=cluster.algorithm, trail=meta.fact("lb_policy")
        )
    bounds = cluster.bounds
    yield from _limits(cluster, at, meta, options)
    if bounds is not None and bounds.budget is not None:
        percent, least = bounds.budget
        what = silence(options, "CircuitBreakers.Thresholds.retry_budget")
        yield RetryBudget(
            attachment=at,
            percent=silent(20.0, what) if percent is None else percent,
            at_least=silent(3, what) if least is None else least,
            trail=meta.fact("retry_budget"),
        )
    if cluster.ejection is not None:
        yield _outliers(cluster.ejection, at, meta, options)


_SILENT = {"connections": 1024, "pending_requests": 1024, "requests": 1024, "retries": 3}
"""What holds of a block of limits that leaves some out: the agent fills in whole blocks alone, the proxy knows these."""


def _limits(
    cluster: Cluster, at: Attachment, meta: Meta, options: Options
) -> Iterator[ConnectionLimits]:
    """The limits, unless all that is written is that there are none."""
    bounds, connect = cluster.bounds, cluster.connect
    if bounds is None:
        if connect is not None:
            yield ConnectionLimits(
                attachment=at,
                connect_timeout=connect,
                scope=StateScope.NODE,
                trail=meta.fact("connect_timeout"),
            )
        return
    what = silence(options, "CircuitBreakers.Thresholds")
    quiet = {key: silent(usual, what) for key, usual in _SILENT.items() if key in bounds.silent}
    if bounds.budget is not None:  # of both the budget alone counts
        quiet.pop("retries", None)
    found = ConnectionLimits(
        attachment=at,
        max_connections=bounds.connections or quiet.get("connections"),
        max_pending_requests=bounds.pending or quiet.get("pending_requests"),
        max_requests=bounds.requests or quiet.get("requests"),
        max_retries=bounds.retries or quiet.get("retries"),
        connect_timeout=connect,
        scope=StateScope.NODE,
        trail=meta.fact("circuit_breakers", *bounds.spent),
    )
    limits = (found.max_connections, found.max_pending_requests, found.max_requests)
    if any(one is not None for one in (*limits, found.max_retries, connect)):
        yield found


def _outliers(one: Ejection, at: Attachment, meta: Meta, options: Options) -> Outliers:
    what = silence(options, "OutlierDetection")
    first: Traced[float] = silent(30.0, what) if one.first is None else one.first
    return Outliers(
        attachment=at,
        consecutive_errors=silent(5, what) if one.errors is None else one.errors,
        consecutive_gateway_errors=one.gateway_errors,
        consecutive_local_errors=silent(5, what)
        if one.split and one.local_errors is None
        else one.local_errors,
        interval=silent(10.0, what) if one.interval is None else one.interval,
        ejection_time=first,
        longest_ejection=silent(max(300.0, first.value), what)
        if one.longest is None
        else one.longest,
        max_ejection_percent=silent(10, what) if one.percent is None else one.percent,
        min_health_percent=silent(50, what) if one.healthy is None else one.healthy,
        scope=StateScope.NODE,
        trail=meta.fact("outlier_detection", *one.spent),
    )


def defaults(clusters: Sequence[Cluster], options: Options) -> Iterator[Default]:
    """What holds for clusters that say nothing of it."""
    if any(one.bounds is None and not one.odd for one in clusters):
        yield Default(
            key="ConnectionLimits",
            text="The proxy of a node holds at most 1024 connections and 1024 requests to a Service, and 128 further tries.",
            silence=silence(options, "Cluster.circuit_breakers"),
            value="1024 connections, 1024 requests, 128 tries",
        )
    if any(one.ejection is not None and one.ejection.rated for one in clusters):
        yield Default(
            key="Outliers.success_rate",
            text="An endpoint that answers far less often than the others with success is left out for a while.",
            silence=silence(options, "OutlierDetection.enforcing_success_rate"),
            value="1.9 standard deviations",
        )
