"""The ports of a service on which the rules of a VirtualService hold."""

from __future__ import annotations

from collections.abc import Sequence

from ir.attachment import Scope, ServicePort, Subject
from ir.inventory import Inventory
from ir.provenance import Traced
from ir.traffic import Route
from translator.importers.istio.link.connections import ports_asked
from translator.importers.istio.link.surfaces import Surface
from translator.importers.istio.model import VirtualService


def table_ports(
    service: VirtualService, surface: Surface, there: frozenset[int] | None
) -> tuple[Traced[ServicePort], ...]:
    """The ports that the table is for; none: all. ``there``: those of its service, where it is in the input.

    At a gateway a VirtualService without a rule for the port is as if it were not there (istio/istio
    pilot/pkg/networking/core/gateway.go ``buildGatewayHTTPRouteConfig``, 1.31), so that a wider host has its requests; at
    a sidecar, so that requests go to the service (pilot/pkg/networking/core/route/route.go
    ``buildSidecarVirtualHostsForVirtualService``, 1.31).
    """
    if service.port is not None:
        return (service.port.map(ServicePort),)
    numbers = every_port(surface.routes)
    kept = numbers & there if surface.mesh and there is not None else numbers
    return tuple(Traced(ServicePort(n), (), service.meta.because) for n in sorted(kept))


def ports_there(subject: Subject, inventory: Inventory) -> frozenset[int] | None:
    """The ports of the service that rules are about; ``None`` where it is not in the input."""
    if subject.scope is not Scope.SERVICE or subject.namespace is None or subject.name is None:
        return None
    found = inventory.service(subject.namespace.value, subject.name.value)
    return None if found is None else frozenset(port.number for port in found.ports)


def every_port(routes: Sequence[Route]) -> frozenset[int]:
    """The ports that all alternatives of all rules ask for between them; none where one holds on any."""
    asked = [ports_asked(match) for route in routes for match in route.matches]
    if None in asked or not all(route.matches for route in routes):
        return frozenset()
    return frozenset(number for own in asked for number in own or ())
