"""Namespaces and pods that are outside of the source's mesh, as far as the input shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ir.access import Bypass, Closed, Grant, MtlsMode, PeerMtls, Refusal
from ir.attachment import Scope
from ir.coverage import covers
from ir.inventory import Inventory
from ir.membership import Enrolment
from ir.model import Fact, Model
from ir.provenance import Traced
from ir.walk import traced
from translator.api import Loss
from translator.exporters.cilium.legalise.regions import Region, pods_in
from translator.exporters.cilium.legalise.remarks import POLICY, listed
from translator.exporters.ports import spans_at
from translator.report.bounds import At
from translator.report.model import Fate, Impact, Support


def outside(model: Model) -> Iterator[str]:
    """Namespaces of the input that are in no mesh, where it shows which are."""
    joined = [f.subject for f in model.facts if isinstance(f, Enrolment) and f.enrolled.value]
    inside = {s.namespace.value for s in joined if s.namespace is not None}
    for name in sorted(model.inventory.namespaces):
        if inside and name not in inside:
            yield name


def outside_of_mesh(rulings: Sequence[Fact], model: Model) -> Iterator[Loss]:
    """Rules for the whole mesh that are not written for namespaces that ask for no proxy where others do."""
    wide = [f for f in rulings if not isinstance(f, Grant) and _is_mesh_wide(f)]
    pods = [w.key for space in outside(model) for w in model.inventory.workloads_in(space)]
    if wide and pods:
        yield Loss(
            code="MM412",
            impact=Impact.LOOSER,
            support=Support.PARTIAL,
            fate=Fate.APPROXIMATED,
            sites=tuple(fact.trail for fact in wide if fact.trail.origin),
            because=tuple(value for fact in wide for value in traced(fact)),
            message="rules for the whole mesh are not written for pods whose namespaces ask for no proxy, where others of "
            f"the input do: they are taken to be outside of the mesh: {', '.join(pods)}.",
            why="Pods without a proxy are held to no rule of the source, unless the mesh injects one everywhere.",
            advice="Label these namespaces as they are meant, istio-injection: enabled or disabled.",
        )


def _is_mesh_wide(fact: Fact) -> bool:
    if not isinstance(fact, (Closed, Refusal, PeerMtls)):
        return False
    demands = not isinstance(fact, PeerMtls) or fact.mode.value is MtlsMode.DEMANDED
    return demands and fact.attachment.subject.scope is Scope.MESH


def alike(
    names: Iterable[str],
    said: Sequence[Traced[object]],
    *,
    ports: Sequence[At] = (),
    on_nodes: Iterable[str] = (),
) -> Iterator[Loss]:
    """Pods without a proxy, or with some of their ``ports`` past it, that have the labels of others which rules are about.

    ``on_nodes``: those that use the network of their node, which no policy of the target selects.
    """
    free = (
        "connections reach some ports of these pods past their proxy"
        if ports
        else "the source puts no proxy before these pods and holds them to no rule"
    )
    found, nodes = listed(names), listed(on_nodes)
    but = (
        f" Of these {nodes} use the network of their node and stay as free as they are."
        if nodes
        else ""
    )
    if found:
        yield Loss(
            code="MM412",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            fate=Fate.APPROXIMATED,
            because=tuple(said),
            at=tuple(ports),
            message=f"{found}: {free}. They have the labels of "
            "others that rules are about, but for those that go with the source's mesh, and are held to these rules."
            + but,
            why="A policy of the target selects pods by their labels.",
            advice="Give these pods a label of their own, or take away those that they share.",
            doc=POLICY,
        )


def not_passing(fact: Bypass, closed: Sequence[Region], inventory: Inventory) -> Iterator[Loss]:
    """Ports past the proxy of pods that no labels tell from others which have none: they stay shut."""
    subject = fact.attachment.subject
    pods = [w for w in pods_in(closed, inventory) if covers(subject, w, inventory)]
    at = [At(w.key, spans_at(fact.attachment, w)) for w in pods]
    yield from alike([w.key for w in pods], tuple(traced(fact)), ports=at)
