"""Objects that something else writes: what it owns would come back after a translation, so it is changed there."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from translator.audit.steering import steered
from translator.report.audit import Generated
from translator.report.model import Source
from translator.resources.kubernetes.generators import TOOLS, Maker, maker_of
from translator.source.leaves import Resource


def generated(resources: Sequence[Resource], speaking: Collection[int]) -> tuple[Generated, ...]:
    """Objects by who writes them, in the order of the tools, then other owners by name.

    ``speaking``: identities of the nodes of resources that speak to the mesh.
    """
    found: dict[Maker, list[Resource]] = {}
    named = steered(resources)
    for resource in resources:
        tool = named.get((resource.kind, resource.namespace or "", resource.name))
        maker = TOOLS[tool] if tool else maker_of(resource)
        if maker is not None:
            found.setdefault(maker, []).append(resource)
    order = list(TOOLS)

    def rank(maker: Maker) -> tuple[int, str]:
        return (order.index(maker.name) if maker.name in order else len(order), maker.said)

    return tuple(
        Generated(
            generator=maker.name,
            where=maker.where,
            doc=maker.doc,
            objects=tuple(_place(one) for one in found[maker]),
            speaks=sum(id(one.node) in speaking for one in found[maker]),
        )
        for maker in sorted(found, key=rank)
    )


def _place(resource: Resource) -> Source:
    name = f"{resource.kind}/{resource.namespace or ''}/{resource.name}"
    node = resource.node
    return Source(resource.document.file, node.line, node.column, name, resource.path)
