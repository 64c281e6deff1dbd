"""Istio as a target: prune, legalise, write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ir.membership import ProxySetting
from ir.model import Fact, Model
from ir.telemetry import Telemetry
from ir.walk import close
from translator.api import AMBIENT, Export, Loss, Options
from translator.exporters.capability import Table
from translator.exporters.clear_ports import Known, as_known
from translator.exporters.extensions import without_extensions
from translator.exporters.from_network import Meshed, in_mesh
from translator.exporters.gateways import is_edge
from translator.exporters.gateways.classes import is_class, of_class
from translator.exporters.gateways.undecided import undecided
from translator.exporters.istio.capabilities import ROWS
from translator.exporters.istio.egress import legalise_egress
from translator.exporters.istio.egress.by_name import hold_by_name
from translator.exporters.istio.extensions import WORDS
from translator.exporters.istio.legalise import legalise
from translator.exporters.istio.legalise.access import legalise_access
from translator.exporters.istio.legalise.addresses import of_addresses
from translator.exporters.istio.legalise.ambient import (
    at_agents,
    by_identity,
    remarks,
    still_true,
)
from translator.exporters.istio.legalise.beneath import beneath
from translator.exporters.istio.legalise.checks import legalise_checks
from translator.exporters.istio.legalise.defaults import of_target, pinned_retry
from translator.exporters.istio.legalise.gateway_objects import Edge
from translator.exporters.istio.legalise.gateways import legalise_gateways
from translator.exporters.istio.legalise.rate_limits import legalise_rate_limits
from translator.exporters.istio.legalise.routes import Scene, names_of
from translator.exporters.istio.legalise.telemetry import own_items
from translator.exporters.istio.legalise.waypoints import at_waypoints
from translator.exporters.istio.legalise.words import in_target_words
from translator.exporters.istio.standing import stands
from translator.exporters.istio.write import write
from translator.exporters.naming import Names, taken_by
from translator.exporters.network import beside
from translator.exporters.network_policies import Control, as_network_policies
from translator.exporters.network_policies.write import write_network_policies
from translator.exporters.prune import prune
from translator.exporters.routes.slots import unread_ports

_WHY = "The target's own gateways are pods that are chosen by labels."
_ADVICE = "Say which pods serve it (--gateway-selector istio=ingressgateway), or give the class of its Gateways (--gateway-class)."
_CLASS = "See that its pods are let in where rules name who calls, test, then point DNS to the new address."


def write_mesh(model: Model, options: Options) -> Export:
    """What Istio can hold of a closed model, and what it cannot.

    Guarded routes are resolved before pruning: a route of them that cannot be said still takes its requests from others.
    """
    classes = tuple(of_class(filter(is_class, model.facts), options.gateway_class or "", _CLASS))
    moved = tuple(one for one in classes if isinstance(one, ProxySetting))
    edge, model, unknown = _apart(model, options)
    scene = _scene(model, options)
    entered = _at_the_edge(edge, scene, options)
    names = Names(taken_by(options))
    joined = _in_mesh(model, options)
    by_name = hold_by_name(joined.outbound, model.inventory, options, names)
    outward = as_network_policies(
        joined.outbound, model.inventory, options, _control(options), by_name.ways, joined.unheld
    )
    meshed, network = beside(joined.model)
    observed = own_items(meshed.facts, options)
    others = tuple(f for f in meshed.facts if not any(f is own for own in observed))
    known, foreign = without_extensions(replace(meshed, facts=others), WORDS)
    limited = legalise_rate_limits(known, options)
    known, leaving = legalise_egress(replace(known, facts=tuple(limited.facts)), options, names)
    known = replace(known, facts=(*known.facts, *by_name.facts, *observed))
    guarded = legalise_access(known)
    pruned, lost = prune(replace(known, facts=tuple(guarded.facts)), Table(ROWS, options.target))
    checked, unchecked = legalise_checks(pruned.facts, options)
    spoken = in_target_words(checked, model.inventory)
    facts, losses = spoken.facts, [*guarded.losses, *lost, *unchecked, *spoken.losses]
    if options.profile == AMBIENT:
        placed = at_waypoints(by_identity(facts), model.inventory)
        seen = at_agents(placed.facts)
        losses = [*still_true(losses, seen.facts), *placed.losses, *seen.losses]
        facts = seen.facts
        losses.extend(remarks(facts, network))
    legal, more = legalise(replace(pruned, facts=tuple(facts)), scene, options)
    legal = close(replace(legal, facts=(*legal.facts, *entered.facts, *moved)))
    emission = write(legal, options)
    beside_it = close(replace(legal, facts=tuple(outward.facts))).facts
    policies = tuple(write_network_policies(beside_it, names))
    return Export(
        legal=replace(legal, facts=(*legal.facts, *beside_it, *network, of_target(options))),
        emission=replace(emission, manifests=(*emission.manifests, *policies)),
        losses=(
            *(one for one in classes if isinstance(one, Loss)),
            *entered.losses,
            *unknown,
            *joined.losses,
            *by_name.losses,
            *outward.losses,
            *foreign,
            *limited.losses,
            *leaving,
            *losses,
            *more,
        ),
        assumptions=(
            *(a for one in (entered, joined, outward, limited) for a in one.assumptions),
            *of_addresses(legal.facts),
        ),
    )


def _in_mesh(model: Model, options: Options) -> Meshed:
    """Policies of the network that go with the source as rules of the mesh, with what only they held to."""
    joined = in_mesh(model, options, plain=True, outbound=options.profile != AMBIENT)
    return replace(joined, losses=(*joined.losses, *beneath(model)))


def _apart(model: Model, options: Options) -> tuple[Model, Model, Sequence[Loss]]:
    """What is about gateways, what is about the mesh, and what is told of rules whose callers agents of nodes would know."""
    rim = tuple(f for f in model.facts if is_edge(f) and not is_class(f))
    rest = tuple(f for f in model.facts if not (is_edge(f) or _is_told(f, options)))
    known = as_known(rest) if options.profile == AMBIENT else Known(list(rest))
    return replace(model, facts=rim), replace(model, facts=tuple(known.facts)), known.losses


def _is_told(fact: Fact, options: Options) -> bool:
    """Whether it only says what is observed, and stands."""
    return isinstance(fact, Telemetry) and stands(fact, options)


def _scene(model: Model, options: Options) -> Scene:
    retry, unread = pinned_retry(model, options), unread_ports(model.facts)
    return Scene(model.inventory, retry, names_of(options), unread)


def _control(options: Options) -> Control:
    """The control plane (istio/istio manifests/charts/istio-control/istio-discovery/templates/service.yaml, 1.31)."""
    doors = ((("app", "istiod"), (15012,)),)
    return Control(options.root_namespace, doors, "istiod on port 15012")


def _at_the_edge(edge: Model, scene: Scene, options: Options) -> Edge:
    """Gateways of the target's own kind, by the pods that are given; without these one finding for each."""
    if not options.gateway_selector:
        return Edge(losses=list(undecided(edge, _WHY, _ADVICE)))
    pruned, lost = prune(edge, Table(ROWS, options.target))
    made = legalise_gateways(pruned, scene, options)
    return Edge(made.facts, [*lost, *made.losses], made.assumptions)
