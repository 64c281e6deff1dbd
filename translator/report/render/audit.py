"""An audit as text, Markdown, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict

from translator.report.audit import Ageing, Audit, Estate, Generated, Matter, Outlook, Readiness
from translator.report.model import Severity, Version
from translator.report.render.csv import harmless
from translator.report.render.groups import place_text
from translator.report.render.markdown import cell, plain, table
from translator.report.render.words import counts, printable, shortened, times

MATTERS = 8
"""Causes that are told for each target."""
_SHOWN = 4
"""Places or namespaces that are named."""
_LONGEST = 200
WHOLE = "(no namespace)"
"""What stands where a namespace would."""


def version_text(version: Version) -> str:
    """``gateway-api 1.6 standard``."""
    channel = f" {version.channel}" if version.channel else ""
    return f"{version.mesh} {version.version}{channel}"


def estate_title(estate: Estate) -> str:
    """The name of an estate with its mesh."""
    named = f"{estate.name}: " if estate.name else ""
    return f"{named}{version_text(estate.source)}"


def size_text(estate: Estate) -> str:
    """How much is in it."""
    workloads = sum(space.workloads for space in estate.spaces)
    services = sum(space.services for space in estate.spaces)
    return ", ".join(
        (
            times(estate.files, "file"),
            times(estate.documents, "document"),
            times(len(estate.spaces), "namespace"),
            times(workloads, "workload"),
            times(services, "service"),
        )
    )


def kept_text(one: Readiness) -> str:
    """The grade with its reason."""
    return f"{one.grade.value}  {one.why}"


def rows_by_namespace(estate: Estate) -> Iterator[tuple[str, tuple[Readiness | None, ...]]]:
    """Each namespace with its readiness for each target; the estate as a whole last."""
    by_target = [{one.namespace: one for one in look.namespaces} for look in estate.outlooks]
    names = [*(space.name for space in estate.spaces), ""]
    for name in names:
        found = tuple(known.get(name) for known in by_target)
        if any(found):
            yield name or WHOLE, found


def rows_by_area(estate: Estate) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Findings by what they are about, target by target."""
    areas = sorted({name for look in estate.outlooks for name in look.areas})
    for name in areas:
        yield name, tuple(counts(look.areas.get(name, {})) or "-" for look in estate.outlooks)


def rows_by_severity(estate: Estate) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Findings by severity, leaves lost and the proof, target by target."""
    for severity in Severity:
        name = severity.value
        yield name, tuple(str(look.findings.get(name, 0)) for look in estate.outlooks)
    yield "values lost", tuple(str(look.fates.get("lost", 0)) for look in estate.outlooks)
    yield "values kept in part", tuple(_in_part(look) for look in estate.outlooks)
    yield "verdict of the proof", tuple(look.verdict for look in estate.outlooks)
    yield "worst grade", tuple(look.grade.value for look in estate.outlooks)


def _in_part(look: Outlook) -> str:
    return str(look.fates.get("approximated", 0))


# --- text ----------------------------------------------------------------------------------------


def audit_text(audit: Audit) -> str:
    """For a terminal: readiness first, then what is lost, what matters most, who writes it, what goes."""
    lines: list[str] = []
    for estate in audit.estates:
        if lines:
            lines.append("")
        lines.extend(_estate_text(estate))
    return "".join(f"{printable(line)}".rstrip() + "\n" for line in lines)


def _estate_text(estate: Estate) -> Iterator[str]:
    yield f"{estate_title(estate)}: {size_text(estate)}"
    if estate.beside:
        yield f"also in it: {', '.join(estate.beside)}"
    targets = [version_text(look.target) for look in estate.outlooks]
    if not targets:
        yield "no target can be written for this mesh yet"
    else:
        yield ""
        graded = [
            (name, tuple(kept_text(one) if one else "-" for one in found))
            for name, found in rows_by_namespace(estate)
        ]
        yield from _columns("readiness", targets, graded)
        yield ""
        yield from _columns("findings", targets, rows_by_severity(estate))
        yield ""
        yield from _columns("findings about", targets, rows_by_area(estate))
        yield ""
        uses = [
            (f"{one.name} ({one.uses})", tuple(map(grades_text, one.grades)))
            for one in estate.features
        ]
        yield from _columns("what is used", targets, uses)
    for look in estate.outlooks:
        yield from _matters_text(look)
    if estate.generated:
        yield ""
        yield "written by something else, to be changed there:"
        yield from (f"  {line}" for one in estate.generated for line in _generated_text(one))
    if estate.ageing:
        yield ""
        yield "given up by its own project:"
        yield from (f"  {_ageing_text(one)}" for one in estate.ageing)


def _columns(
    head: str, targets: Sequence[str], rows: Iterable[tuple[str, tuple[str, ...]]]
) -> Iterator[str]:
    lines = [(head, *targets), *((name, *cells) for name, cells in rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(targets) + 1)]
    for number, line in enumerate(lines):
        first, *rest = (part.ljust(width) for part, width in zip(line, widths, strict=True))
        yield "  ".join(((first + "  ") if number == 0 else f"  {first}", *rest))


def grades_text(grades: Mapping[str, int]) -> str:
    """``2 never, 5 partial``: the parts that are not said in full."""
    told = {name.lower().replace("_", " "): n for name, n in grades.items() if name != "FULL"}
    return counts(told) or "full"


def _matters_text(look: Outlook) -> Iterator[str]:
    yield ""
    yield f"what matters most for {version_text(look.target)} ({look.access}):"
    for one in look.matters[:MATTERS]:
        many = f" {one.count}x" if one.count > 1 else ""
        where = _where(one)
        yield f"  {one.severity} {one.code}{many}{where}: {shortened(one.title, _LONGEST)}"
        if one.advice:
            yield f"      {shortened(one.advice, _LONGEST)}"
    rest = len(look.matters) - MATTERS
    if rest > 0:
        yield f"  and {times(rest, 'further cause')}; the other forms name them"
    if not look.matters:
        yield "  nothing"
    named = ", ".join(f"{one.source} -> {one.target}" for one in look.metrics if one.target)
    if named:
        yield f"  metrics: {named}"


def _where(one: Matter) -> str:
    if not one.namespaces:
        return ""
    named = ", ".join(one.namespaces[:_SHOWN])
    rest = len(one.namespaces) - _SHOWN
    return f" in {named}" + (f" and {rest} more" if rest > 0 else "")


def _generated_text(one: Generated) -> Iterator[str]:
    names = ", ".join(place.resource for place in one.objects[:_SHOWN])
    rest = len(one.objects) - _SHOWN
    more = f" and {rest} more" if rest > 0 else ""
    speaks = f"; {one.speaks} of them speak to the mesh" if one.speaks else ""
    yield f"{one.generator}, {times(len(one.objects), 'object')}{speaks}: {names}{more}"
    yield f"    change {one.where}"


def _ageing_text(one: Ageing) -> str:
    since = f" since {one.since}" if one.since else ""
    gone = f", gone in {one.gone}" if one.gone else ""
    first = place_text(one.places[0])
    rest = len(one.places) - 1
    more = f" and {rest} more" if rest else ""
    return f"{one.status}{since}{gone}: {one.what} ({first}{more}); instead: {one.instead}"


# --- Markdown ------------------------------------------------------------------------------------


def audit_markdown(audit: Audit) -> str:
    """For a page of a wiki or a ticket."""
    parts = ["## meshmigrate: audit"]
    for estate in audit.estates:
        parts.extend(_estate_markdown(estate))
    return "\n\n".join(parts) + "\n"


def _estate_markdown(estate: Estate) -> Iterator[str]:
    yield f"### {plain(estate_title(estate))}"
    yield plain(size_text(estate)) + "."
    targets = [plain(version_text(look.target)) for look in estate.outlooks]
    if targets:
        graded = (
            (
                plain(name),
                *(f"**{one.grade.value}** {plain(one.why)}" if one else "" for one in row),
            )
            for name, row in rows_by_namespace(estate)
        )
        yield "\n".join(table(("Namespace", *targets), graded))
        severe = ((name, *map(plain, cells)) for name, cells in rows_by_severity(estate))
        yield "\n".join(table(("Findings", *targets), severe))
        about = ((name, *map(plain, cells)) for name, cells in rows_by_area(estate))
        yield "\n".join(table(("Findings about", *targets), about))
        uses = ((plain(f.name), str(f.uses), *map(grades_text, f.grades)) for f in estate.features)
        yield "\n".join(table(("What is used", "Times", *targets), uses))
    for look in estate.outlooks:
        yield f"#### What matters most for {plain(version_text(look.target))}"
        yield f"{plain(look.access)}."
        matters = (_matter_row(one) for one in look.matters[:MATTERS])
        yield "\n".join(table(("Severity", "Code", "Count", "Where", "What", "Advice"), matters))
        if look.metrics:
            names = (
                (cell(one.source), cell(one.target) if one.target else "nothing", plain(one.note))
                for one in look.metrics
            )
            head = (
                plain(version_text(estate.source)),
                plain(version_text(look.target)),
                "What differs",
            )
            yield _folded("What is counted, and by which names", table(head, names))
    yield from _aside_markdown(estate)


def _aside_markdown(estate: Estate) -> Iterator[str]:
    if estate.generated:
        yield "#### Written by something else"
        rows = (
            (
                plain(one.generator),
                str(len(one.objects)),
                str(one.speaks),
                ", ".join(cell(place.resource) for place in one.objects[:_SHOWN]),
                plain(one.where),
            )
            for one in estate.generated
        )
        yield "\n".join(
            table(("By", "Objects", "Speak to the mesh", "Such as", "Change there"), rows)
        )
    if estate.ageing:
        yield "#### Given up by its own project"
        head = ("State", "What", "Since", "Gone in", "Instead", "First at", "Places", "")
        yield "\n".join(table(head, map(_ageing_row, estate.ageing)))


def _ageing_row(one: Ageing) -> tuple[str, ...]:
    return (
        one.status,
        plain(one.what),
        one.since,
        one.gone,
        plain(one.instead),
        cell(place_text(one.places[0])),
        str(len(one.places)),
        f"[source]({one.doc})",
    )


def _folded(title: str, lines: Iterable[str]) -> str:
    body = "\n".join(lines)
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def _matter_row(one: Matter) -> tuple[str, ...]:
    return (
        one.severity,
        one.code,
        str(one.count),
        plain(_where(one).removeprefix(" in ")),
        plain(shortened(one.title, _LONGEST)),
        plain(shortened(one.advice, _LONGEST)),
    )


# --- JSON and CSV --------------------------------------------------------------------------------


def audit_json(audit: Audit) -> str:
    """Everything; its schema is that of ``meshmigrate schema audit``."""
    return json.dumps(asdict(audit), indent=1, ensure_ascii=False) + "\n"


HEAD = (
    "row",
    "estate",
    "source",
    "target",
    "namespace",
    "grade",
    "said",
    "kept",
    *(severity.value for severity in Severity),
    "code",
    "severity",
    "count",
    "message",
    "advice",
)
"""``row`` is ``namespace``, ``cause``, ``generated`` or ``ageing``; a namespace without a name is the whole estate."""


def audit_csv(audit: Audit) -> str:
    """A row for every namespace and target, every cause, every generator and everything given up."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEAD)
    for estate in audit.estates:
        for row in _csv_rows(estate):
            writer.writerow([harmless(str(part)) for part in row])
    return text.getvalue()


def _csv_rows(estate: Estate) -> Iterator[tuple[object, ...]]:
    source = version_text(estate.source)
    none = ("",) * (3 + len(Severity))
    for look in estate.outlooks:
        whose = (estate.name, source, version_text(look.target))
        for one in look.namespaces:
            by = [one.findings.get(severity.value, 0) for severity in Severity]
            graded = (one.namespace, one.grade.value, one.said, one.kept)
            yield ("namespace", *whose, *graded, *by, "", "", "", one.why, "")
        for matter in look.matters:
            told = (matter.code, matter.severity, matter.count, matter.title, matter.advice)
            yield ("cause", *whose, " ".join(matter.namespaces), *none, *told)
    whose = (estate.name, source, "")
    for made in estate.generated:
        for place in made.objects:
            said = f"{place.resource}: {made.generator}"
            yield ("generated", *whose, "", *none, "MM605", "", 1, said, made.where)
    for old in estate.ageing:
        told = ("MM930", old.status, len(old.places), old.what, old.instead)
        yield ("ageing", *whose, "", *none, *told)
