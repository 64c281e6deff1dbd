"""Which workloads have a proxy of the mesh, and with what settings it runs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ir.attachment import Subject
from ir.provenance import Traced, Trail
from ir.roles import Role, roles


@roles(subject=Role.SUBJECT, enrolled=Role.EFFECT, object=Role.SUBJECT)
@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """The workloads of the subject are in the mesh, or are kept out of it.

    ``object`` is the ``Kind/namespace/name`` of the object that says so. No workload may be enrolled in two meshes,
    none that was enrolled may end in none.
    """

    subject: Subject
    object: str
    enrolled: Traced[bool]
    trail: Trail


class Aspect(StrEnum):
    """What a setting of proxies is about."""

    # what a proxy may use
    CPU_REQUEST = "cpu_request"
    CPU_LIMIT = "cpu_limit"
    MEMORY_REQUEST = "memory_request"
    MEMORY_LIMIT = "memory_limit"
    WORKERS = "workers"
    """How many requests a proxy works on at once: a number of threads, 0 for one for each core."""

    # how it starts and ends
    WAIT_FOR_PROXY = "wait_for_proxy"
    """``true``: the application starts when its proxy can take traffic."""
    NATIVE_SIDECAR = "native_sidecar"
    """``true``: the proxy is a container that the node starts before and stops after the application."""
    DRAIN = "drain"
    """Seconds for which requests may finish once the pod is told to stop."""
    IMAGE = "image"
    ENVIRONMENT = "environment"
    BOOTSTRAP = "bootstrap"
    VOLUMES = "volumes"
    TEMPLATE = "template"
    """How the proxy is put into the pod."""

    GATEWAY_CLASS = "gateway_class"
    """Who makes the pods of a gateway and serves it."""

    # what it captures and how it reads it
    CAPTURE = "capture"
    """How connections get into the proxy, and which of those that come to its pod."""
    CAPTURE_OUT = "capture_out"
    """Which connections that its pod opens get into the proxy."""
    PROBES = "probes"
    """``false``: health checks reach the application as they are."""
    CONNECT_TIMEOUT = "connect_timeout"
    """Seconds that a connection to an endpoint may take to open."""
    DETECT_TIMEOUT = "detect_timeout"
    """Seconds for which the first bytes of a connection are waited for to tell what it speaks."""
    KEEPALIVE = "keepalive"
    HTTP2_UPGRADE = "http2_upgrade"
    """Whether requests of HTTP/1 are sent on as HTTP/2."""
    RETRY = "retry"
    """Further tries of requests whose route says nothing of them."""
    BALANCING = "balancing"
    """Which endpoints are preferred by their place."""
    NEAR = "near"
    """Endpoints near the client come first: ``PreferClose``, ``PreferSameZone`` or ``PreferSameNode``."""
    AFFINITY = "affinity"
    """How a client comes back to the endpoint that it had before."""
    POOL = "pool"
    """Limits and outliers where no policy gives any."""
    PATH_FORM = "path_form"
    """The form into which paths are brought before they are compared and sent on."""
    HEADERS = "headers"
    """Headers that a proxy adds or takes away by itself."""
    INBOUND = "inbound"
    """How the application is reached by its own proxy: the address, and how long that may take."""
    TRUSTED_HOPS = "trusted_hops"
    """How many proxies in front of a gateway are believed about the client's address."""

    # whom it trusts
    TRUST_DOMAIN = "trust_domain"
    TRUST_ALIASES = "trust_aliases"
    """Other trust domains whose identities count as those of the mesh's own."""
    CERTIFICATES = "certificates"
    TLS_VERSION = "tls_version"
    CLIENT_TLS = "client_tls"
    """``false``: clients use mutual TLS only where they are told to."""

    # what it knows of
    ROOT_NAMESPACE = "root_namespace"
    EXPORT = "export"
    """Who sees services."""
    RULE_EXPORT = "rule_export"
    """Who heeds routes and policies that say nothing of it."""
    DISCOVERY = "discovery"
    """The namespaces that the mesh looks at."""
    CACHE = "cache"
    """How long a proxy remembers what it has looked up and nobody asks for."""
    NETWORKS = "networks"
    """Clusters and networks that the mesh spans."""
    WAYPOINT = "waypoint"
    """A proxy between clients and the servers of the subject, shared by these."""
    INGRESS = "ingress"
    """How requests enter by the mesh; of pods: each request goes where it is addressed to, wherever it was dialled."""
    DECISIONS = "decisions"
    """Services outside that may be asked whether a request passes."""
    EGRESS = "egress"
    REVISION = "revision"
    """Which of several control planes is in charge."""
    OTHER = "other"


@roles(subject=Role.SUBJECT, object=Role.SUBJECT, aspect=Role.SUBJECT, value=Role.EFFECT)
@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySetting:
    """The proxies of the subject (or of the clients and servers of a service) run with this setting.

    ``object`` is the ``Kind/namespace/name`` of the object that says so, empty for the mesh as a whole. ``value`` is in
    the words of the source where the aspect has no unit of its own.
    """

    subject: Subject
    object: str
    aspect: Aspect
    value: Traced[str]
    trail: Trail
