"""What proxies tell about the traffic; changes no request."""

from __future__ import annotations

from dataclasses import dataclass

from ir.attachment import Attachment
from ir.provenance import Traced, Trail
from ir.roles import Role, roles


@roles(attachment=Role.SUBJECT, aspect=Role.NOTE, setting=Role.NOTE)
@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """Access logs, metrics or traces of the subject, as the source spells them."""

    attachment: Attachment
    aspect: Traced[str]
    setting: Traced[str] | None = None
    trail: Trail
