"""Where requests go."""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.gateway_api.capabilities.rows import STANDARD, field, whole

_CORS = "there is no filter for cross-origin requests in this version and channel."
_ORIGIN = (
    "Take version 1.5 or later, or the experimental channel, or answer them in the application."
)
_REGEX = "a path cannot be rewritten by a regular expression."

ROWS: tuple[Row, ...] = (
    field("Route.answer", Grade.PARTIAL),
    field("Route.cross_origin", Grade.NEVER, "MM212", _CORS, _ORIGIN, until="1.5", channel=STANDARD),
    field("Route.cross_origin", Grade.NEVER, "MM212", _CORS, _ORIGIN, until="1.3"),
    field("CrossOrigin.preflights", Grade.NEVER, "MM212",
          "what becomes of preflight requests that no origin matches is left to the implementation."),
    field("Route.fault", Grade.NEVER, "MM301", "faults cannot be injected.",
          "Test with a backend that is slow or fails."),
    field("Route.retry", Grade.NEVER, "MM302", "the standard channel has no retries.",
          "Take the experimental channel (--target-version 1.6+experimental), or a policy of what implements the "
          "routes.", channel=STANDARD),
    field("Rewrite.pattern", Grade.NEVER, "MM205", _REGEX, "Let the application serve the original path."),
    field("Rewrite.substitution", Grade.NEVER, "MM205", _REGEX, "Let the application serve the original path."),
    whole("Route", Grade.PARTIAL),
    whole("RouteTable", Grade.PARTIAL),
    whole("RouteMatch", Grade.PARTIAL),
    whole("Backend", Grade.PARTIAL),
    whole("Destination", Grade.PARTIAL),
    whole("EndpointSubset", Grade.FULL),
    whole("HeaderEdit", Grade.PARTIAL),
    whole("Redirect", Grade.PARTIAL),
    whole("FixedAnswer", Grade.PARTIAL),
    whole("Rewrite", Grade.PARTIAL),
    whole("Mirror", Grade.PARTIAL),
    whole("CrossOrigin", Grade.PARTIAL),
    whole("PortProtocol", Grade.NEVER, "MM552", "how a port is read is for the Service and its implementation to say.",
          impact="NONE"),
)  # fmt: skip
