"""Slow and failing endpoints: of all this Gateway API has time limits and, where they are tried, retries.

There is no proposal for rate limits, connection limits, ejection of endpoints or the choice among them
(sigs.k8s.io/gateway-api geps/, 1.6).
"""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.gateway_api.capabilities.rows import STANDARD, field, whole

_OWN = "See whether what implements the routes has a policy for it."
_BUDGET = "further tries are not limited as a share of all requests in this version and channel."
_SESSIONS = "requests of one session do not keep to one endpoint in this version and channel."
_X = "Take the experimental channel (--target-version 1.6+experimental)."

ROWS: tuple[Row, ...] = (
    whole("Fault", Grade.NEVER, "MM301", "faults cannot be injected."),
    field("Timeouts.response", Grade.NEVER, "MM303", "a time limit for the answer alone cannot be said.", _OWN),
    field("Timeouts.idle", Grade.NEVER, "MM303", "a time limit for silence cannot be said.", _OWN),
    whole("Timeouts", Grade.PARTIAL),
    field("Retry.other_hosts", Grade.NEVER, "MM302", "which endpoint the next try goes to cannot be said."),
    field("Retry.other_localities", Grade.NEVER, "MM302", "which endpoint the next try goes to cannot be said."),
    whole("Retry", Grade.PARTIAL),
    whole("Outliers", Grade.NEVER, "MM380", "endpoints that fail are not left out.", advice=_OWN),
    whole("ConnectionLimits", Grade.NEVER, "MM305", "connections and requests to a service are not limited.",
          advice=_OWN),
    field("RetryBudget.labels", Grade.NEVER, "MM302", "a budget for the endpoints of a subset cannot be said.", _OWN),
    field("RetryBudget.attachment", Grade.NEVER, "MM302", _BUDGET, _X, channel=STANDARD),
    field("RetryBudget.attachment", Grade.NEVER, "MM302", _BUDGET, _X, until="1.3"),
    whole("RetryBudget", Grade.PARTIAL),
    field("SessionAffinity.attachment", Grade.NEVER, "MM306", _SESSIONS, _X, channel=STANDARD),
    field("SessionAffinity.attachment", Grade.NEVER, "MM306", _SESSIONS, _X, until="1.3"),
    field("SessionAffinity.ends", Grade.NEVER, "MM306", "sessions do not end by themselves.", _OWN),
    whole("SessionAffinity", Grade.PARTIAL),
    whole("LoadBalancing", Grade.NEVER, "MM306", "how an endpoint is picked cannot be said.", advice=_OWN),
    whole("RateLimit", Grade.NEVER, "MM542", "requests are not limited.", impact="LOOSER", advice=_OWN),
)  # fmt: skip
