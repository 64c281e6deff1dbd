"""Where requests go, and the rim of the cluster: routes of Gateway API, for Services (GAMMA) and at Gateways.

Conformance reports of Cilium's releases (kubernetes-sigs/gateway-api conformance/reports), 1.16 to 1.20.
"""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.cilium.capabilities.rows import MESH, routes, whole

_CORS = "the filter for cross-origin requests is passed over before 1.20."
_ORIGIN = "Take Cilium 1.20 or later, or answer them in the application."
_REGEX = "a path cannot be rewritten by a regular expression."
_PATH = "Let the application serve the original path."
_MACHINE = "there is no object for a workload outside (CiliumExternalWorkload is gone since 1.18)."
_SLICE = "Make an EndpointSlice with its address for a Service without selector."

ROWS: tuple[Row, ...] = (
    routes("Route.answer", Grade.PARTIAL),
    routes("Route.cross_origin", Grade.NEVER, "MM212", _CORS, _ORIGIN, until="1.20"),
    routes("CrossOrigin.preflights", Grade.NEVER, "MM212",
          "what becomes of preflight requests that no origin matches is left to the proxy."),
    routes("Route.fault", Grade.NEVER, "MM301", "faults cannot be injected: the proxy is built without the filter.",
          "Test with a backend that is slow or fails."),
    routes("Route.retry", Grade.PARTIAL, since="1.20", channel="experimental"),
    routes("Route.retry", Grade.NEVER, "MM302", "retries of routes are tried from 1.20 on, with the experimental channel of "
          "Gateway API.", "Take --target-version 1.20+experimental, or give --allow-envoy-config."),
    routes("Rewrite.pattern", Grade.NEVER, "MM205", _REGEX, _PATH),
    routes("Rewrite.substitution", Grade.NEVER, "MM205", _REGEX, _PATH),
    *(whole(kind, Grade.PARTIAL, source=MESH)
      for kind in ("Route", "RouteTable", "RouteMatch", "Backend", "Destination", "HeaderEdit", "Redirect", "FixedAnswer",
                   "Rewrite", "Mirror", "CrossOrigin")),
    whole("EndpointSubset", Grade.FULL),
    whole("PortProtocol", Grade.FULL),
    whole("Listener", Grade.PARTIAL, source=MESH),
    whole("ListenerHost", Grade.PARTIAL, source=MESH),
    *(whole(kind, Grade.PARTIAL) for kind in ("ExternalService", "ExternalPort", "ExternalEndpoint", "EgressPolicy")),
    whole("ExternalWorkload", Grade.NEVER, "MM526", _MACHINE, "DIFFERENT", _SLICE),
)  # fmt: skip
