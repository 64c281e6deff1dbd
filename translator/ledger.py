"""The ledger: one row for every leaf that was read, and the findings that go with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ir.model import SourceObject
from ir.walk import positions
from translator.api import Loss, Options
from translator.books import Books
from translator.ledger_findings import (
    finding_of,
    of_bugs,
    of_inactive,
    of_notes,
    of_unread,
)
from translator.report.account import Lot
from translator.report.model import (
    Fate,
    Finding,
    LedgerRow,
    Placement,
    Severity,
)
from translator.resources.kubernetes.kinds import CLUSTER_WIDE
from translator.source.leaves import Document, leaf_of, leaf_ref
from translator.source.load import Loaded

_NULL = "the API server prunes a null"


@dataclass(slots=True)
class _State:
    """What is known of leaves that no site names."""

    inert: Mapping[int, str]
    inactive: Mapping[int, int]
    unread: Mapping[int, int]
    labels: Mapping[int, list[Placement]]
    objects: Mapping[int, SourceObject]
    owner: Mapping[int, str]
    claimed: frozenset[int]
    spoken: Mapping[int, Lot]


def rows(books: Books, options: Options) -> tuple[tuple[LedgerRow, ...], tuple[Finding, ...]]:
    """The ledger in input order and the findings, gravest first."""
    state = _state(books)
    codes = _codes(books.losses)
    ledger: list[LedgerRow] = []
    parted = {one.resource for one in books.imported.edits}
    leaving = {leaf for one in books.imported.edits for v in one.leave for leaf in v.origin}
    unread: list[tuple[LedgerRow, int]] = []
    bugs: list[LedgerRow] = []
    for document in books.loaded.documents:
        names = _resource_names(document, books.loaded, options.namespace)
        fates = _document_fates(document, books, state)
        for leaf, (path, node) in enumerate(zip(document.paths(), document.leaves, strict=True)):
            fate, lot = fates[leaf]
            ref = leaf_ref(document.number, leaf)
            outputs = _outputs(lot)
            if lot is not None and names[leaf] in parted and ref not in leaving:
                outputs = (*outputs, Placement(names[leaf], path))  # it stays there too
            row = LedgerRow(
                file=document.file,
                document=document.index,
                line=node.line,
                column=node.column,
                resource=names[leaf],
                path=path,
                fate=fate,
                outputs=outputs,
                findings=_own_codes(lot, codes, fate),
            )
            ledger.append(row)
            if fate is Fate.UNREAD and ref not in state.unread and ref not in state.objects:
                unread.append((row, leaf))
            if fate in (Fate.DROPPED, Fate.STRANDED):
                bugs.append(row)
    found = [finding_of(loss, books) for loss in books.losses]
    found.extend(of_inactive(books))
    found.extend(of_unread(unread))
    found.extend(of_notes(books.loaded))
    found.extend(of_bugs(bugs))
    return tuple(ledger), _gravest_first(found)


def with_proof(
    findings: Iterable[Finding],
    proved: Iterable[tuple[Loss, dict[str, object] | None]],
    books: Books,
) -> tuple[Finding, ...]:
    """The findings and those of the proof, each of which may have a request that shows it."""
    more = (replace(finding_of(loss, books), witness=shown) for loss, shown in proved)
    return _gravest_first((*findings, *more))


def _gravest_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    order = list(Severity)
    return tuple(
        sorted(
            findings,
            key=lambda f: (order.index(f.severity), f.code, f.message, str(f.sources[:1])),
        )
    )


def _state(books: Books) -> _State:
    objects: dict[int, SourceObject] = {}
    labels: dict[int, list[Placement]] = {}
    entries = {
        id(entry.value): entry.value
        for source in books.model.objects
        for entry in (*source.labels, *source.annotations)
    }
    for placing in books.placed:
        for value in placing.values:
            if id(value) in entries:
                for leaf in value.origin:
                    labels.setdefault(leaf, []).append(placing.at)
    for source in books.model.objects:
        for _, value in positions(source):
            for leaf in value.origin:
                objects[leaf] = source
                labels.setdefault(leaf, [])
    inactive = {
        leaf: number for number, one in enumerate(books.model.inactive) for leaf in one.leaves
    }
    unread = {
        leaf: number
        for number, loss in enumerate(books.losses)
        if loss.fate is Fate.UNREAD
        for leaf in loss.leaves
    }
    claimed = frozenset(id(r.node) for r in books.imported.claimed)
    return _State(
        inert={one.leaf: one.reason for one in books.imported.inert},
        inactive=inactive,
        unread=unread,
        labels=labels,
        objects=objects,
        owner={},
        claimed=claimed,
        spoken=_spoken(books),
    )


def _spoken(books: Books) -> Mapping[int, Lot]:
    """Where leaves that are spoken of stand now, and the findings that speak of them."""
    lots = {leaf: Lot() for leaf in books.spoken}
    for placing in books.placed if lots else ():
        for value in placing.values:
            for leaf in value.origin:
                if leaf in lots:
                    lots[leaf].placed.append(placing.at)
    for number, loss in enumerate(books.losses if lots else ()):
        for leaf in loss.leaves:
            if leaf in lots:
                lots[leaf].approximated.append(number)
    return lots


def _resource_names(document: Document, loaded: Loaded, namespace: str) -> list[str]:
    """``Kind/namespace/name`` of the resource of each leaf; ``List//`` for what wraps several."""
    names: list[str] = []
    for leaf in range(len(document.leaves)):
        resource = loaded.resource_of(document, leaf)
        if resource is None:
            names.append("List//" if loaded.is_list(document) else "")
            continue
        space = "" if resource.kind in CLUSTER_WIDE else resource.namespace or namespace
        names.append(f"{resource.kind}/{space}/{resource.name}")
    return names


def _document_fates(
    document: Document, books: Books, state: _State
) -> list[tuple[Fate, Lot | None]]:
    """The fate of each leaf of a document: by its sites, else by what its resource became."""
    found = [_by_itself(document, leaf, books, state) for leaf in range(len(document.leaves))]
    became: dict[str, Fate] = {}
    for leaf, one in enumerate(found):
        source = state.objects.get(leaf_ref(document.number, leaf))
        if source is None and one is not None:
            resource = books.loaded.resource_of(document, leaf)
            key = "" if resource is None else str(id(resource))
            became[key] = _weightier(became.get(key), one[0])
    return [
        one if one is not None else _with_object(document, leaf, books, state, became)
        for leaf, one in enumerate(found)
    ]


_WEIGHT = (
    Fate.PLACED,
    Fate.APPROXIMATED,
    Fate.ABSORBED,
    Fate.LOST,
    Fate.STRANDED,
    Fate.UNREAD,
    Fate.INERT,
)


def _weightier(known: Fate | None, new: Fate) -> Fate:
    if known is None or new not in _WEIGHT or known not in _WEIGHT:
        return new if known is None else known
    return min(known, new, key=_WEIGHT.index)


def _by_itself(
    document: Document, leaf: int, books: Books, state: _State
) -> tuple[Fate, Lot | None] | None:
    """The fate of a leaf that needs no look at its object; ``None`` for kind, name and labels."""
    ref = leaf_ref(document.number, leaf)
    fate = books.fates.fate(ref)
    if fate is not None:
        lot = books.fates.lots[ref]
        if ref in state.unread:
            fate = fate if fate in (Fate.STRANDED, Fate.LOST) else Fate.UNREAD
            lot = replace(lot, losses=[*lot.losses, state.unread[ref]])
        return fate, lot
    if ref in state.spoken:
        return books.spoken[ref], state.spoken[ref]
    if ref in state.objects:
        return None
    if ref in state.inert or ref in state.inactive:
        return Fate.INERT, None
    if ref in state.unread:
        return Fate.UNREAD, Lot(losses=[state.unread[ref]])
    return _untold(document, leaf, books, state), None


def _untold(document: Document, leaf: int, books: Books, state: _State) -> Fate:
    """The fate of a leaf that neither a fact nor the importer speaks of."""
    resource = books.loaded.resource_of(document, leaf)
    if resource is None or id(resource.node) not in state.claimed:
        return Fate.CARRIED
    if document.leaves[leaf].value is None:
        return Fate.INERT
    read = leaf_ref(document.number, leaf) in books.imported.reads
    return Fate.DROPPED if read else Fate.UNREAD


def _with_object(
    document: Document, leaf: int, books: Books, state: _State, became: Mapping[str, Fate]
) -> tuple[Fate, Lot | None]:
    """Kind, name and labels share the fate of what the object became; labels that were copied are placed."""
    ref = leaf_ref(document.number, leaf)
    copied = state.labels.get(ref)
    source = state.objects[ref]
    own_name = ref in source.trail.origin
    resource = books.loaded.resource_of(document, leaf)
    fate = became.get("" if resource is None else str(id(resource)), Fate.INERT)
    if copied:
        lot = Lot(placed=copied)
        return (
            (Fate.ABSORBED, Lot(absorbed=True, via_node=copied)) if own_name else (Fate.PLACED, lot)
        )
    if fate in (Fate.PLACED, Fate.APPROXIMATED, Fate.ABSORBED):
        return (Fate.ABSORBED if own_name else Fate.LOST), None
    return (Fate.LOST if fate is Fate.STRANDED else fate), None


def _outputs(lot: Lot | None) -> tuple[Placement, ...]:
    if lot is None:
        return ()
    return tuple(sorted({*lot.placed, *lot.via_node}, key=lambda p: (p.resource, p.path)))


def _codes(losses: Sequence[Loss]) -> list[str]:
    return [loss.code for loss in losses]


def _own_codes(lot: Lot | None, codes: Sequence[str], fate: Fate) -> tuple[str, ...]:
    if lot is None:
        return ("MM101",) if fate is Fate.UNREAD else ()
    numbers = (*lot.losses, *lot.approximated)
    return tuple(dict.fromkeys(codes[number] for number in sorted(set(numbers))))


def positions_of(books: Books) -> Mapping[tuple[str, int, str], tuple[str, ...]]:
    """The positions of the model that each leaf is part of."""
    found: dict[tuple[str, int, str], tuple[str, ...]] = {}
    for ref, keys in books.fates.sites.items():
        document = books.loaded.documents_by_number[ref >> 24]
        found[document.file, document.index, document.paths()[leaf_of(ref)]] = keys
    return found
