"""All callers of several models, as far as their rules tell them apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ir.behaviour.request import Caller
from ir.behaviour.stages import Access
from ir.match import Pattern
from ir.model import Model
from translator.verify.callers import CALLER_DIMENSION, World
from translator.verify.frame import callers_of, conditions


def everybody(
    models: Sequence[Model],
    accesses: Sequence[Access],
    trust_domain: str,
    also: Callable[[Caller], Caller] | None = None,
    keep: Callable[[Caller], bool] | None = None,
) -> World:
    """All callers that the rules tell apart, each with and without a certificate.

    ``also``: each of them as that, too; ``keep``: those alone for whom it holds.
    """
    named = {
        (condition.part, term)
        for access in accesses
        for condition, _, _ in conditions(access)
        if condition.part in CALLER_DIMENSION
        for term in (*condition.any_of, *condition.none_of)
        if isinstance(term, Pattern)
    }
    ways = dict.fromkeys(way for access in accesses for way in callers_of(access))
    return World(models, named, trust_domain, ways, twins=True, also=also, keep=keep)
