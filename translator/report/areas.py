"""What findings are about: their area, by the hundred of the code, and the namespaces of their sources."""

from __future__ import annotations

AREAS = {
    "1": "input",
    "2": "routing",
    "3": "resilience",
    "4": "security",
    "5": "edge",
    "6": "membership and proxies",
    "7": "telemetry",
    "8": "extensions",
    "9": "this tool",
}
"""What the codes of each hundred are about."""


def area(code: str) -> str:
    """What a finding is about, by its code: ``security`` for ``MM402``."""
    return AREAS.get(code.removeprefix("MM")[:1], "other")


def namespace_of(resource: str) -> str:
    """The namespace of ``Kind/namespace/name``; of a Namespace itself its own name; empty where there is none."""
    kind, _, rest = resource.partition("/")
    space, _, name = rest.partition("/")
    return name if kind == "Namespace" else space
