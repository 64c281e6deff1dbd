"""The rim of the mesh: gateways, and names outside."""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.istio.capabilities.rows import field, whole

ROWS: tuple[Row, ...] = (
    whole("Listener", Grade.PARTIAL),
    whole("ListenerHost", Grade.PARTIAL),
    whole("ExternalService", Grade.PARTIAL),
    whole("ExternalPort", Grade.PARTIAL),
    field("ExternalEndpoint.placement", Grade.NOT_YET, "MM526", "network, locality and weight are not written yet."),
    whole("ExternalEndpoint", Grade.PARTIAL),
    whole("ExternalWorkload", Grade.PARTIAL),
    whole("EgressPolicy", Grade.PARTIAL),
)  # fmt: skip
