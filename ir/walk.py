"""Walking over facts: every traced position of a model, once, in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from operator import is_not
from typing import TypeVar, cast

from ir.match import Presence, Test
from ir.model import Default, Entry, Model, SourceObject
from ir.provenance import Traced
from ir.roles import ROLES

T = TypeVar("T")
Change = Callable[[Traced[object]], Traced[object]]

_CONTAINERS = (Default, Entry, Model, SourceObject)


_FIELDS: dict[type, tuple[str, ...]] = {}
_KEYS: dict[type, tuple[tuple[str, str], ...]] = {}


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
        items = tuple([_rebuild(item, change) for item in value])
        return items if any(map(is_not, items, value)) else value
    changed = {}
    for name in _fields(type(value)):
        old = getattr(value, name)
        if old is not None and (new := _rebuild(old, change)) is not old:
            changed[name] = new
    return replace(value, **changed) if changed else value  # type: ignore[type-var]


def positions(value: object) -> Iterator[tuple[str, Traced[object]]]:
    """Each traced value below ``value`` with the key of its position, ``Class.field``."""
    found: list[tuple[str, Traced[object]]] = []
    _gather(value, "", found)
    return iter(found)


def _gather(value: object, key: str, found: list[tuple[str, Traced[object]]]) -> None:
    if isinstance(value, Traced):
        found.append((key, value))
    elif isinstance(value, tuple):
        for item in value:
            _gather(item, key, found)
    else:
        for name, below in _keys(value):
            inner = getattr(value, name)
            if inner is not None:
                _gather(inner, below, found)


def _keys(fact: object) -> tuple[tuple[str, str], ...]:
    """The fields of a fact that may hold traced values, each with its key; those of a test depend on what it says."""
    kind = type(fact)
    if kind is Test:
        return tuple((name, position_key(fact, name)) for name in _fields(kind))
    found = _KEYS.get(kind)
    if found is None:
        found = _KEYS[kind] = tuple((name, position_key(fact, name)) for name in _fields(kind))
    return found


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
    found: list[Traced[object]] = []
    _gather_values(value, found)
    return iter(found)


def _gather_values(value: object, found: list[Traced[object]]) -> None:
    if isinstance(value, Traced):
        found.append(value)
    elif isinstance(value, tuple):
        for item in value:
            _gather_values(item, found)
    else:
        for name in _fields(type(value)):
            inner = getattr(value, name)
            if inner is not None:
                _gather_values(inner, found)


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
