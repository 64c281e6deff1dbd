"""The JSON Schema of what ``ir`` prints, from the types of the model."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from typing import Union, cast, get_args, get_origin, get_type_hints

from ir.inventory import Inventory, Namespace, Service, Workload
from ir.model import Model
from ir.provenance import Traced

Schema = dict[str, object]

_SCALARS: dict[object, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    object: {},
}
_PLACES: Schema = {"type": "array", "items": {"type": "string"}}
_SILENCE: Schema = {"type": "object"}


def model_schema() -> Schema:
    """The schema, with one definition for each class of the model."""
    shelf = _Shelf()
    hints = get_type_hints(Model)
    properties = {field.name: shelf.of(hints[field.name]) for field in fields(Model)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The neutral model of meshmigrate",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "$defs": {name: shelf.definitions[name] for name in sorted(shelf.definitions)},
    }


class _Shelf:
    """Collects definitions on the way through the types."""

    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {}

    def of(self, kind: object) -> Schema:
        """The schema of values of a type."""
        known = _SCALARS.get(kind) if isinstance(kind, type) else None
        if known is not None:
            return known
        if kind is Inventory:
            return self._inventory()
        if isinstance(kind, type) and issubclass(kind, Enum):
            return {"enum": [str(member.value) for member in kind]}
        if is_dataclass(kind):
            return self._class(cast("type", kind))
        return self._generic(kind)

    def _generic(self, kind: object) -> Schema:
        origin, arguments = get_origin(kind), get_args(kind)
        if origin is Traced:
            return self._traced(arguments[0])
        if origin in {Union, types.UnionType}:
            return {"anyOf": [self.of(one) for one in arguments]}
        if origin in {tuple, frozenset, list}:
            return {"type": "array", "items": self.of(arguments[0])}
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return {"type": "object", "additionalProperties": self.of(arguments[1])}
        message = f"{kind} has no schema"
        raise TypeError(message)

    def _class(self, kind: type) -> Schema:
        name = kind.__name__
        if name not in self.definitions:
            self.definitions[name] = {}  # stands for itself while it is made: classes may nest
            self.definitions[name] = self._definition(kind)
        return {"$ref": f"#/$defs/{name}"}

    def _definition(self, kind: type) -> Schema:
        hints = get_type_hints(kind)
        properties: Schema = {"is": {"const": kind.__name__}}
        required = ["is"]
        for field in fields(kind):
            if field.name == "leaves":
                properties["sources"] = _PLACES
                continue
            properties[field.name] = self.of(hints[field.name])
            optional = field.default is not MISSING or field.default_factory is not MISSING
            if not optional and get_origin(hints[field.name]) is not tuple:
                required.append(field.name)
        return {
            "type": "object",
            "additionalProperties": False,
            "properties": properties,
            "required": required,
        }

    def _traced(self, kind: object) -> Schema:
        return {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "value": self.of(kind),
                "sources": _PLACES,
                "because": _PLACES,
                "default": _SILENCE,
                "assumption": _SILENCE,
            },
            "required": ["value"],
        }

    def _inventory(self) -> Schema:
        lists = {"namespaces": Namespace, "services": Service, "workloads": Workload}
        listed: Schema = {
            name: {"type": "array", "items": self.of(kind)} for name, kind in lists.items()
        }
        return {"type": "object", "properties": {"complete": {"type": "boolean"}, **listed}}
