"""From trees with trails to documents: plain values, YAML text, and the record of what stands where.

Every leaf of an output must name what it says; a bare constant is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import yaml
from yaml.representer import SafeRepresenter
from yaml.resolver import Resolver

from ir.provenance import Traced
from translator.api import Manifest, Said, Tree
from translator.errors import AccountingError
from translator.report.account import Placed
from translator.report.model import Placement
from translator.source.leaves import Scalar
from translator.source.scalars import plain_value

Plain = dict[str, "Plain"] | list["Plain"] | Scalar
"""A value ready to dump."""

_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")
_Dumper: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_WORDING = SafeRepresenter()
_READING = Resolver()


@dataclass(frozen=True, slots=True)
class Document:
    """A new document and the record of its leaves."""

    manifest: Manifest
    value: dict[str, Plain]
    placed: tuple[Placed, ...]


def render(manifest: Manifest) -> Document:
    """The plain value of a manifest; its kind and name are said by its purpose."""
    key = manifest.key
    purpose = manifest.purpose
    if not purpose:
        message = f"{key} says nothing of the input"
        raise AccountingError(message)
    metadata: dict[str, Tree] = {"name": Said(manifest.name, purpose)}
    if manifest.namespace is not None:
        metadata["namespace"] = Said(manifest.namespace, purpose)
    given = manifest.tree.get("metadata")
    if isinstance(given, dict):
        metadata.update(given)
    tree: dict[str, Tree] = {
        "apiVersion": Said(manifest.api_version, purpose),
        "kind": Said(manifest.kind, purpose),
        "metadata": metadata,
        **{field: value for field, value in manifest.tree.items() if field != "metadata"},
    }
    placed: list[Placed] = []
    value = _plain(tree, key, "", placed)
    if not isinstance(value, dict):
        raise TypeError(key)
    return Document(manifest, value, tuple(placed))


def _plain(tree: Tree, resource: str, path: str, placed: list[Placed]) -> Plain:
    if isinstance(tree, dict):
        return {
            key: _plain(value, resource, join(path, key), placed) for key, value in tree.items()
        }
    if isinstance(tree, list):
        return [
            _plain(value, resource, f"{path}[{index}]", placed) for index, value in enumerate(tree)
        ]
    at = Placement(resource, path)
    if isinstance(tree, Said):
        placed.append(Placed(tree.by, at))
        return {} if isinstance(tree.value, dict) else tree.value
    if isinstance(tree, Traced):
        placed.append(Placed((tree,), at))
        return tree.value
    message = f"{resource} {path}: {tree!r} comes from nowhere"
    raise AccountingError(message)


def join(path: str, key: str) -> str:
    """The path of a field below ``path``."""
    if not _KEY.match(key):
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def dump(value: Mapping[str, object]) -> str:
    """A document as YAML, without the leading ``---``."""
    events = (
        yaml.StreamStartEvent(),
        yaml.DocumentStartEvent(explicit=False),
        *_events(value),
        yaml.DocumentEndEvent(explicit=False),
        yaml.StreamEndEvent(),
    )
    text: str = yaml.emit(events, Dumper=_Dumper, allow_unicode=True, width=4096)
    return text


def _events(value: object) -> Iterator[yaml.Event]:
    """What is told to the emitter: nodes, which the library would make first, take three times as long."""
    if isinstance(value, Mapping):
        yield yaml.MappingStartEvent(None, None, implicit=True, flow_style=False)
        for key, inner in value.items():
            yield _scalar(key)
            yield from _events(inner)
        yield yaml.MappingEndEvent()
    elif isinstance(value, list | tuple):
        yield yaml.SequenceStartEvent(None, None, implicit=True, flow_style=False)
        for inner in value:
            yield from _events(inner)
        yield yaml.SequenceEndEvent()
    else:
        yield _scalar(value)


@lru_cache(maxsize=65536, typed=True)
def _scalar(value: Scalar) -> yaml.ScalarEvent:
    """Quotes whatever some reader takes for something else than text: ``y`` and ``off`` are truth values of YAML 1.1."""
    node = _WORDING.represent_data(value)
    read: str = _READING.resolve(yaml.ScalarNode, node.value, (True, False))  # type: ignore[no-untyped-call]
    style = "'" if isinstance(value, str) and not isinstance(plain_value(value), str) else None
    implicit = read == node.tag, isinstance(value, str)
    return yaml.ScalarEvent(None, node.tag, implicit, node.value, style=style)


def untraced(documents: Iterable[Document]) -> Iterator[Placement]:
    """Output leaves that no input leaf, default or assumption stands behind: inventions."""
    known: dict[int, bool] = {}
    for document in documents:
        for placed in document.placed:
            if not any(_backed(value, known) for value in placed.values):
                yield placed.at


def _backed(value: Traced[object], known: dict[int, bool]) -> bool:
    found = known.get(id(value))
    if found is None:
        stated = bool(value.origin or value.because or value.stated_by)
        found = stated or any(_backed(parent, known) for parent in value.parents)
        known[id(value)] = found
    return found
