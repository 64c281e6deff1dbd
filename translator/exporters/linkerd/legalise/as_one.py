"""Copies of one thing at several places, said once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from ir.provenance import derived
from ir.walk import rebuild, traced

T = TypeVar("T")


def as_one(copies: Sequence[T]) -> T:
    """The first of copies that differ in their trails alone, each value with the trails of all of them."""
    first, *others = copies
    if not others:
        return first
    columns = zip(*(tuple(traced(one)) for one in copies), strict=True)
    return rebuild(first, lambda value: derived(value.value, next(columns)))
