"""The account: what became of every leaf, computed from the trails of the values and from nothing else.

A **site** is a traced position of a closed model. Sites of the legal model descend from sites of the source model; each
must be placed in an output, lost with a finding, or absorbed by the node that it shaped. What descends from a source
site decides its fate, and the sites of a leaf decide the leaf's.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ir.model import Model
from ir.provenance import Traced, ancestors
from ir.walk import inner_values, positions
from translator.report.model import Fate, Loss, Placement


@dataclass(frozen=True, slots=True)
class Placed:
    """An output leaf and the values that stand there."""

    values: tuple[Traced[object], ...]
    at: Placement


@dataclass(slots=True)
class Lot:
    """What became of one site: places, losses, and whether a node took it in."""

    placed: list[Placement] = field(default_factory=list)
    via_node: list[Placement] = field(default_factory=list)
    """Where the node that took it in is placed."""
    losses: list[int] = field(default_factory=list)
    absorbed: bool = False
    stranded: bool = False
    approximated: list[int] = field(default_factory=list)

    @property
    def settled(self) -> bool:
        """Whether anything at all became of it."""
        return bool(self.placed or self.losses or self.absorbed)


@dataclass(frozen=True, slots=True)
class Fates:
    """The lot of each leaf that some site of the source model names, and of which fact it was part."""

    lots: Mapping[int, Lot]
    sites: Mapping[int, tuple[str, ...]]

    def fate(self, leaf: int) -> Fate | None:
        """The fate of a leaf; ``None`` where no site names it."""
        lot = self.lots.get(leaf)
        if lot is None:
            return None
        if lot.stranded or not lot.settled:
            return Fate.STRANDED
        if lot.losses and not (lot.placed or lot.absorbed):
            return Fate.LOST
        if lot.losses or lot.approximated:
            return Fate.APPROXIMATED
        return Fate.PLACED if lot.placed else Fate.ABSORBED


def settle(
    source: Model, legal: Model, placed: Iterable[Placed], losses: tuple[Loss, ...]
) -> Fates:
    """The fates of all leaves that the facts of ``source`` name.

    ``source`` and ``legal`` must be closed (:func:`ir.walk.close`); ``losses`` are known by their index.
    """
    origin = {id(t): (key, t) for key, t in positions(source.facts)}
    kept = {id(t): t for _, t in positions(legal.facts)}
    lots: dict[int, Lot] = defaultdict(Lot)
    for placing in placed:
        for value in placing.values:
            for site in _sites(value, kept, origin):
                lots[site].placed.append(placing.at)
    for number, loss in enumerate(losses):
        for value in loss.sites:
            for site in _sites(value, kept, origin):
                _lose(lots[site], loss, number)
    _take_in(legal.facts, lots)
    return _project(origin, kept, lots)


def _lose(lot: Lot, loss: Loss, number: int) -> None:
    if loss.fate is Fate.APPROXIMATED:
        lot.approximated.append(number)
    elif loss.fate is Fate.ABSORBED:
        lot.absorbed = True
    else:
        lot.losses.append(number)


def _sites(
    value: Traced[object],
    kept: Mapping[int, Traced[object]],
    origin: Mapping[int, tuple[str, Traced[object]]],
) -> list[int]:
    """The nearest sites that a value stems from: itself, else those of its parents."""
    if id(value) in kept or id(value) in origin:
        return [id(value)]
    found: dict[int, None] = {}
    stack, seen = list(value.parents), set[int]()
    while stack:
        parent = stack.pop()
        if id(parent) in seen:
            continue
        seen.add(id(parent))
        if id(parent) in kept or id(parent) in origin:
            found[id(parent)] = None
        else:
            stack.extend(parent.parents)
    return list(found)


def _take_in(value: object, lots: dict[int, Lot]) -> tuple[list[Placement], list[int], bool]:
    """Gives the trail of each node that says nothing by itself the lot of what stands below it."""
    if isinstance(value, Traced):
        lot = lots.get(id(value))
        return (lot.placed, lot.losses, lot.absorbed) if lot else ([], [], False)
    placed: list[Placement] = []
    losses: list[int] = []
    absorbed = False
    own: Traced[object] | None = getattr(value, "trail", None)
    for inner in _inner(value):
        if inner is own:
            continue
        below = _take_in(inner, lots)
        placed.extend(below[0])
        losses.extend(below[1])
        absorbed = absorbed or below[2]
    if own is not None:
        lot = lots[id(own)]
        placed.extend(lot.placed)
        lot.placed = []
        if placed or absorbed:
            lot.absorbed = True
            lot.via_node.extend(placed)
        elif not lot.settled:
            lot.losses.extend(losses)
        losses.extend(lot.losses)
        absorbed = absorbed or lot.absorbed
    return placed, losses, absorbed


def _inner(value: object) -> Iterable[object]:
    if isinstance(value, tuple):
        return value
    return inner_values(value)


def _project(
    origin: Mapping[int, tuple[str, Traced[object]]],
    kept: Mapping[int, Traced[object]],
    lots: dict[int, Lot],
) -> Fates:
    """From the sites of the legal model to those of the source, and from those to the leaves."""
    heirs: dict[int, list[int]] = defaultdict(list)
    for site, value in kept.items():
        if site in origin:
            heirs[site].append(site)
        for parent in ancestors(value):
            if id(parent) != site and id(parent) in origin:
                heirs[id(parent)].append(site)
    leaves: dict[int, Lot] = defaultdict(Lot)
    sites: dict[int, list[str]] = defaultdict(list)
    for site, (key, value) in origin.items():
        if not value.origin:
            continue
        lot = _united([lots[site], *(lots[heir] for heir in heirs.get(site, ()) if heir != site)])
        lost_here = lots[site].losses or lots[site].absorbed
        lot.stranded = (not heirs.get(site) and not lost_here and not lots[site].placed) or any(
            not lots[heir].settled for heir in heirs.get(site, ())
        )
        for leaf in value.origin:
            _add(leaves[leaf], lot)
            sites[leaf].append(key)
    return Fates(dict(leaves), {leaf: tuple(dict.fromkeys(keys)) for leaf, keys in sites.items()})


def _united(lots: Iterable[Lot]) -> Lot:
    whole = Lot()
    for lot in lots:
        _add(whole, lot)
    return whole


def _add(whole: Lot, lot: Lot) -> None:
    whole.placed.extend(lot.placed)
    whole.via_node.extend(lot.via_node)
    whole.losses.extend(lot.losses)
    whole.approximated.extend(lot.approximated)
    whole.absorbed = whole.absorbed or lot.absorbed
    whole.stranded = whole.stranded or lot.stranded


def count(fates: Iterable[Fate]) -> dict[str, int]:
    """How many leaves met each fate; every fate is named."""
    found = Counter(fates)
    order = (
        Fate.PLACED,
        Fate.APPROXIMATED,
        Fate.CARRIED,
        Fate.ABSORBED,
        Fate.INERT,
        Fate.LOST,
        Fate.UNREAD,
        Fate.DROPPED,
        Fate.STRANDED,
    )
    return {fate.value: found[fate] for fate in order}
