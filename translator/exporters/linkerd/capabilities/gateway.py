"""What a gateway of any class can do with Gateway API 1.4, where the mesh itself cannot: its standard channel."""

from __future__ import annotations

from dataclasses import replace

from translator.api import Grade, Row
from translator.exporters.linkerd.capabilities.rows import field, whole

_DOCS = "https://gateway-api.sigs.k8s.io/reference/spec/"
_RETRY = "Gateway API has no retries in its standard channel."
_CORS = "Gateway API has cross-origin rules in its standard channel from 1.5 on only."

_ROWS: tuple[Row, ...] = (
    field("Route.answer", Grade.PARTIAL),
    whole("FixedAnswer", Grade.PARTIAL),
    field("Route.rewrite", Grade.PARTIAL),
    field("Rewrite.pattern", Grade.NEVER, "MM205", "a path cannot be rewritten by a regular expression.",
           "Let the application serve the original path."),
    field("Rewrite.substitution", Grade.NEVER, "MM205", "a path cannot be rewritten by a regular expression.",
           "Let the application serve the original path."),
    whole("Rewrite", Grade.PARTIAL),
    field("Route.mirrors", Grade.PARTIAL),
    whole("Mirror", Grade.FULL),
    field("Route.retry", Grade.NOT_YET, "MM302", _RETRY,
           "See whether a policy of the gateway's class retries."),
    field("Route.cross_origin", Grade.NOT_YET, "MM212", _CORS,
           "See whether a policy of the gateway's class answers them."),
    field("Audience.namespaces", Grade.PARTIAL),
)  # fmt: skip

ROWS: tuple[Row, ...] = tuple(replace(row, surface="gateway", source=_DOCS) for row in _ROWS)
