"""Changing one document of the input: comments, layout and order stay."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from yaml import YAMLError

from translator.errors import AccountingError, InputError
from translator.source.compose import Composer
from translator.source.leaves import Key, Node, Scalar, plain
from translator.source.scalars import key_text, plain_value
from translator.source.splice import put_text, remove_text, scalar_text


@dataclass(frozen=True, slots=True)
class Put:
    """Sets the value at a path; mappings on the way are made."""

    path: tuple[Key, ...]
    value: Scalar


@dataclass(frozen=True, slots=True)
class Remove:
    """Takes the value at a path away, if it is there.

    ``prune_empty`` also takes away what holds it, as long as that becomes empty by it.
    """

    path: tuple[Key, ...]
    prune_empty: bool = False


Change = Put | Remove


def edited_tree(root: Node, changes: Sequence[Change]) -> dict[str, object]:
    """The plain value of a document after the changes.

    All paths speak of the document as it is before, whatever is removed.

    Raises:
        AccountingError: a path that leads through a scalar or past the end of a list.
    """
    tree = plain(root)
    if not isinstance(tree, dict):
        message = "only a mapping can be changed"
        raise AccountingError(message)
    for change in _in_order(changes):
        _apply(tree, change, _as_is)
    return tree


def edit(text: str, changes: Sequence[Change]) -> str:
    """The text of one document after the changes, with its comments and layout.

    What the changes do not touch stays as it is, byte for byte, save where a change would reach
    through an alias or a merge: then the aliases are written out. Raises as :func:`edited_tree`.
    """
    wanted = edited_tree(_root(text), changes)
    for way in (_spliced, _round_trip):
        found = way(text, changes)
        if found is not None and _means(found, wanted):
            return found
    return json.dumps(wanted, indent=2) + "\n"


def _root(text: str) -> Node:
    composer = Composer(text, "", 0)
    documents = list(composer.documents())
    if composer.errors:
        raise composer.errors[0]
    return documents[0].root if len(documents) == 1 else Node(None, 1, 1)


def _means(text: str, wanted: dict[str, object]) -> bool:
    """Whether the text is this value; as JSON, since ``True`` and ``1`` are equal in Python."""
    try:
        found = json.dumps(plain(_root(text)), sort_keys=True)
    except InputError:
        return False
    return found == json.dumps(wanted, sort_keys=True)


def _in_order(changes: Sequence[Change]) -> list[Change]:
    """Puts as they stand, then removals, those of later list items first."""
    removals = [change for change in changes if isinstance(change, Remove)]
    removals.sort(key=lambda r: [(isinstance(k, str), k) for k in r.path], reverse=True)
    return [*(change for change in changes if isinstance(change, Put)), *removals]


Spelling = Callable[[Any, Key], Any]
"""The key of a mapping as the tree at hand spells it."""


def _as_is(_: Any, key: Key) -> Key:
    return key


def _as_written(here: Any, key: Key) -> Any:
    """The key of a tree whose plain scalars are not resolved."""
    if isinstance(key, str) and key not in here:
        return next((k for k in here if type(k) is str and _means_key(k, key)), key)
    return key


def _means_key(written: str, key: str) -> bool:
    return key_text(plain_value(written)) == key


def _apply(tree: Any, change: Change, spelt: Spelling) -> None:
    *way, last = change.path
    here = tree
    for key in way:
        inner = _at(here, key, spelt)
        if not isinstance(inner, (dict, list)):
            if isinstance(change, Remove):
                return
            if not _is_null(inner):
                raise _no_way(change)
            inner = {}
            _set(here, key, inner, spelt, change)
        here = inner
    if isinstance(change, Put):
        _set(here, last, change.value, spelt, change)
    elif _at(here, last, spelt) is not _ABSENT:
        del here[spelt(here, last)]
        if change.prune_empty and not here and way:
            _apply(tree, Remove(tuple(way), prune_empty=True), spelt)


_ABSENT = object()


def _at(here: Any, key: Key, spelt: Spelling) -> Any:
    if isinstance(here, list) and isinstance(key, int):
        return here[key] if 0 <= key < len(here) else _ABSENT
    if isinstance(here, dict) and isinstance(key, str):
        return here.get(spelt(here, key), _ABSENT)
    return _ABSENT


def _set(here: Any, key: Key, value: object, spelt: Spelling, change: Change) -> None:
    if isinstance(here, list) is not isinstance(key, int):
        raise _no_way(change)
    if isinstance(key, int) and not 0 <= key < len(here):
        raise _no_way(change)
    here[spelt(here, key)] = value


def _is_null(value: object) -> bool:
    return value is _ABSENT or value is None or (type(value) is str and plain_value(value) is None)


def _no_way(change: Change) -> AccountingError:
    return AccountingError(f"there is nothing that {change} could change")


def _spliced(text: str, changes: Sequence[Change]) -> str | None:
    """The text after local changes; ``None`` where one of them has no plain place in it."""
    found: str | None = text
    for change in _in_order(changes):
        if found is None:
            return None
        try:
            if isinstance(change, Put):
                found = put_text(found, change.path, change.value)
            else:
                found = remove_text(found, change.path, prune_empty=change.prune_empty)
        except YAMLError:  # the change before broke an anchor
            return None
    return found


def _round_trip(text: str, changes: Sequence[Change]) -> str | None:
    """The text loaded and dumped with its comments, every alias written out.

    No plain scalar is resolved on the way: each is dumped as it was written.
    """
    from ruamel.yaml import YAML  # noqa: PLC0415  # slow to import, and seldom needed
    from ruamel.yaml.error import YAMLError as RuamelError  # noqa: PLC0415

    yaml: Any = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 1 << 20
    yaml.Resolver = _no_resolver()
    yaml.indent(*_layout(text))
    out = io.StringIO()
    try:
        tree = _unshared(yaml.load(text), set())
        for change in _in_order(changes):
            _apply(tree, _unresolved(change), _as_written)
        yaml.dump(tree, out)
    except RuamelError:
        return None
    written = out.getvalue()
    return written.replace("\n", "\r\n") if "\r\n" in text else written


def _no_resolver() -> type[Any]:
    from ruamel.yaml.resolver import VersionedResolver  # noqa: PLC0415

    class Unresolved(VersionedResolver):
        """Takes every scalar for a string."""

        def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
            if isinstance(value, str):
                return self.DEFAULT_SCALAR_TAG  # that of a string, in the form of this version
            return super().resolve(kind, value, implicit)

    return Unresolved


def _unresolved(change: Change) -> Change:
    """The same change with its value as text, quoted where it would mean something else."""
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString  # noqa: PLC0415

    if isinstance(change, Remove):
        return change
    text = scalar_text(change.value)
    if isinstance(change.value, str) and text != change.value:
        text = DoubleQuotedScalarString(change.value)
    return Put(change.path, text)


def _unshared(node: Any, seen: set[int]) -> Any:
    """A tree in which each alias is a copy of its own."""
    if not isinstance(node, (dict, list)):
        return node
    if id(node) in seen:
        node = copy.deepcopy(node)
        node.yaml_set_anchor(None)
    seen.add(id(node))
    for key in list(node) if isinstance(node, dict) else range(len(node)):
        node[key] = _unshared(node[key], seen)
    return node


def _layout(text: str) -> tuple[int, int, int]:
    """Indentation of mappings, of lists, and of the dash in these."""
    above = 0
    for line in text.splitlines():
        bare = line.lstrip(" ")
        indent = len(line) - len(bare)
        if bare.startswith("- "):
            return 2, indent - above + 2, indent - above if indent > above else 0
        if bare and not bare.startswith("#"):
            above = indent
    return 2, 2, 0
