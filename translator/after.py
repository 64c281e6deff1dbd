"""What is in force after a translation: the input without what only the source reads, plus the outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from translator.api import Options
from translator.registry import load_importer
from translator.resources.kubernetes.kinds import CLUSTER_WIDE
from translator.source.leaves import Resource
from translator.source.load import Loaded, with_text
from translator.staying import with_setup


class Document(Protocol):
    """An output, as far as it matters here."""

    @property
    def resource(self) -> str:
        """``Kind/namespace/name``."""

    @property
    def text(self) -> str:
        """YAML without ``---``."""

    @property
    def edited(self) -> bool:
        """Whether it takes the place of a document of the input."""


class Outputs(Protocol):
    """A translation, as far as it matters here."""

    @property
    def documents(self) -> Sequence[Document]:
        """What was written."""


def as_source(options: Options) -> Options:
    """The options by which what is in force is read: the target has become the source."""
    return replace(options, source=options.target)


def in_force(loaded: Loaded, result: Outputs, options: Options) -> Loaded:
    """The documents of a cluster where the translation was applied and the source mesh is gone."""
    imported = with_setup(load_importer(options.source.mesh)(loaded.resources, options), options)
    return standing(loaded, result.documents, imported.claimed, options)


def standing(
    loaded: Loaded, written: Sequence[Document], claimed: Sequence[Resource], options: Options
) -> Loaded:
    """The same for outputs and resources of the source mesh that are known already."""
    gone = {id(resource.node) for resource in claimed}
    edited = {document.resource for document in written if document.edited}
    gone.update(id(r.node) for r in loaded.resources if _key(r, options) in edited)
    text = "\n---\n".join(document.text for document in written)
    whole = with_text(loaded, text, "after") if written else loaded
    resources = tuple(resource for resource in whole.resources if id(resource.node) not in gone)
    left = {resource.document.number for resource in resources}
    return replace(
        whole,
        resources=resources,
        documents=tuple(one for one in whole.documents if one.number in left),
    )


def _key(resource: Resource, options: Options) -> str:
    space = "" if resource.kind in CLUSTER_WIDE else resource.namespace or options.namespace
    return f"{resource.kind}/{space}/{resource.name}"
