"""Kinds of this mesh that no reader knows yet: claimed, counted, shown."""

from __future__ import annotations

from translator.report.model import Fate, Impact, Loss, Severity, Support
from translator.source.leaves import Resource, leaves_below

_GRANTS = ("ServerAuthorization",)
"""Kinds without which less passes; without the others requests are treated otherwise."""


def kind_not_read(resource: Resource) -> Loss:
    """The loss of a whole resource; its leaves are ``unread``."""
    return Loss(
        code="MM102",
        impact=Impact.STRICTER if resource.kind in _GRANTS else Impact.DIFFERENT,
        support=Support.NOT_YET,
        severity=Severity.HIGH,
        fate=Fate.UNREAD,
        leaves=leaves_below(resource),
        message=f"{resource.kind} is not read yet: nothing of it is in the output.",
        advice="Decide by hand what must become of it before traffic moves.",
    )
