"""What a comparison leaves open: the places for which it says neither that they are equal nor in what they differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from translator.report.difference import (
    OpenQuestion,
)
from translator.verify.result import Slice, Verdict


def left_open(slices: Iterable[Slice]) -> Iterator[OpenQuestion]:
    """The places of which it is not known whether they fare the same, by the reasons for that."""
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for one in slices:
        if one.verdict in (Verdict.MAY_DIFFER, Verdict.UNKNOWN):
            groups.setdefault((one.verdict.value, one.reasons), []).append(one.name)
    for (verdict, reasons), names in sorted(groups.items()):
        yield OpenQuestion(verdict, reasons, tuple(names))
