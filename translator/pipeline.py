"""One translation, from files to documents and report; everything between is a function from values to values."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import ip_network
from typing import BinaryIO, TextIO

from ir.model import Model
from ir.provenance import Assumption
from ir.walk import close
from translator.api import PROFILES, Import, Loss, Options
from translator.beside import beside
from translator.books import Books
from translator.errors import InputError, TargetError
from translator.exhibits import exhibits_of
from translator.exporters.emit import Document, dump, render, untraced
from translator.ill_named import ill_named
from translator.joining import joining
from translator.ledger import positions_of, rows, with_proof
from translator.outcome import Edited, edited_documents, with_labels
from translator.overlaps import still_there
from translator.proof import SWITCHED_OFF, Proven, Translated, prove
from translator.registry import load_exporter, load_importer, spoken_to
from translator.report.account import Placed, count, settle
from translator.report.files import file_name
from translator.report.model import (
    INVENTION,
    Finding,
    Impact,
    LedgerRow,
    Output,
    Placement,
    Report,
    Severity,
    Summary,
    Support,
    Tool,
    Verification,
    Version,
)
from translator.selectors import selectors_of
from translator.source.load import Loaded, load
from translator.staying import with_setup
from translator.target import Target, parse_target
from translator.telemetry.rules import rewrite_rules
from translator.telemetry.scraping import scraping
from translator.withheld import is_withheld, told_of, without

VERSION = "0.1.0"
Paths = Sequence[str | os.PathLike[str]]


@dataclass(frozen=True, slots=True)
class Written:
    """One output document. ``text`` is YAML without ``---``; ``source_file`` is given for edited ones."""

    resource: str
    api_version: str
    value: dict[str, object]
    text: str
    edited: bool = False
    source_file: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What a translation gives."""

    documents: tuple[Written, ...]
    report: Report
    model: Model
    legal: Model
    positions: Mapping[tuple[str, int, str], tuple[str, ...]]
    """Positions of the model that a leaf (file, document, path) became, for ``why``."""
    options: Options
    """The options of the run with what the input says of the installation."""

    @property
    def manifests(self) -> list[dict[str, object]]:
        """The output documents, ready to dump."""
        return [document.value for document in self.documents]


def translate(
    paths: Paths,
    *,
    source: str,
    target: str,
    stdin: TextIO | BinaryIO | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    **settings: object,
) -> Result:
    """Translates the manifests at ``paths``. ``settings`` are the fields of :class:`~translator.api.Options`.

    Raises:
        ExceptionGroup: of ``InputError``, all errors of the run.
        TargetError: an unknown mesh, version or setting.
    """
    loaded = load(paths, stdin=stdin, include=include, exclude=exclude)
    options = options_of(loaded, source, target, settings)
    must_be_another(options)
    return translate_loaded(loaded, options)


def read(
    paths: Paths,
    *,
    source: str,
    stdin: TextIO | BinaryIO | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    **settings: object,
) -> Model:
    """The neutral model of the manifests at ``paths``; raises as :func:`translate`."""
    loaded = load(paths, stdin=stdin, include=include, exclude=exclude)
    options = options_of(loaded, source, "linkerd", settings)
    return whole(load_importer(options.source.mesh)(loaded.resources, options))


def whole(imported: Import) -> Model:
    """All that holds in the source: what is to be written, and what stays as it is."""
    return replace(imported.model, facts=(*imported.model.facts, *imported.standing))


def options_of(loaded: Loaded, source: str, target: str, settings: Mapping[str, object]) -> Options:
    """The options of a run; ``source`` may be ``auto``.

    Raises:
        TargetError: a name that is none of ours, or several meshes where one is to be detected.
    """
    if source == "auto":
        found = [m for m in spoken_to(loaded.resources) if m != parse_target(target).mesh]
        if len(found) != 1:
            message = (
                f"the mesh of the input is not clear (found {', '.join(found) or 'none'}): "
                "name it with --from."
            )
            raise TargetError(message)
        source = found[0]
    try:
        options = Options(source=_version(source), target=parse_target(target), **settings)  # type: ignore[arg-type]
    except TypeError as error:
        message = f"unknown setting: {error}"
        raise TargetError(message) from error
    for name in ("node_networks", "cluster_networks"):
        _must_be_networks(name, getattr(options, name))
    _must_have_profile(options)
    _must_take_envoy(options)
    _must_choose_pods(options)
    return options


_NOT_ITSELF = ("cilium", "linkerd")
"""Meshes that are not written anew from themselves: of what they say some has no other words than their own."""


def must_be_another(options: Options) -> None:
    """That there is something to translate.

    Raises:
        TargetError: the target is the source, whose manifests stay as they are.
    """
    source, target = options.source, options.target
    if source.mesh != target.mesh or source.mesh not in _NOT_ITSELF:
        return
    message = (
        f"{source.mesh} to {target.mesh}: the manifests stay as they are, so nothing is to be translated. Compare what two versions "
        f"make of them: meshmigrate verify PATH PATH --from {source.mesh}@{source.version} --to {target.mesh}@{target.version}"
    )
    raise TargetError(message)


_SERVES_BY_LABELS = "istio"
"""The target whose own gateways are pods with labels."""


def _must_choose_pods(options: Options) -> None:
    chosen = selectors_of(options)
    if not chosen or options.target.mesh == _SERVES_BY_LABELS:
        if chosen and options.gateway_class is not None:
            message = "--gateway-selector and --gateway-class: give one of them; the one is for gateways of the target's own kind, the other for those of Gateway API."
            raise TargetError(message)
        return
    message = f"--gateway-selector is for the target {_SERVES_BY_LABELS}: gateways of {options.target.mesh} have a class (--gateway-class)."
    raise TargetError(message)


_AMBIENT_SINCE = {"istio": "1.24"}
"""Targets that have an ambient form, and since when it is stable (Istio: release notes of 1.24)."""


def _must_have_profile(options: Options) -> None:
    if options.profile not in PROFILES:
        message = f'--profile: expected one of {", ".join(PROFILES)}, found "{options.profile}".'
        raise TargetError(message)
    if options.profile == PROFILES[0]:
        return
    since = _AMBIENT_SINCE.get(options.target.mesh)
    if since is None:
        known = ", ".join(_AMBIENT_SINCE)
        message = f"--profile {options.profile} is for the target {known}: {options.target.mesh} has one form only."
        raise TargetError(message)
    if not options.target.at_least(since):
        message = f"--profile {options.profile}: it is stable since {options.target.mesh} {since}, found {options.target.version}."
        raise TargetError(message)


_TAKES_ENVOY = ("cilium",)
"""Targets that take configurations of their proxies as they are."""


def _must_take_envoy(options: Options) -> None:
    if options.allow_envoy_config and options.target.mesh not in _TAKES_ENVOY:
        known = ", ".join(_TAKES_ENVOY)
        message = f"--allow-envoy-config is for the target {known}: {options.target.mesh} takes no configuration of Envoy."
        raise TargetError(message)


def _must_be_networks(name: str, blocks: Sequence[str]) -> None:
    for block in blocks:
        try:
            ip_network(block)
        except ValueError as error:
            message = (
                f"--{name.replace('_', '-')}: expected networks such as 10.0.0.0/8, found {error}."
            )
            raise TargetError(message) from error


def _version(source: str) -> Target:
    return parse_target(source)


def translate_loaded(loaded: Loaded, options: Options) -> Result:
    """Translates documents that are read already."""
    made = _made(loaded, options)
    books, options, written = made.books, made.options, made.written
    ledger, findings = made.ledger, made.findings
    proven = Proven(SWITCHED_OFF)
    if options.verify:
        done = Translated(loaded, written, books.imported, books.model, books.losses, ledger)
        proven = prove(done, options)
        gone = [w.resource for w in written if is_withheld(w.resource, w.value, proven.wider)]
        kept_back = ((told_of(gone), None),) if gone else ()
        told = (*((one.loss, one.witness) for one in proven.told), *kept_back)
        findings = with_proof(findings, told, books)
        ledger = without(ledger, frozenset(gone))
        written = tuple(one for one in written if one.resource not in gone)
    report = _report(replace(made, ledger=ledger, findings=findings, written=written))
    shown = partial(exhibits_of, loaded, written, books.model, options)
    assumed = tuple(dict.fromkeys((*report.assumptions, *proven.assumed)))
    report = replace(report, verification=proven.verification, exhibits=shown, assumptions=assumed)
    return Result(
        documents=written,
        report=report,
        model=replace(books.model, facts=(*books.model.facts, *books.imported.standing)),
        legal=made.legal,
        positions=positions_of(books),
        options=options,
    )


@dataclass(frozen=True, slots=True)
class _Made:
    """A translation that is not proved yet. ``books``: without what stands where, which the ledger tells."""

    options: Options
    books: Books
    legal: Model
    assumptions: Sequence[Assumption]
    written: tuple[Written, ...]
    ledger: tuple[LedgerRow, ...]
    findings: tuple[Finding, ...]


def _made(loaded: Loaded, options: Options) -> _Made:
    """Reads, exports and writes; the trees with their trails live no longer than this, the proof needs the room."""
    imported = with_setup(load_importer(options.source.mesh)(loaded.resources, options), options)
    options = imported.options or options
    options = replace(options, beside=beside(loaded.resources, imported.claimed, options))
    model = close(imported.model)
    export = load_exporter(options.target.mesh)(model, options)
    manifests = with_labels(export.emission.manifests, model.objects, loaded)
    documents = [render(manifest) for manifest in manifests]
    rules = rewrite_rules(loaded.resources, model.inventory, options)
    changes = (*export.emission.edits, *imported.edits, *rules.edits)
    edited = edited_documents(changes, loaded, options)
    losses = (
        *imported.losses,
        *ill_named(loaded.resources, imported.claimed),
        *export.losses,
        *edited.losses,
        *rules.losses,
        *scraping(loaded.resources, options),
        *still_there(imported.shared, manifests, options),
        *joining(loaded.resources, model, export.legal, options),
        *map(_invented, untraced(documents)),
    )
    placed = [p for document in documents for p in document.placed]
    placed.extend(edited.placed)
    fates = settle(model, export.legal, placed, losses)
    spoken = {**imported.spoken, **rules.fates}
    books = Books(loaded, imported, model, fates, losses, tuple(placed), spoken)
    ledger, findings = rows(books, options)
    return _Made(
        options=options,
        books=replace(books, placed=()),
        legal=export.legal,
        assumptions=export.assumptions,
        written=(*(_written(d) for d in documents), *(_edited(e) for e in edited.documents)),
        ledger=ledger,
        findings=findings,
    )


def _invented(at: Placement) -> Loss:
    return Loss(
        code=INVENTION,
        impact=Impact.INVALID,
        support=Support.NOT_YET,
        message=f"{at.resource} {at.path} comes from nothing of the input: a fault of this tool.",
        advice="Please report it; until then take the value out, or decide by hand that it is right.",
    )


def _written(document: Document) -> Written:
    manifest = document.manifest
    value: dict[str, object] = dict(document.value)
    return Written(manifest.key, manifest.api_version, value, dump(value))


def _edited(document: Edited) -> Written:
    return Written(
        resource=document.resource,
        api_version=document.api_version,
        value=document.value,
        text=document.text,
        edited=True,
        source_file=document.file,
    )


def _report(made: _Made) -> Report:
    books, options, findings = made.books, made.options, made.findings
    stated = (*books.imported.model.assumptions, *made.assumptions)
    severities = [finding.severity for finding in findings]
    return Report(
        schema_version=1,
        tool=Tool("meshmigrate", VERSION),
        source=_shown(options.source),
        target=_shown(options.target),
        summary=Summary(
            files=books.loaded.files,
            documents=len(books.loaded.documents),
            resources=len(books.loaded.resources),
            leaves=len(made.ledger),
            fates=count(row.fate for row in made.ledger),
            findings={s.value: severities.count(s) for s in Severity},
        ),
        ledger=made.ledger,
        findings=findings,
        outputs=tuple(
            Output(w.resource, w.api_version, file_name(w.resource), w.edited) for w in made.written
        ),
        verification=Verification(),
        assumptions=tuple(dict.fromkeys(a.text for a in stated)),
    )


def _shown(target: Target) -> Version:
    return Version(target.mesh, target.version, target.channel)


__all__ = ["InputError", "Loss", "Placed", "Result", "Written", "read", "translate"]
