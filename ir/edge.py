"""The rim of the mesh: listeners that let traffic in, and names outside that traffic may go to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ir.attachment import Attachment, Audience
from ir.match import Cidr, Labels, Pattern, PatternKind
from ir.provenance import Traced, Trail
from ir.roles import Role, roles


class ListenerTls(StrEnum):
    """What a listener does with TLS."""

    NONE = "none"
    TERMINATE = "terminate"
    MUTUAL = "mutual"
    OPTIONAL_MUTUAL = "optional_mutual"
    PASSTHROUGH = "passthrough"
    AUTO_PASSTHROUGH = "auto_passthrough"
    """As ``PASSTHROUGH``, to the service that the name in the TLS hello spells."""
    MESH = "mesh"
    """The mutual TLS of the mesh."""


def narrower(one: Pattern, other: Pattern) -> Pattern | None:
    """The names that two patterns, each exact or a suffix, have in common; ``None`` where there are none."""
    for narrow, wide in ((one, other), (other, one)):
        if _covers(wide, narrow):
            return narrow
    return None


def _covers(wide: Pattern, narrow: Pattern) -> bool:
    name, rest = narrow.text.lower(), wide.text.lower()
    if wide.kind is PatternKind.EXACT:
        return narrow.kind is PatternKind.EXACT and name == rest
    return name.endswith(rest)


@roles(name=Role.CONDITION, routes_from=Role.CONDITION)
@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerHost:
    """A name that a listener answers to; ``routes_from``: only rules of this namespace hold for it (absent: of any)."""

    name: Traced[Pattern]
    routes_from: Traced[str] | None = None
    trail: Trail


@roles(
    gateway=Role.SUBJECT,
    name=Role.NOTE,
    workloads=Role.SUBJECT,
    port=Role.EFFECT,
    protocol=Role.EFFECT,
    bind=Role.EFFECT,
    hosts=Role.CONDITION,
    tls=Role.EFFECT,
    certificates=Role.EFFECT,
    granted=Role.EVIDENCE,
    client_trust=Role.EFFECT,
    demands=Role.EFFECT,
    redirect_to_tls=Role.EFFECT,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A port of a gateway on which requests for ``hosts`` enter. A gateway is a workload with an identity.

    ``gateway`` is its ``namespace/name``, by which route tables name it; ``workloads`` are the pods that serve it,
    those of any namespace (absent: all gateways). ``granted``: certificates of other namespaces that these let the gateway
    have. ``client_trust``: by what the certificates of clients are verified.
    ``demands``: what else a TLS connection must satisfy (versions, ciphers, names of clients), each as written.
    """

    gateway: Traced[str]
    name: Traced[str] | None = None
    workloads: Traced[Labels] | None = None
    port: Traced[int]
    protocol: Traced[str]
    bind: Traced[str] | None = None
    hosts: tuple[ListenerHost, ...] = ()
    tls: Traced[ListenerTls] | None = None
    certificates: tuple[Traced[str], ...] = ()
    granted: tuple[Traced[str], ...] = ()
    client_trust: Traced[str] | None = None
    demands: tuple[Traced[str], ...] = ()
    redirect_to_tls: Traced[bool] | None = None
    trail: Trail


_HTTP = ("HTTP", "HTTP2", "HTTPS", "GRPC", "GRPC-WEB")
_THROUGH = (ListenerTls.PASSTHROUGH, ListenerTls.AUTO_PASSTHROUGH)


def reads_requests(listener: Listener) -> bool:
    """Whether what enters is read as requests; else as connections."""
    through = listener.tls is not None and listener.tls.value in _THROUGH
    return listener.protocol.value in _HTTP and not through


@roles(number=Role.EFFECT, protocol=Role.EFFECT, name=Role.NOTE, target=Role.EFFECT)
@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalPort:
    """A port of an external service; ``target`` is that of its endpoints, where it is another."""

    number: Traced[int]
    protocol: Traced[str] | None = None
    name: Traced[str] | None = None
    target: Traced[int] | None = None
    trail: Trail


@roles(
    address=Role.EFFECT,
    ports=Role.EFFECT,
    labels=Role.EFFECT,
    account=Role.EVIDENCE,
    placement=Role.EFFECT,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalEndpoint:
    """Where an external service is found: an address or a name, and the numbers of its named ports.

    ``account``: the service account of its identity. ``placement``: network, locality and weight, each as written.
    """

    address: Traced[str] | None = None
    ports: tuple[Traced[tuple[str, int]], ...] = ()
    labels: Traced[Labels] | None = None
    account: Traced[str] | None = None
    placement: tuple[Traced[str], ...] = ()
    trail: Trail


class Resolution(StrEnum):
    """How the endpoints of an external service are found."""

    ORIGINAL = "original"
    """The address that the client dialled."""
    STATIC = "static"
    """The endpoints that are written, or the workloads that are selected."""
    NAME = "name"
    """The names of the endpoints, else of the hosts, are looked up."""
    FIRST_OF_NAME = "first_of_name"
    DYNAMIC = "dynamic"
    """The name that the request asks for is looked up."""


@roles(
    name=Role.NOTE,
    audience=Role.CONDITION,
    hosts=Role.CONDITION,
    addresses=Role.CONDITION,
    ports=Role.EFFECT,
    resolution=Role.EFFECT,
    internal=Role.EVIDENCE,
    endpoints=Role.EFFECT,
    workloads=Role.EFFECT,
    subject_names=Role.EVIDENCE,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalService:
    """Names or addresses outside the registry that the clients of ``audience`` may reach as a service.

    ``internal``: it is part of the mesh, so that mutual TLS of the mesh is used. ``workloads``: its endpoints are the
    workloads with these labels, in the namespace of ``name``. ``subject_names``: what its certificate must bear.
    """

    name: Traced[str]
    audience: Audience | None = None
    hosts: tuple[Traced[Pattern], ...] = ()
    addresses: tuple[Traced[Cidr], ...] = ()
    ports: tuple[ExternalPort, ...] = ()
    resolution: Traced[Resolution]
    internal: Traced[bool]
    endpoints: tuple[ExternalEndpoint, ...] = ()
    workloads: Traced[Labels] | None = None
    subject_names: tuple[Traced[str], ...] = ()
    trail: Trail


@roles(name=Role.NOTE, namespace=Role.SUBJECT, endpoint=Role.EFFECT)
@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalWorkload:
    """One workload outside the cluster, for the services of its namespace that select its labels."""

    name: Traced[str]
    namespace: Traced[str]
    endpoint: ExternalEndpoint
    trail: Trail


class UnknownEgress(StrEnum):
    """What happens to traffic for destinations that nobody declared."""

    PASS = "pass"  # noqa: S105  # the traffic passes
    REFUSE = "refuse"


@roles(
    name=Role.NOTE,
    attachment=Role.SUBJECT,
    networks=Role.CONDITION,
    unknown=Role.EFFECT,
    through=Role.EFFECT,
    seen=Role.EFFECT,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class EgressPolicy:
    """What the subject may reach outside of what is declared.

    ``name`` (``namespace/name``): by which route tables for destinations outside are about it. ``networks``: it holds for
    destinations in these blocks (none: for all); of several policies of one subject that of the smallest block holds.
    ``unknown`` absent: as the next wider policy says. ``through``: undeclared traffic takes this service. ``seen``: the
    declared services that the proxies of the subject know of (``namespace/host`` with wildcards, ``./host`` for those of
    the client's own namespace, ``~/*`` for none; no item: all); what they do not know of counts as undeclared. Not
    access control by itself.
    """

    name: Traced[str] | None = None
    attachment: Attachment
    networks: tuple[Traced[Cidr], ...] = ()
    unknown: Traced[UnknownEgress] | None = None
    through: Traced[str] | None = None
    seen: tuple[Traced[str], ...] = ()
    trail: Trail
