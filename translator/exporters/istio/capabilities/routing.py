"""Where requests go: VirtualService and DestinationRule.

istio/istio pilot/pkg/networking/core/route/route.go, 1.31.
"""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.istio.capabilities.rows import whole

ROWS: tuple[Row, ...] = (
    whole("Rewrite", Grade.PARTIAL),
    whole("RouteTable", Grade.PARTIAL),
    whole("RouteMatch", Grade.PARTIAL),
    whole("Route", Grade.PARTIAL),
    whole("Backend", Grade.PARTIAL),
    whole("Destination", Grade.PARTIAL),
    whole("HeaderEdit", Grade.PARTIAL),
    whole("Redirect", Grade.PARTIAL),
    whole("FixedAnswer", Grade.PARTIAL),
    whole("Mirror", Grade.PARTIAL),
    whole("CrossOrigin", Grade.PARTIAL, "MM212"),
    whole("EndpointSubset", Grade.NOT_YET, "MM210", "a service for a subset is not written yet."),
    whole("PortProtocol", Grade.PARTIAL, "MM552"),
)  # fmt: skip
