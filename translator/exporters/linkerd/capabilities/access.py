"""Who may do what, and by what proof."""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.linkerd.capabilities.rows import field, whole

ROWS: tuple[Row, ...] = (
    whole("Closed", Grade.PARTIAL),
    field("Grant.name", Grade.PARTIAL),
    whole("Grant", Grade.PARTIAL),
    whole("Refusal", Grade.PARTIAL),
    whole("Admission", Grade.FULL),
    whole("GuardedRoute", Grade.FULL),
    whole("GuardedRoutes", Grade.FULL),
    whole("PeerMtls", Grade.PARTIAL),
    whole("Probes", Grade.PARTIAL),
    whole("ClientTls", Grade.NEVER, "MM405",
           "how a client secures its connection cannot be said: mutual TLS is used wherever both ends are in the mesh."),
    whole("TokenCheck", Grade.NEVER, "MM406",
           "tokens are not looked at: requests with a bad token would pass.", impact="LOOSER",
           advice="Check tokens in the application or in an ingress in front of it."),
    whole("ExternalDecision", Grade.NEVER, "MM407",
           "no service outside is asked: requests that it would refuse pass.", impact="LOOSER",
           advice="Ask it in an ingress in front of the mesh, or in the application."),
    whole("AuditMark", Grade.NEVER, "MM409", "requests cannot be marked for an audit log.", impact="NONE"),
)  # fmt: skip
