"""Names of hosts, as Gateway API writes them (sigs.k8s.io/gateway-api apis/v1/shared_types.go ``Hostname``, 1.4)."""

from __future__ import annotations

from ir.match import Pattern, PatternKind


def host_pattern(text: str) -> Pattern:
    """The names that a host name of Gateway API stands for."""
    if text.startswith("*."):
        return Pattern(PatternKind.SUFFIX, text[1:], ignore_case=True)
    return Pattern(PatternKind.EXACT, text, ignore_case=True)
