"""Clients of Istio that are told to use its mutual TLS, to servers that have left."""

from __future__ import annotations

from translator.bridges.api import mapping


def space_of(host: str, namespace: str) -> str:
    """The namespace of a short or full name of a service."""
    parts = host.split(".")
    return parts[1] if len(parts) > 1 and (len(parts) == 2 or parts[2] == "svc") else namespace  # noqa: PLR2004


def unforced(value: object) -> bool:
    """Takes ``tls: {mode: ISTIO_MUTUAL}`` out, wherever it stands; whether it stood somewhere."""
    found = False
    if isinstance(value, dict):
        if mapping(value.get("tls")).get("mode") == "ISTIO_MUTUAL":
            del value["tls"]
            found = True
        for inner in list(value.values()):
            found |= unforced(inner)
    elif isinstance(value, list):
        for inner in value:
            found |= unforced(inner)
    return found
