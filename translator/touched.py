"""Where an object of which something is not read may have a say."""

from __future__ import annotations

from translator.api import Options
from translator.resources.kubernetes.kinds import CLUSTER_WIDE


def touched(kind: str, namespace: str, name: str, options: Options) -> str:
    """The namespace that it may touch; empty where that may be any.

    A Namespace speaks of itself, an object of a kind that has no namespaces of all, and one in the root namespace too.
    """
    if kind == "Namespace":
        return name
    if kind in CLUSTER_WIDE or namespace == options.root_namespace:
        return ""
    return namespace or options.namespace
