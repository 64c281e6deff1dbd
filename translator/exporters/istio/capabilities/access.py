"""Who may do what, and by what proof: AuthorizationPolicy, PeerAuthentication, RequestAuthentication.

istio/istio pilot/pkg/security/authz and pilot/pkg/security/authn, 1.31.
"""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.istio.capabilities.rows import whole

ROWS: tuple[Row, ...] = (
    whole("Closed", Grade.PARTIAL),
    whole("Grant", Grade.PARTIAL),
    whole("Refusal", Grade.PARTIAL),
    whole("Admission", Grade.PARTIAL),
    whole("GuardedRoute", Grade.PARTIAL),
    whole("GuardedRoutes", Grade.PARTIAL),
    whole("PeerMtls", Grade.PARTIAL),
    whole("Probes", Grade.PARTIAL),
    whole("ClientTls", Grade.NOT_YET, "MM405", "how clients secure their connections is not written yet.",
          advice="Write a DestinationRule with trafficPolicy.tls."),
    whole("TokenCheck", Grade.PARTIAL),
    whole("ExternalDecision", Grade.PARTIAL),
    whole("AuditMark", Grade.PARTIAL, "MM409"),
)  # fmt: skip
