"""Names of the files that outputs are written to."""

from __future__ import annotations

import hashlib
import re

_UNSAFE = re.compile(r"[^a-z0-9.-]")
_LONGEST = 200
"""Characters of a name without its ending; file systems take 255 bytes."""


def file_name(resource: str, suffix: str = ".yaml") -> str:
    """The file of ``Kind/namespace/name``: ``kind-namespace-name.yaml``, in lower case.

    Names come from the input and may hold anything: what no Kubernetes name has becomes ``_``, so
    that a file never leaves its folder. Two resources may have the same file; they stand in it one
    after the other.
    """
    kind, namespace, name = resource.split("/", 2)
    stem = "-".join(part for part in (kind, namespace, name) if part).lower()
    stem = _UNSAFE.sub("_", stem).lstrip(".") or "unnamed"
    if len(stem) > _LONGEST:
        digest = hashlib.sha256(resource.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        stem = f"{stem[: _LONGEST - len(digest) - 1]}-{digest}"
    return stem + suffix
