"""From a pruned model to one that can be written as it is: one pass a concern, each losing what it must."""

from __future__ import annotations

from dataclasses import replace

from ir.model import Model
from translator.api import Loss, Options
from translator.exporters.istio.legalise.defaults import lose_defaults
from translator.exporters.istio.legalise.destination_settings import legalise_settings
from translator.exporters.istio.legalise.dialled import with_ports
from translator.exporters.istio.legalise.ejections import legalise_ejections
from translator.exporters.istio.legalise.machines import legalise_machines
from translator.exporters.istio.legalise.membership import legalise_membership
from translator.exporters.istio.legalise.protocols import legalise_protocols
from translator.exporters.istio.legalise.routes import Scene, legalise_routes
from translator.exporters.istio.legalise.subsets import settled_subsets
from translator.exporters.istio.legalise.tls_policies import told_of_policies


def legalise(model: Model, scene: Scene, options: Options) -> tuple[Model, tuple[Loss, ...]]:
    """The model in legal form, and what was lost on the way; ``scene``: what its rules are made with."""
    losses: list[Loss] = []
    routed = legalise_routes(with_ports(model), scene, options)
    losses.extend(routed.losses)
    facts = legalise_protocols(settled_subsets(routed.facts), model.inventory, losses)
    facts = legalise_ejections(facts, model.inventory, options, losses)
    facts = legalise_settings(facts, model.inventory, options, losses)
    losses.extend(told_of_policies(options))
    losses.extend(lose_defaults(model, options))
    machines = tuple(legalise_machines(facts, losses))
    joined = tuple(legalise_membership(machines, losses, options))
    return replace(model, facts=joined, defaults=()), tuple(losses)
