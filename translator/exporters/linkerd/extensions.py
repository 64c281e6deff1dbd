"""What Linkerd has instead of what only the source's proxy understands.

linkerd2 2.20 (HTTPLocalRateLimitPolicy, AuthorizationPolicy, config.linkerd.io/*); its proxy takes no extensions
(linkerd2-proxy has no plug-in interface).
"""

from __future__ import annotations

from collections.abc import Mapping

from ir.opaque import Intent
from translator.exporters.extensions import Words

_INSTEAD: Mapping[Intent, str] = {
    Intent.LOCAL_RATE_LIMIT: "Write an HTTPLocalRateLimitPolicy for the Server of the port (requests per second for the "
    "whole port or by client identity; no paths, no headers).",
    Intent.GLOBAL_RATE_LIMIT: "There is no global rate limit: keep it in an ingress, or limit each pod with an "
    "HTTPLocalRateLimitPolicy.",
    Intent.EXTERNAL_AUTHORIZATION: "Ask the service in an ingress in front of the mesh, or in the application; until "
    "then refuse what it would have decided.",
    Intent.EXTERNAL_PROCESSING: "Move it into the application or into a gateway in front of it.",
    Intent.ACCESS_RULES: "Write AuthorizationPolicies for what is to be let in.",
    Intent.TOKEN_CHECK: "Check tokens in the application or in an ingress in front of it.",
    Intent.SCRIPT: "Read the script: what it decides must move into the application or into a gateway.",
    Intent.PLUGIN: "Find out what the plugin does; it must move into the application or into a gateway.",
    Intent.HEADER_CHANGE: "Set headers with RequestHeaderModifier or ResponseHeaderModifier on the HTTPRoutes of the "
    "Service, which clients of the mesh take.",
    Intent.CROSS_ORIGIN: "Answer cross-origin requests in the application or in the ingress.",
    Intent.FAULT: "Test with a backend that is slow or fails.",
    Intent.TIME_LIMIT: "Set timeout.linkerd.io/request, response or idle on the route or the Service.",
    Intent.LIMIT: "Connections and sizes are not limited by the proxy: limit them in the application.",
    Intent.KEEP_ALIVE: "The target's proxies keep connections alive by settings of their own.",
    Intent.COMPRESSION: "Compress in the application or in the ingress.",
    Intent.TRANSCODING: "Put a gateway that transcodes in front of the service.",
    Intent.PATH_FORM: "The target decides on the path as it was sent: compare the rules that depend on its form.",
    Intent.TRUSTED_HOPS: "The target knows callers by the address of the connection only.",
    Intent.PROXY_PROTOCOL: "End it in the load balancer or in the ingress.",
    Intent.LOCAL_REPLY: "Answers of the target's proxy cannot be changed.",
    Intent.UPGRADE: "WebSockets and CONNECT pass; other upgrades must be tried.",
    Intent.TLS: "Mutual TLS is on between workloads of the mesh; other TLS must end in the application.",
    Intent.DESTINATION: "It is there for another patch; it goes with that one.",
    Intent.ROUTE: "Write the change as an HTTPRoute.",
    Intent.NODES: "Guard the nodes by what guards machines.",
    Intent.SOURCE_ADDRESS: "Lead it through an egress gateway with an address of its own.",
    Intent.LOG: "Access logs are switched on with config.linkerd.io/access-log.",
    Intent.STATISTICS: "Metrics have other names; see the target's proxy metrics.",
    Intent.CAPTURE: "The target takes connections on the ports of the pod as they are; give the application the ports that "
    "the source's proxy listened on.",
    Intent.REGISTRATION: "Write an ExternalWorkload for each machine.",
    Intent.REMOVAL: "Find out why the part was taken out; the target's proxy does not have it.",
    Intent.OTHER: "Find out what it is for. Often the target has a plain setting for it.",
}
"""What to do in the target, by purpose."""


WORDS = Words(
    instead=_INSTEAD,
    plain="The target's proxy takes no patches and no plugins.",
    observed="Move dashboards and alerts before the workloads; access logs are switched on with "
    "config.linkerd.io/access-log.",
)
