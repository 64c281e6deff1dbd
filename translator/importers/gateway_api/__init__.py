"""Gateway API as a source, whatever implements it: ``read`` each resource, then ``link`` them.

Routes of services are the mesh's. Gateways and the routes bound to them stay, with the controller of their class or with
that of the class that is given; what they say is stated all the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from ir.model import Fact, Model
from ir.provenance import Assumption
from translator.api import Import, Options
from translator.importers.gateway_api.silence import defaults
from translator.importers.gateway_api.traffic_policy import link_policies, read_traffic_policy
from translator.importers.linked import AGE, rival_routes
from translator.importers.route_objects.findings import idle
from translator.importers.route_objects.link.gateways import link_gateways
from translator.importers.route_objects.link.mesh import link_mesh
from translator.importers.route_objects.model import RouteObject
from translator.importers.route_objects.places import is_mixed, is_of_services
from translator.importers.route_objects.reading import is_own, read_objects
from translator.importers.route_objects.takeover import is_still_heeded, taken_over
from translator.resources.kubernetes.network_policy import network_of
from translator.resources.kubernetes.read import read_inventory
from translator.source.leaves import Resource


def read_mesh(resources: Sequence[Resource], options: Options) -> Import:
    """The facts that these resources state.

    Raises:
        ExceptionGroup: of ``InputError``, all of the run together.
    """
    more = {"XBackendTrafficPolicy": lambda root, meta: read_traffic_policy(root, meta, options)}
    taken = taken_over(resources, options)
    found = read_objects(resources, options, more, taken=taken)
    claimed = tuple(r for r in resources if is_own(r, more) or id(r.node) in taken)
    if found.errors:
        message = "input that the API server would refuse"
        raise ExceptionGroup(message, found.errors)
    inventory = read_inventory(resources, options.namespace, complete=options.complete)
    facts: list[Fact] = []
    mine, grants, inactive = found.mine, found.grants, found.inactive
    for linked in (
        link_mesh(mine, inventory, grants, options),
        link_gateways(mine, inventory, grants, options),
        link_policies(mine),
    ):
        facts.extend(linked.facts)
        inactive.extend(linked.inactive)
    gateways = link_gateways(found.theirs, inventory, grants, options)
    standing: tuple[Fact, ...] = gateways.facts
    granted: tuple[Assumption, ...] = ()
    inactive.extend(idle(claimed, facts, inactive, found.losses))
    facts.extend(network_of(resources, options.namespace, options.cluster_networks))
    said = list(mine)
    if options.source.mesh == options.target.mesh:  # read back: there is nothing to be written
        facts.extend(standing)
        said.extend(found.theirs)
        standing, granted = (), gateways.assumptions
    guessed = any(isinstance(s, RouteObject) and not s.created.value for s in said)
    competing = rival_routes(facts)
    model = Model(
        facts=tuple(facts),
        defaults=defaults(options) if said else (),
        objects=tuple(statement.meta.source for statement in mine),
        inactive=tuple(inactive),
        assumptions=(*((AGE,) if guessed and competing else ()), *granted),
        inventory=inventory,
    )
    return Import(
        model=model,
        claimed=claimed,
        inert=tuple(found.inert),
        reads=frozenset(found.reads),
        losses=tuple(found.losses),
        shared=tuple(
            r for r in claimed if is_of_services(r) or is_mixed(r) or is_still_heeded(r, taken)
        ),
        edits=tuple(found.edits),
        spoken=found.spoken,
        standing=standing,
    )
