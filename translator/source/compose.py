"""Trees from parser events: the API server's values, each with its place.

Built straight from libyaml's events, in half the time of a constructing loader.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from translator.errors import InputError, Place
from translator.source.leaves import Document, Node
from translator.source.scalars import resolve

DEPTH = 200
"""Levels of nesting that are read."""

EXPANDED = 1_000_000
"""Nodes that aliases may add to one file."""

_MERGE = "<<"
_Parser: Any = getattr(yaml, "CLoader", yaml.Loader)


class Composer:
    """Reads the documents of one file."""

    def __init__(self, text: str, file: str, first: int) -> None:
        self.file = file
        self.text = text
        self.number = first
        self.lines: list[int] | None = None
        self.errors: list[InputError] = []
        self.anchors: dict[str, Node | None] = {}
        self.leaves: list[Node] = []
        self.expanded = 0

    def documents(self) -> Iterator[Document]:
        """The documents that are not empty, in order.

        Raises:
            InputError: the text is no YAML, or breaks a limit. Errors of values are collected in ``errors``.
        """
        loader = _Parser(self.text)
        index = -1
        try:
            while True:
                event = loader.get_event()
                if event is None or isinstance(event, yaml.StreamEndEvent):
                    return
                if isinstance(event, yaml.DocumentStartEvent):
                    index += 1
                    document = self._document(loader, index)
                    if document is not None:
                        yield document
        except yaml.YAMLError as error:
            raise self._syntax(error) from None
        finally:
            loader.dispose()

    def _document(self, loader: Any, index: int) -> Document | None:
        self.anchors = {}
        self.leaves = []
        event = loader.get_event()
        start = event.start_mark
        root = self._node(loader, event, start.line + 1, start.column + 1, 0)
        end = loader.get_event()
        if root.value is None:
            return None
        document = Document(
            file=self.file,
            index=index,
            number=self.number,
            root=root,
            leaves=self.leaves,
            text=self._slice(start, end.start_mark),
        )
        self.number += 1
        return document

    def _slice(self, start: Any, end: Any) -> str:
        """The text of a document, with the comments above its first key."""
        lines = self._line_starts()
        top = start.line
        while top > 0 and self._line(top - 1).lstrip().startswith("#"):
            top -= 1
        bottom = lines[end.line] if end.line < len(lines) else len(self.text)
        return self.text[lines[top] : bottom]

    def _line_starts(self) -> list[int]:
        if self.lines is None:
            starts = [0]
            at = self.text.find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = self.text.find("\n", at + 1)
            self.lines = starts
        return self.lines

    def _line(self, number: int) -> str:
        lines = self._line_starts()
        end = lines[number + 1] if number + 1 < len(lines) else len(self.text)
        return self.text[lines[number] : end]

    def _node(self, loader: Any, event: Any, line: int, column: int, depth: int) -> Node:
        if depth > DEPTH:
            raise self._error(line, column, f"nested deeper than {DEPTH} levels. Flatten it.")
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event, line, column)
        elif isinstance(event, yaml.MappingStartEvent):
            node = self._mapping(loader, event, line, column, depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._sequence(loader, event, line, column, depth)
        else:
            return self._alias(event, line, column)
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def _leaf(self, node: Node) -> Node:
        node.leaf = len(self.leaves)
        self.leaves.append(node)
        return node

    def _scalar(self, event: Any, line: int, column: int) -> Node:
        plain = event.style is None or event.style == ""
        try:
            value = resolve(event.value, plain=plain, tag=event.tag)
        except ValueError as error:
            raise self._error(line, column, f"{error}. Remove the tag or mend the value.") from None
        return self._leaf(Node(value, line, column))

    def _sequence(self, loader: Any, event: Any, line: int, column: int, depth: int) -> Node:
        items: list[Node] = []
        node = Node(items, line, column)
        if event.anchor:
            self.anchors[event.anchor] = None
        inner = loader.get_event()
        while not isinstance(inner, yaml.SequenceEndEvent):
            mark = inner.start_mark
            items.append(self._node(loader, inner, mark.line + 1, mark.column + 1, depth + 1))
            inner = loader.get_event()
        return node if items else self._leaf(node)

    def _mapping(self, loader: Any, event: Any, line: int, column: int, depth: int) -> Node:
        entries: dict[str, Node] = {}
        spelt: dict[str, str] = {}
        merged: list[Node] = []
        if event.anchor:
            self.anchors[event.anchor] = None
        key = loader.get_event()
        while not isinstance(key, yaml.MappingEndEvent):
            at, in_line = key.start_mark.line + 1, key.start_mark.column + 1
            name, written = self._key(key, at, in_line)
            before = len(self.leaves)
            value = self._node(loader, loader.get_event(), at, in_line, depth + 1)
            if written == _MERGE and key.style in (None, "") and not key.tag:
                del self.leaves[before:]
                merged.extend(self._merge_sources(value, at, in_line))
            elif name in entries:
                first = entries[name]
                self.errors.append(
                    self._error(
                        at,
                        in_line,
                        f'the key "{name}" stands twice, first at {first.line}:{first.column}. Keep one.',
                    )
                )
            else:
                entries[name] = value
                if written != name:
                    spelt[name] = written
            key = loader.get_event()
        for source in merged:
            self._merge(entries, source)
        node = Node(entries, line, column, keys=spelt or None)
        return node if entries else self._leaf(node)

    def _key(self, event: Any, line: int, column: int) -> tuple[str, str]:
        """A key as the JSON object would have it, and as written."""
        if isinstance(event, yaml.AliasEvent):
            node = self.anchors.get(str(event.anchor))
            if node is None or isinstance(node.value, (dict, list)):
                raise self._error(line, column, "expected a plain key, found a collection.")
            return _key_text(node.value), str(node.value)
        if not isinstance(event, yaml.ScalarEvent):
            raise self._error(line, column, "expected a plain key, found a collection.")
        value = resolve(event.value, plain=event.style in (None, ""), tag=event.tag)
        name = _key_text(value)
        if event.anchor:
            self.anchors[event.anchor] = Node(value, line, column)
        return name, event.value

    def _alias(self, event: Any, line: int, column: int) -> Node:
        if event.anchor not in self.anchors:
            raise self._error(line, column, f'no anchor "{event.anchor}" stands before this alias.')
        node = self.anchors[event.anchor]
        if node is None:
            raise self._error(
                line, column, f'the alias "{event.anchor}" stands inside its own anchor.'
            )
        return self._copy(node)

    def _copy(self, node: Node) -> Node:
        self.expanded += 1
        if self.expanded > EXPANDED:
            message = f"aliases make more than {EXPANDED} values. Write fewer aliases."
            raise self._error(node.line, node.column, message)
        if isinstance(node.value, dict) and node.value:
            inner = {key: self._copy(value) for key, value in node.value.items()}
            return Node(inner, node.line, node.column, keys=node.keys)
        if isinstance(node.value, list) and node.value:
            return Node([self._copy(value) for value in node.value], node.line, node.column)
        return self._leaf(Node(node.value, node.line, node.column))

    def _merge_sources(self, value: Node, line: int, column: int) -> list[Node]:
        sources = value.value if isinstance(value.value, list) else [value]
        for source in sources:
            if not isinstance(source.value, dict):
                raise self._error(line, column, 'expected a mapping after "<<".')
        return sources

    def _merge(self, entries: dict[str, Node], source: Node) -> None:
        if isinstance(source.value, dict):
            for key, value in source.value.items():
                if key not in entries:
                    entries[key] = self._copy(value)

    def _error(self, line: int, column: int, message: str) -> InputError:
        return InputError(Place(self.file, line, column), message)

    def _syntax(self, error: yaml.YAMLError) -> InputError:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        context = getattr(error, "context", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        what = f"{problem} {context}" if context else f"{problem}"
        return InputError(
            Place(self.file, line, column),
            f"this is no valid YAML: {what}. Mend the indentation, quotes or braces at this place.",
        )


def _key_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)
