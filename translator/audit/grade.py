"""The grade of a namespace for a target: one rule, told in ``docs/audit.md``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from translator.report.audit import Grade
from translator.report.model import Fate, Severity

KEPT = (Fate.PLACED, Fate.ABSORBED)
"""Fates of leaves whose meaning is kept whole."""

SAID = (*KEPT, Fate.APPROXIMATED, Fate.LOST, Fate.UNREAD, Fate.STRANDED, Fate.DROPPED)
"""Fates of leaves that speak to the mesh; the others stay as they are or do nothing."""

_HALF = 2
_LETTERS = {
    Severity.BLOCKER: Grade.D,
    Severity.HIGH: Grade.C,
    Severity.MEDIUM: Grade.B,
    Severity.LOW: Grade.B,
    Severity.INFO: Grade.A,
}


def grade(findings: Mapping[str, int], said: int, kept: int) -> tuple[Grade, str]:
    """The letter, and the reason in a few words. ``findings``: those that are not accepted, by severity."""
    worst = next((severity for severity in Severity if findings.get(severity.value)), None)
    if worst is None or worst is Severity.INFO:
        return Grade.A, "nothing to know" if said else "stays as it is"
    letter = _LETTERS[worst]
    reason = f"{findings[worst.value]} {worst.value}"
    if letter is Grade.D and kept * _HALF < said:
        return Grade.E, f"{reason}, less than half kept"
    return letter, reason


def worst(grades: Iterable[Grade]) -> Grade:
    """The worst of several, ``A`` for none."""
    order = list(Grade)
    return max(grades, key=order.index, default=Grade.A)
