"""Which workloads are in the mesh, what bypasses it, and what only the source understands."""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.istio.capabilities.rows import whole

ROWS: tuple[Row, ...] = (
    whole("Bypass", Grade.PARTIAL),
    whole("Enrolment", Grade.PARTIAL),
    whole("ProxySetting", Grade.PARTIAL, "MM604"),
    whole("Telemetry", Grade.PARTIAL, "MM701"),
    whole("Opaque", Grade.NEVER, "MM801", "a piece that only the source understands."),
)  # fmt: skip
