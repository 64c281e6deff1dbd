"""The input leaves of statements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from ir.model import SourceObject
from ir.provenance import Traced


def leaves_in(*values: object) -> tuple[int, ...]:
    """The leaves whose meaning stands anywhere in the values, ascending; those of the object itself are not."""
    return tuple(sorted({leaf for value in values for leaf in _leaves(value)}))


def _leaves(value: object) -> Iterator[int]:
    if isinstance(value, Traced):
        yield from value.origin
    elif isinstance(value, tuple):
        for one in value:
            yield from _leaves(one)
    elif is_dataclass(value) and not isinstance(value, SourceObject):
        for field in fields(value):
            if field.name != "meta":
                yield from _leaves(getattr(value, field.name))
