"""One change to the text of a YAML or JSON document, at its place and nowhere else.

The place is found by the marks of composed nodes. What has no plain place, because it stands
behind an alias or in a block of an unusual form, gives ``None`` or a text of another meaning:
whoever calls compares the meaning.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from translator.source.leaves import Key, Scalar
from translator.source.scalars import key_text, plain_value, resolve

_Loader: Any = getattr(yaml, "CLoader", yaml.Loader)
_SIMPLE = re.compile(r"[A-Za-z_/.][A-Za-z0-9_/.@-]*\Z")
_PLAIN = re.compile(r"[A-Za-z0-9_(/.][^\n]*[^\s:]\Z")
"""Texts that may stand without quotes in a block, if nothing in them means something else."""
_USUAL_STEP = 2
"""By how much a new mapping stands deeper than what holds it, in a document without any."""

Path = Sequence[Key]


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry of a mapping or an item of a list, from ``start`` (its key or dash) on.

    ``opening`` is the place behind its colon or dash, ``end`` that behind its last character.
    """

    holder: Any
    key: Key
    value: Any
    start: int
    opening: int
    end: int


@dataclass(frozen=True, slots=True)
class _Source:
    """A document's text with what was composed of it."""

    text: str
    root: Any

    def entries(self, node: Any) -> list[_Entry]:
        """What a collection holds, in order."""
        if isinstance(node, yaml.MappingNode):
            return [self._pair(node, key, value) for key, value in node.value]
        if isinstance(node, yaml.SequenceNode):
            return [self._item(node, index, value) for index, value in enumerate(node.value)]
        return []

    def _pair(self, node: Any, key: Any, value: Any) -> _Entry:
        start, end = key.start_mark.index, key.end_mark.index
        bare = self.text[start:end] == key.value
        name = key_text(plain_value(key.value)) if bare else key.value
        colon = self.text.find(":", end) + 1
        return _Entry(node, name, value, start, colon, max(colon, self._end(value)))

    def _item(self, node: Any, index: int, value: Any) -> _Entry:
        start = value.start_mark.index
        if not node.flow_style:
            start = self.text.rfind("-", 0, start)
        opening = start if node.flow_style else start + 1
        return _Entry(node, index, value, start, opening, max(opening, self._end(value)))

    def _end(self, node: Any) -> int:
        """Where a node ends; the parser's own mark of a block is that of what follows it."""
        end = int(node.end_mark.index)
        if isinstance(node, yaml.ScalarNode):
            start = int(node.start_mark.index)
            return start + len(self.text[start:end].rstrip())
        if node.flow_style or not node.value:
            return end
        return max(entry.end for entry in self.entries(node))

    def way(self, path: Path) -> list[_Entry]:
        """The entries along a path, as far as it exists."""
        found: list[_Entry] = []
        node = self.root
        for key in path:
            entry = next((e for e in self.entries(node) if e.key == key), None)
            if entry is None:
                break
            found.append(entry)
            node = entry.value
        return found

    def line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def line_end(self, at: int) -> int:
        """The place behind the line break of the line that holds this place."""
        found = self.text.find("\n", at)
        return len(self.text) if found < 0 else found + 1

    def with_lines(self, at: int, lines: Sequence[str]) -> str:
        """The text with new lines after the line that holds this place."""
        end = self.line_end(at)
        line_break = "\r\n" if "\r\n" in self.text else "\n"
        new = line_break.join(lines)
        new = new + line_break if self.text[end - 1 : end] == "\n" else line_break + new
        return self.replaced(end, end, new)

    def replaced(self, start: int, end: int, new: str = "") -> str:
        return self.text[:start] + new + self.text[end:]

    @property
    def step(self) -> str:
        """By how much a mapping stands deeper than what holds it in this document."""
        lines = (line for line in self.text.splitlines() if line.strip())
        depths = [
            len(line) - len(line.lstrip(" "))
            for line in lines
            if not line.lstrip(" ").startswith(("#", "-"))
        ]
        return " " * min((depth for depth in depths if depth), default=_USUAL_STEP)

    @property
    def is_json(self) -> bool:
        return self.text.lstrip().startswith("{")


def _composed(text: str) -> _Source:
    return _Source(text, yaml.compose(text, Loader=_Loader))


def put_text(text: str, path: Path, value: Scalar) -> str | None:
    """The text with a scalar at a path; mappings on the way are made."""
    source = _composed(text)
    way = source.way(path)
    rest = path[len(way) :]
    if not rest:
        return _replaced(source, way[-1], value)
    node = way[-1].value if way else source.root
    if isinstance(node, yaml.MappingNode) and node.value:
        return _added(source, node, rest, value)
    if not way:  # an empty root
        return source.replaced(
            node.start_mark.index, node.end_mark.index, _flow(rest, value, as_json=source.is_json)
        )
    return _filled(source, way[-1], rest, value)


def _replaced(source: _Source, entry: _Entry, value: Scalar) -> str | None:
    """The text with another value for an entry; ``None`` where it must be written whole."""
    node = entry.value
    start, end = node.start_mark.index, node.end_mark.index
    if start < entry.opening or (not isinstance(node, yaml.ScalarNode) and node.value):
        return None
    if not isinstance(node, yaml.ScalarNode):
        return source.replaced(start, end, scalar_text(value, as_json=source.is_json))
    now = node.value if node.style else plain_value(node.value)
    if now == value and type(now) is type(value):
        return source.text
    old = source.text[start:end]
    if not old:
        return source.replaced(start, end, " " + scalar_text(value, as_json=source.is_json))
    if type(value) is str and node.style == "'" and value.isprintable():
        quoted = value.replace("'", "''")
        return source.replaced(start, end, f"'{quoted}'")
    new = _in_style(source, entry, value)
    if new is None:
        new = scalar_text(value, as_json=source.is_json or node.style == '"')
    return source.replaced(start, end, new + old[len(old.rstrip()) :])


def _in_style(source: _Source, entry: _Entry, value: Scalar) -> str | None:
    """A text with quotes in it, or of several lines, in the style of the one before; ``None`` where it has another."""
    node = entry.value
    if not isinstance(value, str) or source.is_json or entry.holder.flow_style:
        return None
    if node.style in {"|", ">"}:
        return _block(source.text[node.start_mark.index : node.end_mark.index], node.style, value)
    plain = not node.style and _PLAIN.match(value) and ": " not in value and " #" not in value
    if '"' in value and plain and value.isprintable() and resolve(value, plain=True) == value:
        return value
    return None


def _block(old: str, style: str, value: str) -> str | None:
    """A text as lines below the mark of the one before, at its depth."""
    header, _, body = old.partition("\n")
    first = next((line for line in body.splitlines() if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip(" "))]
    lines = value.splitlines()
    if not indent or not lines or (style == ">" and len(lines) > 1):
        return None
    return "\n".join((header, *(f"{indent}{line}".rstrip(" ") for line in lines)))


def _added(source: _Source, node: Any, rest: Path, value: Scalar) -> str:
    """A new entry behind the last one of a mapping."""
    entries = source.entries(node)
    last = max(entries, key=lambda entry: entry.end)
    if not node.flow_style:
        indent = " " * node.value[0][0].start_mark.column
        return source.with_lines(last.end, _lines(rest, value, indent, source.step))
    pair = _flow(rest, value, as_json=source.is_json)[1:-1]
    before = source.text[source.line_start(last.start) : last.start]
    broken = source.text[source.line_start(last.start) - 2 : source.line_start(last.start)]
    line_break = "\r\n" if broken == "\r\n" else "\n"
    gap = f"{line_break}{before}" if not before.strip() else " "
    return source.replaced(last.end, last.end, f",{gap}{pair}")


def _filled(source: _Source, entry: _Entry, rest: Path, value: Scalar) -> str | None:
    """A mapping in the place of a null or of an empty one."""
    node, holder = entry.value, entry.holder
    start, end = node.start_mark.index, node.end_mark.index
    if start < entry.opening or isinstance(node, yaml.SequenceNode):
        return None
    if holder.flow_style or isinstance(holder, yaml.SequenceNode):
        new = _flow(rest, value, as_json=source.is_json)
        return source.replaced(start, end, new if start < end else f" {new}")
    bare = _Source(source.text[: entry.opening] + source.text[end:], None)
    step = source.step
    indent = " " * holder.value[0][0].start_mark.column + step
    return bare.with_lines(entry.opening, _lines(rest, value, indent, step))


def _lines(path: Path, value: Scalar, indent: str, step: str) -> list[str]:
    keys = [f"{indent}{step * depth}{scalar_text(key)}:" for depth, key in enumerate(path)]
    keys[-1] += f" {scalar_text(value)}"
    return keys


def _flow(path: Path, value: Scalar, *, as_json: bool) -> str:
    text = scalar_text(value, as_json=as_json)
    for key in reversed(path):
        text = f"{{{scalar_text(key, as_json=as_json)}: {text}}}"
    return text


def scalar_text(value: Scalar, *, as_json: bool = False) -> str:
    """A scalar as it can stand anywhere in YAML: quoted where it would mean something else."""
    simple = type(value) is str and _SIMPLE.match(value) and resolve(value, plain=True) == value
    return str(value) if simple and not as_json else json.dumps(value, ensure_ascii=False)


def remove_text(text: str, path: Path, *, prune_empty: bool) -> str | None:
    """The text without what stands at a path; the same text where nothing does."""
    source = _composed(text)
    way = source.way(path)
    if len(way) < len(path):
        return text
    while prune_empty and len(way) > 1 and len(way[-1].holder.value) == 1:
        way.pop()
    entry = way[-1]
    siblings = source.entries(entry.holder)
    if len(siblings) == 1:
        return _emptied(source, way)
    number = next(n for n, one in enumerate(siblings) if one.start == entry.start)
    if not entry.holder.flow_style:
        return _without_lines(source, entry)
    if number + 1 < len(siblings):
        return source.replaced(entry.start, siblings[number + 1].start)
    return source.replaced(siblings[number - 1].end, entry.end)


def _without_lines(source: _Source, entry: _Entry) -> str:
    start, end = source.line_start(entry.start), source.line_end(entry.end)
    if source.text[start : entry.start].strip():
        # It begins behind the dash of a list: what follows takes its place there.
        rest = source.text[end:]
        return source.replaced(entry.start, end + len(rest) - len(rest.lstrip()))
    return source.replaced(start, end)


def _emptied(source: _Source, way: Sequence[_Entry]) -> str:
    """An empty collection in the place of one whose last entry goes."""
    entry = way[-1]
    holder = entry.holder
    empty = "{}" if isinstance(holder, yaml.MappingNode) else "[]"
    if holder.flow_style:
        return source.replaced(holder.start_mark.index, holder.end_mark.index, empty)
    start, end = source.line_start(entry.start), source.line_end(entry.end)
    if len(way) == 1:
        return source.replaced(entry.start, entry.end, empty)
    opening = way[-2].opening
    if opening > start:  # behind a dash
        return source.replaced(entry.start, entry.end, empty)
    return source.text[:opening] + f" {empty}" + source.text[opening:start] + source.text[end:]
