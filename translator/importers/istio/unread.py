"""Kinds of this mesh that no reader knows yet: claimed, counted, shown."""

from __future__ import annotations

from translator.api import Loss
from translator.report.model import Fate, Impact, Severity, Support
from translator.source.leaves import Resource, leaves_below

_REFUSES = ("RequestAuthentication",)
"""Kinds that may refuse requests: without them more may pass."""


def kind_not_read(resource: Resource) -> Loss:
    """The loss of a whole resource; its leaves are ``unread``."""
    impact, severity = Impact.DIFFERENT, Severity.HIGH
    if resource.kind in _REFUSES:
        impact, severity = Impact.LOOSER, Severity.BLOCKER
    return Loss(
        code="MM102",
        impact=impact,
        support=Support.NOT_YET,
        severity=severity,
        fate=Fate.UNREAD,
        leaves=leaves_below(resource),
        message=f"{resource.kind} is not read yet: nothing of it is in the output.",
        advice="Decide by hand what must become of it before traffic moves.",
    )
