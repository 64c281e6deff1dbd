"""Several objects on one host that a waypoint serves: there the rules of all of them follow each other.

istio/istio pilot/pkg/networking/core/waypoint.go, 1.31. A sidecar heeds the first alone, and so does the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ir.inventory import Inventory
from ir.traffic import Route
from translator.api import Loss
from translator.importers.istio.link.ambient import USE_WAYPOINT
from translator.importers.istio.link.hosts import Place
from translator.importers.istio.link.leaves import of_service
from translator.importers.istio.link.surfaces import takes_everything
from translator.importers.istio.link.visibility import Standing
from translator.importers.istio.model import VirtualService
from translator.report.model import Fate, Impact, Severity, Support


@dataclass(frozen=True, slots=True)
class Heeded:
    """A VirtualService with the rules that sidecars hold, and what it is heeded for."""

    service: VirtualService
    routes: tuple[Route, ...]
    standings: Sequence[Standing]


def not_joined(
    heeded: Sequence[Heeded], used: frozenset[int], inventory: Inventory
) -> Iterator[Loss]:
    """The losses of objects that come after another one at a waypoint; ``used``: leaves that stand in tables."""
    routes = {one.service.meta.key: one.routes for one in heeded}
    for one in heeded:
        for standing in one.standings:
            place, first = standing.claim.place, routes.get(standing.winner, ())
            if standing.stands or not _leaves_some(first) or not _is_at_waypoint(place, inventory):
                continue
            leaves = tuple(leaf for leaf in of_service(one.service) if leaf not in used)
            yield _follows(place, standing.winner, one.service.meta.key, leaves)


def _is_at_waypoint(place: Place, inventory: Inventory) -> bool:
    """Whether the host is a service that names a waypoint, or whose namespace does."""
    if place.namespace is None:
        return False
    service = inventory.service(place.namespace.value, place.name.value)
    space = inventory.namespaces.get(place.namespace.value)
    own = None if service is None else service.labels.get(USE_WAYPOINT)
    named = own if own is not None or space is None else space.labels.get(USE_WAYPOINT)
    return named not in (None, "", "none")


def _leaves_some(routes: Sequence[Route]) -> bool:
    """Whether some request meets none of the rules as they stand."""
    return bool(routes) and not any(
        not route.matches or any(takes_everything(match) for match in route.matches)
        for route in routes
    )


def _follows(place: Place, first: str, second: str, leaves: tuple[int, ...]) -> Loss:
    """The loss of rules that come after those of another object."""
    return Loss(
        code="MM225",
        impact=Impact.DIFFERENT,
        support=Support.NOT_YET,
        severity=Severity.HIGH,
        fate=Fate.UNREAD,
        leaves=leaves,
        message=f"at the waypoint of {place.text} the rules of {second} follow those of {first}: they are not written, "
        "and requests that meet none of the first get 404.",
        advice=f"Write the rules of {second} at the end of {first}, then translate again.",
    )
