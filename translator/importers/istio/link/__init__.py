"""What the statements mean together: one module a precedence rule."""

from __future__ import annotations

from dataclasses import dataclass

from ir.model import Fact, Inactive
from ir.provenance import Assumption
from translator.api import Loss


@dataclass(frozen=True, slots=True)
class Linked:
    """What one rule of precedence makes of the statements."""

    facts: tuple[Fact, ...] = ()
    inactive: tuple[Inactive, ...] = ()
    losses: tuple[Loss, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
