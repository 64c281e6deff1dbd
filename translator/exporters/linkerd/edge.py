"""The edge: the target has no gateway of its own, so a class must be given, or somebody must decide.

linkerd.io/2/tasks/using-ingress, 2.20: any ingress controller, with its pods in the mesh.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.edge import Listener
from ir.membership import ProxySetting
from ir.model import Model
from ir.traffic import RouteTable
from ir.walk import traced
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
from translator.exporters.linkerd.capabilities import ROWS
from translator.exporters.linkerd.takeover import advice_on_class, takeover
from translator.exporters.prune import prune
from translator.exporters.routes.destinations import Subsets
from translator.report.model import Impact, Support

Piece = Listener | RouteTable


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
        return Edge(losses=[*told, *_undecided(edge), *_policies(edge, inside, options)])
    pruned, lost = prune(edge, Table(ROWS, options.target, "gateway"))
    made = legalise_edge(pruned, inside.facts, subsets, options, takeover(options.gateway_class))
    kept = [one for one in classes if isinstance(one, ProxySetting)]
    assumptions = made.assumptions or ([CLASS] if kept else [])
    return Edge([*made.facts, *kept], [*told, *lost, *made.losses], assumptions)


def _undecided(model: Model) -> Iterator[Loss]:
    groups: dict[str, list[Piece]] = {}
    for fact in model.facts:
        if isinstance(fact, (Listener, RouteTable)):
            groups.setdefault(_gateway(fact), []).append(fact)
    listed = {f.gateway.value for f in model.facts if isinstance(f, Listener)}
    yield from _losses(groups, listed)


def _policies(edge: Model, inside: Model, options: Options) -> Iterator[Loss]:
    """What policies say about gateways that go."""
    for listeners in by_gateway(edge).values():
        pods_in, account = pods_of(listeners, edge.inventory, options.root_namespace)
        yield from about(inside.facts, listeners, pods_in, account, "")


def _gateway(fact: Piece) -> str:
    """``namespace/name`` of the gateway; of several the first."""
    if isinstance(fact, Listener):
        return fact.gateway.value
    audience = fact.attachment.audience
    names = () if audience is None else audience.listeners
    return min((name.value for name in names), default="")


def _losses(groups: dict[str, list[Piece]], listed: set[str]) -> Iterator[Loss]:
    for name, pieces in sorted(groups.items()):
        yield Loss(
            code="MM501",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            sites=tuple(value for piece in pieces for value in traced(piece)),
            message=f"the gateway {name} {_says(pieces)} not written"
            f"{'' if name in listed else ' (the gateway is not in the input)'}: "
            "nothing enters by it once the source's gateway is gone.",
            why="The target has no gateway of its own; it works behind any ingress controller whose pods are in the "
            "mesh.",
            advice="Decide which ingress controller takes over; with its Gateway API class give --gateway-class.",
        )


def _says(pieces: Sequence[Piece]) -> str:
    listeners = sum(isinstance(piece, Listener) for piece in pieces)
    rules = sum(len(piece.routes) for piece in pieces if isinstance(piece, RouteTable))
    return f"({listeners} listener{'s' * (listeners != 1)}, {rules} rule{'s' * (rules != 1)}) is"
