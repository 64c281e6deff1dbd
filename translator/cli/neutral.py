"""``ir``: the neutral model as plain values, each with its place in the input."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum

from ir.inventory import Inventory
from ir.model import Model
from ir.provenance import Assumption, Silence, Traced
from translator.cli.console import out
from translator.cli.options import Aim, Format, Reading
from translator.cli.reading import AUTO, load_input, run_options
from translator.errors import TargetError
from translator.exporters.emit import dump
from translator.registry import SOURCES, TARGETS, detect, load_importer
from translator.source.leaves import document_of, leaf_of
from translator.source.load import Loaded

Plain = dict[str, "Plain"] | list["Plain"] | str | int | float | bool | None


def run_neutral(paths: Sequence[str], source: str, reading: Reading, form: Format) -> int:
    """Prints the model."""
    loaded = load_input(paths, reading)
    if source == AUTO:
        source = _detected(loaded)
    # Importers do not look at the target; any will do.
    options = run_options(loaded, source, TARGETS[0], reading, Aim())
    model = load_importer(options.source.mesh)(loaded.resources, options).model
    tree = model_tree(model, loaded)
    out((dump(tree) if form is Format.YAML else json.dumps(tree, indent=2) + "\n",))
    return 0


def _detected(loaded: Loaded) -> str:
    found = [mesh for mesh in detect(loaded.resources) if mesh in SOURCES]
    if len(found) != 1:
        which = ", ".join(found) or "none"
        message = f"the mesh of the input is not clear (found {which}): name it with --from."
        raise TargetError(message)
    return found[0]


def model_tree(model: Model, loaded: Loaded) -> dict[str, Plain]:
    """The model without empty parts; ``is`` names the class of a fact, ``sources`` its places."""
    tree = _Tree(loaded)
    return {
        field.name: shown
        for field in fields(model)
        if (shown := tree.of(getattr(model, field.name)))
    }


class _Tree:
    """Turns values of the model into plain ones."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded

    def of(self, value: object) -> Plain:
        """The plain value; fields that are absent or empty are left out."""
        if isinstance(value, Enum):
            return str(value.value)
        if value is None or isinstance(value, str | int | float):
            return value
        return self._object(value) if is_dataclass(value) else self._many(value)

    def _object(self, value: object) -> Plain:
        if isinstance(value, Traced):
            return self._traced(value)
        if isinstance(value, Inventory):
            return self._inventory(value)
        return {"is": type(value).__name__, **self._fields(value)}

    def _many(self, value: object) -> Plain:
        if isinstance(value, Mapping):
            return {str(key): self.of(inner) for key, inner in value.items()}
        if isinstance(value, tuple | list):
            return [self.of(item) for item in value]
        if isinstance(value, frozenset):
            return [*sorted(str(self.of(item)) for item in value)]
        message = f"a {type(value).__name__} in the model has no plain form"
        raise TypeError(message)

    def _fields(self, value: object) -> dict[str, Plain]:
        found: dict[str, Plain] = {}
        for name in (field.name for field in fields(value)):  # type: ignore[arg-type]  # a dataclass
            inner = getattr(value, name)
            if name == "leaves":
                found |= self._places("sources", inner)
            elif inner is not None and inner != ():
                found[name] = self.of(inner)
        return found

    def _traced(self, value: Traced[object]) -> Plain:
        shown: dict[str, Plain] = {"value": self.of(value.value)}
        shown |= self._places("sources", value.origin)
        shown |= self._places("because", value.because)
        match value.stated_by:
            case Silence():
                shown["default"] = self._fields(value.stated_by)
            case Assumption():
                shown["assumption"] = self._fields(value.stated_by)
            case None:
                pass
        return shown

    def _inventory(self, inventory: Inventory) -> Plain:
        return {
            "complete": inventory.complete,
            "namespaces": [self.of(one) for one in inventory.namespaces.values()],
            "services": [self.of(one) for one in inventory.services.values()],
            "workloads": [self.of(one) for one in inventory.workloads],
        }

    def _places(self, name: str, leaves: Iterable[int]) -> dict[str, Plain]:
        """Leaves as ``file:line:column path``; nothing where there are none."""
        places: list[Plain] = [self._place(leaf) for leaf in leaves]
        return {name: places} if places else {}

    def _place(self, ref: int) -> str:
        document = self._loaded.documents_by_number[document_of(ref)]
        leaf = leaf_of(ref)
        node = document.leaves[leaf]
        return f"{document.file}:{node.line}:{node.column} {document.paths()[leaf]}"
