"""Routes of Gateway API as Cilium heeds them on Services (GAMMA), and the Gateways of its classes.

cilium/cilium operator/pkg/model/ingestion/gamma.go, 1.20: HTTPRoute (1.16) and GRPCRoute (1.17) of the Service's own
namespace, on the port that the parent names; where it names none, on the ports whose ``appProtocol`` is ``http`` or
``grpc``. Host names carry no meaning. The order of a regular expression among prefixes is the proxy's own
(operator/pkg/model/translation/envoy_virtual_host.go) and is left open, as the API leaves it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ir.inventory import Inventory
from ir.model import Fact, Inactive
from ir.provenance import Assumption, Traced, derived
from ir.traffic import Protocol, RouteTable
from ir.walk import traced
from translator.api import Options
from translator.errors import InputError
from translator.importers.route_objects.classes import class_gateways, own_classes
from translator.importers.route_objects.findings import idle
from translator.importers.route_objects.link.gateways import link_gateways
from translator.importers.route_objects.link.mesh import is_service, link_mesh
from translator.importers.route_objects.model import RouteObject, Rule, Statement
from translator.importers.route_objects.places import is_of_services
from translator.importers.route_objects.reading import Found, read_objects
from translator.importers.route_objects.takeover import taken_over
from translator.resources.gateway_api.read import Parent
from translator.source.leaves import Resource

CLASSES = ("cilium",)
"""The class that the chart makes (install/kubernetes/cilium/templates/cilium-gateway-api-class.yaml, 1.20)."""
CONTROLLER = "io.cilium/"
_CALLS_SINCE = "1.17"
_ONE_TRY_SINCE = "1.20"
"""Before, the proxy's limit is the shorter of both (operator/pkg/model/translation/envoy_virtual_host.go, 1.19)."""
_NO_KIND = "on a Service Cilium heeds HTTPRoute, and GRPCRoute from 1.17 on, alone"
_ABROAD = "Cilium heeds routes of a Service in the namespace of the Service alone"
_NO_PORT = "the parent names no port, and no port of the Service has the appProtocol by which Cilium would take one"


@dataclass(slots=True)
class Routes:
    """What the objects of Gateway API come to.

    ``facts``: what holds on Services and which Gateways are the source's own; ``standing``: what stays in force where it
    stands.
    """

    found: Found
    claimed: tuple[Resource, ...] = ()
    facts: list[Fact] = field(default_factory=list)
    standing: tuple[Fact, ...] = ()
    inactive: list[Inactive] = field(default_factory=list)
    assumptions: tuple[Assumption, ...] = ()

    @property
    def errors(self) -> list[InputError]:
        """What the API server would refuse."""
        return self.found.errors

    @property
    def guesses_age(self) -> bool:
        """Whether objects compete whose age is not in the input."""
        said = (*self.found.mine, *self.found.theirs)
        unknown = any(isinstance(s, RouteObject) and not s.created.value for s in said)
        return unknown and sum(isinstance(f, RouteTable) for f in self.facts) > 1


def read_routes(
    resources: Sequence[Resource], inventory: Inventory, options: Options, reads: set[int]
) -> Routes:
    """The routes and Gateways of these resources; what is refused is among the errors."""
    own = {*CLASSES, *own_classes(resources, reads, CONTROLLER)}
    taken = taken_over(resources, options, own.__contains__)
    found = read_objects(resources, options, all_classes=False, taken=taken)
    reads |= found.reads
    claimed = tuple(r for r in resources if is_of_services(r) or id(r.node) in taken)
    routes = Routes(found, claimed=claimed)
    if found.errors:
        return routes
    heeded = list(_heeded(tuple(_on_services(found.mine)), inventory, options, routes.inactive))
    routes.inactive.extend(found.inactive)
    entered = link_gateways(found.mine, inventory, found.grants, options)
    for linked in (link_mesh(heeded, inventory, found.grants, options), entered):
        routes.facts.extend(linked.facts)
        routes.inactive.extend(linked.inactive)
    routes.assumptions = entered.assumptions
    gateways = link_gateways(found.theirs, inventory, found.grants, options)
    standing = gateways.facts
    routes.inactive.extend(idle(routes.claimed, routes.facts, routes.inactive, found.losses))
    if options.source.mesh == options.target.mesh:  # read back: there is nothing to be written
        routes.facts.extend(standing)
        routes.assumptions = tuple(dict.fromkeys((*entered.assumptions, *gateways.assumptions)))
        return routes
    routes.standing = standing
    left = [r for r in resources if id(r.node) not in taken or r.kind != "Gateway"]
    routes.facts.extend(class_gateways(left, options, reads, names=CLASSES, controller=CONTROLLER))
    return routes


def _on_services(statements: Sequence[Statement]) -> Iterator[Statement]:
    """The routes of services, with these as their only parents."""
    for one in statements:
        if isinstance(one, RouteObject):
            parents = tuple(parent for parent in one.parents if is_service(parent))
            if parents:
                yield one if parents == one.parents else replace(one, parents=parents)


def _heeded(
    statements: Sequence[Statement],
    inventory: Inventory,
    options: Options,
    inactive: list[Inactive],
) -> Iterator[Statement]:
    """The routes with the parents on which they hold; what becomes of the others is added to ``inactive``."""
    for one in statements:
        if not isinstance(one, RouteObject):
            yield one
            continue
        unserved = one.protocol is not Protocol.HTTP
        if unserved or (one.calls and not options.source.at_least(_CALLS_SINCE)):
            inactive.append(_not_heeded((*one.parents, *_words(one)), _NO_KIND))
            continue
        parents: list[Parent] = []
        for parent in one.parents:
            held, why = _held(parent, one, inventory)
            parents.extend(held)
            if why:
                inactive.append(_not_heeded((parent, *(() if parents else _words(one))), why))
        if parents:
            rules = tuple(map(_whole_percents, one.rules))
            if not options.source.at_least(_ONE_TRY_SINCE):
                rules = tuple(_for_the_whole(rule) for rule in rules)
            yield replace(one, parents=tuple(parents), rules=rules)


def _whole_percents(rule: Rule) -> Rule:
    """Shares of copies are cut to whole percent, less than one to none (``num * 100 / den`` of integers).

    cilium/cilium operator/pkg/model/ingestion/gateway.go ``toHTTPRequestMirror``, 1.20.
    """
    shares = [mirror.percent for mirror in rule.route.mirrors]
    if all(share is None or share.value == int(share.value) for share in shares):
        return rule
    mirrors = tuple(
        one
        if one.percent is None
        else replace(one, percent=one.percent.derive(float(int(one.percent.value))))
        for one in rule.route.mirrors
    )
    return replace(rule, route=replace(rule.route, mirrors=mirrors))


def _for_the_whole(rule: Rule) -> Rule:
    """The shorter of both limits is one for the whole request."""
    times = rule.route.timeouts
    if times is None or times.per_backend is None:
        return rule
    both = [one for one in (times.request, times.per_backend) if one is not None]
    least = min(one.value for one in both)
    whole = replace(times, request=derived(least, both), per_backend=None)
    return replace(rule, route=replace(rule.route, timeouts=whole))


def _held(
    parent: Parent, route: RouteObject, inventory: Inventory
) -> tuple[tuple[Parent, ...], str]:
    """The parent by each port on which the route holds, or why it holds on none."""
    home = route.meta.namespace.value
    space = home if parent.namespace is None else parent.namespace.value
    if space != home:
        return (), _ABROAD
    service = inventory.service(space, parent.name.value)
    if parent.port is not None or service is None:
        return (parent,), ""
    word = "grpc" if route.calls else "http"
    ports = [port for port in service.ports if port.app_protocol == word]
    held = tuple(
        replace(
            parent,
            section=None,
            port=parent.name.derive(port.number).chosen_by(Traced("", (), port.leaves)),
        )
        for port in ports
    )
    return held, "" if held else _NO_PORT


def _words(route: RouteObject) -> tuple[object, ...]:
    values = [(rule.route, *(one.backend for one in rule.references)) for rule in route.rules]
    return (route.trail, *route.hosts, *values)


def _not_heeded(values: Sequence[object], why: str) -> Inactive:
    leaves = {leaf for value in traced(tuple(values)) for leaf in value.origin}
    return Inactive(leaves=tuple(sorted(leaves)), winner="", why=why)
