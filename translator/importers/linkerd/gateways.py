"""Gateways, and routes bound to them, in a cluster of Linkerd: they stay as they are, unless another class is to take over.

Linkerd has no gateways of its own and its policy controller watches none (linkerd2 policy-controller/runtime, 2.20; a
route is indexed by its parents that are Services, Servers and EgressNetworks): the controller of their class serves them
whether Linkerd is there or not. So an object that is Linkerd's and a gateway's at once keeps its gateways.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ir.inventory import Inventory
from ir.model import Fact, Inactive
from translator.api import Edit, Inert, Loss, Options
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

    def of_linkerd(
        self, idle: Iterable[Inactive], inert: Iterable[Inert], resources: Sequence[Resource]
    ) -> tuple[tuple[Inactive, ...], tuple[Inert, ...]]:
        """What Linkerd does not heed, less what gateways heed of objects that are theirs, too."""
        theirs = {leaf for r in resources if self.shares(r) for leaf in leaves_below(r)}
        left = (
            replace(one, leaves=tuple(x for x in one.leaves if x not in theirs)) for one in idle
        )
        return (
            tuple(one for one in left if one.leaves),
            tuple(one for one in inert if one.leaf not in theirs),
        )

    def standing(
        self, resources: Sequence[Resource], inventory: Inventory, options: Options
    ) -> tuple[Fact, ...]:
        """What the gateways say that stay; ``resources``: all of the input."""
        if not self.stays:
            return ()
        _, facts, _ = gateways_there(resources, inventory, options)
        return facts


def rim_of(options: Options) -> Rim:
    """Gateways stay where neither a class nor pods are chosen to take over."""
    chosen = options.gateway_class is not None or bool(options.gateway_selector)
    return Rim(not chosen and options.source.mesh != options.target.mesh)
