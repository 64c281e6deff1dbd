"""Slow and failing endpoints: VirtualService (times, tries, faults) and DestinationRule (the rest)."""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.istio.capabilities.rows import field, whole

_RULE = "Write it in a DestinationRule."

ROWS: tuple[Row, ...] = (
    field("Timeouts.response", Grade.NEVER, "MM303", "a time limit for the answer alone cannot be said."),
    field("Timeouts.idle", Grade.NEVER, "MM303", "a time limit for silence cannot be said of a route."),
    field("Timeouts.per_backend", Grade.NEVER, "MM303", "a time limit for one try alone cannot be said without retries."),
    whole("Timeouts", Grade.PARTIAL),
    whole("Retry", Grade.PARTIAL),
    whole("Fault", Grade.PARTIAL),
    whole("Outliers", Grade.NOT_YET, "MM304", "endpoints that fail are not left out yet.", advice=_RULE),
    whole("ConnectionLimits", Grade.NOT_YET, "MM305", "limits of connections are not written yet.", advice=_RULE),
    whole("RetryBudget", Grade.NOT_YET, "MM302", "a budget for further tries is not written yet.", advice=_RULE),
    whole("LoadBalancing", Grade.NOT_YET, "MM306", "how an endpoint is picked is not written yet.", advice=_RULE),
    whole("SessionAffinity", Grade.NOT_YET, "MM306", "requests of one session do not keep to one endpoint yet.",
          advice=_RULE),
    field("RateLimit.callers", Grade.NEVER, "MM542", "a limit for some callers cannot be said in the documented form.",
          impact="LOOSER", advice="Limit single callers in the application."),
    whole("RateLimit", Grade.PARTIAL),
)  # fmt: skip
