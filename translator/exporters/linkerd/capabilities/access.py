"""Who may do what, and by what proof."""

from __future__ import annotations

from translator.api import Grade, Row
from translator.exporters.linkerd.capabilities.rows import field, whole

_NO_TLS = (
    "proxies start no TLS of their own, so no server name is asked for and no certificate is shown or checked, save "
    "those of the mesh."
)
_OWN_TLS = "Let the application speak TLS itself, or send its requests through a gateway that does."

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
    *(field(f"ClientTls.{name}", Grade.NEVER, "MM405", _NO_TLS, _OWN_TLS)
      for name in ("server_name", "trust_roots", "revoked", "subject_names", "credential", "certificate",
                   "private_key", "skip_verification")),
    whole("ClientTls", Grade.PARTIAL),
    whole("TokenCheck", Grade.NEVER, "MM406",
           "tokens are not looked at: requests with a bad token would pass.", impact="LOOSER",
           advice="Check tokens in the application or in an ingress in front of it."),
    whole("ExternalDecision", Grade.NEVER, "MM407",
           "no service outside is asked: requests that it would refuse pass.", impact="LOOSER",
           advice="Ask it in an ingress in front of the mesh, or in the application."),
    whole("AuditMark", Grade.PARTIAL, "MM409",
           "only requests to a whole port are marked for an audit log, by the policy audit of its Server."),
)  # fmt: skip

UNMARKED = whole(
    "AuditMark", Grade.NEVER, "MM409", "requests cannot be marked for an audit log.", impact="NONE"
)
"""What is said of marks that are no policy of a whole port."""
