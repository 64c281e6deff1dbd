"""One pass over the rulings of a model, and what it comes to."""

from __future__ import annotations

from dataclasses import dataclass, field

from ir.attachment import Attachment
from ir.model import Fact, Model
from translator.api import Loss, Options
from translator.exporters.cilium.legalise.callers import Known, known_names
from translator.exporters.cilium.legalise.ground import Ground
from translator.exporters.cilium.legalise.ports import Ports
from translator.exporters.cilium.legalise.regions import (
    Region,
    Regions,
)
from translator.exporters.naming import Names
from translator.report.bounds import At


@dataclass(slots=True)
class Legal:
    """What legalising comes to."""

    facts: list[Fact] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)


class Pass:
    """One pass over the rulings of a model."""

    def __init__(self, model: Model, options: Options, ground: Ground, names: Names) -> None:
        self.model = model
        self.options = options
        self.legal = Legal()
        self.known: Known = known_names(model.inventory, options)
        self.names = names
        self.ground = ground
        self.past = ground.past
        self.ports = Ports(model.inventory)
        self.shut: list[At] = []
        """Workloads whose undeclared ports are shut to requests that the source grants."""
        self.blunt: list[str] = []
        """Workloads with ports of bytes that refusals of requests shut."""
        self.open: list[Region] = []
        """Where some policy lets everyone in with anything."""

    def regions(self, attachment: Attachment) -> Regions:
        """The pods that a ruling is about, less those that no proxy of the source stands before."""
        return self.ground.regions(attachment)


def space_of(region: Region) -> str:
    """The namespace of the pods of a region; empty for those of several."""
    return "" if region.spaces.but else ",".join(region.spaces.ordered())
