"""Walking over facts: every traced position of a model, once, in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import TypeVar, cast

from ir.match import Presence, Test
from ir.model import Default, Entry, Model, SourceObject
from ir.provenance import Traced
from ir.roles import ROLES

T = TypeVar("T")
Change = Callable[[Traced[object]], Traced[object]]

_CONTAINERS = (Default, Entry, Model, SourceObject)


_FIELDS: dict[type, tuple[str, ...]] = {}


def _fields(kind: type) -> tuple[str, ...]:
    """Names of the fields that may hold traced values; empty for plain values."""
    found = _FIELDS.get(kind)
    if found is None:
        facts = kind in ROLES or kind in _CONTAINERS
        found = _FIELDS[kind] = tuple(f.name for f in fields(kind)) if facts else ()
    return found


def rebuild(value: T, change: Change) -> T:
    """The same structure with every traced value put through ``change``; untouched parts are shared."""
    return cast("T", _rebuild(value, change))


def _rebuild(value: object, change: Change) -> object:
    if isinstance(value, Traced):
        return change(value)
    if isinstance(value, tuple):
        items = tuple(_rebuild(item, change) for item in value)
        return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
    changed = {
        name: new
        for name in _fields(type(value))
        if (new := _rebuild(old := getattr(value, name), change)) is not old
    }
    return replace(value, **changed) if changed else value  # type: ignore[type-var]


def positions(value: object, key: str = "") -> Iterator[tuple[str, Traced[object]]]:
    """Each traced value below ``value`` with the key of its position, ``Class.field``."""
    if isinstance(value, Traced):
        yield key, value
    elif isinstance(value, tuple):
        for item in value:
            yield from positions(item, key)
    else:
        kind = type(value)
        for name in _fields(kind):
            inner = getattr(value, name)
            if inner is not None:
                yield from positions(inner, position_key(value, name))


def position_key(fact: object, name: str) -> str:
    """The key by which capability tables know the field ``name`` of ``fact``.

    ``Class.field``; a test is known by the part that it looks at: ``Test.path``, or where it says what must not be
    there ``Test.path.none_of``.
    """
    if isinstance(fact, Test) and name != "trail":
        absent = fact.presence is not None and fact.presence.value is Presence.ABSENT
        negative = name == "none_of" or (name == "presence" and absent)
        return f"Test.{fact.part}.none_of" if negative else f"Test.{fact.part}"
    return f"{type(fact).__name__}.{name}"


def inner_values(value: object) -> Iterator[object]:
    """What stands directly below a fact: the values of its fields that are not absent."""
    for name in _fields(type(value)):
        inner = getattr(value, name)
        if inner is not None:
            yield inner


def traced(value: object) -> Iterator[Traced[object]]:
    """Each traced value below ``value``."""
    return (found for _, found in positions(value))


def close(model: Model) -> Model:
    """The model with every traced position a value of its own.

    A value that stands at two positions must be placed twice or lost twice; from here on the second is a copy whose
    parent is the first, so that forgetting one of forty clones shows.
    """
    seen: set[int] = set()

    def own(value: Traced[object]) -> Traced[object]:
        if id(value) not in seen:
            seen.add(id(value))
            return value
        return Traced(value.value, value.origin, value.because, (value,), value.stated_by)

    return rebuild(model, own)
