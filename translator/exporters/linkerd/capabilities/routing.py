"""Where requests go."""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.linkerd.capabilities.rows import field, whole

ROWS: tuple[Row, ...] = (
    field("Route.answer", Grade.NEVER, "MM204", "a fixed answer cannot be given."),
    field("Route.rewrite", Grade.NEVER, "MM205", "the path and the host of a request cannot be changed."),
    field("Route.mirrors", Grade.NEVER, "MM206", "requests cannot be mirrored."),
    field("Route.cross_origin", Grade.NEVER, "MM212", "cross-origin requests are not answered by the proxy."),
    field("Route.fault", Grade.NEVER, "MM301", "faults cannot be injected.",
           "Test with a backend that is slow or fails."),
    field("Route.header_edits", Grade.FULL),
    whole("Route", Grade.PARTIAL),
    whole("RouteTable", Grade.PARTIAL),
    whole("RouteMatch", Grade.PARTIAL),
    whole("Backend", Grade.FULL),
    whole("Destination", Grade.PARTIAL),
    whole("EndpointSubset", Grade.FULL),
    whole("HeaderEdit", Grade.FULL),
    whole("Redirect", Grade.PARTIAL),
    whole("FixedAnswer", Grade.NEVER, "MM204", "a fixed answer cannot be given."),
    whole("Rewrite", Grade.NEVER, "MM205", "the path and the host of a request cannot be changed."),
    whole("Mirror", Grade.NEVER, "MM206", "requests cannot be mirrored."),
    whole("CrossOrigin", Grade.NEVER, "MM212", "cross-origin requests are not answered by the proxy."),
    whole("PortProtocol", Grade.FULL),
)  # fmt: skip
