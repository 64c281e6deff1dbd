"""The only way to read YAML: a place in a resource that hands out traced values.

A reader asks for fields by name and type. What it gets carries the leaf that it came from; what it does not ask for
stays ``unread`` and is shown as such. A ``null`` counts as absent, as the API server prunes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeVar

from ir.provenance import Traced
from translator.errors import InputError, Place
from translator.source.leaves import Node, Resource, leaf_ref

V = TypeVar("V")
Text = str
Whole = int
"""Names for types that methods of :class:`Cursor` are called after too."""

_NOTHING = Traced("")
_PLAIN = re.compile(r"[A-Za-z0-9_-]+\Z")
_DURATION = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


class Cursor:
    """A place in a resource: a mapping, a list item or a scalar.

    ``reads`` collects the leaves that were asked for; one set serves a whole run.
    """

    __slots__ = ("_above", "_part", "node", "reads", "resource")

    def __init__(
        self,
        resource: Resource,
        node: Node,
        part: Text | int,
        reads: set[int],
        above: Cursor | None = None,
    ) -> None:
        """``part``: the key or the index below ``above``, or without that the whole path."""
        self.resource = resource
        self.node = node
        self._part = part
        self._above = above
        self.reads = reads

    # -- where we are

    @property
    def path(self) -> Text:
        """Where this is in the document, made only when it is asked for: most places are read and never named."""
        part, above = self._part, self._above
        if above is None:
            return str(part)
        if isinstance(part, int):
            return f"{above.path}[{part}]"
        if not _PLAIN.match(part):
            return f'{above.path}["{part}"]'
        return f"{above.path}.{part}" if above.path else part

    @property
    def leaf(self) -> tuple[int, ...]:
        """The leaf that this place is, if it is one: a scalar or an empty collection."""
        if self.node.leaf < 0:
            return ()
        ref = leaf_ref(self.resource.document.number, self.node.leaf)
        self.reads.add(ref)
        return (ref,)

    @property
    def here(self) -> Traced[Text]:
        """This place as a value without meaning, to be absorbed: the leaf of an empty collection, or nothing."""
        return Traced(self.path, self.leaf) if self.node.leaf >= 0 else _NOTHING

    def refuse(self, message: Text) -> InputError:
        """The error of a resource that its own API server would refuse at this place."""
        document = self.resource.document
        return InputError(
            Place(document.file, self.node.line, self.node.column, self.path), message
        )

    def leaves(self) -> tuple[int, ...]:
        """All leaves at and below this place, read as one piece."""
        found: list[int] = []
        stack = [self.node]
        while stack:
            node = stack.pop()
            if node.leaf >= 0:
                found.append(leaf_ref(self.resource.document.number, node.leaf))
            elif isinstance(node.value, dict):
                stack.extend(node.value.values())
            elif isinstance(node.value, list):
                stack.extend(node.value)
        self.reads.update(found)
        return tuple(sorted(found))

    # -- mappings

    def _mapping(self) -> dict[Text, Node]:
        if isinstance(self.node.value, dict):
            return self.node.value
        raise self.refuse(f"expected a mapping, found {_kind(self.node)}.")

    def _field(self, key: Text) -> Node | None:
        node = self._mapping().get(key)
        return None if node is None or node.value is None else node

    def _at(self, key: Text, node: Node) -> Cursor:
        return Cursor(self.resource, node, key, self.reads, self)

    def has(self, key: Text) -> bool:
        """Whether the field is given (and is not null)."""
        return self._field(key) is not None

    def keys(self) -> tuple[Text, ...]:
        """The keys of this mapping, in input order, without those whose value is null."""
        return tuple(k for k, node in self._mapping().items() if node.value is not None)

    def opt(self, key: Text) -> Cursor | None:
        """The field, whatever it holds."""
        fields = self.node.value
        node = (fields if isinstance(fields, dict) else self._mapping()).get(key)
        if node is None or node.value is None:
            return None
        return Cursor(self.resource, node, key, self.reads, self)

    def at(self, key: Text) -> Cursor:
        """The field, which must be given."""
        node = self._field(key)
        if node is None:
            raise self.refuse(f'the required field "{key}" is missing. Add it.')
        return self._at(key, node)

    def opt_map(self, key: Text) -> Cursor | None:
        """The mapping at the field."""
        found = self.opt(key)
        if found is not None:
            found._mapping()  # noqa: SLF001  # the same class; raises where it is something else
        return found

    def map(self, key: Text) -> Cursor:
        """The mapping at the field, which must be given."""
        found = self.at(key)
        found._mapping()  # noqa: SLF001
        return found

    def entries(self) -> Iterator[tuple[Text, Cursor]]:
        """Keys and places of this mapping whose keys are free; a null value is handed out too."""
        for key, node in self._mapping().items():
            yield key, self._at(key, node)

    # -- lists

    def items(self) -> tuple[Cursor, ...]:
        """The items of the list at this place."""
        if not isinstance(self.node.value, list):
            raise self.refuse(f"expected a list, found {_kind(self.node)}.")
        return tuple(
            Cursor(self.resource, node, index, self.reads, self)
            for index, node in enumerate(self.node.value)
        )

    def opt_list(self, key: Text) -> tuple[Cursor, ...]:
        """The items at the field; none where it is absent or empty (then see :meth:`empty`)."""
        found = self.opt(key)
        return () if found is None else found.items()

    def list(self, key: Text) -> tuple[Cursor, ...]:
        """The items at the field, which must be given."""
        return self.at(key).items()

    def empty(self, key: Text) -> Traced[Text]:
        """The leaf of an empty collection at the field, to be absorbed; nothing where it is absent or has content."""
        found = self.opt(key)
        return _NOTHING if found is None else found.here

    # -- scalars

    def _traced(self, value: V) -> Traced[V]:
        return Traced(value, self.leaf)

    def as_str(self) -> Traced[Text]:
        """The string at this place."""
        value = self.node.value
        if isinstance(value, str):
            return self._traced(value)
        raise self.refuse(f"expected a string, found {_kind(self.node)}. Quote it.")

    def as_int(self) -> Traced[Whole]:
        """The whole number at this place."""
        value = self.node.value
        if isinstance(value, int) and not isinstance(value, bool):
            return self._traced(value)
        if isinstance(value, float) and value.is_integer():
            return self._traced(int(value))
        raise self.refuse(f"expected a whole number, found {_kind(self.node)}.")

    def as_number(self) -> Traced[float]:
        """The number at this place."""
        value = self.node.value
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return self._traced(float(value))
        raise self.refuse(f"expected a number, found {_kind(self.node)}.")

    def as_bool(self) -> Traced[bool]:
        """The truth value at this place."""
        value = self.node.value
        if isinstance(value, bool):
            return self._traced(value)
        raise self.refuse(f"expected true or false, found {_kind(self.node)}.")

    def as_port(self) -> Traced[Whole | Text]:
        """A port by number or name."""
        value = self.node.value
        if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
            return self._traced(value)
        raise self.refuse(f"expected a port number or name, found {_kind(self.node)}.")

    def as_duration(self) -> Traced[float]:
        """Seconds of a duration as Go and protobuf write it (``1.5s``, ``10ms``, ``1h30m``)."""
        value = self.node.value
        if isinstance(value, str):
            parts = _DURATION.findall(value)
            if parts and "".join(parts) == value:
                return self._traced(sum(_seconds(part) for part in parts))
        raise self.refuse(
            f'expected a duration such as "1.5s", found {_kind(self.node)}. '
            "Write a number with a unit, quoted."
        )

    def as_enum(self, values: Mapping[Text, V]) -> Traced[V]:
        """The meaning of one of a closed set of words."""
        word = self.as_str()
        if word.value not in values:
            known = ", ".join(values)
            raise self.refuse(f'expected one of {known}, found "{word.value}".')
        return Traced(values[word.value], word.origin)

    def opt_str(self, key: Text) -> Traced[Text] | None:
        """The string at the field."""
        found = self.opt(key)
        return None if found is None else found.as_str()

    def str(self, key: Text) -> Traced[Text]:
        """The string at the field, which must be given."""
        return self.at(key).as_str()

    def opt_int(self, key: Text) -> Traced[Whole] | None:
        """The whole number at the field."""
        found = self.opt(key)
        return None if found is None else found.as_int()

    def int(self, key: Text) -> Traced[Whole]:
        """The whole number at the field, which must be given."""
        return self.at(key).as_int()

    def opt_number(self, key: Text) -> Traced[float] | None:
        """The number at the field."""
        found = self.opt(key)
        return None if found is None else found.as_number()

    def opt_bool(self, key: Text) -> Traced[bool] | None:
        """The truth value at the field."""
        found = self.opt(key)
        return None if found is None else found.as_bool()

    def opt_duration(self, key: Text) -> Traced[float] | None:
        """Seconds of the duration at the field."""
        found = self.opt(key)
        return None if found is None else found.as_duration()

    def opt_enum(self, key: Text, values: Mapping[Text, V]) -> Traced[V] | None:
        """The meaning of the word at the field."""
        found = self.opt(key)
        return None if found is None else found.as_enum(values)

    def opt_strings(self, key: Text) -> tuple[Traced[Text], ...]:
        """The strings of the list at the field."""
        return tuple(item.as_str() for item in self.opt_list(key))

    def opt_string_map(self, key: Text) -> tuple[tuple[Text, Traced[Text]], ...]:
        """The string entries of the mapping with free keys at the field."""
        found = self.opt_map(key)
        return () if found is None else tuple((k, c.as_str()) for k, c in found.entries())

    def only_one(self, *keys: Text) -> Text | None:
        """Which of the fields is given; at most one may be."""
        given = [key for key in keys if self.has(key)]
        if len(given) > 1:
            raise self.refuse(f"expected only one of {', '.join(keys)}, found {', '.join(given)}.")
        return given[0] if given else None


def _seconds(part: str) -> float:
    number = part.rstrip("nuµmsh")
    return float(number) * _SECONDS[part[len(number) :]]


def _kind(node: Node) -> str:
    value = node.value
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"{str(value).lower()} (a truth value)"
    if isinstance(value, (int, float)):
        return f"{value} (a number)"
    return f'"{value}" (a string)'


def root_cursor(resource: Resource, reads: set[int]) -> Cursor:
    """The root of a resource."""
    return Cursor(resource, resource.node, resource.path, reads)
