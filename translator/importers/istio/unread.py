"""Kinds of this mesh that no reader knows yet: claimed, counted, shown."""

from __future__ import annotations

from collections.abc import Iterator

from translator.api import Loss, Options
from translator.importers.istio.gateway_kinds import BETWEEN, WAYPOINT, class_of
from translator.report.model import Fate, Impact, Severity, Support
from translator.source.leaves import Resource, leaf_ref, leaves_below


def orphaned(resource: Resource, options: Options) -> Iterator[Loss]:
    """What becomes of a Gateway whose class only the source serves, and that gets no other."""
    named = class_of(resource)
    if named is None or (options.gateway_class and named.value not in BETWEEN):
        return
    waypoint = named.value == WAYPOINT
    what = f"Gateway {resource.name} is of the class {named.value}, which nobody serves when the source leaves: "
    yield Loss(
        code="MM224",
        impact=Impact.NONE if waypoint else Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.INFO if waypoint else Severity.HIGH,
        fate=Fate.APPROXIMATED,
        leaves=(leaf_ref(resource.document.number, named.leaf),),
        message=what
        + (
            "its rules stand with the services."
            if waypoint
            else "requests do not enter by it any more, and its routes lead nowhere."
        ),
        advice="Delete it with the source."
        if waypoint
        else "Set gatewayClassName to the class of a controller that you run, and move its address, before the source "
        "leaves.",
    )


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
