"""One side of a comparison."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ir.model import Model
from translator.api import Import, Options
from translator.report.model import Source
from translator.source.leaves import document_of, leaf_of
from translator.source.load import Loaded
from translator.target import Target

_MOST_RULES = 3
"""Places that are named for one decision."""


@dataclass(frozen=True, slots=True)
class Tree:
    """One side: what was read, and what its mesh makes of it."""

    loaded: Loaded
    imported: Import
    options: Options
    model: Model

    @property
    def mesh(self) -> Target:
        """The mesh that it is for."""
        return self.options.source

    def places(self, leaves: Iterable[int]) -> tuple[Source, ...]:
        """The first value of each of the objects that some leaves stand in."""
        found: dict[str, Source] = {}
        for ref in sorted(leaves):
            document = self.loaded.documents_by_number[document_of(ref)]
            leaf = leaf_of(ref)
            own = self.loaded.resource_of(document, leaf)
            name = "" if own is None else f"{own.kind}/{own.namespace or ''}/{own.name}"
            node = document.leaves[leaf]
            place = Source(document.file, node.line, node.column, name, document.paths()[leaf])
            key = f"{document.file} {document.index} {name}"
            if key not in found or _weight(place) > _weight(found[key]):
                found[key] = place
        return tuple(found.values())[:_MOST_RULES]


_OWN = re.compile(r"(items\[\d+\]\.)*spec\b(?P<where>\.(selector|targetRefs?|podSelector)\b)?")


def _weight(place: Source) -> int:
    """2 for a value of the rules themselves, 1 for one that says where they hold, 0 for a name."""
    own = _OWN.match(place.path)
    return 0 if own is None else 1 if own["where"] else 2
