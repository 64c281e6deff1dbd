"""The timeline of a plan as numbers: a row for each namespace and for each way that is open a while."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from translator.report.plan import Plan

NAMES, ROW, TOP = 230, 26, 30
WIDTH = 1000
"""The drawing's own units; it is scaled to the page."""

MOST = 24
"""Ways that are drawn; all of them are listed under their waves."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of a row, with what it means."""

    x: float
    width: float
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the drawing."""

    label: str
    y: int
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A wave."""

    x: float
    width: float
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything that is drawn."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    height: int
    left_out: int


def timeline(plan: Plan) -> Timeline:
    """Namespaces by the wave in which they move, then ways by the wave in which they open."""
    count = len(plan.waves)
    step = (WIDTH - NAMES) / count
    columns = tuple(
        Column(NAMES + step * n, step, f"wave {wave.number}") for n, wave in enumerate(plan.waves)
    )
    found = [*_namespaces(plan, step), *_ways(plan, step)]
    kept = found[: MOST + sum(len(wave.namespaces) for wave in plan.waves)]
    rows = tuple(Row(label, TOP + ROW * n, bars) for n, (label, bars) in enumerate(kept))
    return Timeline(columns, rows, TOP + ROW * len(rows) + 4, len(found) - len(kept))


def _namespaces(plan: Plan, step: float) -> Iterator[tuple[str, tuple[Bar, ...]]]:
    total = len(plan.waves)
    for wave in plan.waves:
        middle = NAMES + step * (wave.number - 0.5)
        for name in wave.namespaces:
            yield (
                name,
                (
                    Bar(NAMES, middle - NAMES, "source", f"{name} is in {plan.source.mesh}"),
                    Bar(
                        middle,
                        NAMES + step * total - middle,
                        "target",
                        f"{name} is in {plan.target.mesh}",
                    ),
                ),
            )


def _ways(plan: Plan, step: float) -> Iterator[tuple[str, tuple[Bar, ...]]]:
    seen: dict[tuple[str, str, int], tuple[int, int]] = {}
    for one in (allowance for wave in plan.waves for allowance in wave.allowances):
        key = one.mesh, one.server, one.port
        since, until = seen.get(key, (one.since, one.until))
        seen[key] = min(since, one.since), max(until, one.until)
    for (mesh, server, port), (since, until) in seen.items():
        start = NAMES + step * (since - 0.75)
        end = NAMES + step * (until - 0.25)
        told = f"{server} port {port} ({mesh}) is open from wave {since} to wave {until}"
        yield f"{server.split('/', 1)[1]}:{port} {mesh}", (Bar(start, end - start, "way", told),)
