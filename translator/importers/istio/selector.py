"""Which workloads a policy is for."""

from __future__ import annotations

from ir.inventory import equal_to
from ir.match import Labels
from ir.provenance import Traced, Trail, absorb, trail
from translator.importers.istio.model.access import Target
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


def leaves_of_targets(spec: Cursor) -> Trail | None:
    """The leaves of ``targetRef`` and ``targetRefs``, for kinds that are not translated by target."""
    leaves: list[int] = []
    for key in ("targetRef", "targetRefs"):
        found = spec.opt(key)
        if found is not None:
            leaves.extend(found.leaves())
    return trail("targets", *leaves) if leaves else None


def read_targets(spec: Cursor) -> tuple[tuple[Target, ...], Traced[str]]:
    """What ``targetRef`` and ``targetRefs`` name, and the leaf of an empty list, which counts as none."""
    places = [*spec.opt_list("targetRefs")]
    single = spec.opt_map("targetRef")
    if single is not None:
        places.insert(0, single)
    spent = absorb(trail("targets"), spec.empty("targetRefs"), spec.empty("targetRef"))
    return tuple(_target(place) for place in places if place.keys()), spent


def _target(place: Cursor) -> Target:
    group, kind, name = place.opt_str("group"), place.str("kind"), place.str("name")
    words = [kind] if group is None else [group, kind]
    return Target(
        group="" if group is None or group.value == "core" else group.value,
        kind=kind.value,
        name=name,
        namespace=place.opt_str("namespace"),
        trail=absorb(trail(f"target {kind.value} {name.value}"), *words),
    )
