"""Which fields do something in a version and a channel; the others are dropped or passed over without a word.

CHANGELOG and config/crd/{standard,experimental} of sigs.k8s.io/gateway-api, 1.2 to 1.6. Kinds are another matter: one
that is not installed is refused, so an object of it in the input shows that it is there.
"""

from __future__ import annotations

from dataclasses import dataclass

from translator.target import Target

NEVER = "9"
_FIELDS: dict[str, tuple[str, str]] = {
    "retry": (NEVER, "1.2"),
    "sessionPersistence": (NEVER, "1.2"),
    "name": ("1.4", "1.2"),
    "cors": ("1.5", "1.3"),
    "externalAuth": (NEVER, "1.4"),
    "percent": ("1.3", "1.2"),
    "fraction": ("1.3", "1.2"),
}
"""Since which version a field of a rule is in the standard channel, and in the experimental one."""

_CILIUM: dict[str, tuple[str, str]] = {
    "retry": (NEVER, "1.20"),
    "sessionPersistence": (NEVER, NEVER),
    "name": ("1.19", "1.16"),
    "cors": ("1.20", "1.20"),
    "externalAuth": (NEVER, NEVER),
    "percent": ("1.18", "1.18"),
    "fraction": ("1.18", "1.18"),
}
"""The same for what Cilium heeds: conformance reports of its releases, cilium/cilium#45272 and #46432."""


@dataclass(frozen=True, slots=True)
class Edition:
    """A version and a channel as a source."""

    target: Target

    def has(self, field: str) -> bool:
        """Whether a field of a rule is there; one that is not listed always is."""
        if self.target.mesh == "cilium":
            standard, experimental = _CILIUM.get(field, ("1.16", "1.16"))
        else:
            standard, experimental = _FIELDS.get(field, ("1.2", "1.2"))
        since = experimental if self.target.channel == "experimental" else standard
        return self.target.at_least(since)
