"""The features that the input uses against the targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from translator.report.exhibits import Exhibits, Feature
from translator.report.words import kind_title

_WORSE = ("NEVER", "NOT_YET", "PARTIAL", "FULL")


@dataclass(frozen=True, slots=True)
class Rows:
    """The features of one kind of fact, and the worst grade of each target for them."""

    title: str
    uses: int
    worst: tuple[str, ...]
    features: tuple[Feature, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """All of them; ``totals``: for each target how many features have each grade."""

    targets: tuple[str, ...]
    rows: tuple[Rows, ...]
    totals: tuple[tuple[tuple[str, int], ...], ...]


def matrix(exhibits: Exhibits) -> Matrix:
    """The features by fact, in the order of their names."""
    kinds: dict[str, list[Feature]] = {}
    for feature in exhibits.features:
        kinds.setdefault(feature.fact, []).append(feature)
    rows = tuple(_rows(kind, found) for kind, found in kinds.items())
    totals = tuple(
        tuple(
            (grade, sum(f.grades[n] == grade for f in exhibits.features)) for grade in _WORSE[::-1]
        )
        for n in range(len(exhibits.targets))
    )
    return Matrix(exhibits.targets, rows, totals)


def _rows(kind: str, found: Sequence[Feature]) -> Rows:
    worst = tuple(
        min(grades, key=_WORSE.index) for grades in zip(*(f.grades for f in found), strict=True)
    )
    return Rows(kind_title(kind), sum(f.uses for f in found), worst, tuple(found))
