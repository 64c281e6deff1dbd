"""Findings as people read them: equal ones told once, the most dangerous first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from translator.report.catalogue import CATALOGUE
from translator.report.model import Finding, Impact, Severity, Source

_SEVERITIES = tuple(Severity)
_IMPACTS = (Impact.LOOSER, Impact.INVALID, Impact.STRICTER, Impact.DIFFERENT, Impact.NONE)


@dataclass(frozen=True, slots=True)
class Group:
    """Findings that say the same of several places: the first of them, how many, and all places."""

    first: Finding
    count: int
    places: tuple[Source, ...]

    @property
    def advice(self) -> str:
        """What to do: as the finding says, else as the page of its code says."""
        if self.first.advice:
            return self.first.advice
        entry = CATALOGUE.get(self.first.code)
        return entry.advice if entry else ""


def grouped(findings: Sequence[Finding]) -> tuple[Group, ...]:
    """Findings that say the same together, the most dangerous first, accepted ones last."""
    found: dict[tuple[str, ...], list[Finding]] = {}
    for finding in sorted(findings, key=_danger):
        found.setdefault(_sameness(finding), []).append(finding)
    return tuple(
        Group(same[0], len(same), tuple(place for one in same for place in one.sources))
        for same in found.values()
    )


def _danger(finding: Finding) -> tuple[bool, int, int, str, str]:
    return (
        finding.accepted is not None,
        _SEVERITIES.index(finding.severity),
        _IMPACTS.index(finding.impact),
        finding.code,
        finding.message,
    )


def _sameness(finding: Finding) -> tuple[str, ...]:
    default = finding.default.field if finding.default else ""
    accepted = "" if finding.accepted is None else f"accepted: {finding.accepted}"
    return (
        finding.code,
        finding.severity,
        finding.fate,
        finding.impact,
        finding.message,
        default,
        accepted,
    )


def place_text(source: Source) -> str:
    """``file:line:column`` of a source; a file that has no lines stands alone."""
    parts = (source.file, source.line, source.column)
    return ":".join(str(part) for part in parts if part is not None)


def printable(text: str) -> str:
    """The text on one line: control characters, which may come from the input, are spelt out."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def counts(numbers: dict[str, int]) -> str:
    """``1 high, 2 medium``: what is not zero."""
    return ", ".join(f"{number} {name}" for name, number in numbers.items() if number)


def times(number: int, noun: str) -> str:
    """``1 file``, ``3 files``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def trimmed(places: Sequence[Source], shown: int) -> str:
    """Places but the first, as many as fit: ``a.yaml:3:1, b.yaml:4:1 and 5 more``."""
    named = ", ".join(place_text(place) for place in places[1 : shown + 1])
    rest = len(places) - 1 - shown
    return f"{named} and {rest} more" if rest > 0 else named
