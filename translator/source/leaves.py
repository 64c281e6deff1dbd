"""YAML values with their places, leaf by leaf.

A **leaf** is a scalar, a ``null``, or an empty collection. Over a whole run a leaf is one ``int``: the number of its
document and its index there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

Scalar = str | int | float | bool | None
"""What a YAML scalar means to the API server."""

Key = str | int
"""A step of a path: a mapping's key or a list's index."""

Value: TypeAlias = "Scalar | dict[str, Node] | list[Node]"
"""What a node holds."""

_SHIFT = 24
_MASK = (1 << _SHIFT) - 1
MOST_LEAVES = _MASK
"""Leaves that one document can have."""

_PLAIN = re.compile(r"[A-Za-z0-9_-]+\Z")


def leaf_ref(document: int, leaf: int) -> int:
    """The leaf with this index in the document with this number, as one ``int``."""
    return document << _SHIFT | leaf


def document_of(ref: int) -> int:
    """The number of the document that a leaf stands in."""
    return ref >> _SHIFT


def leaf_of(ref: int) -> int:
    """The index of a leaf in its document."""
    return ref & _MASK


@dataclass(slots=True, eq=False)
class Node:
    """One YAML value as the API server reads it.

    ``line`` and ``column`` count from 1 and are those of the key for a mapping's value, of the item for a list's, of the
    document for its root. ``leaf`` is the index among the leaves of the document, -1 for a collection with content.
    ``keys`` holds the text of a mapping's keys as written where it differs from what they mean.
    Values from an alias or a merge stand where the anchor has them.
    """

    value: Value
    line: int
    column: int
    leaf: int = -1
    keys: dict[str, str] | None = None


@dataclass(slots=True, eq=False)
class Document:
    """One YAML document that is not empty.

    ``index`` counts the documents of its file from 0, empty ones included; ``number`` those of the run. ``text`` is the
    document as written with its comments, without the markers around it; ``first_line`` is where it begins in its file.
    """

    file: str
    index: int
    number: int
    root: Node
    leaves: list[Node]
    text: str = ""
    first_line: int = 1
    _paths: list[tuple[Key, ...]] = field(default_factory=list)
    _spelt: list[str] = field(default_factory=list)

    def ref(self, leaf: int) -> int:
        """The leaf with this index, as one ``int`` over the run."""
        return leaf_ref(self.number, leaf)

    def keys_of(self, leaf: int) -> tuple[Key, ...]:
        """The keys and indexes from the root to a leaf."""
        if not self._paths:
            self._walk()
        return self._paths[leaf]

    def paths(self) -> list[str]:
        """The path of each leaf: ``spec.http[0].match[1]``, unusual keys quoted in brackets."""
        if not self._spelt:
            self._walk()
        return self._spelt

    def _walk(self) -> None:
        count = len(self.leaves)
        self._paths = [()] * count
        self._spelt = [""] * count
        stack: list[tuple[Node, tuple[Key, ...], str]] = [(self.root, (), "")]
        while stack:
            node, keys, text = stack.pop()
            if node.leaf >= 0:
                self._paths[node.leaf] = keys
                self._spelt[node.leaf] = text
            elif isinstance(node.value, dict):
                for key, inner in node.value.items():
                    written = node.keys.get(key, key) if node.keys else key
                    stack.append((inner, (*keys, key), spell(text, written)))
            elif isinstance(node.value, list):
                for index, inner in enumerate(node.value):
                    stack.append((inner, (*keys, index), f"{text}[{index}]"))


def spell(path: str, key: str) -> str:
    """The path of a key below ``path``."""
    if not _PLAIN.match(key):
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


@dataclass(slots=True, eq=False)
class Resource:
    """One Kubernetes object. ``path`` is that of its root: empty, or ``items[3]`` in a List.

    ``keys`` are the steps of that path. ``namespace`` is as written, ``None`` where it is not; the
    other texts are empty where they are not given. An item of a typed list that states no kind has
    that of the list (``VirtualServiceList``: ``VirtualService``).
    """

    document: Document
    node: Node
    path: str
    api_version: str
    kind: str
    namespace: str | None
    name: str
    generate_name: str = ""
    keys: tuple[Key, ...] = ()


def leaves_below(resource: Resource) -> tuple[int, ...]:
    """All leaves of a resource."""
    first = leaf_ref(resource.document.number, 0)
    return tuple([first | leaf for leaf in sorted(below(resource.node))])


def below(node: Node) -> list[int]:
    """Indexes of all leaves at and below a node, in no particular order."""
    found: list[int] = []
    stack = [node]
    while stack:
        one = stack.pop()
        if one.leaf >= 0:
            found.append(one.leaf)
        elif isinstance(one.value, dict):
            stack.extend(one.value.values())
        elif isinstance(one.value, list):
            stack.extend(one.value)
    return found


def plain(node: Node) -> object:
    """The value without its places, ready to dump."""
    if isinstance(node.value, dict):
        return {key: plain(inner) for key, inner in node.value.items()}
    if isinstance(node.value, list):
        return [plain(inner) for inner in node.value]
    return node.value
