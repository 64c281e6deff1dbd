"""The rim of the mesh: gateways, and names outside."""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.istio.capabilities.rows import field, whole

_ENTRY = "Write a ServiceEntry."

ROWS: tuple[Row, ...] = (
    whole("Listener", Grade.NOT_YET, "MM501", "listeners of gateways are not written yet: what enters by them is not let in.",
          impact="STRICTER", advice="Write a Gateway and a VirtualService with gateways."),
    whole("ListenerHost", Grade.NOT_YET, "MM501", "listeners of gateways are not written yet.", impact="STRICTER"),
    whole("ExternalService", Grade.NOT_YET, "MM502", "names outside are not written yet.", advice=_ENTRY),
    whole("ExternalPort", Grade.NOT_YET, "MM502", "names outside are not written yet.", advice=_ENTRY),
    field("ExternalEndpoint.placement", Grade.NOT_YET, "MM526", "network, locality and weight are not written yet."),
    whole("ExternalEndpoint", Grade.PARTIAL),
    whole("ExternalWorkload", Grade.PARTIAL),
    whole("EgressPolicy", Grade.NOT_YET, "MM503", "what may be reached outside is not limited yet.", impact="LOOSER",
          advice="Write a Sidecar with outboundTrafficPolicy."),
)  # fmt: skip
