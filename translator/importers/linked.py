"""What one rule of precedence makes of the statements of a mesh."""

from __future__ import annotations

from dataclasses import dataclass

from ir.attachment import Attachment, Scope
from ir.inventory import Inventory, Knowledge
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


NO_SERVICE = "there is no such Service, so that nobody is called by its name"


def is_of_nobody(at: Attachment, inventory: Inventory) -> bool:
    """Whether it is about a Service that is known not to be there."""
    subject = at.subject
    if subject.scope is not Scope.SERVICE or subject.namespace is None or subject.name is None:
        return False
    place = subject.namespace.value, subject.name.value
    return inventory.knows_service(*place) is Knowledge.ABSENT
