"""Linkerd as a target: prune, legalise, write."""

from __future__ import annotations

from dataclasses import replace

from ir.model import Model
from ir.walk import close
from translator.api import Export, Options
from translator.exporters.capability import Table
from translator.exporters.linkerd.capabilities import ROWS
from translator.exporters.linkerd.edge import without_edge
from translator.exporters.linkerd.egress import without_egress
from translator.exporters.linkerd.extensions import without_extensions
from translator.exporters.linkerd.legalise import legalise
from translator.exporters.linkerd.networks import beside, network_losses
from translator.exporters.linkerd.write import write
from translator.exporters.prune import prune


def write_mesh(model: Model, options: Options) -> Export:
    """What Linkerd can hold of a closed model, and what it cannot."""
    meshed, network = beside(model)
    known, foreign = without_extensions(meshed)
    inside, outside = without_edge(known)
    reached, beyond = without_egress(inside)
    pruned, lost = prune(reached, Table(ROWS, options.target))
    legal, more = legalise(pruned, options)
    legal = close(legal)
    emission = write(legal, options.target, options.control_plane_namespace, options.trust_domain)
    losses = (*foreign, *outside, *beyond, *lost, *more, *network_losses(network, options))
    legal = replace(legal, facts=(*legal.facts, *network))
    return Export(legal=legal, emission=emission, losses=losses)
