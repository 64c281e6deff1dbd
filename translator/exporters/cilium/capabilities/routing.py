"""Where requests go, and the rim of the cluster.

Cilium serves the Gateway API, for gateways and for Services (GAMMA, 1.16 and later): conformance reports of its releases.
"""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.cilium.capabilities.rows import MESH, whole

_ROUTES = (
    "rules for where requests go are not translated yet: they go where the Service sends them."
)
_BY_HAND = "Write HTTPRoutes (1.16 and later) or GRPCRoutes (1.17 and later) for the Service; each needs the port of its parent."
_GATEWAYS = (
    "gateways are not translated yet: nothing enters by them once the source's gateway is gone."
)
_CLASS = "Write Gateways of the class cilium."
_NAMES = "names outside are not translated yet; requests to them leave the cluster as they are."
_EGRESS = "what leaves the cluster is not limited yet."

ROWS: tuple[Row, ...] = (
    *(whole(kind, Grade.NOT_YET, "MM226", _ROUTES, advice=_BY_HAND, source=MESH)
      for kind in ("RouteTable", "Route", "RouteMatch", "Backend", "Destination", "HeaderEdit", "Redirect",
                   "FixedAnswer", "Rewrite", "Mirror", "CrossOrigin")),
    whole("EndpointSubset", Grade.NOT_YET, "MM210", "subsets of a service are not translated yet.", advice=_BY_HAND),
    whole("PortProtocol", Grade.FULL),
    whole("Listener", Grade.NOT_YET, "MM501", _GATEWAYS, "STRICTER", _CLASS, source=MESH),
    whole("ListenerHost", Grade.NOT_YET, "MM501", _GATEWAYS, "STRICTER", _CLASS, source=MESH),
    *(whole(kind, Grade.NOT_YET, "MM502", _NAMES, "DIFFERENT")
      for kind in ("ExternalService", "ExternalPort", "ExternalEndpoint", "ExternalWorkload")),
    whole("EgressPolicy", Grade.NOT_YET, "MM503", _EGRESS, "LOOSER", "Write egress rules with toFQDNs by hand."),
)  # fmt: skip
