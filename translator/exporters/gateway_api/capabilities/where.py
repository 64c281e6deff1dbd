"""Where facts hold, and the frame of all rules."""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.gateway_api.capabilities.rows import ROUTES, field, whole

ROWS: tuple[Row, ...] = (
    field("Attachment.audience", Grade.PARTIAL),
    whole("Attachment", Grade.PARTIAL),
    field("Audience.reach", Grade.FULL),
    field("Audience.namespaces", Grade.PARTIAL),
    field("Audience.labels", Grade.PARTIAL, within=ROUTES),
    field("Audience.labels", Grade.NEVER, "MM208",
          "routes are chosen by the namespace of the client, not by its labels.",
          "Give the clients a namespace of their own, or let the rule be for all."),
    field("Audience.listeners", Grade.PARTIAL),
    whole("Subject", Grade.PARTIAL),
    whole("AllOf", Grade.FULL),
    whole("View", Grade.PARTIAL),
    whole("Default", Grade.PARTIAL),
)  # fmt: skip
