"""What sets up a mesh and stays where the target is the same mesh: it holds before and after, and nobody writes it."""

from __future__ import annotations

from dataclasses import replace

from ir.access import Bypass
from ir.edge import EgressPolicy
from ir.model import Fact, Inactive
from ir.provenance import Traced, united
from ir.walk import rebuild
from translator.api import AMBIENT, Import, Options
from translator.report.model import Fate
from translator.source.leaves import leaves_below


def with_setup(imported: Import, options: Options) -> Import:
    """The import, less the claim to what sets up the mesh: its facts hold by what stands, no leaf of it is to be written.

    So it is with the words of pods and their namespaces, where their proxies are to be what they were.
    """
    if options.source.mesh != options.target.mesh:
        return imported
    kept = {id(resource.node) for resource in imported.setup}
    leaves = frozenset(leaf for one in imported.setup for leaf in leaves_below(one))
    if options.profile != AMBIENT:
        leaves |= imported.heeded

    def known(value: Traced[object]) -> Traced[object]:
        if leaves.isdisjoint(value.origin):
            return value
        return replace(
            value,
            origin=tuple(leaf for leaf in value.origin if leaf not in leaves),
            because=united((value.because, value.origin)),
        )

    def left(idle: Inactive) -> Inactive:
        return replace(idle, leaves=tuple(leaf for leaf in idle.leaves if leaf not in leaves))

    model = imported.model
    return replace(
        imported,
        model=replace(
            model,
            facts=tuple(f if _ends(f, options) else rebuild(f, known) for f in model.facts),
            objects=tuple(o for o in model.objects if leaves.isdisjoint(o.trail.origin)),
            inactive=tuple(idle for one in model.inactive if (idle := left(one)).leaves),
        ),
        claimed=tuple(one for one in imported.claimed if id(one.node) not in kept),
        inert=tuple(one for one in imported.inert if one.leaf not in leaves),
        losses=tuple(
            one
            for one in imported.losses
            if one.fate is not Fate.UNREAD or not leaves.issuperset(one.leaves)
        ),
    )


def _ends(fact: Fact, options: Options) -> bool:
    """Whether it holds no longer, though what says it stands: agents of nodes know of no ways out, and take all ports."""
    return options.profile == AMBIENT and isinstance(fact, (EgressPolicy, Bypass))
