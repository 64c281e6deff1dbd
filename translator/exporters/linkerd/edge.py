"""The edge: the target has no gateway of its own, so listeners and their rules are for somebody to decide.

linkerd.io/2/tasks/using-ingress, 2.20: any ingress controller, with its pods in the mesh.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.attachment import EnforcedAt
from ir.edge import Listener
from ir.model import Model
from ir.traffic import RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.report.model import Impact, Support

Piece = Listener | RouteTable


def without_edge(model: Model) -> tuple[Model, tuple[Loss, ...]]:
    """The model without what is for gateways, and one finding for each gateway."""
    edge = [f for f in model.facts if isinstance(f, Listener) or _is_for_gateways(f)]
    gone = {id(fact) for fact in edge}
    kept = tuple(fact for fact in model.facts if id(fact) not in gone)
    groups: dict[str, list[Piece]] = {}
    for fact in edge:
        if isinstance(fact, (Listener, RouteTable)):
            groups.setdefault(_gateway(fact), []).append(fact)
    listed = {f.gateway.value for f in edge if isinstance(f, Listener)}
    losses = tuple(_losses(groups, listed))
    return replace(model, facts=kept), losses


def _is_for_gateways(fact: object) -> bool:
    return isinstance(fact, RouteTable) and fact.attachment.enforced_at is EnforcedAt.GATEWAY


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
