"""Refusals that the target cannot say beside grants, taken out of the grants for the pods that they are about.

The target adds up all grants that select a pod, so a grant for some pods that a refusal is not about must not select
those that it is about: each grant is given, less all that is refused to any of its pods, to all of them, and then, for
the pods that a refusal is not about, less the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from ir.provenance import Traced
from translator.exporters.cilium.legalise.boxes import Box, Cuts, touches, without
from translator.exporters.cilium.legalise.regions import Region, Regions, common, minus, within

MOST = 3
"""Refusals about some of the pods of a grant beyond which not all mixtures of them are written."""


@dataclass(frozen=True, slots=True)
class Hard:
    """A refusal to be taken out of grants: requests, pods, and all values that it consists of.

    ``name`` is that of its policy, ``place`` what says which pods are meant.
    """

    name: str
    place: tuple[Traced[object], ...]
    regions: Regions
    boxes: tuple[Box, ...]
    said: tuple[Traced[object], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What is granted to some pods, and the refusals that were taken out of it."""

    region: Region
    boxes: tuple[Box, ...]
    by: tuple[Hard, ...]


@dataclass(slots=True)
class Cutter:
    """Cuts grants; ``inexact``: the refusals that took out more than they should."""

    hard: Sequence[Hard]
    inexact: list[Hard] = field(default_factory=list)
    _used: set[int] = field(default_factory=set)

    def idle(self) -> Iterator[Hard]:
        """The refusals of what is granted nowhere."""
        yield from (one for one in self.hard if id(one) not in self._used)

    def parts(self, region: Region, boxes: Sequence[Box]) -> Iterator[Part]:
        """The grant for the pods of a region, in parts that add up."""
        near = [h for h in self.hard if common((region,), h.regions) and _meet(boxes, h.boxes)]
        self._used.update(id(one) for one in near)
        whole = self._cut(boxes, near)
        yield Part(region, whole, tuple(near))
        some = [h for h in near if not within((region,), h.regions)]
        count = len(some) if len(some) <= MOST else 1
        for size in range(1, count + 1):
            for chosen in combinations(some, size):
                spared = [id(h) for h in chosen]
                left = [h for h in near if id(h) not in spared]
                regions = minus((region,), (r for h in chosen for r in h.regions))
                more = self._cut(boxes, left)
                yield from (Part(one, more, tuple(near)) for one in regions)

    def _cut(self, boxes: Sequence[Box], refusals: Sequence[Hard]) -> tuple[Box, ...]:
        left = list(boxes)
        for one in refusals:
            cuts = Cuts()
            left = without(left, one.boxes, cuts)
            if cuts.inexact and all(one is not known for known in self.inexact):
                self.inexact.append(one)
        return tuple(left)


def _meet(boxes: Sequence[Box], others: Sequence[Box]) -> bool:
    return any(touches(bad, box) for box in boxes for bad in others)
