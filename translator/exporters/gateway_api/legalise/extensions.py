"""What only the source's proxy understands: each implementation has objects of its own for it, none is the API's."""

from __future__ import annotations

from ir.opaque import Intent
from translator.exporters.extensions import Words

WORDS = Words(
    instead=dict.fromkeys(
        Intent,
        "Find out what it is for, and whether what implements the routes has a policy or a filter for it.",
    ),
    plain="Gateway API has filters by reference (ExtensionRef), whose objects each implementation has of its own.",
    observed="Move dashboards and alerts before the workloads; logs, metrics and traces are set in what implements the "
    "routes.",
)
