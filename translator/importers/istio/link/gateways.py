"""Gateways: their listeners stand for themselves; who binds to them is said by the rules that name them.

istio/istio pilot/pkg/model/gateway.go, 1.31.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ir.inventory import Inventory
from ir.model import Fact, Inactive
from ir.provenance import absorb
from translator.api import Options
from translator.importers.istio.model import Statement
from translator.importers.istio.model.edge import Gateway
from translator.importers.linked import Linked


def link_gateways(
    statements: Sequence[Statement], inventory: Inventory, options: Options
) -> Linked:
    """A fact for each listener; a gateway without any answers to nothing."""
    del inventory, options
    facts: list[Fact] = []
    idle: list[Inactive] = []
    for gateway in statements:
        if not isinstance(gateway, Gateway):
            continue
        for number, listener in enumerate(gateway.listeners):
            node = listener.trail if number else absorb(listener.trail, gateway.trail)
            facts.append(replace(listener, trail=node))
        if not gateway.listeners:
            idle.append(Inactive(leaves=gateway.trail.origin, winner="", why="it has no server"))
    return Linked(tuple(facts), tuple(idle))
