"""The features that the input uses against the targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
    """The features by fact, in the order of their names; versions of a target that say all of it alike are one."""
    targets, features = _together(exhibits)
    kinds: dict[str, list[Feature]] = {}
    for feature in features:
        kinds.setdefault(feature.fact, []).append(feature)
    rows = tuple(_rows(kind, found) for kind, found in kinds.items())
    totals = tuple(
        tuple((grade, sum(f.grades[n] == grade for f in features)) for grade in _WORSE[::-1])
        for n in range(len(targets))
    )
    return Matrix(targets, rows, totals)


def _together(exhibits: Exhibits) -> tuple[tuple[str, ...], tuple[Feature, ...]]:
    """The targets and features with one column for neighbours of one mesh that have the same grades throughout."""
    runs: list[list[int]] = []
    for number, name in enumerate(exhibits.targets):
        last = runs[-1][-1] if runs else None
        if (
            last is not None
            and _mesh(exhibits.targets[last]) == _mesh(name)
            and all(feature.grades[last] == feature.grades[number] for feature in exhibits.features)
        ):
            runs[-1].append(number)
        else:
            runs.append([number])
    targets = tuple(_span([exhibits.targets[n] for n in run]) for run in runs)
    features = tuple(
        replace(feature, grades=tuple(feature.grades[run[0]] for run in runs))
        for feature in exhibits.features
    )
    return targets, features


def _mesh(target: str) -> str:
    return target.partition("@")[0]


def _span(targets: Sequence[str]) -> str:
    """``linkerd 2.18 to 2.20`` for the versions of a mesh, newest first."""
    first, last = (name.replace("@", " ").replace("+", " ") for name in (targets[0], targets[-1]))
    if len(targets) == 1:
        return first
    mesh, _, newest = first.partition(" ")
    return f"{mesh} {last.split(' ')[1]} to {newest}"


def _rows(kind: str, found: Sequence[Feature]) -> Rows:
    worst = tuple(
        min(grades, key=_WORSE.index) for grades in zip(*(f.grades for f in found), strict=True)
    )
    return Rows(kind_title(kind), sum(f.uses for f in found), worst, tuple(found))
