"""GRPCRoutes on a Service, in the place of those of the source.

On a port a GRPCRoute puts HTTPRoutes aside (sigs.k8s.io/gateway-api geps/gep-1294, 1.6), so all rules of a service are of one
kind. What was no GRPCRoute does not become one: an HTTPRoute says its paths exactly, and its retries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ir.match import RegexDialect
from ir.provenance import Traced, derived, named
from ir.traffic import Protocol, Route, RouteMatch, RouteTable
from translator.api import Loss
from translator.exporters.route_objects.scene import Scene
from translator.exporters.routes.calls import (
    KIND,
    Form,
    are_calls,
    as_calls,
    home_of,
    without_ports,
)
from translator.exporters.routes.rules import is_name

_FORM = Form(RegexDialect.RE2_FULL)


def stay_calls(tables: Sequence[RouteTable], scene: Scene) -> bool:
    """Whether the tables of a service were GRPCRoutes and can be that again."""
    if Protocol.GRPC not in scene.edition.service_versions:
        return False
    if scene.pinned is not None and scene.edition.retries:
        return False  # a retry is to be written, for which a rule of a GRPCRoute has no place
    stated = all(scene.keeps(KIND, home_of(table), table.name.value) for table in tables)
    return stated and are_calls([without_ports(table) for table in tables], _FORM)


def call_object(
    table: RouteTable,
    admits: Callable[[RouteMatch], bool],
    deliver: Callable[[Route], Route],
    scene: Scene,
    losses: list[Loss],
) -> RouteTable:
    """The GRPCRoute of a table that has rules for calls alone; ``admits``: which of them hold on its port."""
    routes: list[Route] = []
    taken: set[str] = set()
    for route in table.routes:
        here = tuple(match for match in route.matches if admits(match))
        scene.tables.reached.note(route, *here)
        made = replace(deliver(route), matches=here)
        routes.append(_as_named(made, taken, names_rules=scene.tables.names_rules))
    name = scene.names.take(KIND, home_of(table), table.name.value)
    said = as_calls(without_ports(replace(table, routes=tuple(routes))), _FORM, losses)
    return replace(said, name=named(name, table.name))


def _as_named(route: Route, taken: set[str], *, names_rules: bool) -> Route:
    """The rule with its name; of several with one name the first keeps it."""
    name: Traced[str] | None = route.name
    if name is None:
        return route
    if names_rules and is_name(name.value) and name.value not in taken:
        taken.add(name.value)
        return route
    return replace(route, name=None, trail=derived(route.trail.value, (route.trail, name)))
