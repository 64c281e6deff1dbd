"""What a decision says of the fact that made it."""

from __future__ import annotations

from ir.access import Admission, GuardedRoute
from ir.model import Fact
from ir.provenance import Traced
from ir.traffic import Route
from ir.walk import traced


def name_of(fact: Fact | Admission | GuardedRoute | Route) -> str:
    """The fact's own name, or what its trail says it is."""
    name = getattr(fact, "name", None)
    return str(name.value) if isinstance(name, Traced) else fact.trail.value


def leaves_of(fact: object) -> tuple[int, ...]:
    """Input leaves whose meaning stands anywhere in the fact, ascending."""
    return tuple(sorted({leaf for value in traced(fact) for leaf in value.origin}))
