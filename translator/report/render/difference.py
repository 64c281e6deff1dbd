"""A comparison of two configurations as text, Markdown and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from translator.report.difference import (
    Changed,
    Compared,
    Decided,
    Difference,
    OpenQuestion,
    SettingChanged,
)
from translator.report.model import Source
from translator.report.render.groups import place_text
from translator.report.render.words import printable, times
from translator.report.words import change_rank, change_title

_SHOWN = 8
"""Names of an open question that are shown."""


def _in_order(changes: Sequence[Changed]) -> list[Changed]:
    return sorted(changes, key=lambda c: (change_rank(c.kind), c.world, c.slice))


# --- text ----------------------------------------------------------------------------------------


def difference_text(found: Difference) -> str:
    """For a terminal: what changes, gravest first, then what is open and the counts."""
    lines: list[str] = []
    for change in _in_order(found.changes):
        lines.extend(_change_text(change))
    for setting in found.settings if found.settings_count else ():
        lines.extend(_setting_text(setting))
    for question in found.open:
        lines.append(f"open ({question.verdict}): {_named(question)}")
        lines.extend(f"    {printable(reason)}" for reason in question.reasons)
    if lines:
        lines.append("")
    lines.extend(_closing(found))
    return "".join(f"{line}\n" for line in lines)


def _change_text(change: Changed) -> Iterator[str]:
    tomorrow = "" if change.world == "closed" else " (no caller that is listed)"
    more = "" if change.classes == 1 else f", {change.classes} classes of requests"
    yield f"{change_title(change.kind)}: {change.slice}{tomorrow}{more}"
    yield f"    request: {printable(_request(change))}"
    yield f"    before: {printable(change.before.text)}{_rules(change.before)}"
    yield f"    after:  {printable(change.after.text)}{_rules(change.after)}"
    yield f"    {printable(change.curl)}"
    yield f"    # {printable(change.sender)}"


def _request(change: Changed) -> str:
    about = change.witness
    source = about["source"] or "anybody"
    proof = "mutual TLS" if about["mtls"] else "clear text"
    if "transport" in about:
        return f"datagrams ({about['transport']}) from {source}"
    if not about["http"]:
        return f"a connection that is not HTTP from {source} ({proof})"
    host = f" for {about['host']}" if about["host"] else ""
    headers = about["headers"] if isinstance(about["headers"], dict) else {}
    shown = "".join(f", {name}: {value}" for name, value in headers.items())
    return f"{about['method']} {about['path']}{host}{shown} from {source} ({proof})"


def _rules(decided: Decided) -> str:
    places = ", ".join(_place(one) for one in decided.rules)
    return f" [{printable(places)}]" if places else " [nothing written]"


def _place(source: Source) -> str:
    return f"{place_text(source)} {source.resource}"


def _setting_text(setting: SettingChanged) -> Iterator[str]:
    yield f"other setting: {printable(setting.what)} of {printable(setting.subject)}"
    for word, one in (("before", setting.before), ("after ", setting.after)):
        if one is None:
            yield f"    {word}: nothing is said"
        else:
            yield f"    {word}: {printable(one.text)}{_rules(one)}"


def _named(question: OpenQuestion) -> str:
    rest = len(question.slices) - _SHOWN
    names = ", ".join(question.slices[:_SHOWN])
    return printable(f"{names} and {rest} more" if rest > 0 else names)


def _closing(found: Difference) -> Iterator[str]:
    yield f"before: {_side(found.before)}; after: {_side(found.after)}"
    counts = ", ".join(f"{number} {verdict}" for verdict, number in found.slices.items() if number)
    yield f"ports of workloads and services compared: {counts or 'none'}"
    if found.settings and not found.settings_count:
        noun = times(len(found.settings), "setting")
        yield f"{noun} stated by one side only; --format json names them"
    for text in found.assumptions:
        yield f"assumed: {printable(text)}"
    yield f"verdict: {found.verdict}"


def _side(side: Compared) -> str:
    size = f"{times(side.files, 'file')}, {times(side.documents, 'document')}"
    return f"{side.mesh.mesh} {side.mesh.version}, {size}"


# --- Markdown ------------------------------------------------------------------------------------


def difference_markdown(found: Difference) -> str:
    """For a pull request."""
    lines = [f"# {found.verdict}", "", *(f"- {line}" for line in _closing(found)), ""]
    for change in _in_order(found.changes):
        lines.extend(_change_markdown(change))
    counted = found.settings if found.settings_count else ()
    if counted:
        lines.extend(("## Other settings", ""))
        lines.extend(f"- {_code(' '.join(_setting_text(one)))}" for one in counted)
        lines.append("")
    if found.open:
        lines.extend(("## Open questions", ""))
        for question in found.open:
            reasons = "; ".join(map(printable, question.reasons))
            lines.append(f"- {question.verdict}: {_code(_named(question))}: {_plain(reasons)}")
        lines.append("")
    return "\n".join(lines)


def _change_markdown(change: Changed) -> Iterator[str]:
    yield f"## {change_title(change.kind).capitalize()}: {_code(change.slice)}"
    yield ""
    yield f"{_code(_request(change))}, {_plain(change.sender)}"
    yield ""
    for word, one in (("before", change.before), ("after", change.after)):
        yield f"- {word}: {_code(one.text)}{_plain(_rules(one))}"
    yield ""
    yield from ("```", printable(change.curl), "```", "")


def _code(text: str) -> str:
    return f"`{printable(text).replace('`', chr(0x2BC))}`"


def _plain(text: str) -> str:
    shown = printable(text)
    for char in r"\`*_[]<>|#":
        shown = shown.replace(char, f"\\{char}")
    return shown


# --- JSON ----------------------------------------------------------------------------------------


def difference_json(found: Difference) -> str:
    """For programs."""
    return json.dumps(asdict(found), ensure_ascii=True, indent=1) + "\n"
