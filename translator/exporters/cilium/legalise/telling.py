"""What is not the same once access is legal, said once for each cause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.access import (
    Closed,
    Grant,
    GuardedRoutes,
    MtlsMode,
    PeerMtls,
    Refusal,
)
from ir.inventory import Workload
from ir.match import PathForm
from ir.model import Fact
from translator.api import Loss
from translator.exporters.cilium.legalise import proof, remarks
from translator.exporters.cilium.legalise.cutting import Cutter
from translator.exporters.cilium.legalise.datagrams import datagrams
from translator.exporters.cilium.legalise.outside import alike
from translator.exporters.cilium.legalise.regions import (
    Region,
    pods_in,
    within,
)
from translator.exporters.cilium.legalise.spelling import spelt
from translator.exporters.cilium.legalise.state import Pass, space_of


def tell(
    rulings: Sequence[Fact],
    cutter: Cutter,
    closed: Sequence[Region],
    state: Pass,
) -> None:
    """What is not the same, said once for each cause."""
    losses = state.legal.losses
    for one in cutter.inexact:
        pods = pods_in(one.regions, state.model.inventory)
        losses.append(remarks.inexact([w.key for w in pods] or [one.name], one.said))
    losses.extend(remarks.held(one.said) for one in cutter.idle())
    losses.extend(proof.certificates(rulings))
    losses.extend(proof.evidence(rulings, state.model.inventory))
    losses.extend(proof.left_out_by_name(rulings, state.known))
    losses.extend(proof.addresses(rulings, state.known, state.model.inventory))
    losses.extend(proof.strangers(rulings, state.known))
    losses.extend(remarks.blunt(state.blunt))
    losses.extend(
        remarks.undeclared(state.shut, [f.trail for f in rulings if isinstance(f, Grant)])
    )
    losses.extend(
        remarks.spellings(tuple(spelt(state.legal.facts, _form(rulings), state.model.inventory)))
    )
    refused = [r for f in rulings if isinstance(f, Refusal) for r in state.regions(f.attachment)]
    losses.extend(datagrams(pods_in((*closed, *refused), state.model.inventory)))
    losses.extend(_on_nodes(rulings, state))
    losses.extend(_alike(rulings, state))
    limited = [region for region in closed if not within((region,), state.open)]
    losses.extend(remarks.nodes(_named(limited, state)))


def _alike(rulings: Sequence[Fact], state: Pass) -> Iterator[Loss]:
    """Workloads without a proxy that rules hold for, since their pods have the labels of others."""
    found: dict[str, Workload] = {}
    held: list[Fact] = []
    for fact in rulings if state.ground.alike else ():
        demands = not isinstance(fact, PeerMtls) or fact.mode.value is MtlsMode.DEMANDED
        if isinstance(fact, (Closed, Refusal, PeerMtls)) and demands:
            pods = pods_in(state.regions(fact.attachment), state.model.inventory)
            own = {w.key: w for w in pods if w in state.ground.alike}
            found.update(own)
            held.extend((fact,) if own else ())
    on_nodes = [key for key, workload in found.items() if workload.host_network]
    yield from alike(found, [fact.trail for fact in held], on_nodes=on_nodes)


def _on_nodes(rulings: Sequence[Fact], state: Pass) -> Iterator[Loss]:
    """What holds for pods that use the network of their node: no policy selects them."""
    alone: list[tuple[Fact, list[str]]] = []
    among: list[str] = []
    for fact in rulings:
        if not isinstance(fact, (Closed, Grant, GuardedRoutes, Refusal, PeerMtls)):
            continue
        pods = pods_in(state.regions(fact.attachment), state.model.inventory)
        names = [w.key for w in pods if w.host_network and w not in state.ground.alike]
        if names and len(names) == len(pods):
            alone.append((fact, names))
        else:
            among.extend(names)
    yield from remarks.on_nodes(alone)
    yield from remarks.among_nodes(among)


def _named(regions: Sequence[Region], state: Pass) -> Iterator[str]:
    """The workloads in the regions; a region without any by its namespace."""
    for region in regions:
        found = [w.key for w in pods_in((region,), state.model.inventory)]
        yield from found or [space_of(region) or "all namespaces"]


def _form(rulings: Sequence[Fact]) -> PathForm:
    """What the source does to paths; where rules differ, the least that is done."""
    forms = [f.view.path for f in rulings if isinstance(f, (Grant, Refusal))]
    return min(forms, key=list(PathForm).index, default=PathForm.NORMAL)
