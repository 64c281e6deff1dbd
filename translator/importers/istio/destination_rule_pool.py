"""``connectionPool``, ``outlierDetection`` and ``retryBudget`` of a traffic policy.

istio/istio pilot/pkg/networking/core/cluster_traffic_policy.go ``applyConnectionPool``,
``applyOutlierDetection``, ``applyRetryBudget``, 1.31.
"""

from __future__ import annotations

from ir.attachment import Attachment
from ir.provenance import Traced, Trail, absorb
from ir.resilience import ConnectionLimits, Outliers, RetryBudget
from translator.importers.istio.virtual_service_scope import duration, empties
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

_UPGRADES = {"DEFAULT": None, "DO_NOT_UPGRADE": False, "UPGRADE": True}
"""Words of ``h2UpgradePolicy``; by default the mesh decides, and it does not upgrade."""


def read_limits(place: Cursor, here: Attachment, meta: Meta) -> ConnectionLimits:
    """``connectionPool``. The HTTP idle time counts; that of TCP only where it is not given."""
    node = empties(absorb(meta.fact("connectionPool"), place.here), place, "tcp", "http")
    tcp, http = place.opt_map("tcp"), place.opt_map("http")
    connections, node = _number(tcp, "maxConnections", node)
    pending, node = _number(http, "http1MaxPendingRequests", node)
    requests, node = _number(http, "http2MaxRequests", node)
    per_connection, node = _number(http, "maxRequestsPerConnection", node)
    retries, node = _number(http, "maxRetries", node)
    streams, node = _number(http, "maxConcurrentStreams", node)
    keepalive = None if tcp is None else tcp.opt_map("tcpKeepalive")
    probes, node = _number(keepalive, "probes", node)
    ping = None if http is None else http.opt_map("http2KeepAlive")
    upgrade, node = _upgrade(http, node)
    idle, node = _idle(tcp, http, node)
    if tcp is not None:
        node = empties(node, tcp, "tcpKeepalive")
    if http is not None:
        node = empties(node, http, "http2KeepAlive")
    return ConnectionLimits(
        attachment=here,
        max_connections=connections,
        max_pending_requests=pending,
        max_requests=requests,
        max_requests_per_connection=per_connection,
        max_retries=retries,
        max_streams=streams,
        connect_timeout=_seconds(tcp, "connectTimeout"),
        idle_timeout=idle,
        lifetime=_seconds(tcp, "maxConnectionDuration"),
        keepalive_probes=probes,
        keepalive_time=_seconds(keepalive, "time"),
        keepalive_interval=_seconds(keepalive, "interval"),
        ping_interval=_seconds(ping, "interval"),
        ping_timeout=_seconds(ping, "timeout"),
        http2_upgrade=upgrade,
        clients_protocol=None if http is None else http.opt_bool("useClientProtocol"),
        trail=node,
    )


def _seconds(place: Cursor | None, key: str) -> Traced[float] | None:
    return None if place is None else duration(place, key)


def _idle(
    tcp: Cursor | None, http: Cursor | None, node: Trail
) -> tuple[Traced[float] | None, Trail]:
    """The idle time, and the trail with that of TCP where HTTP has one of its own."""
    of_tcp = None if tcp is None else tcp.opt_duration("idleTimeout")
    of_http = None if http is None else duration(http, "idleTimeout")
    if of_http is None:
        return of_tcp, node
    return of_http, node if of_tcp is None else absorb(node, of_tcp)


def _upgrade(http: Cursor | None, node: Trail) -> tuple[Traced[bool] | None, Trail]:
    word = None if http is None else http.opt_enum("h2UpgradePolicy", _UPGRADES)
    if word is None or word.value is None:
        return None, node if word is None else absorb(node, word)
    return Traced(word.value, word.origin), node


def _number(place: Cursor | None, key: str, node: Trail) -> tuple[Traced[int] | None, Trail]:
    """A whole number; 0 is "not set" and goes into the trail."""
    value = None if place is None else place.opt_int(key)
    if value is None or value.value:
        return value, node
    return None, absorb(node, value)


def read_budget(place: Cursor, here: Attachment, meta: Meta) -> RetryBudget:
    """``retryBudget``: of the requests under way so many percent may be further tries."""
    return RetryBudget(
        attachment=here,
        percent=place.opt_number("percent"),
        at_least=place.opt_int("minRetryConcurrency"),
        interval=place.opt_duration("budgetInterval"),
        trail=absorb(meta.fact("retryBudget"), place.here),
    )


def read_outliers(place: Cursor, here: Attachment, meta: Meta) -> Outliers:
    """``outlierDetection``: the block switches it on, however empty it is.

    Local failures count only where ``splitExternalLocalOriginErrors`` tells them apart; 0 of them, or none: as the
    proxy has it.
    """
    node = empties(
        absorb(meta.fact("outlierDetection"), place.here), place, "outlierDetectionHttpErrorCodes"
    )
    split = place.opt_bool("splitExternalLocalOriginErrors")
    if split is not None:
        node = absorb(node, split)
    apart = split is not None and split.value
    local, node = _number(place, "consecutiveLocalOriginFailures", node)
    if local is not None and not apart:
        node = absorb(node, local)
        local = None
    if local is None and apart:
        local = Traced(0)
    most, node = _number(place, "maxEjectionPercent", node)
    codes = place.opt_list("outlierDetectionHttpErrorCodes")
    return Outliers(
        attachment=here,
        consecutive_errors=place.opt_int("consecutive5xxErrors"),
        consecutive_gateway_errors=place.opt_int("consecutiveGatewayErrors"),
        consecutive_local_errors=local,
        interval=duration(place, "interval"),
        ejection_time=duration(place, "baseEjectionTime"),
        max_ejection_percent=most,
        min_health_percent=place.opt_int("minHealthPercent"),
        error_codes=tuple(code.as_int() for code in codes),
        trail=node,
    )
