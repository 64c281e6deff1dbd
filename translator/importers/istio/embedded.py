"""YAML inside a string: a document whose values have no leaf of their own, since all stand in one."""

from __future__ import annotations

from translator.errors import InputError
from translator.source.compose import Composer
from translator.source.cursor import Cursor
from translator.source.leaves import Node


def embedded(place: Cursor) -> Cursor | None:
    """The mapping that the string at ``place`` holds; ``None`` where it holds nothing.

    Every value below has the leaf of the string.

    Raises:
        InputError: the text is no YAML, or no mapping.
    """
    text = place.as_str().value
    composer = Composer(text, place.resource.document.file, 0)
    try:
        documents = list(composer.documents())
    except InputError as error:
        raise place.refuse(f"the text inside is no YAML: {error.message}") from None
    if composer.errors:
        raise place.refuse(f"the text inside is no YAML: {composer.errors[0].message}")
    if not documents:
        return None
    if len(documents) > 1 or not isinstance(documents[0].root.value, dict):
        raise place.refuse("expected the text of one YAML mapping, found something else.")
    root = _moved(documents[0].root, place.node)
    return Cursor(place.resource, root, place.path, place.reads)


def _moved(node: Node, outer: Node) -> Node:
    """The node at the place of the string that holds it."""
    value = node.value
    if isinstance(value, dict):
        value = {key: _moved(inner, outer) for key, inner in value.items()}
    elif isinstance(value, list):
        value = [_moved(inner, outer) for inner in value]
    leaf = outer.leaf if node.leaf >= 0 else -1
    return Node(value, outer.line, outer.column, leaf)
