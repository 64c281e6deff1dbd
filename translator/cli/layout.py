"""Which output goes into which file, and what a file holds."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from translator.cli.options import Format, Layout
from translator.report.files import file_name
from translator.report.model import LedgerRow

CLUSTER = "cluster"
"""The file of resources that have no namespace, where files are cut by namespace."""

KUSTOMIZATION = "kustomization.yaml"


@dataclass(frozen=True, slots=True)
class Piece:
    """One document to write; ``file`` is the input file that it, or the first of it, comes from."""

    resource: str
    value: Mapping[str, object]
    text: str
    file: str


def spread(
    pieces: Sequence[Piece], layout: Layout, form: Format, roots: Sequence[str]
) -> dict[str, list[Piece]]:
    """The files of a run by name, relative to the output folder, with what they hold in order."""
    files: dict[str, list[Piece]] = {}
    for piece in pieces:
        files.setdefault(_file(piece, layout, f".{form.value}", roots), []).append(piece)
    return files


def _file(piece: Piece, layout: Layout, suffix: str, roots: Sequence[str]) -> str:
    match layout:
        case Layout.PER_RESOURCE | Layout.KUSTOMIZE:
            return file_name(piece.resource, suffix)
        case Layout.PER_NAMESPACE:
            namespace = piece.resource.split("/")[1] or CLUSTER
            return file_name(f"//{namespace}", suffix)
        case Layout.MIRROR:
            return _mirrored(piece.file, suffix, roots)


def _mirrored(file: str, suffix: str, roots: Sequence[str]) -> str:
    """The place of an input file below what all arguments have in common."""
    if file in {"", "-"}:
        return f"stdin{suffix}"
    folders = [os.path.realpath(r if Path(r).is_dir() else Path(r).parent) for r in roots]
    top = os.path.commonpath(folders)
    # The folder is resolved and the name is not: a link keeps its own name.
    inside = Path(os.path.relpath(Path(os.path.realpath(Path(file).parent)) / Path(file).name, top))
    safe = [part for part in inside.parts if part != os.pardir]
    return Path(*safe).with_suffix(suffix).as_posix()


def contents(files: Mapping[str, Sequence[Piece]], layout: Layout, form: Format) -> dict[str, str]:
    """The text of each file."""
    texts = {name: "".join(printed(pieces, form)) for name, pieces in files.items()}
    if layout is Layout.KUSTOMIZE:
        listed = "".join(f"\n- {name}" for name in sorted(files)) or " []"
        head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:"
        texts[KUSTOMIZATION] = f"{head}{listed}\n"
    return texts


def printed(pieces: Iterable[Piece], form: Format) -> Iterator[str]:
    """Documents one after the other; as JSON, several make a ``List``."""
    if form is Format.YAML:
        between = ""
        for piece in pieces:
            yield between + piece.text.removesuffix("\n") + "\n"
            between = "---\n"
        return
    values = [piece.value for piece in pieces]
    whole = values[0] if len(values) == 1 else _list(values)
    yield json.dumps(whole, indent=2) + "\n"


def _list(values: list[Mapping[str, object]]) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "List", "items": values}


def first_files(ledger: Iterable[LedgerRow]) -> dict[str, str]:
    """For each output the first input file that something of it comes from."""
    files: dict[str, str] = {}
    for row in ledger:
        for placement in row.outputs:
            files.setdefault(placement.resource, row.file)
    return files
