"""What becomes of settings of proxies that have no annotation: a table by what they are about.

linkerd2 charts/linkerd-control-plane/values.yaml and pkg/inject/inject.go, 2.20.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ir.membership import Aspect
from translator.report.model import Impact, Severity, Support


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of settings of one aspect. ``absorbed``: the target holds to it by itself, or others wrote it."""

    impact: Impact
    severity: Severity
    message: str
    advice: str = ""
    code: str = "MM604"
    support: Support = Support.NEVER
    absorbed: bool = False


_SIZES = Outcome(
    Impact.NONE,
    Severity.LOW,
    "what the source's proxy may use of a node is not carried over for the mesh as a whole",
    "Set proxy.resources when the target is installed; its proxy needs less.",
)
_STARTS = Outcome(
    Impact.NONE,
    Severity.LOW,
    "how the source's proxy is started, configured or put into pods means nothing to another proxy",
    "Look among the config.linkerd.io/ annotations whether you need the like.",
)
_TRUST = Outcome(
    Impact.NONE,
    Severity.MEDIUM,
    "identities are written for this trust domain",
    "Install the target with it: identityTrustDomain.",
    support=Support.PARTIAL,
    absorbed=True,
)
_SPREAD = Outcome(
    Impact.DIFFERENT,
    Severity.MEDIUM,
    "a mesh over several clusters or networks is built otherwise",
    "Link the clusters by the target's multicluster extension; services of another cluster get names of their own.",
    support=Support.NOT_YET,
)

OUTCOMES: Mapping[Aspect, Outcome] = {
    Aspect.CPU_REQUEST: _SIZES,
    Aspect.CPU_LIMIT: _SIZES,
    Aspect.MEMORY_REQUEST: _SIZES,
    Aspect.MEMORY_LIMIT: _SIZES,
    Aspect.WORKERS: Outcome(
        Impact.NONE,
        Severity.LOW,
        "the number of worker threads is not carried over: it follows the proxy's CPU limit",
        "Set config.linkerd.io/proxy-cpu-limit where a proxy needs more than one core.",
    ),
    Aspect.WAIT_FOR_PROXY: Outcome(
        Impact.NONE,
        Severity.INFO,
        "the application waits for its proxy in the target, unless it is told not to",
        support=Support.PARTIAL,
        absorbed=True,
    ),
    Aspect.NATIVE_SIDECAR: _STARTS,
    Aspect.DRAIN: Outcome(
        Impact.DIFFERENT,
        Severity.LOW,
        "the time for which requests may finish when a pod stops is not carried over; the target waits up to 2 min",
        "Set config.linkerd.io/shutdown-grace-period on the namespace or workload.",
    ),
    Aspect.IMAGE: _STARTS,
    Aspect.ENVIRONMENT: _STARTS,
    Aspect.BOOTSTRAP: Outcome(
        Impact.DIFFERENT,
        Severity.MEDIUM,
        "a piece of the source proxy's own configuration is left out: what it does is not known to this tool",
        "Find out what it is for.",
        code="MM801",
    ),
    Aspect.VOLUMES: _STARTS,
    Aspect.GATEWAY_CLASS: Outcome(
        Impact.STRICTER,
        Severity.HIGH,
        "the gateway is of a class that goes away with the source: nothing enters by it then",
        "Decide which gateway takes over; with its class give --gateway-class.",
        code="MM733",
        support=Support.PARTIAL,
    ),
    Aspect.TEMPLATE: _STARTS,
    Aspect.CAPTURE: Outcome(
        Impact.DIFFERENT,
        Severity.HIGH,
        "which connections get into the proxy is said otherwise for the mesh as a whole",
        "Set proxyInit.ignoreInboundPorts, ignoreOutboundPorts and skipSubnets when the target is installed.",
        code="MM603",
        support=Support.PARTIAL,
    ),
    Aspect.CAPTURE_OUT: Outcome(
        Impact.DIFFERENT,
        Severity.MEDIUM,
        "connections that go past the proxy by their address in the source pass through it in the target, unread where "
        "they are not HTTP, and are held to EgressNetworks",
        "Look whether one of these addresses is refused by an EgressNetwork, or waits for the server to speak first; then "
        "leave its port out by config.linkerd.io/skip-outbound-ports.",
        code="MM603",
        support=Support.PARTIAL,
    ),
    Aspect.PROBES: Outcome(
        Impact.DIFFERENT,
        Severity.MEDIUM,
        "whether health checks are rewritten cannot be said: the target lets them in by their path",
        "Watch the readiness of the pods after the first one is moved.",
        code="MM404",
    ),
    Aspect.CONNECT_TIMEOUT: Outcome(
        Impact.DIFFERENT,
        Severity.LOW,
        "a connection to an endpoint may take 1 s to open in the target",
        "Set config.linkerd.io/proxy-outbound-connect-timeout on clients that need longer.",
        support=Support.NOT_YET,
    ),
    Aspect.DETECT_TIMEOUT: Outcome(
        Impact.DIFFERENT,
        Severity.LOW,
        "the target waits 10 s for the first bytes of a connection whose protocol is not known",
        "Mark ports on which the server speaks first as opaque.",
    ),
    Aspect.KEEPALIVE: Outcome(
        Impact.DIFFERENT,
        Severity.LOW,
        "how idle connections are kept alive or closed is not carried over",
    ),
    Aspect.HTTP2_UPGRADE: Outcome(
        Impact.NONE,
        Severity.LOW,
        "requests between proxies of the target go as HTTP/2 in any case; applications see the version that was sent",
    ),
    Aspect.RETRY: Outcome(
        Impact.DIFFERENT,
        Severity.MEDIUM,
        "requests of services without routes of their own are not tried again; the target retries nothing unless told",
        'Write retries by status where a service relies on them (retry.linkerd.io/http: "5xx").',
        code="MM307",
        support=Support.PARTIAL,
    ),
    Aspect.BALANCING: Outcome(
        Impact.DIFFERENT,
        Severity.MEDIUM,
        "endpoints are not preferred by region or zone as in the source",
        "The target heeds the topology hints of Services: spec.trafficDistribution.",
        code="MM306",
    ),
    Aspect.NEAR: Outcome(
        Impact.DIFFERENT,
        Severity.MEDIUM,
        "endpoints near the client cannot be preferred in this way",
        "Write spec.trafficDistribution: PreferClose into the Services; the target heeds the hints that come of it.",
        code="MM306",
        support=Support.PARTIAL,
    ),
    Aspect.AFFINITY: Outcome(
        Impact.DIFFERENT,
        Severity.HIGH,
        "a client does not come back to the endpoint that it had before",
        "Keep sessions in a store that all endpoints share.",
        code="MM306",
    ),
    Aspect.POOL: Outcome(
        Impact.DIFFERENT,
        Severity.MEDIUM,
        "limits and outlier detection for the mesh as a whole cannot be said",
        "Annotate the Services that need a circuit breaker (balancer.linkerd.io/failure-accrual).",
    ),
    Aspect.PATH_FORM: Outcome(
        Impact.NONE,
        Severity.INFO,
        "rules are written with this form of paths in mind; the target compares paths as they are sent",
        code="MM408",
        support=Support.PARTIAL,
        absorbed=True,
    ),
    Aspect.HEADERS: Outcome(
        Impact.DIFFERENT,
        Severity.MEDIUM,
        "the target's proxy adds and removes other headers by itself (l5d-*)",
        "Check applications that read x-forwarded-client-cert, x-request-id or x-envoy-* headers.",
    ),
    Aspect.INBOUND: Outcome(
        Impact.DIFFERENT,
        Severity.MEDIUM,
        "the target's proxy reaches the application at the address of its pod",
        "Let applications that listen on 127.0.0.1 alone listen on all addresses.",
    ),
    Aspect.TRUSTED_HOPS: Outcome(
        Impact.DIFFERENT,
        Severity.MEDIUM,
        "how many proxies in front of a gateway are believed is a setting of the ingress controller that takes its place",
        "Set it there before rules rely on the client's address.",
    ),
    Aspect.TRUST_DOMAIN: _TRUST,
    Aspect.TRUST_ALIASES: Outcome(
        Impact.STRICTER,
        Severity.MEDIUM,
        "the target has one trust domain: callers whose certificate names this one are strangers",
        "Move the workloads of the old trust domain first.",
    ),
    Aspect.CERTIFICATES: Outcome(
        Impact.DIFFERENT,
        Severity.MEDIUM,
        "the target has a certificate authority of its own",
        "Install it with your trust anchor and issuer.",
    ),
    Aspect.TLS_VERSION: Outcome(
        Impact.NONE,
        Severity.LOW,
        "the versions of TLS cannot be set: proxies of the target speak TLS 1.3 to each other",
    ),
    Aspect.CLIENT_TLS: Outcome(
        Impact.DIFFERENT,
        Severity.MEDIUM,
        "clients do not use mutual TLS unless told to in the source; in the target all proxies do",
        code="MM405",
    ),
    Aspect.ROOT_NAMESPACE: Outcome(
        Impact.NONE,
        Severity.INFO,
        "policies of this namespace are written out for the workloads that they hold for",
        support=Support.PARTIAL,
        absorbed=True,
    ),
    Aspect.EXPORT: Outcome(
        Impact.NONE,
        Severity.LOW,
        "services are visible from every namespace in the target; seeing is not being let in",
    ),
    Aspect.RULE_EXPORT: Outcome(
        Impact.NONE,
        Severity.INFO,
        "routes and policies that say nothing of it are written for the clients that see them",
        support=Support.PARTIAL,
        absorbed=True,
    ),
    Aspect.DISCOVERY: Outcome(
        Impact.NONE,
        Severity.LOW,
        "the target looks at all namespaces; only pods that are enrolled get a proxy",
    ),
    Aspect.CACHE: _STARTS,
    Aspect.NETWORKS: _SPREAD,
    Aspect.WAYPOINT: Outcome(
        Impact.DIFFERENT,
        Severity.MEDIUM,
        "the target has no proxy between clients and servers: each pod has its own",
    ),
    Aspect.INGRESS: Outcome(
        Impact.DIFFERENT,
        Severity.MEDIUM,
        "the target serves no Ingress of its own",
        "Put an ingress controller in place and enrol its pods.",
        code="MM501",
    ),
    Aspect.DECISIONS: Outcome(
        Impact.NONE,
        Severity.LOW,
        "no service outside is asked; the policies that would ask it are reported one by one",
        code="MM407",
    ),
    Aspect.EGRESS: Outcome(
        Impact.DIFFERENT,
        Severity.MEDIUM,
        "undeclared destinations are reached at the address that the client dialled, by no look-up of the proxy's",
        code="MM503",
    ),
    Aspect.REVISION: _STARTS,
    Aspect.OTHER: _STARTS,
}
"""What becomes of a setting of the mesh as a whole, or of one that has no annotation."""

NO_RETRIES = Outcome(
    Impact.NONE,
    Severity.INFO,
    "nothing is tried again unless a route says so, in the target too",
    code="MM307",
    support=Support.PARTIAL,
    absorbed=True,
)
"""Retries that are switched off for the mesh as a whole."""
