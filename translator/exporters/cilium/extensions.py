"""What Cilium has instead of what only the source's proxy understands.

A CiliumEnvoyConfig takes listeners, routes and clusters of Envoy as they are, with the filters that the target's image is
built with: no fault injection, no scripts, no plugins (cilium/proxy envoy_build_config/extensions_build_config.bzl).
"""

from __future__ import annotations

from collections.abc import Mapping

from ir.opaque import Intent
from translator.exporters.extensions import Words

_ENVOY = "Write it as a CiliumEnvoyConfig for the Service"
_INSTEAD: Mapping[Intent, str] = {
    Intent.LOCAL_RATE_LIMIT: f"{_ENVOY} (envoy.filters.http.local_ratelimit); it counts for each node.",
    Intent.GLOBAL_RATE_LIMIT: f"{_ENVOY} (envoy.filters.http.ratelimit).",
    Intent.EXTERNAL_AUTHORIZATION: f"{_ENVOY} (envoy.filters.http.ext_authz); until then refuse what it would have "
    "decided.",
    Intent.EXTERNAL_PROCESSING: "A CiliumEnvoyExtProcFilter can be named by routes (1.20, gatewayAPI."
    "enableExtensionRefFilters); else move it into the application.",
    Intent.ACCESS_RULES: "Write CiliumNetworkPolicies for what is to be let in.",
    Intent.TOKEN_CHECK: f"{_ENVOY} (envoy.filters.http.jwt_authn), or check tokens in the application.",
    Intent.SCRIPT: "Read the script: what it decides must move into the application or into a gateway.",
    Intent.PLUGIN: "Find out what the plugin does; it must move into the application or into a gateway.",
    Intent.HEADER_CHANGE: "Set headers with RequestHeaderModifier or ResponseHeaderModifier on HTTPRoutes of the Service.",
    Intent.CROSS_ORIGIN: "HTTPRoutes have a CORS filter (1.20).",
    Intent.FAULT: "Test with a backend that is slow or fails.",
    Intent.TIME_LIMIT: "Set timeouts on the HTTPRoutes of the Service.",
    Intent.LIMIT: f"{_ENVOY} (circuit_breakers of its cluster).",
    Intent.KEEP_ALIVE: f"{_ENVOY}.",
    Intent.COMPRESSION: "Compress in the application or in the ingress.",
    Intent.TRANSCODING: "Put a gateway that transcodes in front of the service.",
    Intent.PATH_FORM: "The target's proxy brings paths to their normal form and merges slashes (http-normalize-path).",
    Intent.TRUSTED_HOPS: "Policies know callers by the address of the connection only.",
    Intent.PROXY_PROTOCOL: "End it in the load balancer or in the ingress.",
    Intent.LOCAL_REPLY: "Answers of the target's proxy cannot be changed by a policy.",
    Intent.UPGRADE: "WebSockets pass; other upgrades must be tried.",
    Intent.TLS: "Rules for outgoing traffic can end and start TLS (terminatingTLS, originatingTLS).",
    Intent.DESTINATION: "It is there for another patch; it goes with that one.",
    Intent.ROUTE: "Write the change as an HTTPRoute.",
    Intent.NODES: "Guard the nodes by what guards machines.",
    Intent.SOURCE_ADDRESS: "Lead it through an egress gateway with an address of its own.",
    Intent.LOG: "Watch flows with Hubble.",
    Intent.STATISTICS: "Metrics have other names; see Hubble.",
    Intent.CAPTURE: "There is no proxy beside a pod: give the application the ports that the source's proxy listened on.",
    Intent.REGISTRATION: "Machines outside are known by their addresses (CiliumCIDRGroup).",
    Intent.REMOVAL: "Find out why the part was taken out; the target's proxy does not have it.",
    Intent.OTHER: "Find out what it is for. Often the target has a plain setting for it.",
}

WORDS = Words(
    instead=_INSTEAD,
    plain="The target's proxy is set up by policies and routes; what else it is to do is said in Envoy's own words.",
    observed="Move dashboards and alerts before the workloads; flows are seen with Hubble.",
)
