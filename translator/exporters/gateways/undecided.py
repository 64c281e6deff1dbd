"""Gateways for which nobody said who takes over: one finding for each, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.edge import Listener
from ir.model import Model
from ir.traffic import RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.report.model import Impact, Support

Piece = Listener | RouteTable


def undecided(edge: Model, why: str, advice: str) -> Iterator[Loss]:
    """What goes with each gateway; ``why`` it is not written, and what to do."""
    groups: dict[str, list[Piece]] = {}
    for fact in edge.facts:
        if isinstance(fact, (Listener, RouteTable)):
            groups.setdefault(_gateway(fact), []).append(fact)
    listed = {f.gateway.value for f in edge.facts if isinstance(f, Listener)}
    for name, pieces in sorted(groups.items()):
        yield Loss(
            code="MM501",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            sites=tuple(value for piece in pieces for value in traced(piece)),
            message=f"the gateway {name} {_says(pieces)} not written"
            f"{'' if name in listed else ' (the gateway is not in the input)'}: "
            "nothing enters by it once the source's gateway is gone.",
            why=why,
            advice=advice,
        )


def _gateway(fact: Piece) -> str:
    """``namespace/name`` of the gateway; of several the first."""
    if isinstance(fact, Listener):
        return fact.gateway.value
    audience = fact.attachment.audience
    names = () if audience is None else audience.listeners
    return min((name.value for name in names), default="")


def _says(pieces: Sequence[Piece]) -> str:
    listeners = sum(isinstance(piece, Listener) for piece in pieces)
    rules = sum(len(piece.routes) for piece in pieces if isinstance(piece, RouteTable))
    return f"({listeners} listener{'s' * (listeners != 1)}, {rules} rule{'s' * (rules != 1)}) is"
