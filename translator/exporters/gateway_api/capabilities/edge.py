"""The rim of the mesh: gateways, and names outside."""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.gateway_api.capabilities.rows import field, whole

_NAMES = "names outside the cluster are no objects of Gateway API: clients look them up themselves."
_DECLARE = (
    "Make a Service for each name (ExternalName, or without selector and with EndpointSlices)."
)

ROWS: tuple[Row, ...] = (
    whole("Listener", Grade.PARTIAL),
    whole("ListenerHost", Grade.PARTIAL),
    field("ExternalService.subject_names", Grade.NEVER, "MM502", _NAMES, _DECLARE, impact="DIFFERENT"),
    whole("ExternalService", Grade.NEVER, "MM502", _NAMES, advice=_DECLARE),
    whole("ExternalPort", Grade.NEVER, "MM502", _NAMES, advice=_DECLARE),
    whole("ExternalEndpoint", Grade.NEVER, "MM502", _NAMES, advice=_DECLARE),
    whole("ExternalWorkload", Grade.NEVER, "MM526", "there are no workloads outside the cluster.",
          advice="Register the machine with what implements the routes."),
    whole("EgressPolicy", Grade.PARTIAL, "MM503"),
)  # fmt: skip
