"""From a pruned model to one that can be written as it is: one pass a concern, each losing what it must."""

from __future__ import annotations

from dataclasses import replace

from ir.model import Model
from translator.api import Loss, Options
from translator.exporters.linkerd.legalise.access import legalise_access
from translator.exporters.linkerd.legalise.defaults import lose_defaults, with_pinned
from translator.exporters.linkerd.legalise.endpoints import legalise_endpoints
from translator.exporters.linkerd.legalise.membership import legalise_membership
from translator.exporters.linkerd.legalise.routes import legalise_routes
from translator.exporters.linkerd.legalise.service_words import words_of_services
from translator.exporters.linkerd.legalise.trust import without_aliases
from translator.exporters.routes.destinations import Subsets


def legalise(
    model: Model, options: Options, subsets: Subsets, whole: Model
) -> tuple[Model, tuple[Loss, ...]]:
    """The model in legal form, the services for subsets with it, and what was lost on the way.

    ``whole``: the model before it was pruned.
    """
    losses: list[Loss] = []
    model, aliases = without_aliases(model)
    losses.extend(aliases)
    routed = legalise_routes(model, options, subsets, whole)
    losses.extend(routed.losses)
    guarded = legalise_access(replace(model, facts=tuple(routed.facts)), options)
    losses.extend(guarded.losses)
    losses.extend(lose_defaults(model, options))
    pinned = with_pinned(replace(model, facts=tuple(guarded.facts)), options)
    reached = legalise_endpoints(pinned, options)
    losses.extend(reached.losses)
    if options.source.mesh != options.target.mesh:  # else they hold already
        losses.extend(words_of_services(model.inventory, reached.facts))
    joined = legalise_membership(replace(model, facts=tuple(reached.facts)), options)
    losses.extend(joined.losses)
    legal = replace(model, facts=tuple(joined.facts), defaults=())
    return legal, tuple(losses)
