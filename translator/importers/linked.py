"""What one rule of precedence makes of the statements of a mesh."""

from __future__ import annotations

from dataclasses import dataclass

from ir.model import Fact, Inactive
from ir.provenance import Assumption
from translator.report.model import Loss

AGE = Assumption(
    "age",
    "of objects whose age is not in the input, the first by namespace and name counts as the oldest",
)


@dataclass(frozen=True, slots=True)
class Linked:
    """Facts, what is not heeded, what is not understood, and what had to be taken for granted."""

    facts: tuple[Fact, ...] = ()
    inactive: tuple[Inactive, ...] = ()
    losses: tuple[Loss, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
