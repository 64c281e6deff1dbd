"""The rim of the mesh: gateways, and names outside."""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.linkerd.capabilities.rows import field, whole

ROWS: tuple[Row, ...] = (
    whole("Listener", Grade.PARTIAL),
    whole("ListenerHost", Grade.PARTIAL),
    whole("ExternalService", Grade.PARTIAL),
    whole("ExternalPort", Grade.PARTIAL),
    whole("ExternalEndpoint", Grade.PARTIAL),
    whole("ExternalWorkload", Grade.PARTIAL),
    field("EgressPolicy.through", Grade.NEVER, "MM503",
           "traffic to undeclared destinations cannot be sent through a service."),
    whole("EgressPolicy", Grade.PARTIAL),
)  # fmt: skip
