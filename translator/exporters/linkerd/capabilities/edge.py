"""The rim of the mesh: gateways, and names outside."""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.linkerd.capabilities.rows import whole

ROWS: tuple[Row, ...] = (
    whole("Listener", Grade.PARTIAL),
    whole("ListenerHost", Grade.PARTIAL),
    whole("ExternalService", Grade.NOT_YET, "MM502", "names outside the cluster are not translated yet."),
    whole("EgressPolicy", Grade.NOT_YET, "MM503", "what may be reached outside is not translated yet."),
)  # fmt: skip
