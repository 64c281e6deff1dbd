"""From trees with trails to documents: plain values, YAML text, and the record of what stands where.

Every leaf of an output must name what it says; a bare constant is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import yaml

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
_Plain: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_Plain):  # type: ignore[misc, valid-type]  # the C one where it is there
    """Quotes whatever some reader takes for something else than text: ``y`` and ``off`` are truth values of YAML 1.1."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = None if isinstance(plain_value(text), str) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


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
    text: str = yaml.dump(
        dict(value), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=4096
    )
    return text


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
