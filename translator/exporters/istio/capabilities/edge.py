"""The rim of the mesh: gateways, and names outside."""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.istio.capabilities.rows import whole

_ENTRY = "Write a ServiceEntry."

ROWS: tuple[Row, ...] = (
    whole("Listener", Grade.NOT_YET, "MM501", "listeners of gateways are not written yet.",
          advice="Write a Gateway."),
    whole("ListenerHost", Grade.NOT_YET, "MM501", "listeners of gateways are not written yet."),
    whole("ExternalService", Grade.NOT_YET, "MM502", "names outside are not written yet.", advice=_ENTRY),
    whole("ExternalPort", Grade.NOT_YET, "MM502", "names outside are not written yet.", advice=_ENTRY),
    whole("ExternalEndpoint", Grade.NOT_YET, "MM502", "names outside are not written yet.", advice=_ENTRY),
    whole("ExternalWorkload", Grade.NOT_YET, "MM526", "workloads outside the cluster are not written yet.",
          advice="Write a WorkloadEntry."),
    whole("EgressPolicy", Grade.NOT_YET, "MM503", "what may be reached outside is not limited yet.", impact="LOOSER",
          advice="Write a Sidecar with outboundTrafficPolicy."),
)  # fmt: skip
