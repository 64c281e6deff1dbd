"""Where a request goes: routes, the order in which they win, and delivery."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ir.attachment import Attachment, Audience, ServicePort
from ir.match import AllOf, Labels, Pattern, View
from ir.provenance import Traced, Trail
from ir.resilience import Fault, Retry, Timeouts
from ir.roles import Role, roles


class Order(StrEnum):
    """How the winner is chosen among the routes that match."""

    LIST = "list"
    """The first in the list."""
    SPECIFICITY = "specificity"
    """Exact path, longest path prefix, method, more headers, more query parameters; then age and name.

    Clients for whom a service has tables of their own have those alone.
    """
    RANK = "rank"
    """Host, length of the path matched (a regular expression counts the whole path), number of headers, number of
    query parameters, method; then age and name."""


class NoMatch(StrEnum):
    """What happens to a request that no route matches."""

    NOT_FOUND = "not_found"
    """It is answered with 404; a connection that is not HTTP is closed."""
    FORBIDDEN = "forbidden"
    PASS = "pass"  # noqa: S105  # the request passes
    """It goes to the service that it addressed; where it leaves the cluster, as the policy of egress says."""


@roles(
    namespace=Role.EFFECT,
    name=Role.EFFECT,
    port=Role.EFFECT,
    subset=Role.EFFECT,
    labels=Role.EFFECT,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """The endpoints of a service, or those of them whose workloads have ``labels`` (then called ``subset``).

    ``namespace`` is absent for a name outside the cluster. No ``port``: the only port of the service, else the one
    that the client addressed.
    """

    namespace: Traced[str] | None
    name: Traced[str]
    port: Traced[ServicePort] | None = None
    subset: Traced[str] | None = None
    labels: Traced[Labels] | None = None
    trail: Trail


AS_DIALLED = "as dialled"
"""The name of the destination outside that is the address which the client dialled."""


class HeaderAction(StrEnum):
    """What an edit does to a header."""

    SET = "set"
    ADD = "add"
    REMOVE = "remove"


class HeaderSide(StrEnum):
    """Which headers an edit touches."""

    REQUEST = "request"
    RESPONSE = "response"


def template_of(text: str) -> str:
    """A text as the value of an edit."""
    return text.replace("%", "%%")


def text_of(template: str) -> str | None:
    """The text that an edit's value stands for; ``None`` where a proxy fills something in."""
    parts = template.split("%%")
    return None if any("%" in part for part in parts) else "%".join(parts)


@roles(side=Role.EFFECT, action=Role.EFFECT, name=Role.EFFECT, value=Role.EFFECT)
@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderEdit:
    """Sets, adds or removes one header.

    In ``value``, ``%%`` is a percent sign, and what stands between two single ones is filled in by the proxy from the
    request.
    """

    side: HeaderSide
    action: HeaderAction
    name: Traced[str]
    value: Traced[str] | None = None
    trail: Trail


@roles(destination=Role.EFFECT, weight=Role.EFFECT, header_edits=Role.EFFECT)
@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One share of the requests of a route: ``weight`` over the sum of all weights; absent: all of them."""

    destination: Destination
    weight: Traced[int] | None = None
    header_edits: tuple[HeaderEdit, ...] = ()
    trail: Trail


AS_ASKED = "as asked"
"""The port of a redirect that is the one by which the request came in."""


@roles(
    scheme=Role.EFFECT,
    authority=Role.EFFECT,
    port=Role.EFFECT,
    path=Role.EFFECT,
    prefix=Role.EFFECT,
    drops_query=Role.EFFECT,
    unless_there=Role.EFFECT,
    status=Role.EFFECT,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """Answers with a redirect; absent parts stay as they were asked for.

    ``port``: a number, or :data:`AS_ASKED`; absent, that of the scheme. ``path`` replaces the whole path and keeps the
    query unless it has one of its own, or with ``drops_query``. ``unless_there``: who asks for that path already, without a
    query, is passed on to the service addressed.
    """

    scheme: Traced[str] | None = None
    authority: Traced[str] | None = None
    port: Traced[str] | None = None
    path: Traced[str] | None = None
    prefix: Traced[str] | None = None
    drops_query: Traced[bool] | None = None
    unless_there: Traced[bool] | None = None
    status: Traced[int] | None = None
    trail: Trail

    @property
    def passed(self) -> str | None:
        """The path of the requests that are passed on, if there is one."""
        stays = self.unless_there is not None and self.unless_there.value
        return self.path.value if stays and self.path is not None else None

    @property
    def loses_query(self) -> bool:
        """Whether no query at all is in the location, whatever the request has."""
        own = self.path is not None and "?" in self.path.value
        return self.drops_query is not None and self.drops_query.value and not own


@roles(status=Role.EFFECT, body=Role.EFFECT)
@dataclass(frozen=True, slots=True, kw_only=True)
class FixedAnswer:
    """Answers with this status and body; nothing is forwarded. A status of 400 or above refuses."""

    status: Traced[int]
    body: Traced[str] | None = None
    trail: Trail


@roles(
    path=Role.EFFECT,
    prefix=Role.EFFECT,
    pattern=Role.EFFECT,
    substitution=Role.EFFECT,
    authority=Role.EFFECT,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """Changes the path (whole, matched prefix, or by regular expression) or the authority before forwarding."""

    path: Traced[str] | None = None
    prefix: Traced[str] | None = None
    pattern: Traced[Pattern] | None = None
    substitution: Traced[str] | None = None
    authority: Traced[str] | None = None
    trail: Trail


@roles(destination=Role.EFFECT, percent=Role.EFFECT)
@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """Sends a copy of ``percent`` (0 to 100; absent: all) of the requests, whose answers are thrown away."""

    destination: Destination
    percent: Traced[float] | None = None
    trail: Trail


@roles(
    origins=Role.EFFECT,
    methods=Role.EFFECT,
    headers=Role.EFFECT,
    exposed=Role.EFFECT,
    max_age=Role.EFFECT,
    credentials=Role.EFFECT,
    preflights=Role.EFFECT,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class CrossOrigin:
    """Answers browsers' questions about cross-origin requests."""

    origins: tuple[Traced[Pattern], ...] = ()
    methods: tuple[Traced[str], ...] = ()
    headers: tuple[Traced[str], ...] = ()
    exposed: tuple[Traced[str], ...] = ()
    max_age: Traced[float] | None = None
    credentials: Traced[bool] | None = None
    preflights: Traced[str] | None = None
    trail: Trail


@roles(requests=Role.CONDITION, audience=Role.CONDITION)
@dataclass(frozen=True, slots=True, kw_only=True)
class RouteMatch:
    """One alternative of a route: requests that meet ``requests``, sent by the clients of ``audience`` (absent: all)."""

    requests: AllOf
    audience: Audience | None = None
    trail: Trail


@roles(
    name=Role.NOTE,
    matches=Role.CONDITION,
    backends=Role.EFFECT,
    redirect=Role.EFFECT,
    answer=Role.EFFECT,
    rewrite=Role.EFFECT,
    header_edits=Role.EFFECT,
    mirrors=Role.EFFECT,
    cross_origin=Role.EFFECT,
    timeouts=Role.EFFECT,
    retry=Role.EFFECT,
    fault=Role.EFFECT,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Requests that meet one of ``matches`` (none: all) are delivered, redirected or answered as stated.

    Exactly one of ``backends``, ``redirect`` and ``answer`` is given.
    """

    name: Traced[str] | None = None
    matches: tuple[RouteMatch, ...] = ()
    backends: tuple[Backend, ...] = ()
    redirect: Redirect | None = None
    answer: FixedAnswer | None = None
    rewrite: Rewrite | None = None
    header_edits: tuple[HeaderEdit, ...] = ()
    mirrors: tuple[Mirror, ...] = ()
    cross_origin: CrossOrigin | None = None
    timeouts: Timeouts | None = None
    retry: Retry | None = None
    fault: Fault | None = None
    trail: Trail


class Protocol(StrEnum):
    """The kind of traffic that a route table routes."""

    HTTP = "http"
    GRPC = "grpc"
    TLS = "tls"
    TCP = "tcp"
    UDP = "udp"


@roles(
    name=Role.NOTE,
    home=Role.SUBJECT,
    attachment=Role.SUBJECT,
    protocol=Role.SUBJECT,
    hosts=Role.CONDITION,
    order=Role.CONDITION,
    routes=Role.EFFECT,
    no_match=Role.EFFECT,
    view=Role.CONDITION,
    object=Role.NOTE,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTable:
    """The routes of the clients in ``attachment.audience`` to the service (or the destinations outside) of its subject.

    ``hosts``: the request must ask for one of these names (none: any). ``order`` says how the winner is chosen and is
    part of the meaning. ``home`` is the namespace of the object that states it, which a listener may ask for. Of tables
    in list order with one host at one listener the rules follow each other as the tables do, those without conditions
    last. ``object`` is the ``Kind/namespace/name`` of the object that states it by itself, if one does: a route, or the
    service of the subject.
    """

    name: Traced[str]
    home: Traced[str] | None = None
    attachment: Attachment
    protocol: Protocol = Protocol.HTTP
    hosts: tuple[Traced[Pattern], ...] = ()
    order: Order
    routes: tuple[Route, ...]
    no_match: NoMatch
    view: View = View()
    object: str = ""
    trail: Trail


@roles(namespace=Role.EFFECT, name=Role.EFFECT, of=Role.EFFECT, selector=Role.EFFECT)
@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSubset:
    """Some of the endpoints of the service ``of``, as a service of their own called ``name``.

    They are those of its workloads that meet ``selector``; the ports are the same.
    """

    namespace: Traced[str]
    name: Traced[str]
    of: Traced[str]
    selector: Traced[Labels]
    trail: Trail


UNREAD = ("opaque", "TLS")
"""Protocols of ports on which proxies look into no request: no table of HTTP routes holds there."""


@roles(attachment=Role.SUBJECT, protocol=Role.EFFECT, evidence=Role.NOTE)
@dataclass(frozen=True, slots=True, kw_only=True)
class PortProtocol:
    """The protocol that proxies take the port for; ``evidence`` says how they know (a field, a name, a list, a guess)."""

    attachment: Attachment
    protocol: Traced[str]
    evidence: str
    trail: Trail
