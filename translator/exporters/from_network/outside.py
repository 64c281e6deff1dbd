"""Findings about callers outside of the cluster, who are known by address once a mesh lets them in or refuses them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.access import Closed, Grant, Refusal
from ir.inventory import Inventory
from ir.match import AllOf
from translator.api import Loss
from translator.exporters.from_network.findings import Stated, doors_of, shut_besides, sites_of
from translator.report.model import Fate, Impact, Support

_NETWORKS = "Give --cluster-networks with all blocks of pods, services and nodes."
_SO = {
    Grant: "a pod with such an address is let in",
    Refusal: "a pod with such an address is refused",
}
_LESS = {
    Grant: "who is outside of the cluster and has an address of its networks is let in no more",
    Refusal: "who is outside and has an address of the cluster's networks is refused no more",
}
_OTHER = {Impact.LOOSER: Impact.STRICTER, Impact.STRICTER: Impact.LOOSER}


def inside(stated: Sequence[Stated]) -> Iterator[Loss]:
    """Blocks of addresses that are the cluster's own: who is outside and has one all the same is not named any more."""
    for kind, impact in ((Grant, Impact.STRICTER), (Refusal, Impact.LOOSER)):
        own = [one for one in stated if isinstance(one[0], kind)]
        if own:
            yield Loss(
                code="MM410",
                impact=impact,
                support=Support.PARTIAL,
                sites=sites_of([way for _, way in own]),
                because=doors_of(own),
                ways=tuple(way for _, way in own),
                message="in the source these blocks are about peers outside of the cluster alone; they lie within the "
                "networks of the cluster, so nobody outside has such an address and the rule is left out.",
                advice="Give --cluster-networks if other networks are the cluster's.",
            )


def by_block(
    stated: Sequence[Stated],
    cut: Sequence[AllOf],
    closed: Sequence[Closed],
    inventory: Inventory,
) -> Iterator[Loss]:
    """Who is outside of the cluster is known by address; ``cut``: alternatives that lose addresses for it."""
    for kind, wider in ((Grant, Impact.LOOSER), (Refusal, Impact.STRICTER)):
        own = [one for one in stated if isinstance(one[0], kind)]
        if own:
            yield Loss(
                code="MM411",
                impact=wider,
                support=Support.PARTIAL,
                fate=Fate.APPROXIMATED,
                sites=sites_of([way for _, way in own]),
                because=doors_of(own),
                message=f"who is outside of the cluster becomes who has an address outside of its networks: {_SO[kind]}."
                + shut_besides(own, closed, inventory),
                advice=_NETWORKS,
            )
        less = [one for one in own if any(one[1] is way for way in cut)]
        if less:
            yield Loss(
                code="MM410",
                impact=_OTHER[wider],
                support=Support.PARTIAL,
                fate=Fate.APPROXIMATED,
                sites=sites_of([way for _, way in less]),
                because=doors_of(less),
                ways=tuple(way for _, way in less),
                message=f"who is outside of the cluster becomes who has an address outside of its networks: {_LESS[kind]}.",
                advice=_NETWORKS,
            )
