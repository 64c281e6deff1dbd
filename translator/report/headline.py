"""The answer to the first question of a reader: is anything newly allowed?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum

from translator.report.model import UNJOINED, Impact, Report, Severity, Verification
from translator.report.words import change_rank

ALLOWED = "newly_allowed"
"""The kind of a change by which requests pass that the source refused."""

_EQUAL = frozenset(("EQUAL_EXACT", "EQUAL_UNDER", "DIFFERENT"))
"""Verdicts of slices whose question was answered."""


class Standing(StrEnum):
    """Where access stands, worst first."""

    WIDER = "wider"
    """Requests pass that the source refused, or a finding says that they may."""
    OPEN = "open"
    """Nothing is known to be newly allowed, but not all of it is proved."""
    HELD = "held"
    """Nothing is newly allowed, and that is proved."""


@dataclass(frozen=True, slots=True)
class Headline:
    """The answer as a word, as a sentence, and what else changes by kind."""

    standing: Standing
    sentence: str
    changes: dict[str, int]

    @property
    def detail(self) -> str:
        """The sentence without what the title says already."""
        return self.sentence.partition(": ")[2] or self.sentence

    @property
    def title(self) -> str:
        """The answer in a few words."""
        if self.changes.get(ALLOWED):
            return "Requests are newly allowed"
        match self.standing:
            case Standing.WIDER:
                return "Access may get wider"
            case Standing.OPEN:
                return "Not proved"
            case Standing.HELD:
                return "Nothing is newly allowed"


def headline(report: Report) -> Headline:
    """The answer for a run: what the proof found, what findings admit, and what stays open."""
    proof = report.verification
    changes = Counter(str(change.get("kind", "")) for change in proof.changes)
    kinds = {
        kind: changes[kind] for kind in sorted(changes, key=lambda one: (change_rank(one), one))
    }
    looser = sum(one.impact is Impact.LOOSER for one in report.findings)
    if changes[ALLOWED]:
        told = (
            f"requests are newly allowed: {_number(changes[ALLOWED], 'change')} found by the proof"
        )
        return Headline(Standing.WIDER, f"{told}, {_number(looser, 'finding')} about it", kinds)
    if looser:
        told = f"requests may be newly allowed: {_number(looser, 'finding')} of looser access"
        return Headline(Standing.WIDER, told, kinds)
    if proof.verdict in ("NOT_RUN", "NOTHING_TO_COMPARE"):
        why = proof.reason or "the comparison was not made"
        return Headline(Standing.OPEN, f"not proved that nothing is newly allowed: {why}", kinds)
    answer = _compared(proof, kinds)
    if any(one.code == UNJOINED and one.severity is Severity.HIGH for one in report.findings):
        answer = replace(answer, sentence=f"{answer.sentence}, {_ONCE_JOINED}")
    return answer


_ONCE_JOINED = f"once its pods are in the mesh: somebody has to put them there ({UNJOINED})"


def _compared(proof: Verification, kinds: dict[str, int]) -> Headline:
    total = sum(proof.slices.values())
    answered = sum(number for name, number in proof.slices.items() if name in _EQUAL)
    answered -= proof.doubted
    if answered < total:
        told = f"nothing is newly allowed at {answered} of {_number(total, 'compared port')}; the rest is not proved"
        return Headline(Standing.OPEN, told, kinds)
    told = f"nothing is newly allowed, proved for {_number(total, 'compared port')}"
    assumed = proof.slices.get("EQUAL_UNDER", 0)
    if assumed:
        told += f" ({assumed} of them under assumptions that are named)"
    return Headline(Standing.HELD, told, kinds)


def _number(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
