"""Trees from parser events: the API server's values, each with its place.

Built straight from libyaml's events, in half the time of a constructing loader. What a mapping's
keys and merges mean is as in go.yaml.in/yaml/v2 2.4 (``decode.go``), which kubectl reads with.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, cast

import yaml

from translator.errors import InputError, Place
from translator.source.leaves import MOST_LEAVES, Document, Node, Scalar, Value
from translator.source.scalars import MERGE_TAG, key_text, plain_value, resolve

DEPTH = 200
"""Levels of nesting that are read, those that aliases add included."""

EXPANDED = 1_000_000
"""Values that aliases may add to one file."""

_Parser: Any = getattr(yaml, "CLoader", yaml.Loader)


class Composer:
    """Reads the documents of one file.

    ``errors`` collects what is wrong with single values; reading goes on after those. ``overridden``
    collects the places of keys that a merge after them replaces.
    """

    def __init__(self, text: str, file: str, first: int) -> None:
        self.file = file
        self.text = text
        self.number = first
        self.errors: list[InputError] = []
        self.overridden: list[tuple[Place, str]] = []
        self._known: dict[str, str] = {}
        self._loader = _Parser(text)
        self._anchors: dict[str, Node | None] = {}
        self._leaves: list[Node] = []
        self._expanded = 0
        self._merges = False

    def documents(self) -> Iterator[Document]:
        """The documents that are not empty, in order.

        Raises:
            InputError: the text is no YAML, or breaks a limit.
        """
        index = -1
        try:
            while not isinstance(event := self._loader.get_event(), yaml.StreamEndEvent):
                if isinstance(event, yaml.DocumentStartEvent):
                    index += 1
                    document = self._document(event, index)
                    if document is not None:
                        self.number += 1
                        yield document
        except yaml.YAMLError as error:
            raise self._syntax(error) from None
        finally:
            self._loader.dispose()

    def _document(self, opening: Any, index: int) -> Document | None:
        self._anchors, self._leaves, self._merges = {}, [], False
        event = self._loader.get_event()
        mark = event.start_mark
        root = self._node(event, mark.line + 1, mark.column + 1, 0)
        end = self._loader.get_event().start_mark.index
        if root.value is None:
            return None
        if self._merges:
            self._leaves = _numbered(root)
        if len(self._leaves) > MOST_LEAVES:
            message = f"the document has more than {MOST_LEAVES} values. Split it."
            raise self._error(mark.line + 1, mark.column + 1, message)
        text, first = self._text(opening, end)
        return Document(self.file, index, self.number, root, self._leaves, text, first)

    def _text(self, opening: Any, end: int) -> tuple[str, int]:
        """The text of a document with all its comments, without the markers around it, and its first line."""
        if not opening.explicit:
            return self.text[:end], 1
        text = self.text[opening.end_mark.index : end]
        first, _, rest = text.partition("\n")
        line: int = opening.end_mark.line + 1
        return (text, line) if first.partition("#")[0].strip() else (rest, line + 1)

    def _node(self, event: Any, line: int, column: int, depth: int) -> Node:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            node = self._scalar(event, line, column)
        elif kind is yaml.AliasEvent:
            return self._alias(event, line, column, depth)
        else:
            if depth >= DEPTH:
                raise self._error(line, column, f"nested deeper than {DEPTH} levels. Flatten it.")
            if event.anchor:
                self._anchors[event.anchor] = None  # open: an alias to it would be endless
            read = self._mapping if kind is yaml.MappingStartEvent else self._sequence
            node = read(line, column, depth)
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _leaf(self, node: Node) -> Node:
        node.leaf = len(self._leaves)
        self._leaves.append(node)
        return node

    def _scalar(self, event: Any, line: int, column: int) -> Node:
        value = self._scalar_value(event, line, column)
        if type(value) is float and not math.isfinite(value):
            message = f'"{event.value}" is a number that JSON cannot say. Quote it if it is a text.'
            self._wrong(line, column, message)
        return self._leaf(Node(value, line, column))

    def _scalar_value(self, event: Any, line: int, column: int) -> Scalar:
        text: str = event.value
        if event.tag is None:
            return text if event.style else plain_value(text)
        try:
            return resolve(text, plain=not event.style, tag=event.tag)
        except ValueError as error:
            self._wrong(line, column, f"{error}. Remove the tag or mend the value.")
            return None

    def _sequence(self, line: int, column: int, depth: int) -> Node:
        items: list[Node] = []
        next_event = self._loader.get_event
        while type(event := next_event()) is not yaml.SequenceEndEvent:
            mark = event.start_mark
            items.append(self._node(event, mark.line + 1, mark.column + 1, depth + 1))
        node = Node(items, line, column)
        return node if items else self._leaf(node)

    def _mapping(self, line: int, column: int, depth: int) -> Node:
        entries: dict[str, Node] = {}
        node = Node(entries, line, column)
        places: dict[str, Any] = {}
        next_event = self._loader.get_event
        while type(event := next_event()) is not yaml.MappingEndEvent:
            mark = event.start_mark
            at, in_line = mark.line + 1, mark.column + 1
            name = self._known.get(event.value) if _is_bare(event) else None
            if name is None:
                if _is_merge(event):
                    merged = self._node(next_event(), at, in_line, depth + 1)
                    self._merge(node, merged, mark, places)
                    continue
                name = self._key(event, node, at, in_line)
            if name in places:
                self._twice(name, places[name], mark)
            elif name in entries:
                del entries[name]  # merged before; it moves to where it stands
            places[name] = mark
            entries[name] = self._node(next_event(), at, in_line, depth + 1)
        return node if entries else self._leaf(node)

    def _twice(self, name: str, first: Any, second: Any) -> None:
        before = f"{first.line + 1}:{first.column + 1}"
        advice = _SEPARATE if (name, second.column) == ("apiVersion", 0) else "Keep one."
        message = f'the key "{name}" stands twice, first at {before}. {advice}'
        self._wrong(second.line + 1, second.column + 1, message)

    def _key(self, event: Any, node: Node, line: int, column: int) -> str:
        """A key as the JSON object has it; how it is written is noted where that differs."""
        if type(event) is yaml.ScalarEvent:
            value: Value = self._scalar_value(event, line, column)
            written: str = event.value
            if event.anchor:
                self._anchors[event.anchor] = Node(value, line, column, 0)
        else:
            before = len(self._leaves)
            value, written = self._node(event, line, column, 0).value, ""
            del self._leaves[before:]  # a key is no leaf
        if isinstance(value, (dict, list)):
            self._wrong(line, column, "expected a text as key, found a collection. Quote the key.")
            return f"{line}:{column}"
        try:
            name = key_text(value)
        except ValueError as error:
            self._wrong(line, column, f"{error}. Quote the key.")
            return written
        if written not in ("", name):
            node.keys = {**(node.keys or {}), name: written}
        elif _is_bare(event):
            self._known[name] = name
        return name

    def _alias(self, event: Any, line: int, column: int, depth: int) -> Node:
        node = self._anchors.get(event.anchor)
        if node is not None:
            return self._copy(node, depth)
        if event.anchor in self._anchors:
            problem = f'the alias "{event.anchor}" stands inside its own anchor. Remove it.'
        else:
            problem = (
                f'no anchor "{event.anchor}" stands before this alias. Add it or mend the name.'
            )
        self._wrong(line, column, problem)
        return self._leaf(Node(None, line, column))

    def _copy(self, node: Node, depth: int) -> Node:
        self._expanded += 1
        if self._expanded > EXPANDED:
            message = f"aliases make more than {EXPANDED} values here. Write fewer of them."
            raise self._error(node.line, node.column, message)
        if node.leaf >= 0:
            return self._leaf(Node(node.value, node.line, node.column))
        if depth >= DEPTH:
            message = f"nested deeper than {DEPTH} levels by aliases. Flatten it."
            raise self._error(node.line, node.column, message)
        copy = Node(None, node.line, node.column, keys=node.keys)
        if isinstance(node.value, dict):
            copy.value = {key: self._copy(value, depth + 1) for key, value in node.value.items()}
        elif isinstance(node.value, list):
            copy.value = [self._copy(value, depth + 1) for value in node.value]
        return copy

    def _merge(self, node: Node, merged: Node, mark: Any, places: Mapping[str, Any]) -> None:
        """Takes over the entries of a mapping or of several, of which the first ones win.

        The library sets keys in the order of the text: a merge replaces what stands before it.
        """
        self._merges = True
        sources = merged.value if isinstance(merged.value, list) else [merged]
        for source in reversed(sources):
            if not isinstance(source.value, dict):
                message = 'expected a mapping or a list of mappings after "<<".'
                self._wrong(mark.line + 1, mark.column + 1, message)
                continue
            for key, value in source.value.items():
                if key in places:
                    place = Place(self.file, places[key].line + 1, places[key].column + 1)
                    self.overridden.append((place, key))
                _set(node, key, value, source.keys)

    def _wrong(self, line: int, column: int, message: str) -> None:
        self.errors.append(self._error(line, column, message))

    def _error(self, line: int, column: int, message: str) -> InputError:
        return InputError(Place(self.file, line, column), message)

    def _syntax(self, error: Any) -> InputError:
        mark = error.problem_mark or error.context_mark
        what = " ".join(part for part in (error.problem, error.context) if part)
        advice = _advice(error.problem or "", self.text[mark.index : mark.index + 1])
        message = f"this is no valid YAML: {what}. {advice}"
        return self._error(mark.line + 1, mark.column + 1, message)


_SEPARATE = (
    'Put "---" between two documents (files that are joined by cat need it too), or keep one.'
)


def _advice(problem: str, found: str) -> str:
    if found == "\t":
        return "Indent with spaces, not with a tab."
    if "<document start>" in problem:
        return 'Begin each further document with "---", and mend the indentation of this line.'
    if not found:
        return "The file ends too early: close the quotes, brackets and braces."
    return "Mend the indentation, quotes or brackets at this place."


def _is_bare(key: Any) -> bool:
    """Whether a key is plain text and nothing else."""
    return type(key) is yaml.ScalarEvent and not (key.style or key.tag or key.anchor)


def _is_merge(key: Any) -> bool:
    return (
        type(key) is yaml.ScalarEvent
        and key.value == "<<"
        and (key.tag == MERGE_TAG or (key.tag is None and not key.style))
    )


def _set(node: Node, name: str, value: Node, spelt: Mapping[str, str] | None) -> None:
    """Puts a merged entry into a mapping, with the spelling that its key has."""
    entries, keys = cast("dict[str, Node]", node.value), dict(node.keys or {})
    entries.pop(name, None)
    entries[name] = value
    keys.pop(name, None)
    if spelt and name in spelt:
        keys[name] = spelt[name]
    node.keys = keys or None


def _numbered(root: Node) -> list[Node]:
    """All leaves of a tree in order, numbered anew: merges leave some that nothing refers to."""
    leaves: list[Node] = []
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node.value, dict) and node.value:
            stack.extend(reversed(node.value.values()))
        elif isinstance(node.value, list) and node.value:
            stack.extend(reversed(node.value))
        else:
            node.leaf = len(leaves)
            leaves.append(node)
    return leaves
