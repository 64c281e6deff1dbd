"""Gateway API as a target, whatever implements it: prune, legalise, write."""

from __future__ import annotations

from dataclasses import replace

from ir.match import RegexDialect
from ir.model import Model
from ir.walk import close
from translator.api import Export, Options
from translator.exporters.capability import Table
from translator.exporters.extensions import without_extensions
from translator.exporters.gateway_api.capabilities import ROWS
from translator.exporters.gateway_api.edition import Edition
from translator.exporters.gateway_api.legalise.defaults import (
    lose_defaults,
    of_target,
)
from translator.exporters.gateway_api.legalise.egress import without_egress
from translator.exporters.gateway_api.legalise.extensions import WORDS
from translator.exporters.gateway_api.legalise.guards import beside_network, without_guards
from translator.exporters.gateway_api.legalise.policies import legalise_policies
from translator.exporters.gateway_api.legalise.proxies import without_proxies
from translator.exporters.gateway_api.legalise.sessions import with_sessions
from translator.exporters.gateway_api.write import write
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
from translator.exporters.routes.list_order import in_list_order
from translator.exporters.routes.slots import unread_ports
from translator.exporters.routes.tables import Scene as Tables


def write_mesh(model: Model, options: Options) -> Export:
    """What Gateway API can hold of a closed model, and what it cannot."""
    edition = Edition(options.target)
    model, ordered = in_list_order(model)
    meshed, network = beside(model)
    kept, sessions = with_sessions(meshed, edition)
    spoken, tries = without_lone_tries(kept, edition)
    known, foreign = without_extensions(spoken, WORDS)
    outside = tuple(f for f in known.facts if is_edge(f))
    inside = replace(known, facts=tuple(f for f in known.facts if not is_edge(f)))
    unguarded, guards = without_guards(inside)
    plain, proxies = without_proxies(unguarded)
    left, leftovers = without_egress(plain)
    table = Table(ROWS, options.target)
    pruned, lost = prune(left, table)
    edge, more = prune(replace(known, facts=outside), table)
    default = pinned_retry(model, options, edition)
    pinned = None if default is None else said(default)
    names = Names()
    subsets = Subsets(model.inventory, Names(taken_names(model.inventory)))
    tables = Tables(subsets, names, names_rules=edition.names_rules, dialect=RegexDialect.RE2_FULL)
    stated = frozenset(one.key for one in model.objects)
    unread = unread_ports(model.facts)
    scene = Scene(tables, model.inventory, edition, pinned, stated, unread)
    made = at_the_edge(edge, meshed, scene, options)
    fitted, policies = legalise_policies(pruned, edition)
    routed, routes = legalise_routes(fitted, scene)
    facts = (*routed, *made.facts, *subsets.made.values())
    legal = close(replace(model, facts=facts, defaults=()))
    losses = (
        *ordered,
        *foreign,
        *sessions,
        *tries,
        *lost,
        *more,
        *made.losses,
        *guards,
        *beside_network(inside.facts, network, model.inventory),
        *proxies,
        *leftovers,
        *policies,
        *routes,
        *lose_defaults(model, pinned=pinned is not None),
    )
    emission = write(legal, options, names)
    legal = replace(legal, facts=(*legal.facts, *network), defaults=of_target(options))
    return Export(
        legal=legal,
        emission=emission,
        losses=of_one_cause(losses),
        assumptions=tuple(made.assumptions),
    )
