"""The rim of the mesh: gateways, and names outside."""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.linkerd.capabilities.rows import DOCS, field, whole

ROWS: tuple[Row, ...] = (
    whole("Listener", Grade.PARTIAL),
    whole("ListenerHost", Grade.PARTIAL),
    field("ExternalService.resolution", Grade.PARTIAL, "MM522",
           "requests go to the address that the client dialled."),
    field("ExternalService.endpoints", Grade.NEVER, "MM502", "nothing is looked up for a name outside.",
           "Make a Service for each name (ExternalName, or without selector and with EndpointSlices)."),
    whole("ExternalService", Grade.PARTIAL),
    whole("ExternalPort", Grade.PARTIAL),
    whole("ExternalEndpoint", Grade.PARTIAL),
    Row(key="ExternalWorkload.*", grade=Grade.NEVER, until="2.15", code="MM526", source=DOCS,
        why="there are no workloads outside the cluster.", advice="Raise --target-version."),
    whole("ExternalWorkload", Grade.PARTIAL),
    field("EgressPolicy.through", Grade.NEVER, "MM503",
           "traffic to undeclared destinations cannot be sent through a service."),
    field("EgressPolicy.seen", Grade.PARTIAL, "MM523",
           "proxies learn of a service when a client asks for it."),
    Row(key="EgressPolicy.*", grade=Grade.NEVER, until="2.17", code="MM503", impact="LOOSER", source=DOCS,
        why="egress cannot be limited.", advice="Raise --target-version, or limit egress with NetworkPolicies."),
    whole("EgressPolicy", Grade.PARTIAL),
)  # fmt: skip
