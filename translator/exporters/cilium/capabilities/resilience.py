"""Slow and failing endpoints: what no policy and no route says goes into Envoy's own configuration, or nowhere."""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.cilium.capabilities.rows import ENVOY, MESH, whole

_ROUTES = "is part of a route, and routes are not translated yet."
_NODE = "The state is that of the node's proxy, which all clients on the node share."

ROWS: tuple[Row, ...] = (
    whole("Fault", Grade.NEVER, "MM301", "faults cannot be injected: the proxy is built without the filter.",
          advice="Test with a backend that is slow or fails."),
    whole("Timeouts", Grade.NOT_YET, "MM303", f"a time limit {_ROUTES}", advice=ENVOY, source=MESH),
    whole("Retry", Grade.NOT_YET, "MM302", f"a further try {_ROUTES} In HTTPRoutes it works with 1.20 and later.",
          advice=ENVOY, source=MESH),
    whole("Outliers", Grade.NOT_YET, "MM380", "endpoints that fail stay in.", advice=f"{ENVOY} {_NODE}", source=MESH),
    whole("ConnectionLimits", Grade.NOT_YET, "MM305", "connections and requests are not limited.",
          advice=f"{ENVOY} {_NODE}", source=MESH),
    whole("RetryBudget", Grade.NOT_YET, "MM302", "further tries are not limited as a share of all requests.",
          advice=ENVOY, source=MESH),
    whole("LoadBalancing", Grade.NOT_YET, "MM306", "endpoints are picked for each connection by the node.",
          advice="Annotate the Service with service.cilium.io/lb-l7-algorithm, or write a CiliumEnvoyConfig.", source=MESH),
    whole("SessionAffinity", Grade.NOT_YET, "MM306", "requests of one session do not keep to one endpoint.",
          advice="Set sessionAffinity: ClientIP on the Service.", source=MESH),
    whole("RateLimit", Grade.NOT_YET, "MM542", "requests are not limited.", "LOOSER",
          f"{ENVOY} (envoy.filters.http.local_ratelimit)", source=MESH),
)  # fmt: skip
