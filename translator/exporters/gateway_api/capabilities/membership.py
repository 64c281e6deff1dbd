"""Which workloads are in the mesh, what bypasses it, and what only the source understands."""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.gateway_api.capabilities.rows import whole

ROWS: tuple[Row, ...] = (
    whole("Bypass", Grade.NEVER, "MM603", "which ports pass by the proxy is for what implements the routes to say.",
          impact="DIFFERENT"),
    whole("Enrolment", Grade.NEVER, "MM601", "which workloads are in the mesh is for what implements the routes to say."),
    whole("ProxySetting", Grade.PARTIAL, "MM604"),
    whole("Telemetry", Grade.NEVER, "MM701", "logs, metrics and traces are set in what implements the routes.",
          impact="NONE"),
    whole("Opaque", Grade.NEVER, "MM801", "a piece that only the source understands."),
)  # fmt: skip
