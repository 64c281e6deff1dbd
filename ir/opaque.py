"""What only its own mesh understands: kept, printed back by that mesh, reported by all others."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ir.attachment import Attachment
from ir.provenance import Trail
from ir.roles import Role, roles


class Column(StrEnum):
    """What an opaque piece may touch; comparisons of other columns stay exact."""

    ACCESS = "access"
    ROUTING = "routing"
    RESILIENCE = "resilience"
    HEADERS = "headers"
    TELEMETRY = "telemetry"
    SOURCE_ADDRESS = "source address"
    """The address from which a request leaves the cluster; no comparison looks at it."""
    NODES = "nodes"
    """Who may call the nodes themselves, and whom these may call; no comparison looks at it."""


class Intent(StrEnum):
    """What an opaque piece is for, where that can be told from its form."""

    LOCAL_RATE_LIMIT = "local rate limit"
    GLOBAL_RATE_LIMIT = "global rate limit"
    EXTERNAL_AUTHORIZATION = "external authorization"
    EXTERNAL_PROCESSING = "external processing"
    ACCESS_RULES = "access rules"
    TOKEN_CHECK = "token check"  # noqa: S105  # the name of an intent
    SCRIPT = "script"
    PLUGIN = "plugin"
    HEADER_CHANGE = "header change"
    CROSS_ORIGIN = "cross-origin"
    FAULT = "fault"
    TIME_LIMIT = "time limit"
    LIMIT = "limit of connections or sizes"
    KEEP_ALIVE = "keep-alive"
    COMPRESSION = "compression"
    TRANSCODING = "transcoding"
    PATH_FORM = "path normalisation"
    TRUSTED_HOPS = "trusted hops"
    PROXY_PROTOCOL = "proxy protocol"
    LOCAL_REPLY = "local reply"
    UPGRADE = "protocol upgrade"
    TLS = "TLS settings"
    DESTINATION = "destination of its own"
    ROUTE = "route change"
    SOURCE_ADDRESS = "address of what leaves"
    NODES = "rules for nodes"
    LOG = "log"
    STATISTICS = "statistics"
    CAPTURE = "ports of the proxy"
    REGISTRATION = "registration of workloads outside"
    REMOVAL = "removal of a part"
    OTHER = "other"


@roles(attachment=Role.SUBJECT, kind=Role.EFFECT, intent=Role.EFFECT, may_touch=Role.EFFECT)
@dataclass(frozen=True, slots=True, kw_only=True)
class Opaque:
    """A piece of configuration that is not understood. Its leaves are those of its trail.

    ``kind`` says what it is in the words of its mesh; ``intent`` what it seems to be for.
    """

    attachment: Attachment | None = None
    kind: str
    intent: Intent = Intent.OTHER
    may_touch: tuple[Column, ...]
    trail: Trail
