"""What a decision says of the fact that made it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from ir.access import Admission, GuardedRoute
from ir.model import Fact
from ir.provenance import Traced
from ir.traffic import Route
from ir.walk import traced

_NO_NAMESPACE = re.compile(r"\b([A-Z][A-Za-z0-9]*)//(?=[a-z0-9])")
"""How trails name an object that is in no namespace."""


def name_of(fact: Fact | Admission | GuardedRoute | Route) -> str:
    """The fact's own name, or what its trail says it is; an object of no namespace shows none (``Kind/name``)."""
    name = getattr(fact, "name", None)
    told = str(name.value) if isinstance(name, Traced) else fact.trail.value
    return _NO_NAMESPACE.sub(r"\1/", told) if "//" in told else told


def leaves_of(fact: object) -> tuple[int, ...]:
    """Input leaves whose meaning stands anywhere in the fact, ascending."""
    return _leaves(_Same(fact))


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """An object by its identity: facts are large, and the same few decide request after request."""

    fact: object

    def __hash__(self) -> int:
        return id(self.fact)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.fact is other.fact


@lru_cache(maxsize=8192)
def _leaves(one: _Same) -> tuple[int, ...]:
    return tuple(sorted({leaf for value in traced(one.fact) for leaf in value.origin}))
