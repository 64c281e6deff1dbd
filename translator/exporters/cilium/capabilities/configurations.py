"""Services with a configuration of the node's proxy (``--allow-envoy-config``): what its clusters and routes say.

Only what the importer reads back whole: envoyproxy/envoy api/envoy/config/{cluster,route}/v3, 1.37, as the recipes of
cilium/cilium Documentation/network/servicemesh have it, 1.20.
"""

from __future__ import annotations

from dataclasses import replace

from translator.api import Grade, Row
from translator.exporters.cilium.capabilities.rows import ENVOY_CONFIG, MESH, routes, whole

_KEPT = "this of how connections are kept is not written into the cluster yet."
_PICKED = "this of how an endpoint is picked is not written into the cluster yet: it needs more than the cluster."
_HAND = "Add it to the CiliumEnvoyConfig by hand."
_CORS = "the filter for cross-origin requests is not written into the listener yet."

_ROWS: tuple[Row, ...] = (
    routes("Outliers.error_codes", Grade.NEVER, "MM304", "which answers count as failures cannot be said: those of 500 and above do."),
    whole("Outliers", Grade.PARTIAL, source=MESH),
    *(routes(f"ConnectionLimits.{name}", Grade.NOT_YET, "MM305", _KEPT, _HAND)
      for name in ("max_requests_per_connection", "max_streams", "idle_timeout", "lifetime", "keepalive_probes",
                   "keepalive_time", "keepalive_interval", "ping_interval", "ping_timeout", "http2_upgrade",
                   "clients_protocol")),
    whole("ConnectionLimits", Grade.PARTIAL, source=MESH),
    routes("RetryBudget.interval", Grade.NEVER, "MM302", "only requests that are under way count, not those of a span of time."),
    whole("RetryBudget", Grade.PARTIAL, source=MESH),
    *(routes(f"LoadBalancing.{name}", Grade.NOT_YET, "MM306", _PICKED, _HAND)
      for name in ("hash_key", "hash_table", "locality_aware", "localities", "warmup", "warmup_floor",
                   "warmup_aggression")),
    whole("LoadBalancing", Grade.PARTIAL, source=MESH),
    routes("Route.cross_origin", Grade.NOT_YET, "MM212", _CORS, "Answer them in the application."),
    routes("Route.retry", Grade.PARTIAL),
    routes("Rewrite.pattern", Grade.PARTIAL),
    routes("Rewrite.substitution", Grade.PARTIAL),
)  # fmt: skip

ROWS: tuple[Row, ...] = tuple(replace(row, surface=ENVOY_CONFIG) for row in _ROWS)
