"""Names of the files that outputs are written to."""

from __future__ import annotations


def file_name(resource: str) -> str:
    """The file of ``Kind/namespace/name``: ``kind-namespace-name.yaml``, in lower case."""
    kind, namespace, name = resource.split("/", 2)
    return "-".join(part for part in (kind.lower(), namespace, name) if part) + ".yaml"
