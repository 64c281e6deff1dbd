"""GRPCRoutes in the place of those of the source.

linkerd2 policy-controller/grpc/src/outbound.rs ``to_proto``, 2.20: on a port with GRPCRoutes no route of another kind is heeded
and only HTTP/2 is spoken; where the ``appProtocol`` is ``http`` GRPCRoutes are not heeded. A regular expression for a method
is refused, and a rule that edits headers of answers makes the port fail, as does an alternative without a service or a method
(linkerd2-proxy linkerd/http/route/src/grpc/match.rs ``MissingRpc``).
"""

from __future__ import annotations

from dataclasses import replace

from ir.inventory import Service
from ir.match import RegexDialect
from ir.provenance import Traced, derived
from ir.traffic import Route, RouteTable
from translator.api import Loss
from translator.exporters.linkerd.legalise.scene import Scene
from translator.exporters.routes.calls import (
    KIND,
    Form,
    are_calls,
    as_calls,
    home_of,
    without_ports,
)
from translator.exporters.routes.gaps import Told
from translator.exporters.routes.slots import is_asked_on
from translator.exporters.routes.viewers import Viewer, sees

SINCE = "2.16"
"""Since when GRPCRoutes of services are heeded."""
_FORM = Form(RegexDialect.RUST_SPAN, by_element=True, of_answers=False)
_HTTP_ONE = "http"


def stays_calls(table: RouteTable, service: Service | None, scene: Scene) -> bool:
    """Whether the only table of a service was a GRPCRoute and can be that again."""
    ports = () if service is None else service.ports
    if not scene.options.target.at_least(SINCE) or scene.pinned is not None:
        return False
    if any(port.app_protocol.lower() == _HTTP_ONE for port in ports):
        return False
    stated = scene.keeps(KIND, home_of(table), table.name.value)
    return stated and are_calls([without_ports(table)], _FORM)


def call_object(
    table: RouteTable, viewer: Viewer, scene: Scene, told: Told, losses: list[Loss]
) -> tuple[RouteTable, ...]:
    """The GRPCRoute of a table as one set of clients sees it on one port; none where no rule is left."""
    here: dict[int, Route] = {}
    for number, route in enumerate(table.routes):
        matches = tuple(
            m
            for m in route.matches
            if sees(m, viewer) and is_asked_on(m.requests.tests, table.attachment.ports)
        )
        if matches or not route.matches:
            here[number] = replace(route, matches=matches)
    writable = told.writable(table, here, scene.subsets.trial())
    routes: list[Route] = []
    for number in sorted(writable):
        made = scene.subsets.partly(here[number], table)[0]
        told.reached.add(number)
        told.reached.update(id(match) for match in here[number].matches)
        routes.append(_nameless(made))
    if not routes:
        return ()
    return (as_calls(without_ports(replace(table, routes=tuple(routes))), _FORM, losses),)


def _nameless(route: Route) -> Route:
    """The rule without its name, which the target does not look at."""
    if route.name is None:
        return route
    spent: tuple[Traced[object], ...] = (route.trail, route.name)
    return replace(route, name=None, trail=derived(route.trail.value, spent))
