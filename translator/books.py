"""What the account of a run is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ir.model import Model
from translator.api import Import, Loss
from translator.report.account import Fates, Placed
from translator.report.model import (
    Fate,
)
from translator.source.load import Loaded


@dataclass(frozen=True, slots=True)
class Books:
    """Everything that the account is made from."""

    loaded: Loaded
    imported: Import
    model: Model
    fates: Fates
    losses: tuple[Loss, ...]
    placed: tuple[Placed, ...]
    spoken: Mapping[int, Fate] = field(default_factory=dict)
    """Fates of leaves that no fact holds and that are spoken of all the same: rules on metrics."""
