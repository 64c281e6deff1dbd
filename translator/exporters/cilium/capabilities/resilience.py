"""Slow and failing endpoints: what no policy and no route says goes into Envoy's own configuration, or nowhere."""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.cilium.capabilities.rows import ALLOW, ENVOY, MESH, routes, whole

_TIME = "cannot be said."
_NODE = "The state is that of the node's proxy, which all clients on the node share."

ROWS: tuple[Row, ...] = (
    whole("Fault", Grade.NEVER, "MM301", "faults cannot be injected: the proxy is built without the filter.",
          advice="Test with a backend that is slow or fails."),
    routes("Timeouts.response", Grade.NEVER, "MM303", f"a time limit for the answer alone {_TIME}", ENVOY),
    routes("Timeouts.idle", Grade.NEVER, "MM303", f"a time limit for silence {_TIME}", ENVOY),
    whole("Timeouts", Grade.PARTIAL, source=MESH),
    routes("Retry.other_hosts", Grade.NEVER, "MM302", "which endpoint the next try goes to cannot be said."),
    routes("Retry.other_localities", Grade.NEVER, "MM302", "which endpoint the next try goes to cannot be said."),
    whole("Retry", Grade.PARTIAL, source=MESH),
    whole("Outliers", Grade.NOT_YET, "MM380", "endpoints that fail stay in.", advice=f"{ALLOW} {_NODE}", source=MESH),
    whole("ConnectionLimits", Grade.NOT_YET, "MM305", "connections and requests are not limited.",
          advice=f"{ALLOW} {_NODE}", source=MESH),
    whole("RetryBudget", Grade.NOT_YET, "MM302", "further tries are not limited as a share of all requests.",
          advice=ALLOW, source=MESH),
    whole("LoadBalancing", Grade.NOT_YET, "MM306", "endpoints are picked for each connection by the node.",
          advice=f"{ALLOW} For the way alone, annotate it with service.cilium.io/lb-l7-algorithm.", source=MESH),
    whole("SessionAffinity", Grade.NOT_YET, "MM306", "requests of one session do not keep to one endpoint.",
          advice="Set sessionAffinity: ClientIP on the Service.", source=MESH),
    whole("RateLimit", Grade.NOT_YET, "MM542", "requests are not limited.", "LOOSER",
          f"{ENVOY} (envoy.filters.http.local_ratelimit)", source=MESH),
)  # fmt: skip
