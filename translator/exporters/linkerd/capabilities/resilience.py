"""Slow and failing endpoints.

linkerd2 policy-controller/k8s/index/src/outbound/index.rs ``parse_accrual_config``, 2.20; linkerd2-proxy
linkerd/app/outbound ``balance`` (power of two choices by peak EWMA, nothing to be set) and linkerd/http/stream-timeouts.
"""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.linkerd.capabilities.rows import DOCS, field, whole

_COUNTED = (
    "failures are counted in one way: all answers of 500 and above, and streams that break, in a row. Single statuses, "
    "gateway errors and failed connections cannot be counted apart."
)
_ALL_OUT = (
    "an endpoint is taken out at once when it has failed often enough, and all of them may be out at the same time: no "
    "interval, no share that stays in."
)
_WATCH = "Watch the share of failures after the change; choose a number of failures that healthy endpoints do not reach."
_UNLIMITED = (
    "connections, requests and retries to a service are not limited by its clients' proxies."
)
_PROTECT = "Protect the application by limits of its own, or limit the rate at its port (HTTPLocalRateLimitPolicy)."
_KEPT = "how connections are kept open, and in which version of HTTP requests travel, is fixed."
_BUDGET = "further tries are limited for each request, not as a share of all requests."
_NO_PROFILE = (
    "A ServiceProfile has a retryBudget, but it puts all HTTPRoutes of its service out of force."
)
_SPREAD = "requests of one session or key do not keep to one endpoint."
_STATE = "Keep the state of sessions outside the application, or let an ingress in front of it keep them together."
_NEAR = "regions and zones do not decide which endpoint is picked."
_HINTS = "Set trafficDistribution or topology hints on the Service: the target heeds these."
_COLD = "a new endpoint gets its share at once."
_READY = "Let the readiness probe pass only when the application is warm."

ROWS: tuple[Row, ...] = (
    whole("Fault", Grade.NEVER, "MM301", "faults cannot be injected."),
    field("Timeouts.per_backend", Grade.NEVER, "MM303", "a time limit for one backend is not enforced."),
    whole("Timeouts", Grade.FULL),
    field("Retry.backoff", Grade.NEVER, "MM302", "the pause between tries is fixed (25 to 250 ms).", impact="DIFFERENT"),
    field("Retry.other_hosts", Grade.NEVER, "MM302", "which endpoint the next try goes to cannot be said."),
    field("Retry.other_localities", Grade.NEVER, "MM302", "which endpoint the next try goes to cannot be said."),
    whole("Retry", Grade.PARTIAL),
    *(field(f"Outliers.{name}", Grade.NEVER, "MM304", _COUNTED, _WATCH)
      for name in ("consecutive_gateway_errors", "consecutive_local_errors", "error_codes")),
    *(field(f"Outliers.{name}", Grade.NEVER, "MM304", _ALL_OUT, _WATCH)
      for name in ("interval", "max_ejection_percent", "min_health_percent")),
    whole("Outliers", Grade.PARTIAL),
    *(field(f"ConnectionLimits.{name}", Grade.NEVER, "MM305", _UNLIMITED, _PROTECT)
      for name in ("max_connections", "max_pending_requests", "max_requests", "max_requests_per_connection",
                   "max_retries", "max_streams")),
    field("ConnectionLimits.connect_timeout", Grade.NEVER, "MM303",
          "how long a connection may take to open is a setting of each client's proxy (1 s where it is not set), "
          "not of the service.",
          "Set config.linkerd.io/proxy-outbound-connect-timeout on the workloads that call the service."),
    *(field(f"ConnectionLimits.{name}", Grade.NEVER, "MM305", _KEPT, impact="NONE")
      for name in ("idle_timeout", "lifetime", "keepalive_probes", "keepalive_time", "keepalive_interval",
                   "ping_interval", "ping_timeout", "http2_upgrade", "clients_protocol")),
    whole("ConnectionLimits", Grade.PARTIAL),
    *(field(f"RetryBudget.{name}", Grade.NEVER, "MM302", _BUDGET, _NO_PROFILE)
      for name in ("percent", "at_least", "interval")),
    whole("RetryBudget", Grade.PARTIAL),
    *(field(f"LoadBalancing.{name}", Grade.NEVER, "MM306", _SPREAD, _STATE) for name in ("hash_key", "hash_table")),
    *(field(f"LoadBalancing.{name}", Grade.NEVER, "MM306", _NEAR, _HINTS) for name in ("localities", "locality_aware")),
    *(field(f"LoadBalancing.{name}", Grade.NEVER, "MM306", _COLD, _READY)
      for name in ("warmup", "warmup_floor", "warmup_aggression")),
    whole("LoadBalancing", Grade.PARTIAL),
    whole("SessionAffinity", Grade.NEVER, "MM306", _SPREAD, advice=_STATE),
    Row(key="RateLimit.*", grade=Grade.NEVER, until="2.17", code="MM542", impact="LOOSER", source=DOCS,
        why="requests are not limited: this version has no limit for requests a second.",
        advice="Take a version from 2.17 on (HTTPLocalRateLimitPolicy), or limit them in the application."),
    whole("RateLimit", Grade.PARTIAL),
)  # fmt: skip
