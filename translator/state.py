"""The documents in force at one moment of a migration, object by object."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from translator.exporters.emit import dump
from translator.resources.kubernetes.applied import of_the_server, whole_item
from translator.resources.kubernetes.kinds import CLUSTER_WIDE
from translator.source.edit import Remove, edit, edited_tree
from translator.source.leaves import Resource, plain
from translator.source.load import Loaded, load_text

_ODD_KEY = re.compile(
    r"(?mi)(?:^[ \t-]*|[{,][ \t]*)(?:[0-9][0-9_.]*|true|false|yes|no|on|off|null|~)[ \t]*:(?:[ \t]|$)"
)
"""What may be a key that YAML takes for something else than a string."""

Key = tuple[str, str, str, str]
"""API group, kind, namespace and name."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One object, as it is applied."""

    key: Key
    text: str
    value: Mapping[str, object]

    @property
    def resource(self) -> str:
        """``Kind/namespace/name``."""
        return "/".join(self.key[1:])

    @property
    def manifest(self) -> str:
        """The text for a kustomization: kustomize prints JSON on its way and fails at keys that are no strings."""
        return dump(self.value) if _ODD_KEY.search(self.text) else self.text

    @property
    def namespace(self) -> str:
        """The namespace that it is in; that which it is, for a Namespace."""
        return self.key[3] if self.key[1] == "Namespace" else self.key[2]


State = Mapping[Key, Piece]


def pieces_of(loaded: Loaded, namespace: str) -> dict[Key, Piece]:
    """Every object that was read; of two of one name the last stands."""
    found = (piece_of(resource, namespace) for resource in loaded.resources)
    return {piece.key: piece for piece in found}


def piece_of(resource: Resource, namespace: str) -> Piece:
    """An object as it is applied again: as it was read, without what the API server writes of it.

    ``namespace`` is that of objects that name none.
    """
    changes = [Remove(path) for path in of_the_server(resource)]
    value = edited_tree(resource.node, changes) if changes else plain(resource.node)
    whole = whole_item(resource, value) if isinstance(value, dict) else {}
    if resource.path:
        return Piece(key_of(resource, namespace), dump(whole), whole)
    text = resource.document.text
    text = edit(text, changes) if changes else text
    return Piece(key_of(resource, namespace), text.strip("\n") + "\n", whole)


def key_of(resource: Resource, namespace: str) -> Key:
    """What makes it the same object."""
    space = "" if resource.kind in CLUSTER_WIDE else resource.namespace or namespace
    return resource.api_version.rpartition("/")[0], resource.kind, space, resource.name


def new_piece(value: Mapping[str, object], namespace: str) -> Piece:
    """An object of our own making, or one of the input that was changed; ``namespace``: of objects that name none."""
    metadata = value.get("metadata")
    named = metadata if isinstance(metadata, dict) else {}
    group = str(value.get("apiVersion", "")).rpartition("/")[0]
    kind = str(value.get("kind", ""))
    space = "" if kind in CLUSTER_WIDE else str(named.get("namespace") or namespace)
    key = (group, kind, space, str(named.get("name", "")))
    return Piece(key, dump(value), value)


def loaded_of(state: State, name: str) -> Loaded:
    """The state as if it were read from a file."""
    return load_text("\n---\n".join(piece.text for piece in state.values()), name)


def applied(state: State, pieces: Iterable[Piece], removed: Iterable[Key] = ()) -> dict[Key, Piece]:
    """The state after some objects were applied and others deleted."""
    after = {**state, **{piece.key: piece for piece in pieces}}
    for key in removed:
        after.pop(key, None)
    return after


def changed(before: State, after: State) -> Iterator[Piece]:
    """Objects that are new or other in the later state."""
    for key, piece in after.items():
        if key not in before or before[key].value != piece.value:
            yield piece


def gone(before: State, after: State) -> tuple[Piece, ...]:
    """Objects that the later state has no more."""
    return tuple(piece for key, piece in before.items() if key not in after)


def same(one: State, other: State) -> bool:
    """Whether the same objects say the same."""
    return {k: p.value for k, p in one.items()} == {k: p.value for k, p in other.items()}
