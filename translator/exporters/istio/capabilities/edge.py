"""The rim of the mesh: gateways, and names outside."""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.istio.capabilities.rows import field, whole

ROWS: tuple[Row, ...] = (
    whole("Listener", Grade.NOT_YET, "MM501", "listeners of gateways are not written yet: what enters by them is not let in.",
          impact="STRICTER", advice="Write a Gateway and a VirtualService with gateways."),
    whole("ListenerHost", Grade.NOT_YET, "MM501", "listeners of gateways are not written yet.", impact="STRICTER"),
    whole("ExternalService", Grade.PARTIAL),
    whole("ExternalPort", Grade.PARTIAL),
    field("ExternalEndpoint.placement", Grade.NOT_YET, "MM526", "network, locality and weight are not written yet."),
    whole("ExternalEndpoint", Grade.PARTIAL),
    whole("ExternalWorkload", Grade.PARTIAL),
    whole("EgressPolicy", Grade.PARTIAL),
)  # fmt: skip
