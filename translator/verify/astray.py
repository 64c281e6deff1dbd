"""Routes in a state between two meshes: clients of each mesh against what their mesh does at the start, or at the end."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ir.behaviour.lower import Lowering
from ir.match import Part
from ir.model import Model
from translator.verify.access import client_namespaces
from translator.verify.callers import World
from translator.verify.result import Slice
from translator.verify.routes import RouteComparison
from translator.verify.stage import Stage

Services = Mapping[str, Collection[str]]
"""The services, ``namespace/name``, that the clients of a namespace call."""


def astray(
    start: Model, stage: Stage, end: Model, calls: Services, trust_domain: str
) -> Iterator[tuple[str, Slice]]:
    """For each namespace of clients a verdict for each port of each service that it calls.

    A route is the client's: those that are left must be served as at the start, those that have moved as at the end.
    """
    sides = (start, stage.first), (end, stage.second)
    lowered = [(Lowering(before), Lowering(after)) for before, after in sides]
    for space in sorted(calls):
        moved = space in stage.clients
        before, after = sides[moved]
        named = {(Part.NAMESPACE, one) for one in client_namespaces(before, after)}
        world = World(
            (before, after),
            named,
            trust_domain,
            keep=lambda c, s=space: c.namespace == s,  # type: ignore[misc]
        )
        if world.members:
            compared = RouteComparison(before, after, world, lowered[moved])
            for one in compared.slices():
                if one.name.removeprefix("Service/").partition(" ")[0] in calls[space]:
                    yield space, one
