"""Names as Istio's policies write them."""

from __future__ import annotations

_ANY = "*"


def matches(pattern: str, text: str) -> bool:
    """Exact, ``prefix*``, ``*suffix`` or ``*``."""
    if pattern == _ANY:
        return bool(text)
    if pattern.endswith("*"):
        return text.startswith(pattern[:-1])
    return text.endswith(pattern[1:]) if pattern.startswith("*") else text == pattern
