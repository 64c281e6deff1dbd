"""Gateways, and routes bound to them, in a cluster of Linkerd: they stay as they are, unless another class is to take over.

Linkerd has no gateways of its own and its policy controller watches none (linkerd2 policy-controller/runtime, 2.20; a
route is indexed by its parents that are Services, Servers and EgressNetworks): the controller of their class serves them
whether Linkerd is there or not. So an object that is Linkerd's and a gateway's at once keeps its gateways.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from ir.model import Inactive
from translator.api import Edit, Import, Loss, Options
from translator.importers.linkerd.model import HttpRoute, Statement, StreamRoute
from translator.importers.route_objects.mixed import left_to_gateways, of_services
from translator.importers.route_objects.places import GROUPS, group_of, is_route
from translator.importers.route_objects.reading import gateways_there
from translator.resources.gateway_api.owners import GATEWAYS, is_of_gateways, parent_kinds
from translator.resources.gateway_api.read import ROUTE_GROUP
from translator.source.leaves import Resource, leaves_below

_BY_NAME = "Server"
"""The kind of parents whose routes others refer to by name."""


@dataclass(slots=True)
class Rim:
    """What stays of gateways: whether they do, and what becomes of routes that are theirs and Linkerd's at once."""

    stays: bool
    edits: list[Edit] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)

    def keeps(self, resource: Resource) -> bool:
        """Whether the object stays: it has nothing to do with Linkerd, or with gateways too."""
        sets = group_of(resource) in GROUPS and resource.kind in GATEWAYS
        return self.stays and (sets or is_of_gateways(resource) or self.shares(resource))

    def parted(self, own: Sequence[Resource]) -> tuple[tuple[Resource, ...], tuple[Resource, ...]]:
        """Of objects of kinds that Linkerd reads those that go with it, and those that it heeds."""
        left = tuple(one for one in own if not self.keeps(one))
        return left, tuple(one for one in own if not self.keeps(one) or self.shares(one))

    def shares(self, resource: Resource) -> bool:
        """Whether the object is a gateway's and Linkerd's at once."""
        kinds = set(parent_kinds(resource)) if self.stays and is_route(resource) else set()
        return bool(kinds.intersection(GATEWAYS)) and bool(kinds.difference(GATEWAYS))

    def without(self, statement: Statement) -> Statement:
        """The statement as far as it is Linkerd's: a route that is a gateway's too is taken apart."""
        if not self.stays or not isinstance(statement, (HttpRoute, StreamRoute)):
            return statement
        mine = tuple(p for p in statement.parents if p.kind not in GATEWAYS)
        own_kind = isinstance(statement, HttpRoute) and statement.group != ROUTE_GROUP
        if own_kind or not mine or len(mine) == len(statement.parents):
            return statement
        part = of_services(statement.meta)
        if any(parent.kind == _BY_NAME for parent in mine):
            part = replace(statement.meta, source=replace(part.source, key=statement.meta.key))
        edit, loss = left_to_gateways(statement.meta, part, mine)
        self.edits.append(edit)
        self.losses.append(loss)
        return replace(statement, meta=part, parents=mine)

    def around(self, found: Import, resources: Sequence[Resource], options: Options) -> Import:
        """What Linkerd makes of its own, with what the gateways say that stay; ``resources``: all of the input."""
        if not self.stays:
            return found
        _, standing, _ = gateways_there(resources, found.model.inventory, options)
        theirs = {leaf for r in resources if self.shares(r) for leaf in leaves_below(r)}
        idle = tuple(_without(one, theirs) for one in found.model.inactive)
        return replace(
            found,
            model=replace(found.model, inactive=tuple(one for one in idle if one.leaves)),
            inert=tuple(one for one in found.inert if one.leaf not in theirs),
            losses=(*found.losses, *self.losses),
            edits=tuple(self.edits),
            standing=standing,
        )


def _without(one: Inactive, theirs: Collection[int]) -> Inactive:
    """What Linkerd does not heed, less what gateways heed of objects that are theirs, too."""
    return replace(one, leaves=tuple(leaf for leaf in one.leaves if leaf not in theirs))


def rim_of(options: Options) -> Rim:
    """Gateways stay where neither a class nor pods are chosen to take over."""
    chosen = options.gateway_class is not None or bool(options.gateway_selector)
    return Rim(not chosen and options.source.mesh != options.target.mesh)
