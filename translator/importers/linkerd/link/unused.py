"""Objects that nothing refers to, or that are for nothing that is there: Linkerd heeds none of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.model import Fact, Inactive
from ir.provenance import Traced
from ir.walk import traced
from translator.importers.linkerd.model import Statement
from translator.source.leaves import Resource, leaves_below

_WHY = "nothing that it is for, or that refers to it, is in the input"


def unused(
    resources: Sequence[Resource],
    statements: Sequence[Statement],
    facts: Sequence[Fact],
    inactive: Sequence[Inactive],
    reads: set[int],
) -> Iterator[Inactive]:
    """What was read of the resources of which no fact speaks, and of which no other reason is given.

    What an object is goes along with what is said of any part of it.
    """
    spoken = {leaf for value in traced(tuple(facts)) for leaf in value.origin}
    told = {leaf for one in inactive for leaf in one.leaves}
    identity = {leaf for one in statements for leaf in (*one.meta.source.trail.origin, *_age(one))}
    for resource in resources:
        own = set(leaves_below(resource)) & reads
        left = own - told - (identity if own & told else set())
        if left and not own & spoken:
            yield Inactive(leaves=tuple(sorted(left)), winner="", why=_WHY)


def _age(statement: Statement) -> tuple[int, ...]:
    """The leaf of the time at which the object was made, which only ever helps to choose."""
    created = getattr(statement, "created", None)
    return created.because if isinstance(created, Traced) else ()
