"""Linkerd as a target: prune, legalise, write."""

from __future__ import annotations

from dataclasses import replace

from ir.access import Closed, TokenCheck
from ir.model import Model
from ir.walk import close
from translator.api import Export, Options
from translator.exporters.capability import Table
from translator.exporters.clear_ports import as_known
from translator.exporters.extensions import without_extensions
from translator.exporters.from_network import in_mesh
from translator.exporters.linkerd.capabilities import ROWS
from translator.exporters.linkerd.edge import at_the_edge, without_edge
from translator.exporters.linkerd.egress import legalise_egress
from translator.exporters.linkerd.egress.by_name import hold_by_name
from translator.exporters.linkerd.extensions import WORDS
from translator.exporters.linkerd.legalise import legalise
from translator.exporters.linkerd.legalise.decisions import narrow_decisions
from translator.exporters.linkerd.legalise.own_form import OwnForm
from translator.exporters.linkerd.legalise.protocols import in_target_words, of_pods
from translator.exporters.linkerd.legalise.routes import subsets_of
from translator.exporters.linkerd.legalise.standins import KIND, LABELS
from translator.exporters.linkerd.legalise.tokens import lose_tokens
from translator.exporters.linkerd.networks import network_losses
from translator.exporters.linkerd.ways_out import legalise_ways_out
from translator.exporters.linkerd.write import write
from translator.exporters.naming import Names, taken_by
from translator.exporters.network import beside
from translator.exporters.network_policies.write import write_network_policies
from translator.exporters.prune import prune
from translator.exporters.routes.list_order import in_list_order


def write_mesh(model: Model, options: Options) -> Export:
    """What Linkerd can hold of a closed model, and what it cannot."""
    own = OwnForm(options)
    model, ordered = in_list_order(own.without_tables(model))
    certified = as_known(model.facts)
    model = replace(model, facts=tuple(certified.facts))
    joined = in_mesh(model, options, outbound=True)
    names = Names(taken_by(options))
    by_name = hold_by_name(joined.outbound, model.inventory, options, names)
    outward = legalise_ways_out(
        joined.outbound, model.inventory, options, by_name.ways, joined.unheld
    )
    meshed, network = beside(joined.model)
    known, foreign = without_extensions(own.without_words(meshed), WORDS)
    inside, outside = without_edge(known)
    reached, egress = legalise_egress(inside, options)
    reached, spoken = in_target_words(reached, options)
    reached, narrowed = narrow_decisions(reached, options)
    checks = tuple(f for f in reached.facts if isinstance(f, TokenCheck))
    others = tuple(f for f in reached.facts if not isinstance(f, TokenCheck))
    reached = replace(reached, facts=others)
    pruned, lost = prune(reached, Table(ROWS, options.target))
    pruned = own.without_doors(pruned)
    subsets = subsets_of(model.inventory)
    edge = at_the_edge(outside, reached, subsets, options)
    legal, more = legalise(pruned, options, subsets, reached)
    ports = (*spoken.facts, *of_pods(reached, spoken, legal.facts))
    facts = (*legal.facts, *edge.facts, *egress.facts, *by_name.facts)
    legal = close(replace(legal, facts=(*facts, *own.facts(facts), *ports)))
    emission = write(legal, options)
    mesh = (
        *ordered,
        *certified.losses,
        *joined.losses,
        *by_name.losses,
        *outward.losses,
        *foreign,
        *edge.losses,
        *egress.losses,
        *spoken.losses(),
        *narrowed,
        *lost,
        *own.losses,
        *more,
        *lose_tokens(checks, legal),
    )
    losses = (*mesh, *network_losses(network, options))
    guessed = any(isinstance(f, Closed) and _guessed(f) for f in legal.facts)
    written = close(replace(legal, facts=tuple(outward.facts))).facts
    policies = tuple(write_network_policies(written, names))
    emission = replace(emission, manifests=(*emission.manifests, *policies))
    legal = replace(legal, facts=(*legal.facts, *written, *network))
    assumptions = (
        *joined.assumptions,
        *outward.assumptions,
        *edge.assumptions,
        *egress.assumptions,
        *((LABELS,) if guessed else ()),
    )
    return Export(legal=legal, emission=emission, losses=losses, assumptions=assumptions)


def _guessed(fact: Closed) -> bool:
    """Whether a fact is about pods that the input does not list."""
    name = fact.attachment.subject.name
    return name is not None and name.value.startswith(f"{KIND}/")
