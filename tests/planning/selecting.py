"""Which policies of Cilium select a pod, read without any of our readers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.planning.shop import Objects

POLICIES = ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")
NAMESPACE = "io.kubernetes.pod.namespace"


def selecting(cluster: Objects, space: str, labels: Mapping[str, str]) -> list[Any]:
    """The policies of Cilium that select a pod, by name."""
    found = []
    for key, value in sorted(cluster.items()):
        policy: Any = value
        if key[1] in POLICIES and (not policy["metadata"].get("namespace") or key[2] == space):
            own = {**labels, NAMESPACE: space}
            if holds(policy["spec"]["endpointSelector"], own):
                found.append(policy)
    return found


def holds(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a selector matches labels; its keys without the source before them."""
    own = {key.removeprefix("k8s:"): v for key, v in selector.get("matchLabels", {}).items()}
    if any(labels.get(key) != value for key, value in own.items()):
        return False
    for one in selector.get("matchExpressions", ()):
        value = labels.get(one["key"].removeprefix("k8s:"))
        match one["operator"]:
            case "Exists":
                met = value is not None
            case "DoesNotExist":
                met = value is None
            case "In":
                met = value in one["values"]
            case _:
                met = value not in one["values"]
        if not met:
            return False
    return True
