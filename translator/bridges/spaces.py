"""Namespaces as objects: each that something is in exists, and by a word of it the pods made there get a proxy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy

from translator.bridges.api import mapping
from translator.state import Piece, State, new_piece

_KIND = ("", "Namespace", "")


def with_spaces(state: State, spaces: Iterable[str]) -> dict[tuple[str, str, str, str], Piece]:
    """The state with an object for each of these namespaces: it is there, whether the input lists it or not."""
    bare = (_bare(space) for space in sorted(spaces) if (*_KIND, space) not in state)
    return {**state, **{piece.key: piece for piece in bare}}


def _bare(space: str) -> Piece:
    return new_piece({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}}, "")


def said(
    state: State, spaces: Iterable[str], place: str, word: tuple[str, str]
) -> tuple[Piece, ...]:
    """The namespaces with a word among their labels or annotations, those that say something else by that key left out."""
    return tuple(_said(state, spaces, place, word))


def _said(
    state: State, spaces: Iterable[str], place: str, word: tuple[str, str]
) -> Iterator[Piece]:
    key, text = word
    for space in sorted(spaces):
        there = state.get((*_KIND, space)) or _bare(space)
        value = deepcopy(dict(there.value))
        metadata = dict(mapping(value.get("metadata")))
        words = dict(mapping(metadata.get(place)))
        if key not in words:
            metadata[place] = {**words, key: text}
            yield new_piece({**value, "metadata": metadata}, "")
