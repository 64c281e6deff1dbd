"""Kinds of this mesh that no reader knows yet: claimed, counted, shown."""

from __future__ import annotations

from translator.api import Loss
from translator.report.model import Fate, Impact, Severity, Support
from translator.source.leaves import Resource, leaves_below


def kind_not_read(resource: Resource) -> Loss:
    """The loss of a whole resource; its leaves are ``unread``."""
    return Loss(
        code="MM102",
        impact=Impact.DIFFERENT,
        support=Support.NOT_YET,
        severity=Severity.HIGH,
        fate=Fate.UNREAD,
        leaves=leaves_below(resource),
        message=f"{resource.kind} is not read yet: nothing of it is in the output.",
        advice="Decide by hand what must become of it before traffic moves.",
    )
