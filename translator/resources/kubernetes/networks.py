"""Blocks of addresses that an installation takes for the cluster's own where nobody says otherwise."""

from __future__ import annotations

CLUSTER_NETWORKS = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fd00::/8")
"""``clusterNetworks`` of the Helm chart where nothing else is set (linkerd2 charts/linkerd-control-plane/values.yaml)."""
