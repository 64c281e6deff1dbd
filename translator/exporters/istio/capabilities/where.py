"""Where facts hold, and the frame of all rules."""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.istio.capabilities.rows import whole

ROWS: tuple[Row, ...] = (
    whole("Attachment", Grade.PARTIAL),
    whole("Audience", Grade.PARTIAL),
    whole("Subject", Grade.PARTIAL),
    whole("AllOf", Grade.FULL),
    whole("View", Grade.PARTIAL),
    whole("Default", Grade.PARTIAL),
)  # fmt: skip
