"""Access in the target's form: policies that close pods and add up, and refusals by caller and port that outrank them.

A policy of the target closes the pods that it selects and grants what its rules say; all grants of all policies add up
(cilium/cilium pkg/policy/repository.go, 1.20), as those of the source do. So each policy of the source stays one of the
target. Refusals by caller and port are said as such; others, and the demand for a certificate, which the target cannot
make, are taken out of the grants exactly, and where nothing is closed, out of a grant for everyone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ir.access import (
    Closed,
    Grant,
    GuardedRoutes,
    Layer,
    MtlsMode,
    PeerMtls,
    Probes,
    Refusal,
)
from ir.model import Fact, Model
from ir.provenance import Traced
from ir.walk import traced
from translator.api import Options
from translator.exporters.cilium.legalise import proof, remarks
from translator.exporters.cilium.legalise.boxes import Box, By, together
from translator.exporters.cilium.legalise.cutting import Cutter, Hard
from translator.exporters.cilium.legalise.facts import Policy, closed_facts, refusing_facts
from translator.exporters.cilium.legalise.ground import Ground
from translator.exporters.cilium.legalise.health import probed_by_others
from translator.exporters.cilium.legalise.networks import beside_networks
from translator.exporters.cilium.legalise.outside import not_passing, outside_of_mesh
from translator.exporters.cilium.legalise.reading import attached, spoken
from translator.exporters.cilium.legalise.regions import (
    Region,
    common,
    minus,
    pods_in,
    told_apart,
    unsaid_labels,
)
from translator.exporters.cilium.legalise.room import in_room
from translator.exporters.cilium.legalise.sources import Reader, Source
from translator.exporters.cilium.legalise.state import Legal, Pass, space_of
from translator.exporters.cilium.legalise.telling import tell
from translator.exporters.cilium.legalise.words import has_host, without_host
from translator.exporters.cilium.peers import EVERYONE, PODS
from translator.exporters.naming import Names
from translator.exporters.ports import undeclared

Ruling = Closed | Grant | Refusal | PeerMtls
NOT_PODS = EVERYONE - PODS
HOST_IS_HELD = "1.20"
"""Since when rules for requests that name no peer hold for the node too (cilium/cilium pull request 44590)."""


def legalise_access(
    model: Model, stays: Sequence[Fact], options: Options, ground: Ground, names: Names
) -> Legal:
    """The access facts of the model in legal form; all other facts are left to the passes that follow."""
    state = Pass(model, options, ground, names)
    rulings = [f for f in model.facts if _is_ruling(f) and _reaches(f, state)]
    state.legal.losses.extend(remarks.at_gateway([f for f in model.facts if _at_gateway(f)]))
    hard: list[Hard] = []
    for fact in rulings:
        if isinstance(fact, Refusal):
            hard.extend(_refusal(fact, state))
        elif isinstance(fact, PeerMtls):
            hard.extend(_certificate(fact, state))
    reader = Reader(state.regions, state.ports, state.known, state.legal.losses)
    sources = reader.sources(f for f in rulings if isinstance(f, (Closed, Grant, GuardedRoutes)))
    cutter = Cutter(hard)
    closed = [region for source in sources for region in source.closes]
    for source in sources:
        _write(source, cutter, state)
    for one in hard:
        closed.extend(_opened(one, cutter, sources, closed, state))
    state.legal.facts.extend(_passing(sources, closed, state))
    tell(rulings, cutter, closed, state)
    state.legal.losses.extend((*probed_by_others(model), *outside_of_mesh(rulings, model)))
    state.legal.losses.extend(beside_networks(stays, model.inventory, closed))
    state.legal.facts.extend(
        f
        for f in model.facts
        if not _is_ruling(f) and not _at_gateway(f) and not isinstance(f, Probes)
    )
    return state.legal


def _reaches(fact: Fact, state: Pass) -> bool:
    """Whether a ruling is about any pods; what becomes of it if not."""
    if not isinstance(fact, (Closed, Grant, GuardedRoutes, Refusal, PeerMtls)) or state.regions(
        fact.attachment
    ):
        return True
    whole = state.ground.whole(fact.attachment)
    if any(value.origin for value in traced(fact)):
        unsaid = (
            unsaid_labels(whole, state.model.inventory)
            if not told_apart(whole, state.model.inventory)
            else ()
        )
        if unsaid:
            state.legal.losses.append(remarks.unnamed(fact, unsaid))
        else:
            state.legal.losses.append(remarks.idle(fact) if whole else remarks.unreached(fact))
    return False


def _at_gateway(fact: Fact) -> bool:
    return isinstance(fact, (Closed, Grant, GuardedRoutes, Refusal)) and fact.layer is Layer.GATEWAY


def _is_ruling(fact: Fact) -> bool:
    if isinstance(fact, (Closed, Grant, GuardedRoutes, Refusal)):
        return fact.layer in (Layer.MESH_REQUEST, Layer.MESH_CONNECTION)
    return isinstance(fact, PeerMtls)


# --- refusals ------------------------------------------------------------------------------------


def _refusal(fact: Refusal, state: Pass) -> Iterator[Hard]:
    """Writes what the target can refuse by itself, and gives back what has to be taken out of grants."""
    regions = state.regions(fact.attachment)
    fact = state.ports.numbered(fact, regions)
    said = tuple(traced(fact))
    what = spoken(fact, state.known)
    names = [w.key for w in pods_in(regions, state.model.inventory)]
    state.legal.losses.extend(remarks.widened(values, why, names) for values, why in what.unsaid)
    boxes = tuple(state.ports.refused(what.boxes, regions))
    if len(boxes) > len(what.boxes):
        state.blunt.extend(names)
    if not boxes:
        lost = {id(value) for values, _ in what.unsaid for value in values}
        state.legal.losses.append(proof.nobody([v for v in said if id(v) not in lost]))
        return
    for region in regions:
        if all(_soft(box) for box in boxes):
            policy = Policy(_name(fact, state), region, boxes, tuple(traced(fact.attachment)), said)
            state.legal.facts.extend(refusing_facts(policy))
    if not all(_soft(box) for box in boxes):
        name = _short(fact.attachment.subject.trail.value)
        yield Hard(name, tuple(traced(fact.attachment.subject)), regions, boxes, said)


def _soft(box: Box) -> bool:
    """Whether the target can refuse it: by pods or addresses, and by port (PortDenyRule has no rules for requests)."""
    return not (box.http or box.headers or box.peers.nodes)


def _certificate(fact: PeerMtls, state: Pass) -> Iterator[Hard]:
    """Who is no pod shows no certificate of the mesh: that much can be refused."""
    if fact.mode.value is MtlsMode.DEMANDED:
        regions = state.regions(fact.attachment)
        fact = state.ports.numbered(fact, regions)
        ports = attached(fact.attachment)
        by = By(peers=(fact.mode,), ports=tuple(fact.attachment.ports))
        box = Box(peers=NOT_PODS, ports=ports, by=by)
        name = _short(fact.attachment.subject.trail.value)
        place = tuple(traced(fact.attachment.subject))
        yield Hard(name, place, regions, (box,), tuple(traced(fact)))


# --- grants --------------------------------------------------------------------------------------


def _write(source: Source, cutter: Cutter, state: Pass) -> None:
    """The policies that say what one of the source says: one for its pods, others where refusals differ among them."""
    by_region: dict[Region, list[Box]] = {region: [] for region in source.closes}
    said, place = list(source.said), list(source.place)
    for region, boxes in source.grants:
        for part in cutter.parts(region, boxes):
            by_region.setdefault(part.region, []).extend(part.boxes)
            said.extend(v for hard in part.by for v in hard.said)
            if part.region != region:
                place.extend(v for hard in part.by for v in hard.place)
    for region, found in by_region.items():
        own = source.place if region in source.closes else _once(place)
        _closed(source.name, region, found, own, _once(said), state)


def _once(values: Iterable[Traced[object]]) -> tuple[Traced[object], ...]:
    return tuple({id(value): value for value in values}.values())


def _closed(
    name: str,
    region: Region,
    boxes: Iterable[Box],
    place: Sequence[Traced[object]],
    said: Sequence[Traced[object]],
    state: Pass,
) -> None:
    found = [box for box in boxes if all(h.wanted for h in box.headers)]
    usable = [box for box in found if has_host(box)]
    pods = pods_in((region,), state.model.inventory)
    state.legal.losses.extend(without_host(found, [w.key for w in pods] or [name]))
    ready = tuple(_distinct(state.ports.granted(usable, region)))
    if state.options.target.at_least(HOST_IS_HELD):
        ready = (*ready, *state.ports.probed(ready, region))
    opaque = state.ports.bytes_of((region,))
    if any(box.http and (box.ports.but or not (box.ports & opaque).empty) for box in usable):
        served = (state.ports.declared(region) - opaque).ordered()
        state.shut.extend(undeclared(w, served) for w in pods)
    if any(not b.http and b.ports.everything and b.peers.everyone for b in ready):
        state.open.append(region)
    taken = state.names.take("CiliumNetworkPolicy", space_of(region), name)
    parts, left = in_room(ready)
    state.legal.facts.extend(closed_facts(Policy(taken, region, parts, place, said)))
    state.legal.losses.extend(remarks.not_exact(taken, opaque, said) for opaque in left)


def _distinct(boxes: Iterable[Box]) -> Iterator[Box]:
    """The boxes, those that say the same as one with what all of them come from."""
    seen: list[tuple[Box, list[By]]] = []
    for box in boxes:
        bare = replace(box, by=By())
        known = next((sources for other, sources in seen if other == bare), None)
        if known is None:
            seen.append((bare, [box.by]))
        else:
            known.append(box.by)
    for bare, sources in seen:
        yield replace(bare, by=sources[0] if len(sources) == 1 else together(sources))


def _opened(
    one: Hard,
    cutter: Cutter,
    sources: Sequence[Source],
    closed: Sequence[Region],
    state: Pass,
) -> Iterator[Region]:
    """Where nothing is closed, everyone comes in but whom the refusals name."""
    for region in minus(one.regions, closed):
        for part in cutter.parts(region, (Box(),)):
            said = _once(v for hard in part.by for v in hard.said)
            others = (v for s in sources if common(s.closes, one.regions) for v in s.place)
            beside = (v for hard in part.by for v in hard.place)
            place = (
                one.place if part.region in one.regions else _once((*one.place, *others, *beside))
            )
            _closed(one.name, part.region, part.boxes, place, said, state)
        yield region


def _passing(sources: Sequence[Source], closed: Sequence[Region], state: Pass) -> Iterator[Fact]:
    """Ports that connections reach without the proxy of the source stay open to everyone."""
    for fact in state.past:
        if not fact.attachment.ports and not fact.attachment.excluding_ports:
            continue
        whole = state.regions(fact.attachment)
        if not whole:
            state.legal.losses.extend(not_passing(fact, closed, state.model.inventory))
        for region in common(whole, closed):
            pods = pods_in((region,), state.model.inventory)
            because = tuple(sorted({leaf for w in pods for leaf in w.leaves}))
            said = (*traced(fact), Traced("ports past the proxy", (), because))
            box = Box(ports=attached(fact.attachment), by=By(ports=fact.attachment.ports))
            name = state.names.take("CiliumNetworkPolicy", space_of(region), "open-ports")
            others = (v for s in sources if common(s.closes, (region,)) for v in s.place)
            place = _once((*traced(fact.attachment.subject), said[-1], *others))
            yield from closed_facts(Policy(name, region, (box,), place, said))


def _name(fact: Refusal, state: Pass) -> str:
    wanted = _short(fact.attachment.subject.trail.value)
    spaces = state.regions(fact.attachment)
    return state.names.take("CiliumNetworkPolicy", space_of(spaces[0]) if spaces else "", wanted)


def _short(text: str) -> str:
    """The name of the object that a subject is that of."""
    return text.rpartition("/")[2] or "policy"
