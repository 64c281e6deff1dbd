"""Routes of services and of gateways at once, taken apart where the gateways stay.

The object stays with its gateways and loses the parents that are services, whose rules become those of an object of
their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ir.provenance import Traced, named, trail
from translator.api import Edit, Loss
from translator.importers.route_objects.link.mesh import is_service
from translator.importers.route_objects.model import RouteObject
from translator.report.model import Fate, Impact, Severity, Support
from translator.resources.gateway_api.read import Parent
from translator.resources.kubernetes.metadata import Meta


@dataclass(frozen=True, slots=True)
class Apart:
    """The two parts of a route, and the change that leaves the one with gateways."""

    services: RouteObject
    gateways: RouteObject
    edit: Edit
    loss: Loss


def of_services(meta: Meta) -> Meta:
    """The name of the part for services; the leaves that name the object stay with it."""
    name = f"{meta.name.value}-mesh"
    key = f"{meta.kind}/{meta.namespace.value}/{name}"
    source = replace(meta.source, key=key, trail=trail(meta.kind, because=meta.because))
    return replace(meta, name=named(name, meta.name), key=key, source=source)


def apart(route: RouteObject) -> Apart:
    """A route of both kinds of parents, in two."""
    mine = tuple(parent for parent in route.parents if is_service(parent))
    others = tuple(parent for parent in route.parents if not is_service(parent))
    part = of_services(route.meta)
    edit, loss = left_to_gateways(route.meta, part, mine)
    return Apart(
        services=replace(route, meta=part, parents=mine, hosts=()),
        gateways=replace(route, parents=others),
        edit=edit,
        loss=loss,
    )


def left_to_gateways(whole: Meta, part: Meta, mine: Sequence[Parent]) -> tuple[Edit, Loss]:
    """The change that leaves an object to its gateways, and what is told of it; ``mine``: the parents that it loses."""
    words = [word for parent in mine for word in _words(parent)]
    loss = Loss(
        code="MM221",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.INFO,
        fate=Fate.APPROXIMATED,
        leaves=tuple(leaf for word in words for leaf in word.origin),
        message=f"{whole.key} belongs to services and to gateways at once: it keeps the gateways, and its rules for the "
        f"services stand in {part.name.value}.",
        advice="Apply both together.",
    )
    return Edit(resource=whole.key, leave=tuple(words), restart=False), loss


def _words(parent: Parent) -> list[Traced[object]]:
    given = (parent.namespace, parent.port, parent.section)
    return [parent.spent, parent.name, *(one for one in given if one is not None)]
