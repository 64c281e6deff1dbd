"""NetworkPolicies that close pods for what leaves them: they stay, and all policies of the target add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ir.access import Closed, Direction, Grant
from ir.inventory import Inventory
from ir.match import Part
from ir.model import Fact
from translator.exporters.cilium.legalise.regions import Regions, regions_of


@dataclass(frozen=True, slots=True)
class Beside:
    """One policy: its pods, and whether it lets out anything that is outside of the cluster."""

    name: str
    regions: Regions
    leads_out: bool
    leaves: tuple[int, ...]


def closed_for_egress(facts: Sequence[Fact], inventory: Inventory) -> tuple[Beside, ...]:
    """The policies among the facts of the network."""
    found: dict[str, list[Closed | Grant]] = {}
    for fact in facts:
        if isinstance(fact, (Closed, Grant)) and fact.direction is Direction.OUTBOUND:
            found.setdefault(fact.attachment.subject.trail.value, []).append(fact)
    made: list[Beside] = []
    for _, own in sorted(found.items()):
        shut = [f for f in own if isinstance(f, Closed)]
        regions = tuple(r for f in shut for r in regions_of(f.attachment.subject, inventory))
        leaves = tuple(sorted({min(f.trail.because) for f in own if f.trail.because}))
        out = any(isinstance(f, Grant) and _leads_out(f) for f in own)
        made.extend(Beside(f.trail.value, regions, out, leaves) for f in shut[:1])
    return tuple(one for one in made if one.regions)


def _leads_out(grant: Grant) -> bool:
    """Whether some peer may be outside: everybody, or a block of addresses."""
    return not grant.callers or any(
        test.part is Part.PEER_ADDRESS for way in grant.callers for test in way.tests
    )
