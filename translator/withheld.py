"""Outputs that are not handed out: where the proof found that more gets in, and no finding of the translation says so.

What they were for stays as it is in the source. A namespace is kept back as a whole: a part of its outputs without the
rest (pods that join without what guards them) may let in more than all of them would.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from translator.report.model import (
    UNEXPLAINED,
    Fate,
    Impact,
    LedgerRow,
    Loss,
    Severity,
    Support,
)


def is_withheld(resource: str, value: Mapping[str, object], spaces: frozenset[str]) -> bool:
    """Whether an output is for one of the namespaces; ``""`` among them: for which is not known, so it is any.

    ``resource`` is ``Kind/namespace/name``. An object of another namespace counts if it is bound to one of these.
    """
    kind, space, name = resource.split("/", 2)
    own = name if kind == "Namespace" else space
    return bool(spaces) and ("" in spaces or own in spaces or bool(_bound_to(value) & spaces))


def _bound_to(value: Mapping[str, object]) -> set[str]:
    """The namespaces of the objects that a route is attached to."""
    spec = value.get("spec")
    parents = spec.get("parentRefs") if isinstance(spec, Mapping) else None
    found = parents if isinstance(parents, list) else []
    return {str(one.get("namespace", "")) for one in found if isinstance(one, Mapping)} - {""}


def told_of(resources: Sequence[str]) -> Loss:
    """The finding that names them."""
    return Loss(
        code=UNEXPLAINED,
        impact=Impact.LOOSER,
        support=Support.NOT_YET,
        severity=Severity.BLOCKER,
        fate=Fate.APPROXIMATED,
        message="not written, since more would get in with them and no finding says so: "
        f"{', '.join(sorted(resources))}.",
        advice="Leave these namespaces in the source's mesh until the fault is mended; please report it.",
    )


def without(ledger: Iterable[LedgerRow], gone: frozenset[str]) -> tuple[LedgerRow, ...]:
    """The ledger without places in outputs that are kept back; a leaf that stands nowhere else is stranded."""
    return tuple(_without(row, gone) for row in ledger) if gone else tuple(ledger)


def _without(row: LedgerRow, gone: frozenset[str]) -> LedgerRow:
    kept = tuple(place for place in row.outputs if place.resource not in gone)
    if len(kept) == len(row.outputs):
        return row
    fate = row.fate if kept or row.fate is Fate.LOST else Fate.STRANDED
    return replace(row, outputs=kept, fate=fate)
