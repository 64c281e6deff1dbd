"""Workloads whose pods have the same labels once those are gone that go with the source's mesh.

A server selects the pods of all of them; where rules of the source differ among them, no server says what holds for each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from ir.access import Grant
from ir.inventory import Workload
from ir.model import Fact
from ir.walk import traced
from translator.api import Loss
from translator.report.bounds import At, all_but
from translator.report.model import Impact, Support


def mixed(
    workloads: Sequence[Workload], rulings_of: Callable[[Workload], Sequence[Fact]]
) -> Mapping[str, tuple[str, ...]]:
    """The others with a workload's labels, by its key, where its rules are not those of all of them."""
    groups: dict[tuple[str, frozenset[tuple[str, str]]], list[Workload]] = {}
    for one in workloads:
        groups.setdefault((one.namespace, frozenset(one.lasting.items())), []).append(one)
    return {
        one.key: tuple(w.key for w in group if w is not one)
        for group in groups.values()
        if any(w.passing for w in group)
        and len({frozenset(map(id, rulings_of(w))) for w in group}) > 1
        for one in group
    }


def shut(here: Sequence[Fact], key: str, port: int, others: Sequence[str]) -> Iterator[Loss]:
    """A port that is shut, for other workloads too, since their rules differ and their labels do not.

    Read back, the others are held to what either has by default, since nothing tells their pods apart.
    """
    yield Loss(
        code="MM412",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        at=(At(key, ((port, port),)), *(At(other, all_but(())) for other in others)),
        sites=tuple(t for r in here if isinstance(r, Grant) for t in traced(r)),
        message=f"{key} port {port} is shut, and that of {', '.join(sorted(others))}: these pods have the same labels but for "
        "those that go with the source's mesh, and the source holds them to different rules.",
        why="A Server selects pods by their labels.",
        advice="Give these pods labels of their own, and select by them.",
    )
