"""What one pass over all workloads shares, and which rulings it has said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from ir.access import (
    Bypass,
    Closed,
    Grant,
    MtlsMode,
    PeerMtls,
    Refusal,
)
from ir.attachment import Attachment
from ir.inventory import Inventory
from ir.model import Fact, Model
from translator.api import Loss, Options
from translator.exporters.linkerd.callers import Known
from translator.exporters.linkerd.legalise import remarks
from translator.exporters.linkerd.legalise.rate_limits import RateLimits
from translator.exporters.linkerd.legalise.reach import in_vain, rules, speaks, unreached
from translator.exporters.naming import Names
from translator.report.bounds import At

F = TypeVar("F", bound=Fact)
Ruling = Closed | Grant | Refusal | PeerMtls
"""Facts of the mesh's own layer that say who may connect."""


@dataclass(slots=True)
class Legal:
    """What legalising comes to."""

    facts: list[Fact] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)


@dataclass(slots=True)
class Told:
    """Which rulings are written somewhere, and which hold without a word: those that are neither must be told.

    Rulings are known by identity.
    """

    spoken: set[int] = field(default_factory=set)
    """Those that the default of a namespace says."""
    said: set[int] = field(default_factory=set)
    """Those that what is written for a workload says."""
    silent: dict[int, Fact] = field(default_factory=dict)
    """Those that hold at workloads of which nothing is written."""
    inherited: dict[int, Fact] = field(default_factory=dict)
    """Those that close pods without ports, as the default of their namespace does."""
    shut: dict[int, Grant] = field(default_factory=dict)
    """What lets in at pods that are shut but for their servers."""
    held: dict[int, Refusal] = field(default_factory=dict)
    """What refuses on many ports that nobody declares, where these are shut."""
    unshut: dict[int, Grant] = field(default_factory=dict)
    """What lets in at pods that are open."""

    def default(self, rulings: Sequence[Fact], *, inherits: bool) -> None:
        """Notes what the default of a workload says, or (``inherits``) that of its namespace."""
        for ruling in rulings:
            if inherits and isinstance(ruling, (Closed, Refusal)):
                self.inherited[id(ruling)] = ruling
            else:
                self.said.add(id(ruling))

    def grants(self, rulings: Sequence[Fact], *, shut: bool) -> None:
        """Notes what lets in at a workload, which servers say or nobody does."""
        found = {id(r): r for r in rulings if isinstance(r, Grant)}
        (self.shut if shut else self.unshut).update(found)

    def losses(
        self, rulings: Sequence[Fact], reached: set[int], idle: Mapping[int, Fact]
    ) -> Iterator[Loss]:
        """What is to be said of the rulings: that nobody is reached, that none has a proxy, or that the default holds.

        ``reached``: those about some workload that has a proxy; ``idle``: those about some that have none.
        """
        quiet: list[Fact] = []
        for ruling in rulings:
            there = id(ruling) in reached or id(ruling) not in idle
            written = rules(ruling) or id(ruling) in self.said
            if id(ruling) in self.silent or (there and not written):
                quiet.append(ruling)
            elif id(ruling) not in reached and speaks(ruling):
                yield (in_vain if id(ruling) in idle else unreached)(ruling)
        yield from remarks.default_holds(quiet)
        yield from remarks.inherited(self._unsaid(self.inherited))
        yield from remarks.held_by_default(self._unsaid(self.held))
        yield from remarks.long_range(self._unsaid(self.shut))
        open_to_all = {n: one for n, one in self.unshut.items() if n not in self.shut}
        yield from remarks.open_to_all(self._unsaid(open_to_all))

    def _unsaid(self, found: Mapping[int, F]) -> list[F]:
        return [one for n, one in found.items() if n not in self.said and n not in self.spoken]


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass over all workloads shares."""

    model: Model
    inventory: Inventory
    """What is listed, with stand-ins for what is not."""
    options: Options
    known: Known
    names: Names
    legal: Legal
    past: tuple[Bypass, ...]
    """What reaches workloads without their proxy."""
    limits: RateLimits
    undeclared: list[At] = field(default_factory=list)
    """Workloads whose undeclared ports are shut though the source grants something there."""
    unprobed: list[str] = field(default_factory=list)
    probed: list[str] = field(default_factory=list)
    """Workloads whose health checks are refused, or let in by address alone."""
    own_domain: list[At] = field(default_factory=list)
    """Ports where callers of any trust domain become callers of the own one."""
    at_services: list[str] = field(default_factory=list)
    """Workloads that are held to what the source holds requests to a service to."""
    at_both: dict[str, tuple[Fact, ...]] = field(default_factory=dict)
    """Of these, such as have closed doors of their own, with who is let in there."""
    settled: dict[str, str] = field(default_factory=dict)
    """Namespaces whose pods all have the same default, with that default."""
    mixed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Workloads whose pods have the labels of others with other rules, with these others."""
    told: Told = field(default_factory=Told)
    """What is said of rulings, and where."""


def attachment_of(ruling: Fact) -> Attachment:
    """Where a ruling holds."""
    attachment = ruling.attachment  # type: ignore[union-attr]  # rulings have one
    if attachment is None:
        raise TypeError(ruling)
    return attachment


def is_demanded(rulings: Iterable[Fact]) -> bool:
    """Whether one of the rulings demands a certificate."""
    return any(isinstance(r, PeerMtls) and r.mode.value is MtlsMode.DEMANDED for r in rulings)
