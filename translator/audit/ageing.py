"""What a mesh gives up: kinds, versions, fields and marks that its own documentation calls deprecated or removed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from translator.audit.ageing_facts import FACTS, Fact
from translator.report.audit import Ageing
from translator.report.model import Source
from translator.source.leaves import Resource, below
from translator.target import VERSIONS, Target

_INDEX = re.compile(r"\[\d+\]")


def ageing(resources: Sequence[Resource], source: Target) -> tuple[Ageing, ...]:
    """What of the input is deprecated, what goes first before the rest, each with all its places."""
    found: dict[Fact, list[Source]] = {}
    for resource in resources:
        for fact in _about(resource):
            places = list(_places(fact, resource))
            if places:
                found.setdefault(fact, []).extend(places)
    told = [
        Ageing(
            what=fact.what,
            since=fact.since,
            gone=fact.gone,
            status=status(fact, source),
            instead=fact.instead,
            doc=fact.doc,
            places=tuple(places),
        )
        for fact, places in found.items()
    ]
    order = ("gone already", "goes next", "deprecated")
    return tuple(sorted(told, key=lambda one: (order.index(one.status), one.what)))


def status(fact: Fact, source: Target) -> str:
    """Where the source stands with it: ``gone already``, ``goes next`` or ``deprecated``."""
    if not fact.gone or fact.mesh != source.mesh:
        return "deprecated"
    if source.at_least(fact.gone):
        return "gone already"
    return "goes next" if fact.gone == next_version(source) else "deprecated"


def next_version(source: Target) -> str:
    """The version after that of the source; where it is the newest that is known, one minor version more."""
    known = VERSIONS[source.mesh]
    place = known.index(source.version) if source.version in known else len(known) - 1
    if place + 1 < len(known):
        return known[place + 1]
    major, _, minor = known[-1].rpartition(".")
    return f"{major}.{int(minor) + 1}"


def _about(resource: Resource) -> Iterator[Fact]:
    """The facts that may concern an object, by its kind and group."""
    group, _, version = resource.api_version.rpartition("/")
    for fact in FACTS:
        if fact.group and fact.group != group:
            continue
        if fact.kinds and resource.kind not in fact.kinds:
            continue
        if not fact.versions or version in fact.versions:
            yield fact


def _places(fact: Fact, resource: Resource) -> Iterator[Source]:
    document = resource.document
    name = f"{resource.kind}/{resource.namespace or ''}/{resource.name}"
    if not fact.paths:
        node = resource.node
        yield Source(document.file, node.line, node.column, name, resource.path)
        return
    patterns = [_pattern(path) for path in fact.paths]
    paths = document.paths()
    for leaf in sorted(below(resource.node)):
        own = paths[leaf].removeprefix(f"{resource.path}." if resource.path else "")
        bare = _INDEX.sub("[]", own)
        node = document.leaves[leaf]
        said = fact.value in {"", str(node.value)}
        if said and any(pattern.fullmatch(bare) for pattern in patterns):
            yield Source(document.file, node.line, node.column, name, paths[leaf])


@cache
def _pattern(path: str) -> re.Pattern[str]:
    """``**`` stands for any steps; what is named holds for all that is below it."""
    parts = [re.escape(part) for part in path.split("**")]
    return re.compile(f"{'.*'.join(parts)}(?:[.\\[].*)?", re.DOTALL)
