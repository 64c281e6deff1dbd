"""One request, and what becomes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from ir.resilience import Retry, Timeouts

TCP = "TCP"
"""The transport of requests and connections."""
UDP = "UDP"
PING = "icmpv4/8"
"""The transport of an echo request, which stands for those that no rule names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who sends a request.

    ``namespace``, ``service_account`` and ``trust_domain`` are what its certificate says; ``mtls`` is whether it shows
    one that the server's mesh trusts. ``address`` is that of the connection. ``probe``: it is the node's agent checking
    the health of the destination. ``namespace_labels`` are those of its namespace besides its name. ``entity``: it is
    in the cluster and no pod, such as ``remote-node``.
    """

    namespace: str = ""
    service_account: str = ""
    trust_domain: str = "cluster.local"
    labels: Mapping[str, str] = field(default_factory=dict)
    address: str = "10.1.0.1"
    mtls: bool = True
    probe: bool = False
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    entity: str = ""


class Shown(StrEnum):
    """What a client shows to the listener of a gateway by which it enters."""

    FITTING = "fitting"
    """Whatever the listener asks for."""
    PLAIN = "plain"
    """No TLS."""
    TLS = "tls"
    """TLS without a certificate of its own."""
    CERTIFICATE = "certificate"
    """TLS with a certificate that the listener's settings accept."""
    MESH = "mesh"
    """The mutual TLS of the source mesh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request on the wire, before any proxy touched it.

    ``path`` may hold a query after ``?``. ``http`` is false for a connection whose bytes are not HTTP. ``workload`` is
    ``Kind/namespace/name`` and ``port`` the workload's port: the destination for access. ``service`` is
    ``namespace/name`` and ``service_port`` its port: the address that routing starts from; empty where the workload is
    addressed directly. ``listener`` is the ``namespace/name`` of a gateway by which the request enters on the port
    ``service_port``, instead of a service; ``shows`` is what its client shows there. ``external`` is the address outside the
    cluster that the client dials on the port ``service_port``, ``looked_up`` the name for which the cluster's DNS gave it
    that address; empty where it had it from elsewhere. ``transport`` is what carries it: ``TCP``, or for datagrams ``UDP``,
    ``SCTP``, ``icmpv4/8`` and such; these are no HTTP and pass no proxy.
    """

    caller: Caller
    workload: str = ""
    port: int = 0
    service: str = ""
    service_port: int = 0
    listener: str = ""
    shows: Shown = Shown.FITTING
    external: str = ""
    looked_up: str = ""
    method: str = "GET"
    path: str = "/"
    authority: str = ""
    scheme: str = "http"
    headers: Mapping[str, str] = field(default_factory=dict)
    server_name: str = ""
    http: bool = True
    transport: str = TCP


class Answer(StrEnum):
    """What access decides."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    NOT_FOUND = "not_found"
    """Refused too, with the answer of a missing route."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a request passes.

    ``rule`` names the fact that decided, ``why`` says it in a sentence, ``leaves`` are the input leaves of that fact.
    """

    answer: Answer
    rule: str
    why: str
    leaves: tuple[int, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether the request reaches the workload."""
        return self.answer is Answer.ALLOWED

    @property
    def sentence(self) -> str:
        """The answer with its reason; an object is named once, with its kind."""
        return f"{self.answer.value} by {_TWICE.sub('', self.rule)}: {self.why}"


_TWICE = re.compile(r"\b(\w+) of (?=\1/)")
"""The kind of an object before its key, which begins with it."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share of the requests.

    ``endpoints``: the workloads that get it (``Kind/namespace/name``, sorted), or where the inventory does not list
    them the service's name. ``port``: that of the workload, or of the service where that is unknown.
    """

    endpoints: tuple[str, ...]
    port: int
    fraction: Fraction


@dataclass(frozen=True, slots=True)
class Delivery:
    """What routing decides for one request.

    ``kind``: forward, redirect, answer, not_found; ``shut`` where no listener lets it in. ``route`` names the route
    that won, or ``default``. ``retry`` and ``times`` are the facts that hold for it, where it is forwarded.
    """

    kind: str
    route: str
    shares: tuple[Share, ...] = ()
    status: int | None = None
    timeout: float | None = None
    retries: int | None = None
    retry: Retry | None = None
    times: Timeouts | None = None
    leaves: tuple[int, ...] = ()
