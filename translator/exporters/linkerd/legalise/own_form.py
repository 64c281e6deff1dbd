"""What the source says in the target's own form: it stays as it is, and no pass makes anything of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ir.model import Fact, Model
from translator.api import Loss, Options
from translator.exporters.linkerd.legalise.kept import (
    Door,
    without_doors,
    without_marks,
    written_doors,
)
from translator.exporters.linkerd.legalise.kept_names import KeptNames
from translator.exporters.linkerd.legalise.kept_routes import Kept, without_kept, written_tables
from translator.exporters.linkerd.legalise.kept_words import without_words


@dataclass(slots=True)
class OwnForm:
    """It is taken out of the model bit by bit, before the pass that would make something else of it."""

    options: Options
    losses: tuple[Loss, ...] = ()
    _kept: Kept = field(default_factory=Kept)
    _words: tuple[Fact, ...] = ()
    _doors: tuple[Door, ...] = ()

    def without_tables(self, model: Model) -> Model:
        """The model without what clients' proxies are told."""
        model, self._kept = without_kept(model)
        return model

    def without_words(self, model: Model) -> Model:
        """The model without what pods say of all of their ports."""
        model, self._words = without_words(model, self.options)
        return model

    def without_doors(self, model: Model) -> Model:
        """The pruned model without ports that are closed by themselves; marks that none of them has are lost."""
        model, self._doors = without_doors(model)
        model, self.losses = without_marks(model)
        return model

    def facts(self, beside: Sequence[Fact]) -> tuple[Fact, ...]:
        """All of it in legal form; ``beside``: what is written besides."""
        names = KeptNames(beside, self.options)
        tables = tuple(written_tables(self._kept, names))
        return (*self._words, *tables, *written_doors(self._doors, names, self.options))
