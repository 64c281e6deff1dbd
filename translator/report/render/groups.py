"""Findings as people read them: those of one cause together, the most dangerous first."""

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


@dataclass(frozen=True, slots=True)
class Cause:
    """Findings of one cause: the same code, harm and default; ``groups`` are what they say."""

    groups: tuple[Group, ...]
    numbers: tuple[int, ...]
    """Which findings of the report they are, from 0."""

    @property
    def first(self) -> Finding:
        """The finding that stands for all."""
        return self.groups[0].first

    @property
    def count(self) -> int:
        """How many findings."""
        return len(self.numbers)

    @property
    def title(self) -> str:
        """What they have in common: what they say, where that is one thing, else as the page of the code says."""
        entry = CATALOGUE.get(self.first.code)
        if len(self.groups) == 1 or entry is None:
            return self.first.message
        return entry.title

    @property
    def advice(self) -> str:
        """What to do, for all of them: their own advice where it is one, else that of the page."""
        said = {group.advice for group in self.groups}
        entry = CATALOGUE.get(self.first.code)
        if len(said) == 1 or entry is None:
            return self.groups[0].advice
        return entry.advice


def causes(findings: Sequence[Finding]) -> tuple[Cause, ...]:
    """Findings by cause, the most dangerous first, accepted ones last; each is in one of them."""
    found: dict[tuple[str, ...], list[int]] = {}
    for number in sorted(range(len(findings)), key=lambda n: _danger(findings[n])):
        found.setdefault(_cause(findings[number]), []).append(number)
    return tuple(
        Cause(grouped([findings[number] for number in numbers]), tuple(numbers))
        for numbers in found.values()
    )


def grouped(findings: Sequence[Finding]) -> tuple[Group, ...]:
    """Findings that say the same together, the most dangerous first, accepted ones last."""
    found: dict[tuple[str, ...], list[Finding]] = {}
    for finding in sorted(findings, key=_danger):
        found.setdefault((*_cause(finding), finding.message), []).append(finding)
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


def _cause(finding: Finding) -> tuple[str, ...]:
    default = finding.default.field if finding.default else ""
    accepted = "" if finding.accepted is None else f"accepted: {finding.accepted}"
    return finding.code, finding.severity, finding.fate, finding.impact, default, accepted


def place_text(source: Source) -> str:
    """``file:line:column`` of a source; a file that has no lines stands alone."""
    parts = (source.file, source.line, source.column)
    return ":".join(str(part) for part in parts if part is not None)


def trimmed(places: Sequence[Source], shown: int) -> str:
    """Places but the first, as many as fit: ``a.yaml:3:1, b.yaml:4:1 and 5 more``."""
    named = ", ".join(place_text(place) for place in places[1 : shown + 1])
    rest = len(places) - 1 - shown
    return f"{named} and {rest} more" if rest > 0 else named
