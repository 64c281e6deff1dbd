"""The edge: the target has no gateway of its own, so a class must be given, or somebody must decide.

linkerd.io/2/tasks/using-ingress, 2.20: any ingress controller, with its pods in the mesh.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ir.membership import ProxySetting
from ir.model import Model
from translator.api import Loss, Options
from translator.exporters.capability import Table
from translator.exporters.gateways import (
    Edge,
    about,
    by_gateway,
    is_edge,
    legalise_edge,
)
from translator.exporters.gateways.classes import of_class
from translator.exporters.gateways.findings import CLASS, pods_of
from translator.exporters.gateways.undecided import undecided
from translator.exporters.linkerd.capabilities import ROWS
from translator.exporters.linkerd.takeover import advice_on_class, takeover
from translator.exporters.prune import prune
from translator.exporters.routes.destinations import Subsets

_WHY = "The target has no gateway of its own; it works behind any ingress controller whose pods are in the mesh."
_ADVICE = (
    "Decide which ingress controller takes over; with its Gateway API class give --gateway-class."
)


def without_edge(model: Model) -> tuple[Model, Model]:
    """The model without what is for gateways, and that alone."""
    edge = tuple(fact for fact in model.facts if is_edge(fact))
    kept = tuple(fact for fact in model.facts if not is_edge(fact))
    return replace(model, facts=kept), replace(model, facts=edge)


def at_the_edge(edge: Model, inside: Model, subsets: Subsets, options: Options) -> Edge:
    """Gateways of the class that is given; without a class one finding for each gateway."""
    settings = [f for f in edge.facts if isinstance(f, ProxySetting)]
    edge = replace(edge, facts=tuple(f for f in edge.facts if not isinstance(f, ProxySetting)))
    name = options.gateway_class or ""
    classes = list(of_class(settings, name, advice_on_class(name)))
    told = [one for one in classes if isinstance(one, Loss)]
    if options.gateway_class is None:
        return Edge(
            losses=[*told, *undecided(edge, _WHY, _ADVICE), *_policies(edge, inside, options)]
        )
    pruned, lost = prune(edge, Table(ROWS, options.target, "gateway"))
    made = legalise_edge(pruned, inside.facts, subsets, options, takeover(options.gateway_class))
    kept = [one for one in classes if isinstance(one, ProxySetting)]
    assumptions = made.assumptions or ([CLASS] if kept else [])
    return Edge([*made.facts, *kept], [*told, *lost, *made.losses], assumptions)


def _policies(edge: Model, inside: Model, options: Options) -> Iterator[Loss]:
    """What policies say about gateways that go."""
    for listeners in by_gateway(edge).values():
        pods_in, account = pods_of(listeners, edge.inventory, options.root_namespace)
        yield from about(inside.facts, listeners, pods_in, account, "")
