"""The commands that translate: ``A-to-B`` and ``convert``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from translator import pipeline
from translator.cli.console import colored, err, out
from translator.cli.gate import exit_code, judged
from translator.cli.layout import Piece, contents, first_files, printed, spread
from translator.cli.options import Aim, Carry, Gate, Reading, Talk, Writing
from translator.cli.reading import load_input, run_options
from translator.cli.reports import check_names, report_pieces
from translator.cli.writing import left_over, write_all
from translator.errors import TargetError
from translator.exporters.emit import dump
from translator.pipeline import Result
from translator.report.model import Fate, Output, Report
from translator.report.render.text import render_text
from translator.source.leaves import Document, below, plain
from translator.source.load import Loaded


def run_translation(  # noqa: PLR0913, PLR0917  # the options of a command
    source: str,
    target: str,
    paths: Sequence[str],
    reading: Reading,
    aim: Aim,
    gate: Gate,
    writing: Writing,
    talk: Talk,
) -> int:
    """Reads, translates, writes and tells; returns the exit code."""
    check_names(writing.report)
    loaded = load_input(paths, reading)
    options = run_options(loaded, source, target, reading, aim)
    pipeline.must_be_another(options)
    result = pipeline.translate_loaded(loaded, replace(options, verify=gate.verify))
    pieces = written_pieces(result, loaded, writing.carry)
    roots = [path for path in (*paths, *reading.filename) if path != "-"]
    files = spread(pieces, writing.layout, writing.format, roots)
    names = {piece.resource: name for name, held in files.items() for piece in held}
    report = _with_files(judged(result.report, gate), names)
    _write(report, files, pieces, loaded, writing)
    if not talk.quiet:
        err(render_text(report, verbose=talk.verbose, color=colored(talk.color)))
        err("".join(_remarks(report, files, writing)))
    return exit_code(report, gate.fail_on)


def written_pieces(result: Result, loaded: Loaded, carry: Carry) -> list[Piece]:
    """The documents to write: new ones, edited ones, and, where asked for, the untouched rest."""
    origin = first_files(result.report.ledger)
    pieces = [
        Piece(one.resource, one.value, one.text, one.source_file or origin.get(one.resource, ""))
        for one in result.documents
        if not (one.edited and carry is Carry.NONE)
    ]
    if carry is Carry.ALL:
        edited = {(one.source_file, one.resource) for one in result.documents if one.edited}
        pieces.extend(_untouched(result.report, loaded, edited))
    return pieces


def _untouched(report: Report, loaded: Loaded, edited: set[tuple[str, str]]) -> Iterator[Piece]:
    """Objects that stay as they are: every leaf is carried and none was edited; a list whole where all of its are."""
    touched: set[tuple[str, int, str]] = set()
    named: dict[tuple[str, int], str] = {}
    for row in report.ledger:
        named.setdefault((row.file, row.document), row.resource)
        if row.fate is not Fate.CARRIED or (row.file, row.resource) in edited:
            touched.add((row.file, row.document, row.resource))
    parts = {(file, number) for file, number, _ in touched}
    for document in loaded.documents:
        key = (document.file, document.index)
        value = plain(document.root)
        if key not in parts and named.get(key) and isinstance(value, dict):
            text = document.text.strip("\n") or dump(value)
            yield Piece(named[key], value, text, document.file)
        elif loaded.is_list(document):
            yield from _items(report, loaded, document, touched)


def _items(
    report: Report, loaded: Loaded, document: Document, touched: set[tuple[str, int, str]]
) -> Iterator[Piece]:
    """The items of a list that stay as they are, each as an object of its own."""
    place = document.file, document.index
    names = {row.path: row.resource for row in report.ledger if (row.file, row.document) == place}
    paths = document.paths()
    for one in (r for r in loaded.resources if r.document is document):
        name = next((names[paths[leaf]] for leaf in below(one.node) if paths[leaf] in names), "")
        value = plain(one.node)
        if name and isinstance(value, dict) and (*place, name) not in touched:
            whole = {"apiVersion": one.api_version, "kind": one.kind, **value}
            yield Piece(name, whole, dump(whole), document.file)


def _with_files(report: Report, names: Mapping[str, str]) -> Report:
    """The report with the files that outputs are in; empty where one was left out."""
    outputs: list[Output] = [
        replace(output, file=names.get(output.resource, "")) for output in report.outputs
    ]
    return replace(report, outputs=tuple(outputs))


def _write(
    report: Report,
    files: Mapping[str, Sequence[Piece]],
    pieces: Sequence[Piece],
    loaded: Loaded,
    writing: Writing,
) -> None:
    inputs = {os.path.realpath(document.file) for document in loaded.documents}
    for file in writing.report:
        if os.path.realpath(file) in inputs:
            message = f"--report {file}: this file is part of the input."
            raise TargetError(message)
    reports = report_pieces(report, writing.report)
    folder = Path(writing.output_dir) if writing.output_dir else None
    texts = contents(files, writing.layout, writing.format) if folder else {}
    write_all(folder, texts, reports, force=writing.force)
    if folder is None and pieces:
        out(printed(pieces, writing.format))


def _remarks(
    report: Report, files: Mapping[str, Sequence[Piece]], writing: Writing
) -> Iterator[str]:
    for output in report.outputs:
        if not output.file:
            yield f"not written, to be edited by hand: {output.resource}\n"
    if writing.output_dir:
        noun = "file" if len(files) == 1 else "files"
        yield f"wrote {len(files)} {noun} to {writing.output_dir}\n"
        stale = left_over(Path(writing.output_dir), files)
        if stale:
            yield (
                f"{len(stale)} of an earlier run are still in {writing.output_dir} ({stale[0]}): delete what you do "
                "not want applied, since none of it was proved with the rest.\n"
            )
