"""Gateway API as a source, whatever implements it: ``read`` each resource, then ``link`` them.

Routes of services are the mesh's. Gateways and the routes bound to them stay, with the controller of their class or with
that of the class that is given; what they say is stated all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ir.model import Fact, Inactive, Model
from ir.traffic import RouteTable
from translator.api import Edit, Import, Inert, Loss, Options
from translator.errors import InputError
from translator.importers.gateway_api.findings import DROPPED, idle, of_class, of_others, pruned
from translator.importers.gateway_api.gateway import read_gateway, read_listener_set
from translator.importers.gateway_api.grants import Grants, read_grant
from translator.importers.gateway_api.link.gateways import link_gateways
from translator.importers.gateway_api.link.mesh import link_mesh
from translator.importers.gateway_api.mixed import apart
from translator.importers.gateway_api.model import GatewayObject, RouteObject, Statement
from translator.importers.gateway_api.places import (
    GATEWAYS,
    GROUPS,
    POLICIES,
    foreign_words,
    group_of,
    is_mixed,
    is_of_services,
    is_own,
    is_route,
)
from translator.importers.gateway_api.route import read_route
from translator.importers.gateway_api.silence import defaults
from translator.importers.gateway_api.stream_route import PROTOCOLS, read_stream_route
from translator.importers.gateway_api.traffic_policy import link_policies, read_traffic_policy
from translator.importers.linked import AGE
from translator.report.model import Fate
from translator.resources.kubernetes.metadata import Meta, read_metadata
from translator.resources.kubernetes.network_policy import network_of
from translator.resources.kubernetes.read import read_inventory
from translator.source.cursor import Cursor, root_cursor
from translator.source.leaves import Resource

Reader = Callable[[Cursor, Meta], Statement]


def read_mesh(resources: Sequence[Resource], options: Options) -> Import:
    """The facts that these resources state.

    Raises:
        ExceptionGroup: of ``InputError``, all of the run together.
    """
    found = _Found()
    claimed = tuple(r for r in resources if is_own(r))
    for resource in resources:
        reader = _reader(resource, options)
        if reader is not None:
            _read(resource, reader, found, options)
    grants = _grants(resources, options, found)
    if found.errors:
        message = "input that the API server would refuse"
        raise ExceptionGroup(message, found.errors)
    inventory = read_inventory(resources, options.namespace, complete=options.complete)
    facts: list[Fact] = []
    mine, inactive = found.mine, found.inactive
    for linked in (link_mesh(mine, inventory, grants, options), link_policies(mine)):
        facts.extend(linked.facts)
        inactive.extend(linked.inactive)
    standing = link_gateways(found.theirs, inventory, grants, options).facts
    inactive.extend(idle(claimed, facts, inactive, found.losses))
    facts.extend(network_of(resources, options.namespace))
    said = list(mine)
    if options.source.mesh == options.target.mesh:  # read back: there is nothing to be written
        facts.extend(standing)
        said.extend(found.theirs)
        standing = ()
    guessed = any(isinstance(s, RouteObject) and not s.created.value for s in said)
    competing = sum(isinstance(fact, RouteTable) for fact in facts) > 1
    model = Model(
        facts=tuple(facts),
        defaults=defaults(options) if said else (),
        objects=tuple(statement.meta.source for statement in mine),
        inactive=tuple(inactive),
        assumptions=(AGE,) if guessed and competing else (),
        inventory=inventory,
    )
    return Import(
        model=model,
        claimed=claimed,
        inert=tuple(found.inert),
        reads=frozenset(found.reads),
        losses=tuple(found.losses),
        shared=tuple(r for r in claimed if is_of_services(r)),
        edits=tuple(found.edits),
        spoken=found.spoken,
        standing=standing,
    )


@dataclass(slots=True)
class _Found:
    """What is read. ``mine``: what is to be written; ``theirs``: what stays as it is."""

    mine: list[Statement] = field(default_factory=list)
    theirs: list[Statement] = field(default_factory=list)
    reads: set[int] = field(default_factory=set)
    inert: list[Inert] = field(default_factory=list)
    inactive: list[Inactive] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    spoken: dict[int, Fate] = field(default_factory=dict)
    errors: list[InputError] = field(default_factory=list)


def _read(resource: Resource, reader: Reader, found: _Found, options: Options) -> None:
    """Adds a resource to what is written or to what stays; one that is both is taken apart."""
    root = root_cursor(resource, found.reads)
    try:
        words = foreign_words(resource)
        meta, quiet = read_metadata(root, options.namespace, reasons=words)
        statement = reader(root, meta)
    except InputError as error:
        found.errors.append(error)
        return
    if is_own(resource):
        found.mine.append(statement)
        found.inert.extend(quiet)
        if isinstance(statement, RouteObject):
            told = tuple(pruned(statement, options))
            found.losses.extend(told)
            found.inactive.extend(Inactive(leaves=x.leaves, winner="", why=DROPPED) for x in told)
    elif isinstance(statement, RouteObject) and is_mixed(resource):
        parts = apart(statement)
        found.mine.append(parts.services)
        found.theirs.append(parts.gateways)
        found.edits.append(parts.edit)
        found.losses.append(parts.loss)
    else:
        found.theirs.append(statement)
    if isinstance(statement, RouteObject):
        found.losses.extend(of_others(statement))
    elif isinstance(statement, GatewayObject):
        moved = tuple(of_class(statement, options))
        found.edits.extend(edit for edit, _ in moved)
        found.losses.extend(loss for _, loss in moved)
        found.spoken.update((leaf, loss.fate) for _, loss in moved for leaf in loss.leaves)


def _reader(resource: Resource, options: Options) -> Reader | None:
    if is_route(resource):
        if resource.kind in PROTOCOLS:
            return read_stream_route
        return lambda root, meta: read_route(root, meta, options)
    if group_of(resource) not in GROUPS:
        return None
    if resource.kind in GATEWAYS:
        return read_gateway if resource.kind == "Gateway" else read_listener_set
    if resource.kind in POLICIES:
        return lambda root, meta: read_traffic_policy(root, meta, options)
    return None


def _grants(resources: Sequence[Resource], options: Options, found: _Found) -> Grants:
    grants = []
    for resource in resources:
        if group_of(resource) in GROUPS and resource.kind == "ReferenceGrant":
            try:
                grants.append(read_grant(root_cursor(resource, found.reads), options.namespace))
            except InputError as error:
                found.errors.append(error)
    return Grants(tuple(grants))
