"""From a mesh to the same mesh: what its own exporter makes of what its own importer reads."""

from __future__ import annotations

from dataclasses import replace

from translator.api import Grade, Options
from translator.exporters.capability import Table, fact_names
from translator.exporters.cilium.capabilities.rows import NETWORK
from translator.pipeline import Result, translate_loaded
from translator.registry import capability_rows
from translator.report.model import Fate
from translator.source.load import Loaded

_SURFACES = {"cilium": NETWORK}
"""Where what is said of a mesh's own objects has rows of its own."""


def own_round(loaded: Loaded, options: Options) -> Result:
    """The documents read, pruned and legalised by the mesh's own exporter, written, read back and compared."""
    return translate_loaded(loaded, replace(options, target=options.source))


def lost_in_full_rows(result: Result) -> list[str]:
    """Values that are lost though all positions that they have in the model are in rows that say FULL."""
    target = result.options.target
    table = Table(capability_rows(target.mesh), target, _SURFACES.get(target.mesh, ""))
    found = []
    for row in result.report.ledger:
        if row.fate is not Fate.LOST:
            continue
        places = result.positions.get((row.file, row.document, row.path), ())
        said = [place for place in places if not place.endswith(".trail")]
        grades = {table.row(place, fact).grade for place in said for fact in fact_names()}
        if grades == {Grade.FULL}:
            found.append(f"{row.resource} {row.path}")
    return found
