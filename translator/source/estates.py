"""Paths by estate: ``east=./clusters/east`` belongs to the estate ``east``, a bare path to the one without a name."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence

_NAMED = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)=(?P<path>.+)", re.DOTALL)


def by_estate(paths: Sequence[str | os.PathLike[str]]) -> Mapping[str, tuple[str, ...]]:
    """The paths of each estate, in the order in which the estates are named first.

    A file that is called ``a=b`` is meant where there is one.
    """
    found: dict[str, list[str]] = {}
    for given in (os.fspath(path) for path in paths):
        match = _NAMED.fullmatch(given)
        if match is None or os.path.lexists(given):
            found.setdefault("", []).append(given)
        else:
            found.setdefault(match["name"], []).append(match["path"])
    return {name: tuple(parts) for name, parts in found.items()}
