"""Labels that are part of a pod's identity where an agent makes identities of labels.

cilium/cilium Documentation/operations/performance/scalability/identity-relevant-labels.rst and pkg/labelsfilter/filter.go,
1.20: patterns are compared from the start of the key; policies know a pod by these labels alone.
"""

from __future__ import annotations

import re

_KEPT = re.compile(r"app\.kubernetes\.io")
_LEFT_OUT = re.compile(
    r"io\.kubernetes|kubernetes\.io|.*beta\.kubernetes\.io|k8s\.io|statefulset\.kubernetes\.io/pod-name"
    r"|apps\.kubernetes\.io/pod-index|batch\.kubernetes\.io/(?:job-completion-index|controller-uid)"
    r"|pod-template-(?:hash|generation)|controller-revision-hash|controller-uid|annotation\.|etcd_node"
)
"""Labels that are part of no identity unless the agent is told otherwise."""


def tells_pods_apart(key: str) -> bool:
    """Whether a label of this key is part of an identity."""
    return not _LEFT_OUT.match(key) or bool(_KEPT.match(key))
