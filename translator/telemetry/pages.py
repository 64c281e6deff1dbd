"""The page of what meshes count: ``docs/observability.md``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from translator.report.metrics import Renamed
from translator.telemetry.meshes import VOCABULARIES
from translator.telemetry.vocabulary import (
    Dimension,
    Label,
    Series,
    Side,
    Vocabulary,
    counterpart,
)

_HEAD = """\
# What meshes count, and by which names

Generated from the vocabularies by `python -m translator.report.docs`; change them there.

A translation restates rules (`PrometheusRule`, and kinds of the same form) that read the source's metrics, where that is
certain: each selector says who counted (each mesh counts a request at both ends), each name and label has a word in the
target, units are the same, and sums are taken over the series. What is not certain stays as it is, with a finding that
says why (MM703). Labels that a rule names in its annotations, and rules that read what another records, follow
(MM705). Monitors that scrape the source's proxies (MM706) and dashboards (MM707) are told.

What implements Gateway API counts in words of its own; there is no table for it.
"""


def observability_page() -> str:
    """All meshes, then a table for each ordered pair."""
    parts = [_HEAD]
    parts.extend(_mesh(one) for one in VOCABULARIES.values())
    parts.extend(_pair(*pair) for pair in permutations(VOCABULARIES.values(), 2))
    return "\n".join(parts)


def pair_rows(source: Vocabulary, target: Vocabulary) -> Iterator[tuple[str, str, str]]:
    """Each metric of the source, what the target has instead, and what differs."""
    for one in source.series:
        instead = counterpart(one, target)
        if instead is None:
            yield _named(one), "", f"{target.mesh} does not count {one.measure.value}"
        else:
            yield _named(one), _named(instead), "; ".join(_differences(one, instead))


def renamed(source: str, target: str) -> tuple[Renamed, ...]:
    """What the source counts and what the target counts instead; nothing where one of them counts nothing itself."""
    if source not in VOCABULARIES or target not in VOCABULARIES:
        return ()
    rows = pair_rows(VOCABULARIES[source], VOCABULARIES[target])
    return tuple(Renamed(*(part.strip("`") for part in row)) for row in rows)


def _differences(one: Series, instead: Series) -> Iterator[str]:
    if instead.measure is not one.measure:
        yield f"{instead.measure.value} instead of: {one.measure.value}"
    if instead.unit != one.unit:
        yield f"in {instead.unit}, not {one.unit}: not restated, since limits change too"
    if one.fixed or instead.fixed:
        yield "other connections: not restated"
    if instead.note:
        yield instead.note


def label_rows(
    source: Vocabulary, target: Vocabulary, side: Side
) -> Iterator[tuple[str, str, str]]:
    """Each label of the source at one end, and its word in the target."""
    yield (
        f'`{source.side}="{source.sides[side]}"`',
        f'`{target.side}="{target.sides[side]}"`',
        f"the {side.value} counts",
    )
    for dimension, word in source.labels[side].items():
        if dimension is Dimension.BUCKET:
            continue
        instead = target.labels[side].get(dimension)
        if dimension is Dimension.SERVICE_HOST and Dimension.SERVICE in target.labels[side]:
            service, space = (
                target.labels[side][part]
                for part in (Dimension.SERVICE, Dimension.SERVICE_NAMESPACE)
            )
            yield _word(word), f"{_word(service)} and {_word(space)}", dimension.value
        else:
            yield _word(word), _word(instead) if instead else "", dimension.value


def _word(word: Label) -> str:
    if not word.kinds:
        return f"`{word.name}`"
    return f"`{word.name}`, or that of the workload's kind"


def _named(one: Series) -> str:
    fixed = ", ".join(f'{label}="{value}"' for label, value in one.fixed.items())
    return f"`{one.name}{{{fixed}}}`" if fixed else f"`{one.name}`"


def _mesh(one: Vocabulary) -> str:
    sources = ", ".join(f"<{source}>" for source in one.sources)
    return f"## {one.mesh}\n\n{one.needs}\n\nDashboards: {one.dashboards}.\n\nSources: {sources}.\n"


def _pair(source: Vocabulary, target: Vocabulary) -> str:
    parts = [f"## {source.mesh} to {target.mesh}\n"]
    parts.append(_table((source.mesh, target.mesh, "What differs"), pair_rows(source, target)))
    for side in Side:
        parts.append(f"Labels where the {side.value} counts:\n")
        head = (source.mesh, target.mesh, "What it tells")
        parts.append(_table(head, label_rows(source, target, side)))
    return "\n".join(parts)


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines.extend(f"| {' | '.join(part or 'nothing' for part in row)} |" for row in rows)
    return "\n".join(lines) + "\n"
