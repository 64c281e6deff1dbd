"""The edge: the source's gateways as Gateways of the class that is given; without a class somebody must decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from ir.match import RegexDialect
from ir.membership import ProxySetting
from ir.model import Fact, Model
from ir.traffic import RouteTable
from translator.api import Loss, Options
from translator.exporters.gateways import Edge, about, by_gateway, legalise_edge
from translator.exporters.gateways.classes import of_class
from translator.exporters.gateways.findings import CLASS, Takeover, pods_of
from translator.exporters.gateways.undecided import undecided
from translator.exporters.route_objects.scene import Scene
from translator.exporters.route_objects.words import in_edition

_WHY = "Every Gateway is of a class, which says who makes and serves it."
_ADVICE = "Decide who takes over; with that class give --gateway-class."


def at_the_edge(
    edge: Model,
    inside: Model,
    scene: Scene,
    options: Options,
) -> Edge:
    """Gateways of the class that is given; without a class one finding for each gateway."""
    settings = [f for f in edge.facts if isinstance(f, ProxySetting)]
    edge = replace(edge, facts=tuple(f for f in edge.facts if not isinstance(f, ProxySetting)))
    name = options.gateway_class or ""
    advice = (
        f"See that {name} knows what its routes ask for, test, then point DNS to the new address."
    )
    classes = list(of_class(settings, name, advice))
    told = [one for one in classes if isinstance(one, Loss)]
    if options.gateway_class is None:
        return Edge(
            losses=[*told, *undecided(edge, _WHY, _ADVICE), *_policies(edge, inside, options)]
        )
    edition = scene.edition
    tables = {
        id(f): in_edition(f, edition, scene.pinned) for f in edge.facts if isinstance(f, RouteTable)
    }
    spoken = [loss for _, lost in tables.values() for loss in lost]
    facts: list[Fact] = [tables[id(f)][0] if id(f) in tables else f for f in edge.facts]
    takeover = Takeover(
        name,
        redirects=edition.redirects,
        names=scene.names,
        names_rules=edition.names_rules,
        dialect=RegexDialect.RE2_FULL,
        verifies_clients=edition.client_certificates,
        sets=edition.listener_sets is not None,
        versions=edition.gateway_versions,
        admit=edition.admit(name),
        missing=partial(edition.missing, on_service=False),
    )
    made = legalise_edge(
        replace(edge, facts=tuple(facts)), inside.facts, scene.subsets, options, takeover
    )
    kept = [one for one in classes if isinstance(one, ProxySetting)]
    assumptions = made.assumptions or ([CLASS] if kept else [])
    return Edge([*made.facts, *kept], [*told, *spoken, *made.losses], assumptions)


def _policies(edge: Model, inside: Model, options: Options) -> Iterator[Loss]:
    """What policies say about gateways that go."""
    for listeners in by_gateway(edge).values():
        pods_in, account = pods_of(listeners, edge.inventory, options.root_namespace)
        yield from about(inside.facts, listeners, pods_in, account, "")
