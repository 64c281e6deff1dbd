"""Which workloads are in the mesh, what bypasses it, and what only the source understands."""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.cilium.capabilities.rows import whole

ROWS: tuple[Row, ...] = (
    whole("Bypass", Grade.PARTIAL),
    whole("Enrolment", Grade.FULL),
    whole("ProxySetting", Grade.PARTIAL),
    whole("Telemetry", Grade.NEVER, "MM701", "what is observed is set for the whole cluster (Hubble).", impact="NONE"),
    whole("Opaque", Grade.NEVER, "MM801", "a piece that only the source understands."),
)  # fmt: skip
