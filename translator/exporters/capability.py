"""Looking a position up in a capability table: total, and closed where the table is silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import get_args

from ir.match import Part, Test
from ir.model import Fact
from ir.roles import ROLES
from translator.api import Grade, Row
from translator.target import Target


def leaf_paths() -> tuple[str, ...]:
    """Every position that a fact of the model can have, ``Class.field``, in a fixed order."""
    keys: list[str] = []
    for kind in sorted(ROLES, key=lambda k: k.__name__):
        if kind is Test:
            keys.extend(f"Test.{part}" for part in Part)
            keys.extend(f"Test.{part}.none_of" for part in Part)
        else:
            keys.extend(f"{kind.__name__}.{f.name}" for f in fields(kind) if f.name != "trail")
    return tuple(keys)


def fact_names() -> tuple[str, ...]:
    """The classes of facts that a model holds."""
    return tuple(sorted(kind.__name__ for kind in get_args(Fact)))


class Table:
    """The rows of one target at one version; the first that applies counts, those of the surface before the others."""

    def __init__(self, rows: Sequence[Row], target: Target, surface: str = "") -> None:
        found: dict[str, list[Row]] = {}
        for own in dict.fromkeys((surface, "")):
            for row in rows:
                if row.surface == own and row.applies(target):
                    found.setdefault(row.key, []).append(row)
        self._surface = surface
        self._rows: Mapping[str, list[Row]] = found

    def row(self, key: str, within: str) -> Row:
        """The row for the position ``key`` in a fact of class ``within``.

        Raises:
            KeyError: the table is not total.
        """
        kind = key.partition(".")[0]
        for surface in dict.fromkeys((self._surface, "")):
            for candidate in (key, f"{kind}.*"):
                for row in self._rows.get(candidate, ()):
                    if row.surface == surface and (not row.within or within in row.within):
                        return row
        raise KeyError(key)


def unlisted(rows: Sequence[Row], target: Target) -> tuple[str, ...]:
    """Positions for which no row speaks at this version: a table must have none."""
    table = Table(rows, target)
    missing: list[str] = []
    for key in leaf_paths():
        for within in fact_names():
            try:
                table.row(key, within)
            except KeyError:
                missing.append(f"{key} within {within}")
    return tuple(missing)


def unknown(rows: Sequence[Row]) -> tuple[str, ...]:
    """Keys of rows that name no position of the model: typing errors."""
    known = set(leaf_paths()) | {f"{kind.__name__}.*" for kind in ROLES}
    return tuple(row.key for row in rows if row.key not in known)


__all__ = ["Grade", "Table", "fact_names", "leaf_paths", "unknown", "unlisted"]
