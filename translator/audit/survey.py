"""An audit: estates read once, and translated to each target in memory; nothing is written."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, TextIO

from ir.model import Model
from translator.audit.ageing import ageing
from translator.audit.assess import home_of, outlook
from translator.audit.generators import generated
from translator.errors import TargetError
from translator.exhibits import features
from translator.pipeline import VERSION, options_of, translate_loaded
from translator.registry import SOURCES, TARGETS, load_importer, spoken_to
from translator.report.audit import Audit, Estate, Feature, Outlook, Space
from translator.report.model import Report, Tool, Version
from translator.report.words import kind_title
from translator.resources.kubernetes.read import WORKLOAD_KINDS
from translator.source.estates import by_estate
from translator.source.leaves import Resource
from translator.source.load import Loaded, load
from translator.target import Target, parse_target

Paths = Sequence[str | os.PathLike[str]]


def audit(
    paths: Paths,
    *,
    targets: Sequence[str] = (),
    source: str = "auto",
    stdin: TextIO | BinaryIO | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    **settings: object,
) -> Audit:
    """What is in the manifests at ``paths``, and what each target would make of it.

    A path that is given as ``NAME=PATH`` belongs to the estate of that name. ``targets``: all that can be written where
    none is named. ``settings`` are the fields of :class:`~translator.api.Options`.

    Raises:
        ExceptionGroup: of ``InputError``, all errors of the run.
        TargetError: an unknown mesh, version or setting.
    """
    loaded = {
        name: load(own, stdin=stdin, include=include, exclude=exclude)
        for name, own in by_estate(paths).items()
    }
    wanted = Wanted(tuple(targets), source, dict(settings))
    return audit_loaded(loaded, wanted)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked: ``targets`` as the user named them, none for all; ``judge`` marks what is accepted."""

    targets: tuple[str, ...]
    source: str
    settings: Mapping[str, object]
    judge: Callable[[Report], Report] = lambda report: report


def audit_loaded(estates: Mapping[str, Loaded], wanted: Wanted) -> Audit:
    """The audit of estates that are read already; raises as :func:`audit`."""
    told = [
        _estate(name, loaded, source, wanted)
        for name, loaded in estates.items()
        for source in sources_of(loaded, wanted.source)
    ]
    return Audit(1, Tool("meshmigrate", VERSION), tuple(told))


def sources_of(loaded: Loaded, asked: str) -> tuple[str, ...]:
    """The meshes that an estate is audited as: the one that is named, else all that can be read and are there.

    Raises:
        TargetError: nothing in it belongs to a mesh that can be read.
    """
    if asked != "auto":
        return (asked,)
    found = spoken_to(loaded.resources)
    readable = tuple(mesh for mesh in found if mesh in SOURCES)
    if not readable:
        message = (
            f"no mesh that can be read is in the input (found {', '.join(found) or 'none'}): "
            "name it with --from."
        )
        raise TargetError(message)
    return readable


def _targets(asked: Sequence[str], source: Target) -> tuple[Target, ...]:
    """The targets of a source: those that are named, else all; never the source itself.

    Raises:
        TargetError: one that cannot be written, or none is left.
    """
    chosen = [parse_target(one) for one in asked or TARGETS]
    for one in chosen:
        if one.mesh not in TARGETS:
            message = f'"{one.mesh}" cannot be written yet: expected one of {", ".join(TARGETS)}.'
            raise TargetError(message)
    return tuple({str(one): one for one in chosen if one.mesh != source.mesh}.values())


def _estate(name: str, loaded: Loaded, source: str, wanted: Wanted) -> Estate:
    mesh = parse_target(source)
    targets = _targets(wanted.targets, mesh)
    reading = options_of(loaded, source, str(targets[0] if targets else mesh), wanted.settings)
    spaces = _spaces(loaded, reading.namespace)
    home = home_of(loaded.resources, reading.namespace)
    names = [one.name for one in spaces]
    outlooks: list[Outlook] = []
    for target in targets:
        result = translate_loaded(loaded, replace(reading, target=target))
        outlooks.append(outlook(wanted.judge(result.report), names, home))
    imported = load_importer(mesh.mesh)(loaded.resources, reading)
    leaves = sum(len(document.leaves) for document in loaded.documents)
    return Estate(
        name=name,
        source=Version(mesh.mesh, mesh.version, mesh.channel),
        files=loaded.files,
        documents=len(loaded.documents),
        resources=len(loaded.resources),
        leaves=leaves,
        spaces=spaces,
        outlooks=tuple(outlooks),
        features=_features(imported.model, targets),
        generated=generated(loaded.resources, {id(one.node) for one in imported.claimed}),
        ageing=ageing(loaded.resources, mesh),
        beside=tuple(one for one in spoken_to(loaded.resources) if one != mesh.mesh),
    )


def _features(model: Model, targets: Sequence[Target]) -> tuple[Feature, ...]:
    """What the model says, by kind of fact: its parts by the grade that each target gives them."""
    found: dict[str, list[Counter[str]]] = {}
    for one in features(model, targets):
        tallies = found.setdefault(one.fact, [Counter() for _ in targets])
        for tally, grade in zip(tallies, one.grades, strict=True):
            tally[grade] += one.uses
    uses = Counter(type(fact).__name__ for fact in model.facts)
    return tuple(
        Feature(kind_title(fact), uses[fact], tuple(map(_graded, tallies)))
        for fact, tallies in found.items()
    )


def _graded(tally: Counter[str]) -> dict[str, int]:
    return {
        grade: tally[grade] for grade in ("NEVER", "NOT_YET", "PARTIAL", "FULL") if tally[grade]
    }


def _spaces(loaded: Loaded, default: str) -> tuple[Space, ...]:
    """What is in each namespace, by name."""
    home = home_of(loaded.resources, default)
    kinds: dict[str, Counter[str]] = {}
    for one in loaded.resources:
        space = home(_key(one))
        if space:
            kinds.setdefault(space, Counter())[one.kind] += one.kind != "Namespace"
    return tuple(
        Space(
            name=name,
            kinds={kind: number for kind, number in sorted(kinds[name].items()) if number},
            workloads=sum(kinds[name][kind] for kind in WORKLOAD_KINDS),
            services=kinds[name]["Service"],
        )
        for name in sorted(kinds)
    )


def _key(resource: Resource) -> str:
    return f"{resource.kind}/{resource.namespace or ''}/{resource.name}"
