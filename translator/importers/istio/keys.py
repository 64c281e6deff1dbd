"""Labels and annotations of the source on objects that are no mesh's own, and what each is about.

istio/api annotation/annotations.yaml and label/labels.yaml, 1.31, with those that older releases had. Keys of who has a
proxy are in ``membership.py``, those of ports that bypass it in ``capture.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ir.membership import Aspect


@dataclass(frozen=True, slots=True)
class Usual:
    """A key that changes nothing where it has one of ``values``, for this reason; else it is about something."""

    values: tuple[str, ...]
    reason: str
    else_about: Aspect


OBSERVES = "only names or sends what is observed of traffic"
"""The treatment of keys that are telemetry."""

_LOGS = "says how much the source's own proxy logs"
_WRITTEN = "is written by the source's own controllers"
_NAMES = "names the workload in what is observed of it"
_CHECKS = "says how the source's own proxy is checked for readiness"
_DEFAULT = "is what holds anyway"

Treatment = Aspect | Usual | str

_WAYPOINTS: Mapping[str, Treatment] = {
    "istio.io/use-waypoint": Usual(("none",), "names no proxy in between", Aspect.WAYPOINT),
    "istio.io/use-waypoint-namespace": Aspect.WAYPOINT,
    "istio.io/use-waypoint-canary": Aspect.WAYPOINT,
    "istio.io/use-waypoint-canary-namespace": Aspect.WAYPOINT,
    "istio.io/use-waypoint-canary-weight": Aspect.WAYPOINT,
    "istio.io/ingress-use-waypoint": Usual(("false",), _DEFAULT, Aspect.WAYPOINT),
}

_PLACES: Mapping[str, Treatment] = {
    "topology.istio.io/network": Aspect.NETWORKS,
    "topology.istio.io/cluster": Aspect.NETWORKS,
    "topology.istio.io/subzone": Aspect.BALANCING,
    "topology.istio.io/locality": Aspect.BALANCING,
    "topology.istio.io/controlPlaneClusters": Aspect.NETWORKS,
}

OPERATED: Mapping[str, str] = dict.fromkeys(
    (
        "istio.io/owning-resource",
        "istio.io/owning-resource-namespace",
        "istio.io/component",
        "istio.io/tag",
        "istio.io/deployed-by",
        "istio.io/managed",
        "operator.istio.io/component",
        "operator.istio.io/managed",
        "operator.istio.io/version",
        "install.operator.istio.io/owning-resource",
        "install.operator.istio.io/owning-resource-namespace",
        "install.operator.istio.io/chart-owner",
        "install.operator.istio.io/owner-generation",
        "install.operator.istio.io/owner-kind",
        "install.operator.istio.io/owner-name",
        "gateway.istio.io/managed",
        "gateway.istio.io/controller-version",
        "istio.io/gateway-name",
        "galley.istio.io/analyze-suppress",
    ),
    "is how the source's installer tracks its own objects",
)

POD: Mapping[str, Treatment] = {
    **_WAYPOINTS,
    **_PLACES,
    **OPERATED,
    "sidecar.istio.io/proxyCPU": Aspect.CPU_REQUEST,
    "sidecar.istio.io/proxyCPULimit": Aspect.CPU_LIMIT,
    "sidecar.istio.io/proxyMemory": Aspect.MEMORY_REQUEST,
    "sidecar.istio.io/proxyMemoryLimit": Aspect.MEMORY_LIMIT,
    "sidecar.istio.io/proxyImage": Aspect.IMAGE,
    "sidecar.istio.io/proxyImageType": Aspect.IMAGE,
    "sidecar.istio.io/nativeSidecar": Aspect.NATIVE_SIDECAR,
    "sidecar.istio.io/bootstrapOverride": Aspect.BOOTSTRAP,
    "sidecar.istio.io/userVolume": Aspect.VOLUMES,
    "sidecar.istio.io/userVolumeMount": Aspect.VOLUMES,
    "sidecar.istio.io/rewriteAppHTTPProbers": Usual(("true",), _DEFAULT, Aspect.PROBES),
    "sidecar.istio.io/interceptionMode": Usual(
        ("REDIRECT", "TPROXY"), "only says how connections get into the proxy", Aspect.CAPTURE
    ),
    "sidecar.istio.io/logLevel": _LOGS,
    "sidecar.istio.io/componentLogLevel": _LOGS,
    "sidecar.istio.io/agentLogLevel": _LOGS,
    "sidecar.istio.io/enableCoreDump": _LOGS,
    "sidecar.istio.io/status": _WRITTEN,
    "sidecar.istio.io/discoveryAddress": "says where the source's own control plane is",
    "sidecar.istio.io/controlPlaneAuthPolicy": "secures the source's own control plane",
    "sidecar.istio.io/statsInclusionPrefixes": OBSERVES,
    "sidecar.istio.io/statsInclusionRegexps": OBSERVES,
    "sidecar.istio.io/statsInclusionSuffixes": OBSERVES,
    "sidecar.istio.io/statsHistogramBuckets": OBSERVES,
    "sidecar.istio.io/statsCompression": OBSERVES,
    "sidecar.istio.io/statsEvictionInterval": OBSERVES,
    "sidecar.istio.io/extraStatTags": OBSERVES,
    "prometheus.istio.io/merge-metrics": OBSERVES,
    "status.sidecar.istio.io/port": _CHECKS,
    "readiness.status.sidecar.istio.io/applicationPorts": _CHECKS,
    "readiness.status.sidecar.istio.io/failureThreshold": _CHECKS,
    "readiness.status.sidecar.istio.io/initialDelaySeconds": _CHECKS,
    "readiness.status.sidecar.istio.io/periodSeconds": _CHECKS,
    "proxy.istio.io/overrides": _WRITTEN,
    "inject.istio.io/templates": Usual(("sidecar",), _DEFAULT, Aspect.TEMPLATE),
    "istio.io/rev": Aspect.REVISION,
    "istio.io/reroute-virtual-interfaces": Aspect.CAPTURE,
    "traffic.sidecar.istio.io/includeOutboundPorts": Aspect.CAPTURE_OUT,
    "traffic.sidecar.istio.io/includeOutboundIPRanges": Aspect.CAPTURE_OUT,
    "traffic.sidecar.istio.io/excludeOutboundIPRanges": Aspect.CAPTURE_OUT,
    "traffic.sidecar.istio.io/excludeInterfaces": Aspect.CAPTURE,
    "traffic.sidecar.istio.io/kubevirtInterfaces": Aspect.CAPTURE,
    "ambient.istio.io/redirection": _WRITTEN,
    "ambient.istio.io/dns-capture": Aspect.ENVIRONMENT,
    "ambient.istio.io/waypoint-inbound-binding": Aspect.WAYPOINT,
    "security.istio.io/tlsMode": Usual(("istio",), _WRITTEN, Aspect.CLIENT_TLS),
    "service.istio.io/canonical-name": _NAMES,
    "service.istio.io/canonical-revision": _NAMES,
    "service.istio.io/workload-name": _NAMES,
    "istio-locality": Aspect.BALANCING,
}
"""Keys of pods."""

NAMESPACE: Mapping[str, Treatment] = {
    **_WAYPOINTS,
    **_PLACES,
    **OPERATED,
    "networking.istio.io/traffic-distribution": Aspect.NEAR,
}
"""Keys of namespaces."""

GATEWAY: Mapping[str, Treatment] = {
    **_PLACES,
    **OPERATED,
    "istio.io/rev": Aspect.REVISION,
    "istio.io/waypoint-for": Aspect.WAYPOINT,
    "ambient.istio.io/waypoint-inbound-binding": Aspect.WAYPOINT,
    "networking.istio.io/service-type": Aspect.TEMPLATE,
    "networking.istio.io/exportTo": Aspect.EXPORT,
    "gateway.istio.io/service-account": Aspect.TEMPLATE,
    "gateway.istio.io/name-override": Aspect.TEMPLATE,
    "gateway.istio.io/alias-for": Aspect.TEMPLATE,
    "istio.io/service-account": Aspect.TEMPLATE,
}
"""Keys of Gateways of the Gateway API: how the source makes pods of them."""

SERVICE: Mapping[str, Treatment] = {
    **_WAYPOINTS,
    **_PLACES,
    **OPERATED,
    "istio.io/rev": Aspect.REVISION,
    "istio.io/global": Aspect.NETWORKS,
    "istio.io/persistent-session": Aspect.AFFINITY,
    "networking.istio.io/exportTo": Usual(("*",), _DEFAULT, Aspect.EXPORT),
    "networking.istio.io/traffic-distribution": Aspect.NEAR,
    "networking.istio.io/gatewayPort": Aspect.NETWORKS,
    "experimental.istio.io/disable-gateway-port-translation": Aspect.TEMPLATE,
    "networking.istio.io/service-type": "says of what type the Service of a gateway is made",
    "alpha.istio.io/kubernetes-serviceaccounts": Aspect.CERTIFICATES,
    "alpha.istio.io/canonical-serviceaccounts": Aspect.CERTIFICATES,
    "service.istio.io/canonical-name": _NAMES,
    "service.istio.io/canonical-revision": _NAMES,
}
"""Keys of Services."""


def is_own(key: str) -> bool:
    """Whether a label or annotation is one of the source's."""
    prefix, slash, _ = key.partition("/")
    if not slash:
        return key in ("istio-injection", "istio-locality")
    return prefix == "istio.io" or prefix.endswith(".istio.io")
