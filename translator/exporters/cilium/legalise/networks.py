"""NetworkPolicies of the input that stay beside the policies that are written: all of them add up in the target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.access import Closed, Direction, Grant, Layer
from ir.inventory import Inventory
from ir.match import Part
from ir.model import Fact
from translator.api import Loss
from translator.exporters.cilium.legalise.regions import Region, common, pods_in, regions_of
from translator.exporters.cilium.legalise.remarks import POLICY
from translator.report.model import Fate, Impact, Support


def beside_networks(
    facts: Sequence[Fact], inventory: Inventory, closed: Sequence[Region]
) -> Iterator[Loss]:
    """Policies of the network that close some of the pods, where in the source both had to let a request in."""
    policies: dict[str, list[Closed]] = {}
    letting_in: set[int] = set()
    for fact in facts:
        if isinstance(fact, Grant) and _lets_pods_in(fact):
            letting_in.update(fact.trail.because)
        elif isinstance(fact, Closed) and _is_inbound(fact):
            policies.setdefault(fact.trail.value, []).append(fact)
    for name, own in sorted(policies.items()):
        both = [
            region
            for fact in own
            for region in common(regions_of(fact.attachment.subject, inventory), closed)
        ]
        if both:
            leaves = {leaf for fact in own for leaf in fact.trail.because}
            pods = ", ".join(sorted(w.key for w in pods_in(both, inventory)))
            yield Loss(
                code="MM481",
                impact=Impact.LOOSER,
                support=Support.NOT_YET,
                fate=Fate.CARRIED,
                leaves=tuple(sorted({min(f.trail.because) for f in own if f.trail.because})),
                message=f"{name}: {_ADDED if leaves & letting_in else _PASSED_BY}{f' ({pods})' if pods else ''}.",
                why="In the source a request had to pass the network's policies and those of the mesh; in the target all "
                "of them add up.",
                advice="Take out of the NetworkPolicy what the mesh refused, or delete it where it only let the mesh in.",
                doc=POLICY,
            )


def _lets_pods_in(fact: Grant) -> bool:
    """Whether it is more than the way for the node's health checks, which every policy leaves open."""
    checks = [test.part is Part.ENTITY for way in fact.callers for test in way.tests]
    return fact.direction is Direction.INBOUND and not (checks and all(checks))


def _is_inbound(fact: Closed) -> bool:
    return fact.layer is Layer.NETWORK and fact.direction is Direction.INBOUND


_ADDED = "what it lets in is let in whatever the rules of the mesh said, and the other way round"
_PASSED_BY = "it lets nobody in, and what the rules of the mesh let in comes in all the same"
