"""Changing one document of the input: comments, layout and order stay."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from translator.source.leaves import Key, Node, plain


@dataclass(frozen=True, slots=True)
class Put:
    """Sets the value at a path; mappings on the way are made."""

    path: tuple[Key, ...]
    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Remove:
    """Takes the value at a path away, and a collection that becomes empty by it."""

    path: tuple[Key, ...]


Change = Put | Remove


def edited_tree(root: Node, changes: Sequence[Change]) -> dict[str, object]:
    """The plain value of a document after the changes."""
    value = plain(root)
    if not isinstance(value, dict):
        raise TypeError(value)
    for change in changes:
        _apply(value, change)
    return value


def edit(text: str, changes: Sequence[Change]) -> str:
    """The text of a document after the changes, with its comments and layout."""
    if text.lstrip().startswith("{"):
        return _edit_json(text, changes)
    from ruamel.yaml import YAML  # noqa: PLC0415  # slow to import, needed for few documents

    rt: Any = YAML(typ="rt")
    rt.preserve_quotes = True
    rt.width = 4096
    mapping, sequence, offset = _layout(text)
    rt.indent(mapping=mapping, sequence=sequence, offset=offset)
    value = rt.load(text)
    for change in changes:
        _apply(value, change)
    out = io.StringIO()
    rt.dump(value, out)
    written = out.getvalue()
    return written.replace("\n", "\r\n") if "\r\n" in text else written


def _edit_json(text: str, changes: Sequence[Change]) -> str:
    value = json.loads(text)
    for change in changes:
        _apply(value, change)
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _apply(value: Any, change: Change) -> None:
    *way, last = change.path
    here = value
    for key in way:
        inner = here[key] if isinstance(key, int) else here.get(key)
        if inner is None:
            if isinstance(change, Remove):
                return
            inner = {}
            here[key] = inner
        here = inner
    if isinstance(change, Put):
        here[last] = change.value
    elif isinstance(last, int) or last in here:
        del here[last]
        if not here and way:
            _apply(value, Remove(tuple(way)))


def _layout(text: str) -> tuple[int, int, int]:
    """Indentation of mappings and of lists: (mapping, sequence, offset of the dash)."""
    mapping, above = 2, 0
    for line in text.splitlines():
        bare = line.lstrip(" ")
        if not bare or bare.startswith("#"):
            continue
        indent = len(line) - len(bare)
        if bare.startswith("- ") and indent >= above:
            offset = indent - above
            return mapping, offset + 2, offset
        if indent > above and above == 0:
            mapping = indent
        above = indent
    return mapping, 2, 0
