"""``capabilities``: what the targets can say, row by row, as the exporters read it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from translator.api import Row
from translator.cli.console import out
from translator.errors import TargetError
from translator.registry import MESHES, TARGETS, capability_rows, pairs
from translator.report.render.markdown import code, plain, table
from translator.target import Target, parse_target

Matrix = Mapping[Target, Sequence[Row]]


def run_capabilities(source: str, target: str, form: str) -> int:
    """Prints the matrix of the targets that are asked for."""
    printer = _FORMS.get(form)
    if printer is None:
        message = f"--format {form}: expected one of {', '.join(_FORMS)}."
        raise TargetError(message)
    out((printer(matrix(source, target)),))
    return 0


def matrix(source: str = "", target: str = "") -> Matrix:
    """The rows that hold for each target at its version; of all targets where none is named.

    Raises:
        TargetError: a mesh that is none, or that nothing is translated from or to yet.
    """
    if source and source not in MESHES:
        message = f'unknown mesh "{source}": expected one of {", ".join(MESHES)}.'
        raise TargetError(message)
    asked = [parse_target(target)] if target else [parse_target(name) for name in TARGETS]
    found = [one for one in asked if not source or (source, one.mesh) in pairs()]
    if not found or (target and not capability_rows(found[0].mesh)):
        which = f"{source or 'any mesh'} to {target or 'any mesh'}"
        message = f"there is no translation of {which} yet."
        raise TargetError(message)
    return {one: tuple(_reached(capability_rows(one.mesh), one)) for one in found}


def _reached(rows: Iterable[Row], target: Target) -> Iterator[Row]:
    """The rows that speak at a version: none that an earlier one for its position hides."""
    seen: dict[str, set[str]] = {}
    for row in rows:
        if not row.applies(target):
            continue
        before = seen.setdefault(f"{row.surface} {row.key}", set())
        if "" not in before and not (row.within and before.issuperset(row.within)):
            yield row
        before.update(row.within or ("",))


def matrix_text(found: Matrix) -> str:
    """For a terminal: a line a position."""
    return "\n".join(line for target, rows in found.items() for line in _lines(target, rows)) + "\n"


def _lines(target: Target, rows: Sequence[Row]) -> Iterator[str]:
    yield f"{target}:"
    width = max((len(row.key) for row in rows), default=0)
    for row in rows:
        why = f"{row.code:6} {row.why}" if row.why else row.code
        within = f" (in {', '.join(_where(row))})" if _where(row) else ""
        yield f"  {row.key:{width}} {row.grade:8} {why}{within}".rstrip()


def _where(row: Row) -> tuple[str, ...]:
    """The facts in which the row speaks, and the surface that it speaks of."""
    return (*row.within, *((f"at a {row.surface}",) if row.surface else ()))


def matrix_json(found: Matrix) -> str:
    """A list of rows, each with its target."""
    rows = [
        {"target": str(target), **_fields(row)}
        for target, listed in found.items()
        for row in listed
    ]
    return json.dumps(rows, indent=1) + "\n"


def _fields(row: Row) -> dict[str, object]:
    return {
        "position": row.key,
        "within": list(row.within),
        "surface": row.surface,
        "grade": row.grade,
        "code": row.code,
        "why": row.why,
        "advice": row.advice,
        "since": row.since,
        "until": row.until,
        "impact": row.impact,
        "source": row.source,
    }


_LEGEND = (
    "`FULL`: said as it is. `PARTIAL`: said where it can be, which depends on the value and its "
    "neighbours. `NOT_YET`: the target could, this tool does not yet. `NEVER`: the target has no "
    "such concept. Where several rows name a position, the first one that fits counts. Rows at a "
    "gateway hold for gateways of the class that `--gateway-class` names, and rows at a CiliumEnvoyConfig for Services that "
    "get one by `--allow-envoy-config`, instead of those for the mesh; rows at a policy of the network hold for policies that "
    "are the network's own already where they come from."
)


def matrix_markdown(found: Matrix) -> str:
    """A table a target, with a sentence on the grades."""
    parts = [_LEGEND]
    for target, rows in found.items():
        parts.append(f"## {target}")
        parts.append("\n".join(_table(rows)))
    return "\n\n".join(parts) + "\n"


def _table(rows: Iterable[Row]) -> Iterator[str]:
    cells = (
        (code(row.key), ", ".join(_where(row)), row.grade, row.code, plain(row.why)) for row in rows
    )
    return table(("Position", "Within", "Grade", "Finding", "Why"), cells)


def matrix_page() -> str:
    """The page of all targets: ``docs/matrix.md``."""
    head = (
        "# What the targets can say\n\n"
        "Generated from the capability tables by `python -m translator.report.docs`; change "
        "them there.\n\n"
    )
    return head + matrix_markdown(matrix())


_FORMS: Mapping[str, Callable[[Matrix], str]] = {
    "text": matrix_text,
    "json": matrix_json,
    "markdown": matrix_markdown,
}
