"""Cilium as a target: prune, legalise, write."""

from __future__ import annotations

from dataclasses import replace

from ir.access import Closed, Grant, Layer
from ir.model import Fact, Model
from ir.opaque import Opaque
from ir.walk import close, traced
from translator.api import Export, Options
from translator.exporters.capability import Table
from translator.exporters.cilium.capabilities import ROWS
from translator.exporters.cilium.extensions import WORDS
from translator.exporters.cilium.legalise import legalise
from translator.exporters.cilium.legalise.facts import from_nodes
from translator.exporters.cilium.write import write
from translator.exporters.extensions import without_extensions
from translator.exporters.prune import prune


def write_mesh(model: Model, options: Options) -> Export:
    """What Cilium can hold of a closed model, and what it cannot."""
    stays = tuple(f for f in model.facts if _stays(f))
    leaves = replace(model, facts=tuple(f for f in model.facts if not _stays(f)))
    known, foreign = without_extensions(leaves, WORDS)
    pruned, lost = prune(known, Table(ROWS, options.target))
    legal, more = legalise(pruned, stays, options)
    legal = close(legal)
    emission = write(legal)
    return Export(
        legal=replace(legal, facts=(*legal.facts, *from_nodes(legal.facts), *stays)),
        emission=emission,
        losses=(*foreign, *lost, *more),
    )


def _stays(fact: Fact) -> bool:
    """Policies of Kubernetes itself, which stay in force where they stand."""
    if isinstance(fact, (Closed, Grant)):
        return fact.layer is Layer.NETWORK
    return isinstance(fact, Opaque) and not any(value.origin for value in traced(fact))
