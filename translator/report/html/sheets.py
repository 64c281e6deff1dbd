"""The documents side by side: each line with its fate, and the lines of the other side that it is tied to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from translator.report.exhibits import Exhibits, Sheet
from translator.report.model import Fate, LedgerRow, Placement, Report, Source
from translator.report.words import resource_title

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_GRAVEST = tuple(Fate)
_AROUND = 2
"""Lines before and after the one that a finding is about."""
_SAID = 3
"""Places that the title of a line names."""
MOST_LINES = 15_000
"""Lines that are shown side by side: more would not open at once."""


@dataclass(slots=True)
class Line:
    """A line of a document. ``to``: the lines of the page that it is tied to; ``said``: where they are, in words."""

    id: str
    number: int
    text: str
    fate: str = ""
    to: dict[str, None] = field(default_factory=dict)
    said: dict[str, None] = field(default_factory=dict)
    findings: dict[str, None] = field(default_factory=dict)

    @property
    def indent(self) -> str:
        """The blanks that the line begins with."""
        return self.text[: len(self.text) - len(self.text.lstrip(" "))]

    @property
    def title(self) -> str:
        """Its fate, the places that it is tied to as far as they fit, and the codes of its findings."""
        places = list(self.said)
        rest = len(places) - _SAID
        named = "; ".join((*places[:_SAID], *((f"and {rest} more",) if rest > 0 else ())))
        codes = f" ({', '.join(self.findings)})" if self.findings else ""
        return f"{self.fate}: {named}{codes}" if named else f"{self.fate}{codes}"


@dataclass(frozen=True, slots=True)
class Snippet:
    """Some lines of a source; ``at`` is the one that is meant, ``link`` where the page shows it."""

    lines: tuple[tuple[int, str], ...]
    at: int
    link: str


@dataclass(slots=True)
class Paper:
    """A document on the page."""

    id: str
    title: str
    file: str
    lines: list[Line]
    hidden: bool


@dataclass(slots=True)
class Pair:
    """A source with the outputs that most of it went to; ``elsewhere``: outputs shown beside another source."""

    source: Paper
    outputs: list[Paper]
    elsewhere: list[Paper]


class Desk:
    """All documents of a run, with every leaf tied to where it went."""

    def __init__(self, report: Report, exhibits: Exhibits) -> None:
        self.namespaces = sorted({_space(row.resource) for row in report.ledger} - {""})
        self._spaces = {name: number for number, name in enumerate(self.namespaces)}
        self._rows: dict[tuple[str, int], list[LedgerRow]] = {}
        self._placed: dict[tuple[str, str, str], tuple[Placement, ...]] = {}
        for row in report.ledger:
            self._rows.setdefault((row.file, row.document), []).append(row)
            if row.outputs:
                self._placed[row.file, row.resource, row.path] = row.outputs
        self._sheets = exhibits.outputs
        self._outputs = {sheet.name: n for n, sheet in reversed(list(enumerate(self._sheets)))}
        self.pairs, self.untouched, self.left_out = self._laid_out(report, exhibits)
        self._shown = {
            (pair.source.file, line.number): line.id
            for pair in self.pairs
            for line in pair.source.lines
        }
        self._texts = {
            (sheet.file, number): (sheet, text)
            for sheet in exhibits.sources
            if not sheet.hidden
            for number, text in enumerate(split_lines(sheet.text), sheet.first_line)
        }

    # --- what findings ask for ---

    def namespaces_of(self, sources: Iterable[Source]) -> tuple[int, ...]:
        """The numbers of the namespaces that a finding is about."""
        found = {self._spaces.get(_space(source.resource), -1) for source in sources}
        return tuple(sorted(number for number in found if number >= 0))

    def placements(self, source: Source) -> tuple[Placement, ...]:
        """Where a leaf stands in the outputs."""
        return self._placed.get((source.file, source.resource, source.path), ())

    def source_line(self, file: str, line: int | None) -> str:
        """The line of the page that shows a line of a file; empty where none does."""
        return self._shown.get((file, line or 0), "")

    def output_line(self, at: Placement) -> str:
        """The line of the page that shows a leaf of an output; empty where none does."""
        number = self._outputs.get(at.resource)
        line = None if number is None else self._sheets[number].lines.get(at.path)
        return "" if line is None or number not in self._on_page else f"o{number}-{line}"

    def snippet(self, source: Source) -> Snippet | None:
        """The lines around a source."""
        found = self._texts.get((source.file, source.line or 0))
        if found is None or source.line is None:
            return None
        near = range(source.line - _AROUND, source.line + _AROUND + 1)
        lines = [
            (n, there[1])
            for n in near
            if (there := self._texts.get((source.file, n))) and there[0] is found[0]
        ]
        return Snippet(tuple(lines), source.line, self.source_line(source.file, source.line))

    # --- the pages side by side ---

    def _laid_out(self, report: Report, exhibits: Exhibits) -> tuple[list[Pair], list[str], int]:
        """The pairs, the names of documents that stay as they are, and how many more there was no room for."""
        papers = [self._output(number, sheet) for number, sheet in enumerate(exhibits.outputs)]
        pairs: list[Pair] = []
        untouched: list[str] = []
        room, left_out = MOST_LINES, 0
        homes = self._homes({one.resource for one in report.outputs if one.edited})
        self._on_page: set[int] = set()
        for number, sheet in enumerate(exhibits.sources):
            rows = self._rows.get((sheet.file, sheet.document), [])
            mine, others = _kept(rows, self._outputs, homes, (sheet.file, sheet.document))
            if not mine and all(row.fate is Fate.CARRIED and not row.outputs for row in rows):
                untouched.append(_title(sheet, rows))
                continue
            room -= sheet.text.count("\n") + sum(len(papers[n].lines) for n in mine)
            if room < 0:
                left_out += 1
                continue
            self._on_page.update(mine)
            paper = Paper(
                f"s{number}",
                _title(sheet, rows),
                sheet.file,
                _lines(f"s{number}", sheet),
                sheet.hidden,
            )
            self._tie(paper, rows, papers, sheet.first_line)
            pairs.append(Pair(paper, [papers[n] for n in mine], [papers[n] for n in others]))
        for pair in pairs:
            pair.elsewhere = [p for p in pair.elsewhere if int(p.id[1:]) in self._on_page]
            for line in pair.source.lines:
                line.to = {to: None for to in line.to if int(to[1:].split("-")[0]) in self._on_page}
        return pairs, untouched, left_out

    def _homes(self, edited: set[str]) -> dict[int, tuple[str, int]]:
        """For each output its original, else the source that gave it most of its leaves."""
        given: dict[int, dict[tuple[str, int], int]] = {}
        for key, rows in self._rows.items():
            for row in rows:
                copy = self._outputs.get(row.resource) if row.resource in edited else None
                if copy is not None:
                    given.setdefault(copy, {})[key] = MOST_LINES
                for at in row.outputs:
                    number = self._outputs.get(at.resource)
                    if number is not None:
                        by_source = given.setdefault(number, {})
                        by_source[key] = by_source.get(key, 0) + 1
        return {n: max(found, key=lambda key: (found[key], key)) for n, found in given.items()}

    def _output(self, number: int, sheet: Sheet) -> Paper:
        lines = _lines(f"o{number}", sheet)
        return Paper(f"o{number}", sheet.name, "", lines, sheet.hidden)

    def _tie(
        self, paper: Paper, rows: Sequence[LedgerRow], papers: Sequence[Paper], first: int
    ) -> None:
        for row in rows:
            index = (row.line or 0) - first
            if not 0 <= index < len(paper.lines):
                continue
            line = paper.lines[index]
            line.fate = _graver(line.fate, row.fate.value)
            line.findings.update(dict.fromkeys(row.findings))
            for at in row.outputs:
                line.said[f"{at.resource} {at.path}"] = None
                number = self._outputs.get(at.resource)
                there = None if number is None else self._sheets[number].lines.get(at.path)
                if number is None or there is None or there > len(papers[number].lines):
                    continue
                other = papers[number].lines[there - 1]
                line.to[other.id] = None
                other.to[line.id] = None
                other.said[f"{row.file}:{row.line} {row.path}"] = None
                other.fate = _graver(other.fate, row.fate.value)


def _kept(
    rows: Sequence[LedgerRow],
    outputs: dict[str, int],
    homes: dict[int, tuple[str, int]],
    key: tuple[str, int],
) -> tuple[list[int], list[int]]:
    """The outputs that are at home beside a source, and the others that it went to."""
    names = (name for row in rows for name in (row.resource, *(at.resource for at in row.outputs)))
    found = {outputs[name]: None for name in names if name in outputs}
    mine = [number for number in found if homes.get(number) == key]
    return mine, [number for number in found if homes.get(number) not in (key, None)]


def _lines(name: str, sheet: Sheet) -> list[Line]:
    return [
        Line(f"{name}-{number}", number, text)
        for number, text in enumerate(split_lines(sheet.text), sheet.first_line)
    ]


def split_lines(text: str) -> list[str]:
    """The lines of a text as YAML counts them."""
    return _BREAK.split(text.rstrip("\n"))


def _graver(a: str, b: str) -> str:
    return min((f for f in (a, b) if f), key=lambda f: _GRAVEST.index(Fate(f)))


def _title(sheet: Sheet, rows: Sequence[LedgerRow]) -> str:
    named = {
        resource_title(row.resource): None for row in rows if not row.resource.startswith("List/")
    }
    return ", ".join(named) or sheet.file


def _space(resource: str) -> str:
    kind, _, rest = resource.partition("/")
    space, _, name = rest.partition("/")
    return name if kind == "Namespace" else space
