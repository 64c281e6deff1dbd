"""Configurations of the node's proxy (CiliumEnvoyConfig) for Services of which no route says all; only where that is allowed.

A configuration has all routes of its Service. It leads requests through the proxy of the client's node before they are sent
on: policies of the pods that are called hold for them all the same, and those of clients too, since the agent puts its own
filter before the one called ``envoy.filters.http.router`` (cilium/cilium pkg/ciliumenvoyconfig/cec_resource_parser.go
``injectCiliumL7Filter``, 1.20) and keeps the address of the client (``use-original-source-address``, where nothing is said).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from ir.attachment import EnforcedAt
from ir.model import Fact, Model
from ir.provenance import Assumption, Traced, derived, named
from ir.resilience import Outliers, Retry
from ir.traffic import EndpointSubset, RouteTable
from ir.walk import traced
from translator.api import Loss, Options
from translator.exporters.capability import Table
from translator.exporters.cilium.edition import Edition
from translator.exporters.cilium.envoy import findings
from translator.exporters.cilium.envoy.choice import Key, Setting, Wanted, goals, wanted
from translator.exporters.cilium.envoy.settings import settings_of
from translator.exporters.cilium.envoy.tables import (
    Front,
    Unwritable,
    front_of,
    plain_table,
    table_of,
)
from translator.exporters.naming import Names
from translator.exporters.prune import prune
from translator.exporters.route_objects.scene import Scene
from translator.exporters.routes.destinations import Subsets

TAKEN = Assumption(
    "envoy-config",
    "the agents of the target take configurations of their proxy (envoyConfig.enabled) and lead requests to Services through it",
)
"""What is taken for granted where there is a configuration (cilium/cilium Documentation/network/servicemesh, 1.20)."""
KIND = "CiliumEnvoyConfig"
_PIN = "pin"
_TRIES = "Route.retry"
_ORIGINS = "its routes answer cross-origin requests, which HTTPRoutes alone do"


@dataclass(slots=True)
class Configured:
    """``rest``: the model without what configurations say; ``facts``: in legal form what they say."""

    rest: Model
    facts: list[Fact] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    pinned: bool = False
    """The source's default for further tries is written on their routes."""

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        """What is taken for granted."""
        return (TAKEN,) if self.facts else ()


@dataclass(frozen=True, slots=True)
class _Made:
    own: Wanted
    front: Front
    table: RouteTable


def configured(model: Model, scene: Scene, options: Options, rows: Table) -> Configured:
    """The Services that get a configuration, and the model without all that is said of them."""
    found = Configured(model)
    if not options.allow_envoy_config:
        return found
    edition = Edition(options.target)
    pinned = _pinned(model, options)
    asking = wanted(model, edition)
    made: dict[Key, _Made] = {}
    for key, own in asking.items():
        try:
            made[key] = _one(own, model, scene, edition, rows, pinned, found.losses)
        except Unwritable as reason:
            found.losses.extend(findings.not_set(f, key, str(reason)) for f in own.settings)
            if own.asked and own.tables:
                found.losses.append(findings.no_configuration(key, own.tables, str(reason)))
    gone = {id(f) for own in asking.values() for f in own.settings}
    gone |= {id(f) for key in made for f in asking[key].tables}
    found.rest = replace(model, facts=tuple(f for f in model.facts if id(f) not in gone))
    names = Names(_taken(options))
    for key in made:
        for fact in _treated(key, made, scene.subsets, found.losses):
            found.facts.append(_named(fact, names) if isinstance(fact, RouteTable) else fact)
    found.losses.extend(_besides(asking, made, found, options))
    found.pinned = pinned is not None and bool(made)
    return found


def _taken(options: Options) -> dict[tuple[str, str], set[str]]:
    """The names of configurations that the input has already, which stay."""
    taken: dict[tuple[str, str], set[str]] = {}
    for one in options.beside:
        if one.kind == KIND:
            taken.setdefault((KIND, one.namespace), set()).add(one.name)
    return taken


def _named(table: RouteTable, names: Names) -> RouteTable:
    space = table.attachment.subject.namespace
    home = "" if space is None else space.value
    return replace(table, name=table.name.derive(names.take(KIND, home, table.name.value)))


def _pinned(model: Model, options: Options) -> Retry | None:
    """The source's default for further tries, where it is to be written."""
    if options.defaults != _PIN:
        return None
    facts = (d.fact for d in model.defaults if d.key == _TRIES)
    return next((f for f in facts if isinstance(f, Retry) and f.attempts.value), None)


def _one(  # noqa: PLR0913, PLR0917  # what a table is made with
    own: Wanted,
    model: Model,
    scene: Scene,
    edition: Edition,
    rows: Table,
    pinned: Retry | None,
    losses: list[Loss],
) -> _Made:
    """A Service with its legal table and its settings as far as the proxy can say them.

    Raises:
        Unwritable: it has no configuration.
    """
    routes = [route for table in own.tables for route in table.routes]
    if edition.cross_origin and any(route.cross_origin is not None for route in routes):
        raise Unwritable(_ORIGINS)
    front = front_of(own, model.inventory, scene)
    said, lost = prune(replace(model, facts=own.facts), rows)
    kept = Wanted(
        own.key,
        [f for f in said.facts if isinstance(f, RouteTable)],
        [f for f in said.facts if isinstance(f, Setting)],
    )
    if not kept.tables and not kept.settings:
        raise Unwritable("nothing of it can be said")
    table_of(kept, front, scene.subsets.trial(), pinned)
    table, more = table_of(kept, front, scene.subsets, pinned)
    losses.extend((*lost, *more))
    if front.service.exposed:
        losses.append(findings.from_outside(own.key, table))
    return _Made(kept, front, table)


def _treated(
    key: Key, made: Mapping[Key, _Made], subsets: Subsets, losses: list[Loss]
) -> Iterator[Fact]:
    """The table of a Service, what is said of its endpoints, and of its parts that are Services of their own now."""
    one = made[key]
    leading = [other for other, own in made.items() if key in goals((own.table,))]
    alone = leading == [key] and set(goals((one.table,))) == {key}
    said = settings_of(key, one.front, one.own.settings, None, alone=alone)
    losses.extend(said.losses)
    spent = list(said.spent)
    parts = {
        text: part
        for (whole, _, text), part in subsets.made.items()
        if whole == one.front.service.key
    }
    of_parts: list[Fact] = []
    for text, part in parts.items():
        of_parts.extend(_of_part(part, text, one, losses, spent))
    table = one.table
    yield replace(table, trail=derived(table.trail.value, (table.trail, *spent)))
    yield from (*said.kept, *of_parts)
    for fact in one.own.settings:
        if fact.labels is not None and str(fact.labels.value) not in parts:
            reason = "no route sends requests to that part of the endpoints"
            losses.append(findings.not_set(fact, key, reason))


def _of_part(
    part: EndpointSubset,
    text: str,
    whole: _Made,
    losses: list[Loss],
    spent: list[Traced[object]],
) -> Iterator[Fact]:
    """A part of the endpoints that is a Service now: what is said of it alone, else what is said of the whole."""
    key = part.namespace.value, part.name.value
    said = settings_of(key, whole.front, whole.own.settings, text, alone=False)
    losses.extend(said.losses)
    spent.extend(said.spent)
    if said.kept:
        losses.append(findings.part_of_its_own(part, whole.own.key))
        node = named("the endpoints", part.trail, *traced(said.kept[0]))
        yield plain_table(key, whole.front, node)
        yield from said.kept


def _besides(
    asking: Mapping[Key, Wanted], made: Mapping[Key, _Made], found: Configured, options: Options
) -> Iterator[Loss]:
    """Requests that get to such endpoints and by no configuration."""
    treated = {key: one for key, one in made.items() if one.own.settings}
    for key, own in asking.items():
        for goal in dict.fromkeys(goals(own.tables)) if key not in made else ():
            if goal in treated:
                yield findings.by_other_routes(key, own.tables, goal, _code(treated[goal]))
    if options.gateway_class is None:
        return
    edge = [
        f
        for f in found.rest.facts
        if isinstance(f, RouteTable) and f.attachment.enforced_at is EnforcedAt.GATEWAY
    ]
    for goal, one in treated.items():
        leading = [table for table in edge if goal in goals((table,))]
        if leading:
            sites = tuple(fact.trail for fact in one.own.settings)
            yield findings.at_gateways(goal, sites, _code(one))


def _code(one: _Made) -> str:
    return "MM331" if any(isinstance(f, Outliers) for f in one.own.settings) else "MM305"
