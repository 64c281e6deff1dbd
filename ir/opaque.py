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


@roles(attachment=Role.SUBJECT, kind=Role.EFFECT, may_touch=Role.EFFECT)
@dataclass(frozen=True, slots=True, kw_only=True)
class Opaque:
    """A piece of configuration that is not understood. Its leaves are those of its trail."""

    attachment: Attachment | None = None
    kind: str
    may_touch: tuple[Column, ...]
    trail: Trail
