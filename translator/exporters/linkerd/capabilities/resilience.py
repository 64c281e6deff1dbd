"""Slow and failing endpoints."""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.linkerd.capabilities.rows import field, whole

ROWS: tuple[Row, ...] = (
    whole("Fault", Grade.NEVER, "MM301", "faults cannot be injected."),
    field("Timeouts.per_backend", Grade.NEVER, "MM303", "a time limit for one backend is not enforced."),
    whole("Timeouts", Grade.FULL),
    field("Retry.backoff", Grade.NEVER, "MM302", "the pause between tries is fixed (25 to 250 ms).", impact="DIFFERENT"),
    field("Retry.other_hosts", Grade.NEVER, "MM302", "which endpoint the next try goes to cannot be said."),
    field("Retry.other_localities", Grade.NEVER, "MM302", "which endpoint the next try goes to cannot be said."),
    whole("Retry", Grade.PARTIAL),
    whole("Outliers", Grade.NOT_YET, "MM304", "the ejection of failing endpoints is not translated yet.",
           advice="Set balancer.linkerd.io/failure-accrual on the Service."),
    whole("ConnectionLimits", Grade.NEVER, "MM305", "connections and requests are not limited."),
    whole("LoadBalancing", Grade.NEVER, "MM306",
           "how an endpoint is picked is fixed: by latency, two at random."),
    whole("SessionAffinity", Grade.NEVER, "MM306", "requests of one session do not keep to one endpoint."),
    whole("RateLimit", Grade.NOT_YET, "MM305", "rate limits are not translated yet.", impact="LOOSER"),
)  # fmt: skip
