"""Findings about leaves: what was lost, not heeded, not read, or forgotten, and where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from ir.provenance import Traced
from translator.api import Loss
from translator.books import Books
from translator.report.model import (
    DefaultRef,
    Fate,
    Finding,
    Impact,
    LedgerRow,
    Severity,
    Source,
    Support,
)
from translator.report.words import message_title
from translator.source.leaves import document_of, leaf_of
from translator.source.load import Loaded


def finding_of(loss: Loss, books: Books) -> Finding:
    """A loss as a finding, with the places that it is about."""
    leaves = {leaf for value in (*loss.sites, *loss.because) for leaf in value.origin}
    leaves.update(loss.leaves)
    default = loss.default
    return Finding(
        code=loss.code,
        severity=loss.gravity,
        fate=loss.fate,
        impact=loss.impact,
        support=loss.support,
        message=message_title(loss.message),
        why=loss.why,
        advice=loss.advice,
        doc=loss.doc,
        sources=tuple(sources(_in_order(leaves, loss.about, books), books)),
        default=None
        if default is None
        else DefaultRef(default.mesh, default.version, default.field, default.doc),
    )


def _in_order(leaves: set[int], about: Sequence[Traced[object]], books: Books) -> Iterable[int]:
    """What a finding is about, then what its objects say, then how they are called."""
    first = dict.fromkeys(leaf for value in about for leaf in value.origin if leaf in leaves)
    yield from first
    rest = sorted(leaves - first.keys())
    names = {leaf for leaf in rest if _names_an_object(leaf, books)}
    yield from (leaf for leaf in rest if leaf not in names)
    yield from (leaf for leaf in rest if leaf in names)


def _names_an_object(leaf: int, books: Books) -> bool:
    """Whether it is part of an object's own name and namespace."""
    document = books.loaded.documents_by_number[document_of(leaf)]
    return document.keys_of(leaf_of(leaf))[-2:] in _NAMES


_NAMES = (("metadata", "name"), ("metadata", "namespace"))


def sources(leaves: Iterable[int], books: Books) -> Iterable[Source]:
    """The places of leaves."""
    for ref in leaves:
        document = books.loaded.documents_by_number[ref >> 24]
        leaf = leaf_of(ref)
        resource = books.loaded.resource_of(document, leaf)
        name = (
            ""
            if resource is None
            else f"{resource.kind}/{resource.namespace or ''}/{resource.name}"
        )
        node = document.leaves[leaf]
        yield Source(document.file, node.line, node.column, name, document.paths()[leaf])


def of_inactive(books: Books) -> Iterable[Finding]:
    """What the source does not heed."""
    for one in books.model.inactive:
        heeded = f"; {one.winner} is heeded instead" if one.winner else ""
        yield Finding(
            code="MM107",
            severity=Severity.INFO,
            fate=Fate.INERT,
            impact=Impact.NONE,
            support=Support.PARTIAL,
            message=f"the source does not heed this: {one.why}{heeded}.",
            sources=tuple(sources(one.leaves, books)),
        )


def of_unread(found: Sequence[tuple[LedgerRow, int]]) -> Iterable[Finding]:
    """One finding for each kind and field, wherever it occurs."""

    def field(item: tuple[LedgerRow, int]) -> tuple[str, str]:
        row = item[0]
        return row.resource.partition("/")[0], _without_numbers(row.path)

    for (kind, path), group in groupby(sorted(found, key=field), key=field):
        places = tuple(
            Source(row.file, row.line, row.column, row.resource, row.path) for row, _ in group
        )
        yield Finding(
            code="MM101",
            severity=Severity.HIGH,
            fate=Fate.UNREAD,
            impact=Impact.DIFFERENT,
            support=Support.NOT_YET,
            message=f"{kind} {path}: this field is not read.",
            advice="Check by hand what it does; nothing of it is in the output.",
            sources=places,
        )


def _without_numbers(path: str) -> str:
    parts = path.split("[")
    return "[".join(p if i == 0 or p[:1] == '"' else p[p.index("]") :] for i, p in enumerate(parts))


def of_notes(loaded: Loaded) -> Iterable[Finding]:
    """What is to be said of the input itself."""
    codes = {"template": "MM103", "kustomization": "MM103"}
    for note in loaded.notes:
        template = note.word in codes
        yield Finding(
            code=codes.get(note.word, "MM104"),
            severity=Severity.HIGH if template else Severity.INFO,
            fate=Fate.CARRIED,
            impact=Impact.DIFFERENT if template else Impact.NONE,
            support=Support.PARTIAL,
            message=note.message,
            sources=(
                Source(note.place.file, note.place.line, note.place.column, "", note.place.path),
            ),
        )


def of_bugs(found: Sequence[LedgerRow]) -> Iterable[Finding]:
    """Leaves that were read and forgotten: a fault of this program."""
    for row in found:
        yield Finding(
            code="MM901",
            severity=Severity.BLOCKER,
            fate=row.fate,
            impact=Impact.INVALID,
            support=Support.NOT_YET,
            message=f"{row.path} was read and then forgotten: a fault of this tool.",
            advice="Please report it; until then decide by hand what becomes of it.",
            sources=(Source(row.file, row.line, row.column, row.resource, row.path),),
        )
