"""Kinds of the API, by whether their objects are in a namespace."""

from __future__ import annotations

CLUSTER_WIDE = frozenset(("Namespace", "GatewayClass", "ClusterRole", "ClusterRoleBinding",
                          "CustomResourceDefinition", "PriorityClass", "StorageClass",
                          "CiliumClusterwideNetworkPolicy", "CiliumClusterwideEnvoyConfig", "CiliumCIDRGroup",
                          "CiliumEgressGatewayPolicy", "CiliumLoadBalancerIPPool", "CiliumL2AnnouncementPolicy",
                          "CiliumBGPAdvertisement", "CiliumBGPClusterConfig", "CiliumBGPNodeConfig",
                          "CiliumBGPNodeConfigOverride", "CiliumBGPPeerConfig", "CiliumPodIPPool", "CiliumNode",
                          "XMesh", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy",
                          "ClusterNetworkPolicy"))  # fmt: skip
"""Kinds whose objects are in no namespace, as far as they matter here."""
