"""Which workloads are in the mesh, what bypasses it, and what only the source understands."""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.linkerd.capabilities.rows import whole

ROWS: tuple[Row, ...] = (
    whole("Bypass", Grade.PARTIAL),
    whole("Enrolment", Grade.FULL),
    whole("ProxySetting", Grade.PARTIAL),
    whole("Telemetry", Grade.NEVER, "MM701", "logs, metrics and traces are set for the whole mesh.", impact="NONE"),
    whole("Opaque", Grade.NEVER, "MM801", "a piece that only the source understands."),
)  # fmt: skip
