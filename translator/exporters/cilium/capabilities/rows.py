"""Rows of this target, with its documentation.

Sources are the API types, the policy engine and the documentation of cilium/cilium at 1.20, and the Gateway API
conformance reports of its releases.
"""

from __future__ import annotations

from functools import partial

from translator.exporters import rows
from translator.exporters.rows import ACCESS

DOCS = "https://docs.cilium.io/en/v1.20/"
POLICY = f"{DOCS}security/policy/language/"
MESH = f"{DOCS}network/servicemesh/"

ENVOY = "Write it by hand as a CiliumEnvoyConfig for the Service, which the target's proxies take as it is."
ALLOW = "Give --allow-envoy-config: a CiliumEnvoyConfig for the Service is written then, which the target's proxies take as it is."
ENVOY_CONFIG = "CiliumEnvoyConfig"
"""The surface of rows for Services that get a configuration of the node's proxy (``--allow-envoy-config``)."""

NETWORK = "policy of the network"
"""The surface of rows for policies of the network that go with the source."""

whole = partial(rows.whole, source=DOCS)
field = partial(rows.field, source=POLICY)
routes = partial(rows.field, source=MESH)

__all__ = [
    "ACCESS",
    "ALLOW",
    "DOCS",
    "ENVOY",
    "ENVOY_CONFIG",
    "MESH",
    "NETWORK",
    "POLICY",
    "field",
    "routes",
    "whole",
]
