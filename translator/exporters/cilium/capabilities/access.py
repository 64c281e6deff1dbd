"""Who may do what, and by what proof."""

from __future__ import annotations

from ir.match import CALLER_PARTS, Part
from translator.api import Grade, Row
from translator.exporters.cilium.capabilities.rows import ACCESS, ENVOY, field, whole

_TLS = "clients of the cluster start no TLS by a policy for a Service."
_OWN_TLS = (
    "Let the application speak TLS itself; for names outside, originatingTLS of an egress rule can."
)

ROWS: tuple[Row, ...] = (
    whole("Closed", Grade.PARTIAL),
    whole("Grant", Grade.PARTIAL),
    whole("Refusal", Grade.PARTIAL),
    whole("Admission", Grade.PARTIAL),
    whole("GuardedRoute", Grade.PARTIAL),
    whole("GuardedRoutes", Grade.PARTIAL),
    whole("PeerMtls", Grade.PARTIAL),
    whole("Probes", Grade.PARTIAL),
    *(field(f"ClientTls.{name}", Grade.NEVER, "MM405", _TLS, _OWN_TLS)
      for name in ("server_name", "trust_roots", "revoked", "subject_names", "credential", "certificate",
                   "private_key", "skip_verification")),
    whole("ClientTls", Grade.PARTIAL),
    whole("TokenCheck", Grade.NEVER, "MM406", "no policy looks at tokens: requests with a bad token would pass.",
          impact="LOOSER", advice="Check tokens in the application. jwt_authn in a CiliumEnvoyConfig can refuse bad "
          "ones, but no policy sees what they say."),
    whole("ExternalDecision", Grade.NOT_YET, "MM407", "no service outside is asked: requests that it would refuse pass.",
          impact="LOOSER", advice=f"{ENVOY} (envoy.filters.http.ext_authz)"),
    whole("AuditMark", Grade.NEVER, "MM409", "requests cannot be marked for an audit log.", impact="NONE",
          advice="Watch flows with Hubble."),
)  # fmt: skip

_ASKED = (Part.PATH, Part.METHOD, Part.AUTHORITY, Part.HEADER, Part.PORT)
_NAMED = (
    Part.IDENTITY,
    Part.NAMESPACE,
    Part.SERVICE_ACCOUNT,
    Part.TRUST_DOMAIN,
    Part.PEER_ADDRESS,
    Part.CERTIFICATE,
    Part.WORKLOAD_LABELS,
    Part.ENTITY,
)
_TOKENS = (Part.TOKEN_PRINCIPAL, Part.TOKEN_AUDIENCE, Part.TOKEN_CLAIM)
_NEVER = (Part.SCHEME, Part.CLIENT_ADDRESS, Part.EXTENSION, Part.DESTINATION_ADDRESS, Part.QUERY)
_BOTH = ("", ".none_of")


def rows_of_tests() -> tuple[Row, ...]:
    """Tests on requests and callers in rules of access."""
    rows = [
        field(f"Test.{part}{n}", Grade.PARTIAL, within=(*ACCESS, "GuardedRoutes"))
        for part in (*_ASKED, *_NAMED)
        for n in _BOTH
    ]
    # a route with one keeps requests from others, though its own cannot be said
    rows.extend(
        field(f"Test.{Part.QUERY}{n}", Grade.PARTIAL, within=("GuardedRoutes",)) for n in _BOTH
    )
    why = "no policy looks at tokens: a rule that asks for one cannot be said."
    rows.extend(
        field(f"Test.{part}{n}", Grade.NEVER, "MM406", why, "Check tokens in the application.")
        for part in _TOKENS
        for n in _BOTH
    )
    for part in Part:
        spoken = part.value.replace("_", " ")
        never = part in _NEVER
        word = "cannot be asked of a request" if never else "is not translated yet"
        code = "MM410" if part in CALLER_PARTS else "MM402"
        for n in _BOTH:
            key, grade = f"Test.{part}{n}", Grade.NEVER if never else Grade.NOT_YET
            rows.append(field(key, grade, code, f"the {spoken} {word} in a policy.", within=ACCESS))
    return tuple(rows)
