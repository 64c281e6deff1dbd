"""What proxies do about slow and failing endpoints. Times are seconds, shares are percent."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ir.attachment import Attachment
from ir.match import AllOf, Labels
from ir.provenance import Traced, Trail
from ir.roles import Role, roles


class StateScope(StrEnum):
    """Whose state a limit or an ejection is."""

    CLIENT_PROXY = "client_proxy"
    SERVER_POD = "server_pod"
    NODE = "node"
    GLOBAL = "global"


@roles(request=Role.EFFECT, response=Role.EFFECT, idle=Role.EFFECT, per_backend=Role.EFFECT)
@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds. ``request``: from the first byte to the last, all tries included. Absent: the mesh's default."""

    request: Traced[float] | None = None
    response: Traced[float] | None = None
    idle: Traced[float] | None = None
    per_backend: Traced[float] | None = None
    trail: Trail


class RetryCondition(StrEnum):
    """What counts as worth another try, besides HTTP status codes."""

    SERVER_ERROR = "5xx"
    """Answers of 500 and above, and no answer at all: a connection that fails or breaks."""
    GATEWAY_ERROR = "gateway-error"
    """Answers of 502, 503 and 504, and no answer at all."""
    SERVER_ANSWER = "5xx answers"
    """Answers of 500 and above alone."""
    GATEWAY_ANSWER = "gateway-error answers"
    """Answers of 502, 503 and 504 alone."""
    RESET = "reset"
    """No answer at all, for whatever reason."""
    RESET_BEFORE_REQUEST = "reset-before-request"
    CONNECT_FAILURE = "connect-failure"
    CLIENT_ERROR = "retriable-4xx"
    REFUSED_STREAM = "refused-stream"
    LISTED_STATUS = "retriable-status-codes"
    LISTED_HEADERS = "retriable-headers"
    RATE_LIMITED = "rate-limited"
    QUIC_CONNECT_FAILURE = "http3-post-connect-failure"
    GRPC_CANCELLED = "cancelled"
    GRPC_DEADLINE_EXCEEDED = "deadline-exceeded"
    GRPC_INTERNAL = "internal"
    GRPC_RESOURCE_EXHAUSTED = "resource-exhausted"
    GRPC_UNAVAILABLE = "unavailable"


@roles(
    attempts=Role.EFFECT,
    per_try_timeout=Role.EFFECT,
    conditions=Role.EFFECT,
    statuses=Role.EFFECT,
    backoff=Role.EFFECT,
    other_hosts=Role.EFFECT,
    other_localities=Role.EFFECT,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Further tries of a request that failed.

    ``attempts``: additional tries after the first; 0 switches retries off. ``statuses``: HTTP codes that count as
    failed, beside ``conditions``. Absent as a whole: the mesh's default, bound as a ``Default``.
    """

    attempts: Traced[int]
    per_try_timeout: Traced[float] | None = None
    conditions: tuple[Traced[RetryCondition], ...] = ()
    statuses: tuple[Traced[int], ...] = ()
    backoff: Traced[float] | None = None
    other_hosts: Traced[bool] | None = None
    other_localities: Traced[bool] | None = None
    trail: Trail


@roles(
    delay=Role.EFFECT,
    delay_percent=Role.EFFECT,
    abort_status=Role.EFFECT,
    abort_grpc_status=Role.EFFECT,
    abort_percent=Role.EFFECT,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Makes a share of the requests slow or fails them on purpose. An absent percentage is 0."""

    delay: Traced[float] | None = None
    delay_percent: Traced[float] | None = None
    abort_status: Traced[int] | None = None
    abort_grpc_status: Traced[str] | None = None
    abort_percent: Traced[float] | None = None
    trail: Trail

    @property
    def answers_all(self) -> bool:
        """Whether no request gets further: every one is failed."""
        fails = self.abort_status is not None or self.abort_grpc_status is not None
        percent = self.abort_percent
        return fails and percent is not None and percent.value >= 100  # noqa: PLR2004  # percent


class AppliesTo(StrEnum):
    """Which requests a rule about a service is for."""

    DESTINATION = "destination"
    """Those that are sent to its endpoints, whatever service they were addressed to."""
    ADDRESS = "address"
    """Those that are addressed to it, whatever endpoints they are sent to."""


@roles(
    attachment=Role.SUBJECT,
    labels=Role.SUBJECT,
    applies_to=Role.SUBJECT,
    consecutive_errors=Role.EFFECT,
    consecutive_gateway_errors=Role.EFFECT,
    consecutive_local_errors=Role.EFFECT,
    interval=Role.EFFECT,
    ejection_time=Role.EFFECT,
    longest_ejection=Role.EFFECT,
    max_ejection_percent=Role.EFFECT,
    min_health_percent=Role.EFFECT,
    error_codes=Role.EFFECT,
    scope=Role.EFFECT,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Outliers:
    """Endpoints that fail are left out for a while. ``labels``: only those of a subset.

    ``consecutive_errors``: so many in a row and the endpoint is out; 0: none are counted. ``consecutive_local_errors``:
    the same of connections that fail and answers that never come, counted apart; absent: these are errors like others,
    and gateway errors too. ``ejection_time``: seconds for the first time; it grows up to ``longest_ejection``.
    ``min_health_percent``: where fewer are in, requests go to all; 0 and absent: they never do. ``error_codes``: the statuses that count as errors; none: 500
    and above. Of two facts of this module the narrower replaces the wider: by clients, then by ``labels``, then by
    ports.
    """

    attachment: Attachment
    labels: Traced[Labels] | None = None
    applies_to: AppliesTo = AppliesTo.DESTINATION
    consecutive_errors: Traced[int] | None = None
    consecutive_gateway_errors: Traced[int] | None = None
    consecutive_local_errors: Traced[int] | None = None
    interval: Traced[float] | None = None
    ejection_time: Traced[float] | None = None
    longest_ejection: Traced[float] | None = None
    max_ejection_percent: Traced[int] | None = None
    min_health_percent: Traced[int] | None = None
    error_codes: tuple[Traced[int], ...] = ()
    scope: StateScope = StateScope.CLIENT_PROXY
    trail: Trail


@roles(
    attachment=Role.SUBJECT,
    labels=Role.SUBJECT,
    max_connections=Role.EFFECT,
    max_pending_requests=Role.EFFECT,
    max_requests=Role.EFFECT,
    max_requests_per_connection=Role.EFFECT,
    max_retries=Role.EFFECT,
    max_streams=Role.EFFECT,
    connect_timeout=Role.EFFECT,
    idle_timeout=Role.EFFECT,
    lifetime=Role.EFFECT,
    keepalive_probes=Role.EFFECT,
    keepalive_time=Role.EFFECT,
    keepalive_interval=Role.EFFECT,
    ping_interval=Role.EFFECT,
    ping_timeout=Role.EFFECT,
    http2_upgrade=Role.EFFECT,
    clients_protocol=Role.EFFECT,
    scope=Role.EFFECT,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """Upper bounds on connections and requests to an endpoint set, and how its connections are kept.

    The bounds on requests hold for every version of HTTP. ``max_streams``: requests at a time on one connection.
    ``lifetime``: of a connection. ``keepalive_*``: of TCP; ``ping_*``: of HTTP/2. ``http2_upgrade``: HTTP/1 requests
    travel as HTTP/2; ``clients_protocol``: in the version in which the client sent them.
    """

    attachment: Attachment
    labels: Traced[Labels] | None = None
    max_connections: Traced[int] | None = None
    max_pending_requests: Traced[int] | None = None
    max_requests: Traced[int] | None = None
    max_requests_per_connection: Traced[int] | None = None
    max_retries: Traced[int] | None = None
    max_streams: Traced[int] | None = None
    connect_timeout: Traced[float] | None = None
    idle_timeout: Traced[float] | None = None
    lifetime: Traced[float] | None = None
    keepalive_probes: Traced[int] | None = None
    keepalive_time: Traced[float] | None = None
    keepalive_interval: Traced[float] | None = None
    ping_interval: Traced[float] | None = None
    ping_timeout: Traced[float] | None = None
    http2_upgrade: Traced[bool] | None = None
    clients_protocol: Traced[bool] | None = None
    scope: StateScope = StateScope.CLIENT_PROXY
    trail: Trail


@roles(
    attachment=Role.SUBJECT,
    labels=Role.SUBJECT,
    percent=Role.EFFECT,
    at_least=Role.EFFECT,
    interval=Role.EFFECT,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class RetryBudget:
    """Further tries are at most ``percent`` of the requests under way, but ``at_least`` so many are always allowed.

    ``interval``: requests of that many seconds count as under way.
    """

    attachment: Attachment
    labels: Traced[Labels] | None = None
    percent: Traced[float] | None = None
    at_least: Traced[int] | None = None
    interval: Traced[float] | None = None
    trail: Trail


@roles(
    attachment=Role.SUBJECT,
    labels=Role.SUBJECT,
    algorithm=Role.EFFECT,
    hash_key=Role.EFFECT,
    hash_table=Role.EFFECT,
    locality_aware=Role.EFFECT,
    localities=Role.EFFECT,
    warmup=Role.EFFECT,
    warmup_floor=Role.EFFECT,
    warmup_aggression=Role.EFFECT,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancing:
    """How an endpoint is picked.

    ``hash_key``: requests that are equal in it go to the same endpoint; ``hash_table``: kind and size of the table.
    ``localities``: what decides between near and far endpoints, a sentence each. ``warmup``: a new endpoint gets its
    full share after so many seconds, from ``warmup_floor`` percent on.
    """

    attachment: Attachment
    labels: Traced[Labels] | None = None
    algorithm: Traced[str] | None = None
    hash_key: Traced[str] | None = None
    hash_table: Traced[str] | None = None
    locality_aware: Traced[bool] | None = None
    localities: tuple[Traced[str], ...] = ()
    warmup: Traced[float] | None = None
    warmup_floor: Traced[float] | None = None
    warmup_aggression: Traced[float] | None = None
    trail: Trail


@roles(attachment=Role.SUBJECT, key=Role.EFFECT, ends=Role.EFFECT)
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionAffinity:
    """Requests of one session keep going to one endpoint; not the same thing as load balancing.

    ``key``: what tells sessions apart (``cookie x; path=/; ttl=0s``, ``header x``). ``ends``: when one ends by itself, a
    sentence each.
    """

    attachment: Attachment
    key: Traced[str]
    ends: tuple[Traced[str], ...] = ()
    trail: Trail


class Sharing(StrEnum):
    """Whose requests take from one bucket."""

    EVERYONE = "everyone"
    IDENTITY = "identity"
    """Those of one identity; of all callers without one together."""


@roles(
    attachment=Role.SUBJECT,
    callers=Role.CONDITION,
    requests=Role.EFFECT,
    seconds=Role.EFFECT,
    burst=Role.EFFECT,
    sharing=Role.EFFECT,
    status=Role.EFFECT,
    reply=Role.EFFECT,
    scope=Role.EFFECT,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """Requests for which no token is left are refused.

    A bucket holds ``burst`` tokens, full at first, and gets ``requests`` new ones in ``seconds``, evenly. Of several
    limits a request must pass all; but a limit for some ``callers`` replaces, for them, one by identity for everyone.
    ``status``: of the answer, 429 where it is absent; ``reply``: what is added to answers, a sentence each. Each port
    of a server has buckets of its own.
    """

    attachment: Attachment
    callers: tuple[AllOf, ...] = ()
    requests: Traced[int]
    seconds: Traced[float]
    burst: Traced[int]
    sharing: Traced[Sharing] = field(default_factory=lambda: Traced(Sharing.EVERYONE))
    status: Traced[int] | None = None
    reply: tuple[Traced[str], ...] = ()
    scope: StateScope
    trail: Trail
