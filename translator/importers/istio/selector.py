"""Which workloads a policy is for."""

from __future__ import annotations

from ir.inventory import equal_to
from ir.match import Labels
from ir.provenance import Traced, Trail, absorb, trail
from translator.source.cursor import Cursor


def read_selector(spec: Cursor) -> tuple[Traced[Labels] | None, Traced[str]]:
    """``selector.matchLabels``, and the leaves of what is written and selects everything."""
    selector = spec.opt_map("selector")
    if selector is None:
        return None, Traced("")
    spent = absorb(trail("selector"), selector.here, selector.empty("matchLabels"))
    entries = selector.opt_string_map("matchLabels")
    if not entries:
        return None, spent
    origin = tuple(leaf for _, value in entries for leaf in value.origin)
    return Traced(equal_to({key: value.value for key, value in entries}), origin), spent


def read_targets(spec: Cursor) -> Trail | None:
    """The leaves of ``targetRef`` and ``targetRefs``: the policy is for waypoints or gateways, not for workloads."""
    leaves: list[int] = []
    for key in ("targetRef", "targetRefs"):
        found = spec.opt(key)
        if found is not None:
            leaves.extend(found.leaves())
    return trail("targets", *leaves) if leaves else None
