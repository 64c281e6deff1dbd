"""The pods that rules of the source can be about: those that one of its proxies stands before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ir.attachment import Attachment, Scope
from ir.inventory import SYSTEM, Inventory, Workload
from ir.membership import Enrolment
from ir.model import Model
from translator.api import Options
from translator.exporters.cilium.legalise.outside import outside
from translator.exporters.cilium.legalise.regions import (
    Region,
    Regions,
    common,
    minus,
    pods_in,
    region_of,
    regions_of,
    told_apart,
)
from translator.exporters.cilium.names import Names
from translator.exporters.cilium.peers import Pods
from translator.exporters.ports import bypasses_of, without_proxy


class Ground:
    """The pods of a model by what the source reaches.

    ``past``: what reaches workloads without their proxy; ``beyond``: namespaces that no rule for all of them is about;
    ``free``: the pods of workloads that have no proxy; ``alike``: such workloads whose pods have the labels of others that
    have one; ``single``: those that join by themselves, by namespaces of the input that do not.
    """

    def __init__(self, model: Model, options: Options) -> None:
        self.inventory: Inventory = model.inventory
        self.past = bypasses_of(model)
        self.joined = tuple(_joined(model))
        self.beyond = tuple(sorted({*SYSTEM, options.root_namespace, *outside(model)}))
        alone = [
            w for w in model.inventory.workloads if without_proxy(self.past, w, model.inventory)
        ]
        keys = {w.key for w in alone}
        free: list[Region] = []
        alike: list[Workload] = []
        for one in alone:
            if one.namespace not in self.beyond:
                region = region_of(one, model.inventory)
                if all(w.key in keys for w in pods_in((region,), model.inventory)):
                    free.append(region)
                else:
                    alike.append(one)
        self.free: Regions = tuple(free)
        self.alike: tuple[Workload, ...] = tuple(alike)
        self.single: Mapping[str, Regions] = _single(model)

    def whole(self, attachment: Attachment) -> Regions:
        """The pods that a ruling names, with proxies or without."""
        return regions_of(attachment.subject, self.inventory, self.beyond)

    def regions(self, attachment: Attachment) -> tuple[Region, ...]:
        """The pods that a ruling is about, less those that no proxy of the source stands before."""
        return minus(told_apart(self.whole(attachment), self.inventory), self.free)

    def callers(self, attachment: Attachment) -> tuple[Region, ...]:
        """The same for what leaves pods: where only some pods of a namespace ask for a proxy, those alone."""
        whole = self.regions(attachment)
        rest = minus(whole, [Pods(Names.of(space)) for space in self.single])
        own = tuple(region for regions in self.single.values() for region in regions)
        return (*rest, *common(whole, own))


def _single(model: Model) -> dict[str, Regions]:
    joined = [f for f in model.facts if isinstance(f, Enrolment) and f.enrolled.value]
    spaces = {
        f.subject.namespace.value
        for f in joined
        if f.subject.namespace is not None and f.subject.scope is Scope.NAMESPACE
    }
    keys = {f.object for f in joined}
    found: dict[str, Regions] = {}
    for one in model.inventory.workloads:
        silent = one.namespace in model.inventory.namespaces and one.namespace not in spaces
        if one.key in keys and silent:
            found[one.namespace] = (*found.get(one.namespace, ()), region_of(one, model.inventory))
    return found


def _joined(model: Model) -> Iterator[str]:
    """Namespaces with pods in the mesh; none where the input does not show which."""
    for fact in model.facts:
        if isinstance(fact, Enrolment) and fact.enrolled.value and fact.subject.namespace:
            yield fact.subject.namespace.value
