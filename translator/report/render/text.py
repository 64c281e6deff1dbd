"""The report for a terminal: at most a page, or all of it with ``verbose``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from translator.report.headline import headline
from translator.report.model import Finding, Report, Severity, Source, Version
from translator.report.render.groups import Cause, Group, causes, place_text, trimmed
from translator.report.render.words import counts, doubts, printable, shortened, times

PAGE = 56
"""Lines of a page, of :data:`WIDTH` characters each; a few more are left for what the run wrote."""
WIDTH = 100

_SHOWN = 3
"""Further places of a cause that are named on a page."""
_LONGEST = 240
"""Characters of a message or an advice on a page."""
_DOUBTS = 3
"""Reasons of the proof that are told on a page."""
_AT_LEAST = 4
"""Causes that are told in full however many there are."""

_COLORS = {
    Severity.BLOCKER: "1;31",
    Severity.HIGH: "31",
    Severity.MEDIUM: "33",
    Severity.LOW: "36",
    Severity.INFO: "2",
}


def render_text(report: Report, *, verbose: bool = False, color: bool = False) -> str:
    """Causes, most dangerous first, and where the run stands.

    On a page the first causes are told in full, the others in a line each, and those that do not
    fit are counted. ``verbose`` tells all findings with all their places, and the assumptions.
    """
    found = causes(report.findings)
    closing = list(_closing(report, found, verbose=verbose))
    if verbose:
        lines = [line for cause in found for line in _whole(cause, color=color)]
    else:
        lines = _page(found, PAGE - _height(closing) - 1, color=color)
    return "\n".join((*lines, *([""] if lines else []), *closing)) + "\n"


def _page(found: Sequence[Cause], room: int, *, color: bool) -> list[str]:
    """As many causes in full as leave room for the others in short; at least the first few."""
    full = [_full(cause, color=False) for cause in found]
    short = [_short(cause, color=False) for cause in found]
    heights = [_height(lines) for lines in full]
    told = len(found)
    while told > _AT_LEAST and sum(heights[:told]) + _height(short[told:]) + 1 > room:
        told -= 1
    left = room - sum(heights[:told]) - 2
    named = told
    while named < len(found) and (left := left - _height(short[named : named + 1])) >= 0:
        named += 1
    lines = [line for cause in found[:told] for line in _full(cause, color=color)]
    if told < len(found):
        lines.append("in short:")
    lines.extend(_short(cause, color=color) for cause in found[told:named])
    if named < len(found):
        lines.append(_uncounted(found[named:]))
    return lines


def _uncounted(found: Sequence[Cause]) -> str:
    by_severity = Counter(cause.first.severity for cause in found)
    told = counts({severity.value: by_severity[severity] for severity in Severity})
    return f"    and {times(len(found), 'further cause')} ({told}); -v tells them"


def _height(lines: Sequence[str]) -> int:
    """Lines on a terminal of our width."""
    return sum(max(1, -(-len(line) // WIDTH)) for line in lines)


def _full(cause: Cause, *, color: bool) -> list[str]:
    group, first = cause.groups[0], cause.first
    lines = [_line(group, cause.count, color=color, longest=_LONGEST)]
    places = [place for one in cause.groups for place in one.places]
    if len(places) > 1:
        lines.append(f"    also: {printable(_others(places))}")
    if len(cause.groups) > 1:
        lines.append(
            f"    in all: {printable(cause.title)} ({len(cause.groups)} ways; -v tells them)"
        )
    if cause.advice:
        lines.append(f"    advice: {printable(shortened(cause.advice, _LONGEST))}")
    if first.accepted is not None:
        lines.append(f"    accepted: {printable(first.accepted)}")
    return lines


def _others(places: Sequence[Source]) -> str:
    """The places after the first, fewer where their names are long."""
    shown = _SHOWN
    while shown > 1 and len(trimmed(places, shown)) > _LONGEST:
        shown -= 1
    return trimmed(places, shown)


def _short(cause: Cause, *, color: bool) -> str:
    title = shortened(printable(cause.title), WIDTH - 40)
    return f"    {_kind(cause.first, cause.count, color=color)} {title}"


def _whole(cause: Cause, *, color: bool) -> Iterator[str]:
    for group in cause.groups:
        first = group.first
        yield _line(group, group.count, color=color)
        for place in group.places[1:]:
            yield f"    also: {printable(place_text(place))} {printable(place.path)}"
        for name, text in (("why", first.why), ("see", first.doc), ("advice", group.advice)):
            if text:
                yield f"    {name}: {printable(text)}"
        if first.accepted is not None:
            yield f"    accepted: {printable(first.accepted)}"


def _line(group: Group, count: int, *, color: bool, longest: int = 0) -> str:
    message = group.first.message
    path = group.places[0].path if group.places else ""
    said = f"{path}: {message}" if path else message
    said = shortened(said, longest) if longest else said
    kind = _kind(group.first, count, color=color)
    return f"{printable(_where(group.first, group.places))} {kind} {printable(said)}"


def _kind(first: Finding, count: int, *, color: bool) -> str:
    """``high MM301 lost (different) 3x``."""
    severity = first.severity.value
    if color:
        severity = f"\x1b[{_COLORS[first.severity]}m{severity}\x1b[0m"
    many = f" {count}x" if count > 1 else ""
    return f"{severity} {first.code} {first.fate.value} ({first.impact.value.lower()}){many}"


def _where(first: Finding, places: Sequence[Source]) -> str:
    if places:
        return place_text(places[0])
    default = first.default
    if default is not None:
        return f"({default.mesh} {default.version}, where {default.field} is not written)"
    return "(the whole input)"


def _closing(report: Report, found: Sequence[Cause], *, verbose: bool) -> Iterator[str]:
    summary = report.summary
    size = ", ".join(
        (times(summary.files, "file"), times(summary.documents, "document"),
         times(summary.leaves, "leaf").replace("leafs", "leaves"))
    )  # fmt: skip
    yield f"{_mesh(report.source)} to {_mesh(report.target)}: {size}; {_outputs(report)}"
    yield f"leaves: {counts(summary.fates) or 'none'}"
    accepted = sum(finding.accepted is not None for finding in report.findings)
    yield (
        f"findings: {counts(summary.findings) or 'none'}"
        + (f" ({accepted} accepted)" if accepted else "")
        + (f"; {times(len(found), 'cause')}" if found else "")
    )
    answer = headline(report)
    yield f"access: {printable(answer.sentence)}"
    verdict = report.verification
    reason = f" ({printable(verdict.reason)})" if verdict.reason else ""
    yield f"verification: {verdict.verdict}{reason}"
    yield from (f"    {printable(line)}" for line in doubts(verdict, 0 if verbose else _DOUBTS))
    if verbose:
        yield from (f"assumed: {printable(text)}" for text in report.assumptions)
    elif report.assumptions:
        yield f"{times(len(report.assumptions), 'assumption')}; -v names them"
    if found:
        yield f"more about a code: meshmigrate explain {found[0].first.code}"


def _mesh(version: Version) -> str:
    channel = f" {version.channel}" if version.channel else ""
    return f"{version.mesh} {version.version}{channel}"


def _outputs(report: Report) -> str:
    edited = sum(output.edited for output in report.outputs)
    made = times(len(report.outputs), "output")
    return f"{made}, {edited} of them edited" if edited else made
