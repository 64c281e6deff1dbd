"""What Istio has instead of what only the source's proxy understands."""

from __future__ import annotations

from ir.opaque import Intent
from translator.exporters.extensions import Words

WORDS = Words(
    instead=dict.fromkeys(
        Intent,
        "Find out what it is for: Istio has VirtualService, DestinationRule and AuthorizationPolicy for most of it, and "
        "WasmPlugin or EnvoyFilter for the rest.",
    ),
    plain="It is not translated piece by piece.",
    observed="Write Telemetry resources; the names of metrics and labels are others.",
)
