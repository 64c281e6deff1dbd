"""Who may do what: access by layers, proof of identity, tokens.

A request passes iff **every** layer lets it pass. Inside one layer it passes iff no :class:`Refusal` holds for it, and,
where the layer is :class:`Closed` for its destination, some :class:`Grant` does. Rules only open or refuse; that a
destination is closed is a fact of its own, never the shadow of a rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ir.attachment import Attachment
from ir.match import AllOf, Labels, Test, View
from ir.provenance import Traced, Trail
from ir.roles import Role, roles
from ir.traffic import NoMatch, Order


class Layer(StrEnum):
    """The independent gates of a request; each must let it pass."""

    NETWORK = "network"
    MESH_CONNECTION = "mesh_connection"
    MESH_REQUEST = "mesh_request"
    GATEWAY = "gateway"


class Direction(StrEnum):
    """Which side of the connection a layer is closed for."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Evidence(StrEnum):
    """By what a caller is known, strongest first."""

    CERTIFICATE = "certificate"
    TOKEN = "token"  # noqa: S105  # the name of a kind of evidence
    LABEL = "label"
    ADDRESS = "address"
    NONE = "none"


class Certainty(StrEnum):
    """Whether a fact is known to hold; ``UNKNOWN`` is an install setting that the input does not show."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@roles(
    attachment=Role.SUBJECT,
    direction=Role.SUBJECT,
    layer=Role.SUBJECT,
    certain=Role.EVIDENCE,
    answer=Role.EFFECT,
    object=Role.NOTE,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Requests to (or from) the subject need a grant; ``answer`` is the HTTP status of the refusal.

    Outbound, the ports of the attachment are those that are dialled, as in :class:`Grant`. ``object`` is the
    ``Kind/namespace/name`` of the object that says so by itself, whatever rules there are, if one does.
    """

    attachment: Attachment
    direction: Direction = Direction.INBOUND
    layer: Layer
    certain: Certainty = Certainty.YES
    answer: Traced[int] | None = None
    object: str = ""
    trail: Trail


@roles(
    name=Role.NOTE,
    attachment=Role.SUBJECT,
    direction=Role.SUBJECT,
    layer=Role.SUBJECT,
    callers=Role.CONDITION,
    requests=Role.CONDITION,
    always=Role.CONDITION,
    view=Role.CONDITION,
    evidence=Role.EVIDENCE,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Lets the requests of some callers pass its layer.

    The caller must meet one of ``callers``, the request one of ``requests``, and all of ``always`` must hold. Where a
    tuple is empty, anyone or any request does. Outbound, the subject is who calls, ``callers`` are those who are called,
    and the ports are theirs.
    """

    name: Traced[str] | None = None
    attachment: Attachment
    direction: Direction = Direction.INBOUND
    layer: Layer
    callers: tuple[AllOf, ...] = ()
    requests: tuple[AllOf, ...] = ()
    always: tuple[Test, ...] = ()
    view: View = View()
    evidence: Evidence = Evidence.CERTIFICATE
    trail: Trail


@roles(
    name=Role.NOTE,
    attachment=Role.SUBJECT,
    direction=Role.SUBJECT,
    layer=Role.SUBJECT,
    callers=Role.CONDITION,
    requests=Role.CONDITION,
    always=Role.CONDITION,
    view=Role.CONDITION,
    evidence=Role.EVIDENCE,
    answer=Role.EFFECT,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Refuses the requests that a :class:`Grant` of the same shape would let pass; outranks every grant of its layer."""

    name: Traced[str] | None = None
    attachment: Attachment
    direction: Direction = Direction.INBOUND
    layer: Layer
    callers: tuple[AllOf, ...] = ()
    requests: tuple[AllOf, ...] = ()
    always: tuple[Test, ...] = ()
    view: View = View()
    evidence: Evidence = Evidence.CERTIFICATE
    answer: Traced[int] | None = None
    trail: Trail


@roles(callers=Role.CONDITION, name=Role.NOTE)
@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Callers that may take the route which holds it; ``callers`` empty: anyone."""

    name: Traced[str] | None = None
    callers: tuple[AllOf, ...] = ()
    trail: Trail


@roles(name=Role.NOTE, matches=Role.CONDITION, admissions=Role.EFFECT)
@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedRoute:
    """Requests that meet one of ``matches`` (none: all) pass for the callers of its admissions; none: for nobody."""

    name: Traced[str]
    matches: tuple[AllOf, ...] = ()
    admissions: tuple[Admission, ...] = ()
    trail: Trail


@roles(
    attachment=Role.SUBJECT,
    layer=Role.SUBJECT,
    order=Role.CONDITION,
    routes=Role.EFFECT,
    no_match=Role.EFFECT,
    view=Role.CONDITION,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedRoutes:
    """First the winner among ``routes`` is chosen, then its admissions (or a grant of the layer) must let it pass.

    A request that no route matches gets ``no_match``, whatever the grants of the layer say.
    """

    attachment: Attachment
    layer: Layer
    order: Order
    routes: tuple[GuardedRoute, ...]
    no_match: NoMatch
    view: View = View()
    trail: Trail


class MtlsMode(StrEnum):
    """What proof of identity a server asks of a connection."""

    OFF = "off"
    """Only clear text is understood: rules know no caller by a certificate."""
    OPTIONAL = "optional"
    """Both mutual TLS and clear text are taken."""
    DEMANDED = "demanded"
    """A connection without a certificate of the mesh is refused."""


@roles(attachment=Role.SUBJECT, mode=Role.EFFECT)
@dataclass(frozen=True, slots=True, kw_only=True)
class PeerMtls:
    """The proof of identity that the subject asks of each connection to the ports."""

    attachment: Attachment
    mode: Traced[MtlsMode]
    trail: Trail


class TlsMode(StrEnum):
    """How a client's proxy secures its connections."""

    OFF = "off"
    """In clear text."""
    MESH = "mesh"
    """By mutual TLS with the certificates of the mesh."""
    SIMPLE = "simple"
    """By TLS in which only the server shows a certificate."""
    MUTUAL = "mutual"
    """By TLS in which the client shows a certificate of its own."""


@roles(
    attachment=Role.SUBJECT,
    labels=Role.SUBJECT,
    mode=Role.EFFECT,
    server_name=Role.EFFECT,
    trust_roots=Role.EFFECT,
    revoked=Role.EFFECT,
    subject_names=Role.EFFECT,
    credential=Role.EFFECT,
    certificate=Role.EFFECT,
    private_key=Role.EFFECT,
    skip_verification=Role.EFFECT,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTls:
    """How clients' proxies secure their connections to the subject; ``labels``: to those endpoints of it only.

    ``server_name``: what the client asks for in its hello. ``trust_roots``: whose certificates are believed;
    ``subject_names``: one of them must stand in the server's certificate. ``credential`` (a secret), or
    ``certificate`` and ``private_key`` (files): what the client shows.
    """

    attachment: Attachment
    labels: Traced[Labels] | None = None
    mode: Traced[TlsMode]
    server_name: Traced[str] | None = None
    trust_roots: Traced[str] | None = None
    revoked: Traced[str] | None = None
    subject_names: tuple[Traced[str], ...] = ()
    credential: Traced[str] | None = None
    certificate: Traced[str] | None = None
    private_key: Traced[str] | None = None
    skip_verification: Traced[bool] | None = None
    trail: Trail


@roles(
    attachment=Role.SUBJECT,
    issuer=Role.EFFECT,
    audiences=Role.EFFECT,
    keys=Role.EFFECT,
    locations=Role.EFFECT,
    forwards=Role.EFFECT,
    told=Role.EFFECT,
    lists=Role.EFFECT,
    fetch_time=Role.NOTE,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCheck:
    """A request that carries a token which does not verify is refused; a request without a token passes.

    ``locations``: where tokens are looked for (none: the usual header and parameter). ``forwards``: the token goes on to
    the workload; absent, it is taken out. ``told``: claims, and the headers into which they are put for the workload.
    ``lists``: claims that are lists with blanks between. ``fetch_time``: seconds in which the keys must be there.
    """

    attachment: Attachment
    issuer: Traced[str] | None = None
    audiences: tuple[Traced[str], ...] = ()
    keys: Traced[str] | None = None
    locations: tuple[Traced[str], ...] = ()
    forwards: Traced[bool] | None = None
    told: tuple[Traced[str], ...] = ()
    lists: tuple[Traced[str], ...] = ()
    fetch_time: Traced[float] | None = None
    trail: Trail


@roles(
    attachment=Role.SUBJECT,
    provider=Role.EFFECT,
    callers=Role.CONDITION,
    requests=Role.CONDITION,
    always=Role.CONDITION,
    view=Role.CONDITION,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalDecision:
    """Requests that a grant of the same shape would let pass are put to a service outside, whose no refuses."""

    attachment: Attachment
    provider: Traced[str]
    callers: tuple[AllOf, ...] = ()
    requests: tuple[AllOf, ...] = ()
    always: tuple[Test, ...] = ()
    view: View = View()
    trail: Trail


@roles(
    attachment=Role.SUBJECT, callers=Role.CONDITION, requests=Role.CONDITION, always=Role.CONDITION
)
@dataclass(frozen=True, slots=True, kw_only=True)
class AuditMark:
    """Requests of this shape are marked for the audit log; no decision changes."""

    attachment: Attachment
    callers: tuple[AllOf, ...] = ()
    requests: tuple[AllOf, ...] = ()
    always: tuple[Test, ...] = ()
    trail: Trail


class ProbeAccess(StrEnum):
    """How the node's own health checks get in."""

    REWRITTEN = "rewritten"
    """The node's agent is let in by another door; the port itself stays as closed as the rules say."""
    BY_PATH = "by_path"
    """Anyone may send GET requests to the probed paths of the port, with no proof of identity."""


@roles(attachment=Role.SUBJECT, access=Role.EFFECT)
@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """The health checks that the inventory declares reach the subject whatever its rules say."""

    attachment: Attachment
    access: Traced[ProbeAccess]
    trail: Trail


@roles(attachment=Role.SUBJECT, direction=Role.SUBJECT, object=Role.SUBJECT)
@dataclass(frozen=True, slots=True, kw_only=True)
class Bypass:
    """Traffic of these ports does not pass the proxy: no policy exists there but that of the network.

    Outbound, the ports are those that the subject's workloads address. ``object`` is the ``Kind/namespace/name`` of
    the object that says so, if one does.
    """

    attachment: Attachment
    direction: Direction
    object: str = ""
    trail: Trail
