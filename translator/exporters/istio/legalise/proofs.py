"""Whether all who get in at a port show a certificate of the mesh."""

from __future__ import annotations

from collections.abc import Sequence

from ir.access import Closed, Grant, GuardedRoutes
from ir.attachment import Attachment
from ir.match import AllOf, Part, Presence, Test
from ir.model import Fact
from translator.exporters.istio.legalise.territories import key_of

_PROVEN = (Part.CERTIFICATE, Part.IDENTITY, Part.SERVICE_ACCOUNT)


def asks_for_certificates(at: Attachment, facts: Sequence[Fact]) -> bool:
    """Whether what lets in at a closed place asks every caller for a certificate."""
    key = key_of(at)
    here = [
        fact
        for fact in facts
        if isinstance(fact, (Closed, Grant, GuardedRoutes)) and key_of(fact.attachment) == key
    ]
    if not any(isinstance(fact, Closed) for fact in here):
        return False
    admitted: list[tuple[AllOf, ...]] = [f.callers for f in here if isinstance(f, Grant)]
    for fact in here:
        if isinstance(fact, GuardedRoutes):
            admitted.extend(a.callers for route in fact.routes for a in route.admissions)
    return all(callers and all(map(_is_proven, callers)) for callers in admitted)


def _is_proven(caller: AllOf) -> bool:
    return any(test.part in _PROVEN and _asks(test) for test in caller.tests)


def _asks(test: Test) -> bool:
    shown = test.presence
    return bool(test.any_of) or (shown is not None and shown.value is Presence.PRESENT)
