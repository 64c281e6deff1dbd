"""Cilium as a target: prune, legalise, write.

Policies are the target's own; where requests go is said by routes of Gateway API, which it serves itself, and where that is
allowed by configurations of the node's proxy.
"""

from __future__ import annotations

from dataclasses import replace

from ir.match import RegexDialect
from ir.model import Model
from ir.walk import close
from translator.api import Export, Loss, Options
from translator.exporters.capability import Table
from translator.exporters.cilium.capabilities import ROWS
from translator.exporters.cilium.capabilities.rows import ENVOY_CONFIG, NETWORK
from translator.exporters.cilium.edition import Edition
from translator.exporters.cilium.egress import legalise_egress, without_egress
from translator.exporters.cilium.envoy import configured
from translator.exporters.cilium.extensions import WORDS
from translator.exporters.cilium.legalise import legalise
from translator.exporters.cilium.legalise.defaults import Written, of_target
from translator.exporters.cilium.legalise.facts import from_nodes
from translator.exporters.cilium.legalise.ground import Ground
from translator.exporters.cilium.network import own_of_network
from translator.exporters.cilium.write import write
from translator.exporters.clear_ports import as_known
from translator.exporters.extensions import without_extensions
from translator.exporters.gateways import is_edge
from translator.exporters.naming import Names
from translator.exporters.network import beside
from translator.exporters.prune import of_one_cause, prune
from translator.exporters.route_objects.edge import at_the_edge
from translator.exporters.route_objects.retries import pinned_retry, said
from translator.exporters.route_objects.scene import Scene
from translator.exporters.route_objects.services import legalise_routes
from translator.exporters.route_objects.tries import without_lone_tries
from translator.exporters.routes.destinations import Subsets, taken_names
from translator.exporters.routes.everybody import public_only
from translator.exporters.routes.list_order import in_list_order
from translator.exporters.routes.slots import unread_ports
from translator.exporters.routes.tables import Scene as Tables


def write_mesh(model: Model, options: Options) -> Export:
    """What Cilium can hold of a closed model, and what it cannot."""
    edition = Edition(options.target)
    model, private = public_only(model)
    model, ordered = in_list_order(model)
    certified = as_known(model.facts)
    model = replace(model, facts=tuple(certified.facts))
    model, stays = beside(model)
    names = Names()
    leaves, mine = own_of_network(model, names, Table(ROWS, options.target, NETWORK))
    leaves, out = without_egress(leaves)
    table = Table(ROWS, options.target)
    scene = _scene(leaves, options, edition)
    own = configured(leaves, scene, options, Table(ROWS, options.target, ENVOY_CONFIG))
    spoken, tries = without_lone_tries(own.rest, edition)
    known, foreign = without_extensions(spoken, WORDS)
    inside, edge, lost = _pruned(known, table)
    made = at_the_edge(edge, leaves, scene, options)
    routed, routes = legalise_routes(inside, scene)
    written = Written(routes=scene.pinned is not None, configurations=own.pinned)
    inside = replace(inside, facts=routed)
    ground = Ground(inside, options)
    egress = legalise_egress(out, leaves, stays, ground, names, options)
    legal, rest = legalise(inside, egress.facts, stays, ground, names, options, written=written)
    beside_pods = from_nodes(legal.facts)
    facts = (*legal.facts, *own.facts, *made.facts, *scene.subsets.made.values(), *mine.facts)
    legal = close(replace(legal, facts=facts, defaults=of_target(facts, options)))
    emission = write(legal, options)
    losses = (
        *private,
        *ordered,
        *certified.losses,
        *own.losses,
        *mine.losses,
        *foreign,
        *tries,
        *lost,
        *made.losses,
        *routes,
        *egress.losses,
        *rest,
    )
    return Export(
        legal=replace(legal, facts=(*legal.facts, *beside_pods, *stays)),
        emission=emission,
        losses=of_one_cause(losses),
        assumptions=(*own.assumptions, *made.assumptions, *egress.assumptions),
    )


def _pruned(model: Model, table: Table) -> tuple[Model, Model, tuple[Loss, ...]]:
    """What is said of the inside of the cluster and of its edge, as far as the target can say it."""
    edge = tuple(f for f in model.facts if is_edge(f))
    rest = tuple(f for f in model.facts if not is_edge(f))
    inside, lost = prune(replace(model, facts=rest), table)
    outside, more = prune(replace(model, facts=edge), table)
    return inside, outside, (*lost, *more)


def _scene(model: Model, options: Options, edition: Edition) -> Scene:
    """What routes are legalised with: names that are taken, Services for subsets, the retries to be written out."""
    default = pinned_retry(model, options, edition)
    tables = Tables(
        Subsets(model.inventory, Names(taken_names(model.inventory))),
        Names(),
        names_rules=edition.names_rules,
        dialect=RegexDialect.RE2_FULL,
    )
    pinned = None if default is None else said(default)
    stated = frozenset(one.key for one in model.objects)
    return Scene(tables, model.inventory, edition, pinned, stated, unread_ports(model.facts))
