"""The facts behind :mod:`translator.audit.ageing`, each with the page of its own project that says so."""

from __future__ import annotations

from dataclasses import dataclass

_ISTIO_API = "https://github.com/istio/api/blob/master"
_CILIUM = "https://docs.cilium.io/en/stable/operations/upgrade/"
_NETWORKING = "networking.istio.io"
_SECURITY = "security.istio.io"
_CNP = ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")
_GATEWAY = "gateway.networking.k8s.io"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that is given up. ``since``, ``gone``: versions of ``mesh``; empty where none is stated.

    ``group``, ``kinds``, ``versions`` choose objects, empty for any; ``paths`` the leaves of them, ``value`` what stands
    there; without ``paths`` the object itself is meant.
    """

    mesh: str
    what: str
    instead: str
    doc: str
    since: str = ""
    gone: str = ""
    group: str = ""
    kinds: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    value: str = ""


def _field(kind: str, what: str, instead: str, *paths: str, value: str = "") -> Fact:
    """A field of Istio's networking API that its own proto file calls deprecated."""
    file = {"VirtualService": "virtual_service", "DestinationRule": "destination_rule"}[kind]
    return Fact(
        mesh="istio",
        what=what,
        instead=instead,
        doc=f"{_ISTIO_API}/networking/v1alpha3/{file}.proto",
        group=_NETWORKING,
        kinds=(kind,),
        paths=paths,
        value=value,
    )


ISTIO = (
    _field(
        "VirtualService",
        "mirrorPercent",
        "mirrorPercentage.value",
        "spec.http[].mirrorPercent",
        "spec.http[].mirror_percent",
    ),
    _field(
        "VirtualService",
        "fault.delay.percent",
        "fault.delay.percentage.value",
        "spec.http[].fault.delay.percent",
    ),
    _field(
        "VirtualService",
        "corsPolicy.allowOrigin",
        "corsPolicy.allowOrigins[].exact",
        "spec.http[].corsPolicy.allowOrigin",
    ),
    _field(
        "DestinationRule",
        "consistentHash.minimumRingSize",
        "consistentHash.ringHash.minimumRingSize",
        "spec.**loadBalancer.consistentHash.minimumRingSize",
    ),
    _field(
        "DestinationRule",
        "outlierDetection.consecutiveErrors, which proxies ignore",
        "consecutive5xxErrors or consecutiveGatewayErrors",
        "spec.**outlierDetection.consecutiveErrors",
    ),
    _field(
        "DestinationRule",
        "loadBalancer.warmupDurationSecs",
        "loadBalancer.warmup.duration",
        "spec.**loadBalancer.warmupDurationSecs",
    ),
    _field(
        "DestinationRule",
        "the algorithm LEAST_CONN",
        "LEAST_REQUEST",
        "spec.**loadBalancer.simple",
        value="LEAST_CONN",
    ),
    Fact(
        mesh="istio",
        what="targetRef of a policy",
        instead="targetRefs, a list",
        doc=f"{_ISTIO_API}/security/v1beta1/authorization_policy.proto",
        kinds=("AuthorizationPolicy", "RequestAuthentication", "Telemetry", "WasmPlugin"),
        paths=("spec.targetRef",),
    ),
    Fact(
        mesh="istio",
        what="jwks_uri",
        instead="jwksUri",
        doc=f"{_ISTIO_API}/security/v1beta1/request_authentication.proto",
        group=_SECURITY,
        kinds=("RequestAuthentication",),
        paths=("spec.jwtRules[].jwks_uri",),
    ),
    Fact(
        mesh="istio",
        what="the annotation sidecar.istio.io/inject of pods",
        instead="the label of the same name, which also wins over it",
        doc="https://istio.io/latest/docs/reference/config/annotations/#SidecarInject",
        paths=('**metadata.annotations["sidecar.istio.io/inject"]',),
    ),
    Fact(
        mesh="istio",
        what="IstioOperator applied to a cluster",
        instead="istioctl install -f, or the Helm charts",
        doc="https://istio.io/latest/blog/2024/in-cluster-operator-deprecation-announcement/",
        since="1.23",
        gone="1.24",
        group="install.istio.io",
        kinds=("IstioOperator",),
    ),
    Fact(
        mesh="istio",
        what="policies of the group rbac.istio.io, which nothing reads",
        instead="AuthorizationPolicy",
        doc="https://istio.io/latest/blog/2021/migrate-alpha-policy/",
        since="1.4",
        gone="1.6",
        group="rbac.istio.io",
    ),
    Fact(
        mesh="istio",
        what="policies of the group authentication.istio.io, which nothing reads",
        instead="PeerAuthentication and RequestAuthentication",
        doc="https://istio.io/latest/blog/2021/migrate-alpha-policy/",
        since="1.5",
        gone="1.6",
        group="authentication.istio.io",
    ),
)

LINKERD = (
    Fact(
        mesh="linkerd",
        what="Server of an old API version",
        instead="policy.linkerd.io/v1beta3",
        doc="https://github.com/linkerd/linkerd2/blob/main/charts/linkerd-crds/templates/policy/server.yaml",
        group="policy.linkerd.io",
        kinds=("Server",),
        versions=("v1alpha1", "v1beta1"),
    ),
    Fact(
        mesh="linkerd",
        what="ServerAuthorization",
        instead="AuthorizationPolicy with MeshTLSAuthentication or NetworkAuthentication",
        doc="https://linkerd.io/2-edge/reference/authorization-policy/#serverauthorization",
        since="2.12",
        group="policy.linkerd.io",
        kinds=("ServerAuthorization",),
    ),
    Fact(
        mesh="linkerd",
        what="ServiceProfile",
        instead="HTTPRoute and GRPCRoute, with retry.linkerd.io/* and timeout.linkerd.io/* annotations",
        doc="https://linkerd.io/2-edge/features/service-profiles/",
        since="2.16",
        group="linkerd.io",
        kinds=("ServiceProfile",),
    ),
    Fact(
        mesh="linkerd",
        what="TrafficSplit, which only the SMI extension reads",
        instead="HTTPRoute with weights",
        doc="https://linkerd.io/2-edge/tasks/linkerd-smi/",
        since="2.12",
        group="split.smi-spec.io",
    ),
    Fact(
        mesh="linkerd",
        what="native sidecars by an annotation of the alpha or beta",
        instead="config.linkerd.io/proxy-enable-native-sidecar; it is the default since 2.20",
        doc="https://linkerd.io/2-edge/reference/proxy-configuration/",
        since="2.19",
        paths=(
            '**metadata.annotations["config.alpha.linkerd.io/proxy-enable-native-sidecar"]',
            '**metadata.annotations["config.beta.linkerd.io/proxy-enable-native-sidecar"]',
        ),
    ),
)

CILIUM = (
    Fact(
        mesh="cilium",
        what="fromRequires and toRequires",
        instead="one selector that demands all of it, or a deny with NotIn and DoesNotExist",
        doc=_CILIUM,
        since="1.17",
        gone="1.19",
        kinds=_CNP,
        paths=("spec**.fromRequires", "spec**.toRequires"),
    ),
    Fact(
        mesh="cilium",
        what="rules for Kafka",
        instead="nothing of the same meaning: rules for the port",
        doc=_CILIUM,
        since="1.19",
        gone="1.20",
        kinds=_CNP,
        paths=("spec**.rules.kafka",),
    ),
    Fact(
        mesh="cilium",
        what="rules for protocols of plugins (l7proto)",
        instead="nothing of the same meaning: rules for the port; clean up before the upgrade",
        doc=_CILIUM,
        since="1.18",
        gone="1.20",
        kinds=_CNP,
        paths=("spec**.rules.l7proto", "spec**.rules.l7"),
    ),
    Fact(
        mesh="cilium",
        what="mutual authentication (authentication.mode)",
        instead="encryption with WireGuard or ztunnel, which proves no identity for each policy",
        doc="https://github.com/cilium/cilium/issues/47132",
        since="1.20",
        gone="1.21",
        kinds=_CNP,
        paths=("spec**.authentication.mode",),
        value="required",
    ),
    Fact(
        mesh="cilium",
        what="CiliumCIDRGroup of cilium.io/v2alpha1",
        instead="cilium.io/v2",
        doc=_CILIUM,
        since="1.18",
        group="cilium.io",
        kinds=("CiliumCIDRGroup",),
        versions=("v2alpha1",),
    ),
    Fact(
        mesh="cilium",
        what="CiliumExternalWorkload",
        instead="nothing: machines outside the cluster join in no other way",
        doc=_CILIUM,
        gone="1.18",
        group="cilium.io",
        kinds=("CiliumExternalWorkload",),
    ),
)

GATEWAY_API = (
    Fact(
        mesh="gateway-api",
        what="routes of v1alpha2, which the standard channel does not serve",
        instead="gateway.networking.k8s.io/v1",
        doc="https://gateway-api.sigs.k8s.io/guides/api-design/#versioning",
        group=_GATEWAY,
        kinds=("TLSRoute", "TCPRoute", "UDPRoute", "GRPCRoute"),
        versions=("v1alpha2",),
    ),
    Fact(
        mesh="gateway-api",
        what="BackendTLSPolicy of v1alpha3, which the standard channel does not serve",
        instead="gateway.networking.k8s.io/v1",
        doc="https://gateway-api.sigs.k8s.io/api-types/backendtlspolicy/",
        since="1.4",
        group=_GATEWAY,
        kinds=("BackendTLSPolicy",),
        versions=("v1alpha2", "v1alpha3"),
    ),
    Fact(
        mesh="gateway-api",
        what="XListenerSet of the experimental group",
        instead="ListenerSet of gateway.networking.k8s.io",
        doc="https://gateway-api.sigs.k8s.io/geps/gep-1713/",
        since="1.5",
        group="gateway.networking.x-k8s.io",
        kinds=("XListenerSet",),
    ),
)

FACTS: tuple[Fact, ...] = (*ISTIO, *LINKERD, *CILIUM, *GATEWAY_API)
"""All of them, by mesh."""
