"""Findings as the page shows them: by cause, each with its source, what becomes of it, why, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from translator.report.areas import area
from translator.report.catalogue import CATALOGUE, Entry
from translator.report.html.sheets import Desk, Snippet
from translator.report.model import Finding, Placement, Report, Severity, Source
from translator.report.render.groups import Cause, causes
from translator.report.words import change_rank

_SHOWN = 8
"""Places of a finding that are named, and outputs of it."""
_PROOFS = 3
"""Changes that the proof shows for a cause."""


@dataclass(frozen=True, slots=True)
class Linked:
    """A place in a document, and the line of the page that shows it; no ``line``: it is not shown."""

    text: str
    path: str
    line: str


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A class of requests that fare otherwise, by one of them; ``because``: the findings that explain it."""

    kind: str
    slice: str
    today: bool
    request: str
    before: str
    after: str
    explained_by: tuple[str, ...]
    because: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FindingView:
    """One finding; ``number`` is its place in the report, from 1."""

    number: int
    finding: Finding
    resource: str
    place: str
    snippet: Snippet | None
    others: tuple[Linked, ...]
    more: int
    becomes: tuple[Linked, ...]
    namespaces: tuple[int, ...]
    why: str
    advice: str
    witness: str
    shown: tuple[ChangeView, ...] = ()
    """What the proof found of it: requests that fare otherwise."""
    unshown: int = 0
    """How many more it found."""


@dataclass(frozen=True, slots=True)
class CauseView:
    """Findings of one cause. ``shown``: requests that are known to be explained by its code alone, of no finding."""

    number: int
    cause: Cause
    entry: Entry | None
    why: str
    shown: tuple[ChangeView, ...]
    findings: tuple[FindingView, ...]

    @property
    def title(self) -> str:
        """What they have in common, as the page of the code says it."""
        return self.entry.title if self.entry else self.cause.title

    @property
    def first(self) -> Finding:
        """The finding that stands for all."""
        return self.cause.first


def cause_views(report: Report, desk: Desk) -> tuple[CauseView, ...]:
    """The causes, the most dangerous first, with all that is said about them."""
    proof = Shown(changes(report))
    found: list[CauseView] = []
    for number, cause in enumerate(causes(report.findings), 1):
        reasons = {_reason(report.findings[n]) for n in cause.numbers}
        why = reasons.pop() if len(reasons) == 1 else ""
        views = tuple(
            _proved(_view(n, report.findings[n], desk, without=(why, cause.advice)), proof)
            for n in cause.numbers
        )
        code = cause.first.code
        found.append(CauseView(number, cause, CATALOGUE.get(code), why, proof.of_code(code), views))
    return tuple(found)


class Shown:
    """The changes that the proof found by the findings that explain them."""

    def __init__(self, found: Iterable[ChangeView]) -> None:
        self._by_finding: dict[tuple[str, str], list[ChangeView]] = {}
        self._by_code: dict[str, list[ChangeView]] = {}
        for change in found:
            for key in change.because:
                self._by_finding.setdefault(key, []).append(change)
            for code in () if change.because else change.explained_by:
                self._by_code.setdefault(code, []).append(change)

    def of(self, one: Finding) -> tuple[ChangeView, ...]:
        """Those that a finding explains."""
        return tuple(self._by_finding.get((one.code, one.message), ()))

    def of_code(self, code: str) -> tuple[ChangeView, ...]:
        """The first of those of which only the code is known."""
        return tuple(self._by_code.get(code, ())[:_PROOFS])


def _proved(view: FindingView, proof: Shown) -> FindingView:
    found = proof.of(view.finding)
    return replace(view, shown=found[:_PROOFS], unshown=max(0, len(found) - _PROOFS))


@dataclass(frozen=True, slots=True)
class Tally:
    """Findings of one feature or namespace by severity; ``value`` is how the filter calls it."""

    name: str
    value: str
    counts: tuple[int, ...]


def by_feature(views: Iterable[CauseView]) -> tuple[Tally, ...]:
    """How many findings each feature has; they add up to all."""
    return _tallies(
        ((area(view.first.code), area(view.first.code)), one)
        for view in views
        for one in view.findings
    )


def by_namespace(views: Iterable[CauseView], desk: Desk) -> tuple[Tally, ...]:
    """The same by namespace; a finding that is about several counts in each of them."""
    return _tallies(
        ((desk.namespaces[number], str(number)) if number >= 0 else ("none or all", ""), one)
        for view in views
        for one in view.findings
        for number in one.namespaces or (-1,)
    )


def _tallies(of: Iterable[tuple[tuple[str, str], FindingView]]) -> tuple[Tally, ...]:
    found: dict[tuple[str, str], Counter[Severity]] = {}
    for key, one in of:
        found.setdefault(key, Counter())[one.finding.severity] += 1
    return tuple(
        Tally(*key, tuple(found[key][severity] for severity in Severity)) for key in sorted(found)
    )


def _view(number: int, one: Finding, desk: Desk, without: tuple[str, str]) -> FindingView:
    sources = one.sources
    first = sources[0] if sources else None
    return FindingView(
        number=number + 1,
        finding=one,
        resource=first.resource if first else "",
        place=_place(one),
        snippet=desk.snippet(first) if first else None,
        others=tuple(_linked(source, desk) for source in sources[1:_SHOWN]),
        more=max(0, len(sources) - _SHOWN),
        becomes=_becomes(one, desk),
        namespaces=desk.namespaces_of(sources),
        why="" if _reason(one) == without[0] else _reason(one),
        advice="" if one.advice == without[1] else one.advice,
        witness=request_text(one.witness) if one.witness else "",
    )


def _reason(one: Finding) -> str:
    """Why, where more is said than where it is documented."""
    return "" if one.why == one.doc else one.why


def _place(one: Finding) -> str:
    if one.sources:
        return place_of(one.sources[0])
    return f"where {one.default.field} is not written" if one.default else "the whole input"


def place_of(source: Source) -> str:
    """``file:line``."""
    return source.file if source.line is None else f"{source.file}:{source.line}"


def _linked(source: Source, desk: Desk) -> Linked:
    return Linked(place_of(source), source.path, desk.source_line(source.file, source.line))


def _becomes(one: Finding, desk: Desk) -> tuple[Linked, ...]:
    """Where in the outputs it stands: as the finding says, else as the ledger says of its sources."""
    placements: dict[Placement, None] = dict.fromkeys(one.outputs)
    for source in one.sources:
        placements.update(dict.fromkeys(desk.placements(source)))
    return tuple(
        Linked(at.resource, at.path, desk.output_line(at)) for at in list(placements)[:_SHOWN]
    )


def changes(report: Report) -> tuple[ChangeView, ...]:
    """What the proof found, what is newly allowed first."""
    found = report.verification.changes
    because = report.verification.because or ((),) * len(found)
    views = [_change(*pair) for pair in zip(found, because, strict=True)]
    return tuple(sorted(views, key=lambda view: change_rank(view.kind)))


def _change(tree: Mapping[str, object], because: tuple[tuple[str, str], ...]) -> ChangeView:
    witness = tree.get("witness")
    explained = tree.get("explained_by")
    return ChangeView(
        kind=str(tree.get("kind", "")),
        slice=str(tree.get("slice", "")),
        today=tree.get("world") == "closed",
        request=request_text(witness) if isinstance(witness, dict) else "",
        before=str(tree.get("before", "")),
        after=str(tree.get("after", "")),
        explained_by=tuple(map(str, explained if isinstance(explained, Iterable) else ())),
        because=because,
    )


def request_text(witness: Mapping[str, object]) -> str:
    """A request in one line: ``shop/web with mutual TLS: GET /x of shop/reviews, port 9080``."""
    proof = "with mutual TLS" if witness.get("mtls") else "in clear text"
    who = f"{witness.get('source') or 'somebody'} {proof}"
    where = f"{witness.get('destination') or 'the mesh'}, port {witness.get('port')}"
    if witness.get("transport"):
        return (
            f"{witness.get('source') or 'somebody'}: datagrams ({witness['transport']}) to {where}"
        )
    if not witness.get("http", True):
        return f"{who}: a connection to {where}"
    host = f", host {witness['host']}" if witness.get("host") else ""
    headers = witness.get("headers")
    said = "".join(f", {k}: {v}" for k, v in headers.items()) if isinstance(headers, dict) else ""
    return f"{who}: {witness.get('method')} {witness.get('path')} of {where}{host}{said}"
