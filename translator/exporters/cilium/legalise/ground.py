"""The pods that rules of the source can be about: those that one of its proxies stands before."""

from __future__ import annotations

from collections.abc import Iterator

from ir.attachment import Attachment
from ir.inventory import SYSTEM, Inventory
from ir.membership import Enrolment
from ir.model import Model
from translator.api import Options
from translator.exporters.cilium.legalise.outside import outside
from translator.exporters.cilium.legalise.regions import (
    Region,
    Regions,
    minus,
    region_of,
    regions_of,
    told_apart,
)
from translator.exporters.ports import bypasses_of, without_proxy


class Ground:
    """The pods of a model by what the source reaches.

    ``past``: what reaches workloads without their proxy; ``beyond``: namespaces that no rule for all of them is about;
    ``free``: the pods of workloads that have no proxy.
    """

    def __init__(self, model: Model, options: Options) -> None:
        self.inventory: Inventory = model.inventory
        self.past = bypasses_of(model)
        self.joined = tuple(_joined(model))
        self.beyond = tuple(sorted({*SYSTEM, options.root_namespace, *outside(model)}))
        self.free: Regions = tuple(
            region_of(w, model.inventory)
            for w in model.inventory.workloads
            if without_proxy(self.past, w, model.inventory) and w.namespace not in self.beyond
        )

    def whole(self, attachment: Attachment) -> Regions:
        """The pods that a ruling names, with proxies or without."""
        return regions_of(attachment.subject, self.inventory, self.beyond)

    def regions(self, attachment: Attachment) -> tuple[Region, ...]:
        """The pods that a ruling is about, less those that no proxy of the source stands before."""
        return minus(told_apart(self.whole(attachment), self.inventory), self.free)


def _joined(model: Model) -> Iterator[str]:
    """Namespaces with pods in the mesh; none where the input does not show which."""
    for fact in model.facts:
        if isinstance(fact, Enrolment) and fact.enrolled.value and fact.subject.namespace:
            yield fact.subject.namespace.value
