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
    field("Outliers.longest_ejection", Grade.PARTIAL, "MM334"),
    whole("Outliers", Grade.PARTIAL),
    whole("ConnectionLimits", Grade.NOT_YET, "MM305", "limits of connections are not written yet.", advice=_RULE),
    *(field(f"RetryBudget.{name}", Grade.NEVER, "MM302", "this version has no budget for further tries.", until="1.27")
      for name in ("attachment", "labels", "percent", "at_least", "interval")),
    whole("RetryBudget", Grade.PARTIAL),
    whole("LoadBalancing", Grade.NOT_YET, "MM306", "how an endpoint is picked is not written yet.", advice=_RULE),
    whole("SessionAffinity", Grade.PARTIAL),
    field("RateLimit.callers", Grade.NEVER, "MM542", "a limit for some callers cannot be said in the documented form.",
          impact="LOOSER", advice="Limit single callers in the application."),
    whole("RateLimit", Grade.PARTIAL),
)  # fmt: skip
