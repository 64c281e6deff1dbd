"""Reads the objects of Gateway API: those of services, which a translation says anew, and those that stay where they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from ir.inventory import Inventory
from ir.model import Fact, Inactive
from ir.provenance import Assumption
from translator.api import Edit, Inert, Loss, Options
from translator.errors import InputError
from translator.importers.route_objects.findings import (
    DROPPED,
    of_class,
    of_others,
    pruned,
    unserved,
)
from translator.importers.route_objects.gateway import read_gateway, read_listener_set
from translator.importers.route_objects.grants import Grants, read_grants
from translator.importers.route_objects.link.gateways import link_gateways
from translator.importers.route_objects.mixed import apart
from translator.importers.route_objects.model import GatewayObject, RouteObject, Statement
from translator.importers.route_objects.places import (
    GROUPS,
    foreign_words,
    group_of,
    is_mixed,
    is_of_services,
    is_route,
)
from translator.importers.route_objects.route import read_route
from translator.importers.route_objects.stream_route import PROTOCOLS, read_stream_route
from translator.importers.route_objects.takeover import handed_over, said_anew
from translator.report.model import Fate
from translator.resources.gateway_api.owners import GATEWAYS
from translator.resources.kubernetes.metadata import Meta, read_metadata
from translator.source.cursor import Cursor, root_cursor
from translator.source.leaves import Resource

Reader = Callable[[Cursor, Meta], Statement]
_NO_MORE: Mapping[str, Reader] = MappingProxyType({})


@dataclass(slots=True)
class Found:
    """What is read. ``mine``: what is to be written; ``theirs``: what stays as it is."""

    mine: list[Statement] = field(default_factory=list)
    theirs: list[Statement] = field(default_factory=list)
    grants: Grants = field(default_factory=lambda: Grants(()))
    reads: set[int] = field(default_factory=set)
    inert: list[Inert] = field(default_factory=list)
    inactive: list[Inactive] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    spoken: dict[int, Fate] = field(default_factory=dict)
    errors: list[InputError] = field(default_factory=list)


def read_objects(
    resources: Sequence[Resource],
    options: Options,
    more: Mapping[str, Reader] = _NO_MORE,
    *,
    all_classes: bool = True,
    taken: frozenset[int] = frozenset(),
) -> Found:
    """All objects of Gateway API.

    ``more``: readers of kinds of it that only some sources heed, which are said anew too. ``all_classes``: Gateways get
    the class that is given, whatever theirs is. ``taken``: Gateways and routes bound to them that are said anew.
    """
    found = Found()
    for resource in resources:
        reader = _reader(resource, options, more)
        if reader is not None:
            anew = is_own(resource, more) or id(resource.node) in taken
            _read(resource, reader, found, options, anew=anew)
    found.losses.extend(handed_over(s) for s in found.mine if isinstance(s, GatewayObject))
    if all_classes:
        _move(found, options)
    found.grants = read_grants(resources, options, found.reads, found.errors)
    return found


def gateways_there(
    resources: Sequence[Resource],
    inventory: Inventory,
    options: Options,
    without: Sequence[str] = (),
) -> tuple[tuple[Fact, ...], tuple[Fact, ...], tuple[Assumption, ...]]:
    """What Gateways and the routes bound to them say, for a mesh in which they stay: read back as facts, else as what stands.

    Last: what was taken for granted of the facts. ``without``: classes that are no gateways. What is refused elsewhere says nothing here.
    """
    found = read_objects(resources, options, all_classes=False)
    there = [
        one
        for one in found.theirs
        if not (isinstance(one, GatewayObject) and one.class_name.value in without)
    ]
    linked = link_gateways(there, inventory, found.grants, options)
    if options.source.mesh == options.target.mesh:
        return linked.facts, (), linked.assumptions
    return (), linked.facts, ()


def is_own(resource: Resource, more: Mapping[str, Reader] = _NO_MORE) -> bool:
    """Whether the translation says what the object says, so that it goes."""
    return is_of_services(resource) or (group_of(resource) in GROUPS and resource.kind in more)


def _read(
    resource: Resource, reader: Reader, found: Found, options: Options, *, anew: bool
) -> None:
    """Adds a resource to what is written or to what stays; one that is both is taken apart."""
    root = root_cursor(resource, found.reads)
    try:
        words = foreign_words(resource)
        meta, quiet = read_metadata(root, options.namespace, reasons=words)
        statement = reader(root, meta)
    except InputError as error:
        found.errors.append(error)
        return
    if anew:
        found.mine.append(said_anew(statement))
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


def _move(found: Found, options: Options) -> None:
    """Gives the Gateways the class that is given."""
    for statement in found.theirs:
        if not isinstance(statement, GatewayObject):
            continue
        moved = tuple(of_class(statement, options))
        found.losses.extend(unserved(statement, options))
        found.edits.extend(edit for edit, _ in moved)
        found.losses.extend(loss for _, loss in moved)
        found.spoken.update((leaf, loss.fate) for _, loss in moved for leaf in loss.leaves)


def _reader(resource: Resource, options: Options, more: Mapping[str, Reader]) -> Reader | None:
    if is_route(resource):
        if resource.kind in PROTOCOLS:
            return read_stream_route
        return lambda root, meta: read_route(root, meta, options)
    if group_of(resource) not in GROUPS:
        return None
    if resource.kind in GATEWAYS:
        return read_gateway if resource.kind == "Gateway" else read_listener_set
    return more.get(resource.kind)
