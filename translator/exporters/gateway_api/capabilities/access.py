"""Who may do what: Gateway API says nothing of it, whatever implements its routes.

sigs.k8s.io/gateway-api geps/gep-3779 (authorization) is not part of any release up to 1.6; geps/gep-1494 (external
authorization, experimental since 1.4) is passed over by some that implement routes, so it is never relied on.
"""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.gateway_api.capabilities.rows import field, whole

_POLICY = "Write it in the policies of what implements the routes, before requests take them."
_NOBODY = "Gateway API has no word for who may call: requests that were refused pass."

ROWS: tuple[Row, ...] = (
    whole("Closed", Grade.NEVER, "MM460", _NOBODY, impact="LOOSER", advice=_POLICY),
    whole("Grant", Grade.NEVER, "MM460", _NOBODY, impact="NONE", advice=_POLICY),
    whole("Refusal", Grade.NEVER, "MM460", _NOBODY, impact="LOOSER", advice=_POLICY),
    whole("Admission", Grade.NEVER, "MM460", _NOBODY, advice=_POLICY),
    whole("GuardedRoute", Grade.NEVER, "MM460", _NOBODY, advice=_POLICY),
    whole("GuardedRoutes", Grade.NEVER, "MM460", _NOBODY, impact="LOOSER", advice=_POLICY),
    whole("PeerMtls", Grade.NEVER, "MM461", "no proof of identity can be demanded of clients in the mesh.",
          impact="LOOSER", advice=_POLICY),
    whole("Probes", Grade.NEVER, "MM404", "health checks are no concern of routes.", impact="NONE"),
    whole("TokenCheck", Grade.NEVER, "MM406", "tokens are not looked at: requests with a bad token pass.",
          impact="LOOSER", advice=_POLICY),
    whole("ExternalDecision", Grade.NEVER, "MM407", "no service outside is asked: requests that it would refuse pass.",
          impact="LOOSER", advice=_POLICY),
    whole("AuditMark", Grade.NEVER, "MM409", "requests cannot be marked for an audit log.", impact="NONE"),
    field("ClientTls.mode", Grade.PARTIAL, "MM405"),
    whole("ClientTls", Grade.PARTIAL, "MM405"),
)  # fmt: skip
