"""What is in force after a translation: the input without what only the source reads, plus the outputs."""

from __future__ import annotations

from dataclasses import replace

from translator.api import Options
from translator.exporters.emit import dump
from translator.pipeline import Result
from translator.registry import load_importer
from translator.source.leaves import Resource, plain
from translator.source.load import Loaded, load_text


def as_source(options: Options) -> Options:
    """The options by which what is in force is read: the target has become the source."""
    return replace(options, source=options.target)


def in_force(loaded: Loaded, result: Result, options: Options) -> Loaded:
    """The documents of a cluster where the translation was applied and the source mesh is gone."""
    claimed = {
        id(r.node) for r in load_importer(options.source.mesh)(loaded.resources, options).claimed
    }
    edited = {document.resource for document in result.documents if document.edited}
    texts = [
        _text(resource)
        for resource in loaded.resources
        if id(resource.node) not in claimed and _key(resource, options) not in edited
    ]
    texts.extend(document.text for document in result.documents)
    return load_text("\n---\n".join(texts), "after")


def _key(resource: Resource, options: Options) -> str:
    space = "" if resource.kind == "Namespace" else resource.namespace or options.namespace
    return f"{resource.kind}/{space}/{resource.name}"


def _text(resource: Resource) -> str:
    value = plain(resource.node)
    if not isinstance(value, dict):
        raise TypeError(resource)
    return dump(value)
