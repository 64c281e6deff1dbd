"""Reading what is known whole: a piece with a field beyond is not understood, however small the field.

Names of fields are written as in the API or in camelCase, both of which are taken (protojson).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ir.provenance import Traced, Trail, trail
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

TYPE = "@type"
_WORD = re.compile(r"_([a-z0-9])")


class Unknown(Exception):  # noqa: N818  # it carries a reason upwards
    """The configuration says something that no fact says."""


@dataclass(slots=True)
class Page:
    """One configuration while it is read.

    ``quiet``: leaves that change no traffic, with the reason; ``odd``: tries that are not understood, with their leaves.
    """

    meta: Meta
    quiet: list[tuple[int, str]] = field(default_factory=list)
    odd: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)

    def fact(self, what: str, *leaves: int) -> Trail:
        """The trail of a fact of it."""
        return trail(what, *leaves, because=self.meta.because)

    def hush(self, place: Cursor | None, why: str) -> None:
        """The leaves of the place change nothing."""
        if place is not None:
            self.quiet.extend((leaf, why) for leaf in place.leaves())


def camel(name: str) -> str:
    """The other way to write a field."""
    return _WORD.sub(lambda found: found.group(1).upper(), name)


def only(place: Cursor, *allowed: str) -> None:
    """Nothing but these fields is given.

    Raises:
        Unknown: something else is.
    """
    known = {*allowed, *(camel(name) for name in allowed), TYPE}
    for key in place.keys():  # noqa: SIM118  # a place is no mapping
        if key not in known:
            raise Unknown(f"the field {key} of {place.path}")


def get(place: Cursor, name: str) -> Cursor | None:
    """The field by either of its names."""
    return place.opt(name) or place.opt(camel(name))


def need(place: Cursor, name: str) -> Cursor:
    """The field, which must be given.

    Raises:
        Unknown: it is not.
    """
    found = get(place, name)
    if found is None:
        raise Unknown(f"{place.path} without {name}")
    return found


def items(place: Cursor, name: str) -> tuple[Cursor, ...]:
    """The items of the list at the field."""
    found = get(place, name)
    return () if found is None else found.items()


def text(place: Cursor, name: str) -> Traced[str] | None:
    """The string at the field."""
    found = get(place, name)
    return None if found is None else found.as_str()


def number(place: Cursor, name: str) -> Traced[int] | None:
    """The whole number at the field."""
    found = get(place, name)
    return None if found is None else found.as_int()


def flag(place: Cursor, name: str) -> Traced[bool] | None:
    """The truth value at the field."""
    found = get(place, name)
    return None if found is None else found.as_bool()


def seconds(place: Cursor, name: str) -> Traced[float] | None:
    """The duration at the field."""
    found = get(place, name)
    return None if found is None else found.as_duration()


def is_type(place: Cursor, name: str) -> bool:
    """Whether the place says that it is of this type."""
    found = place.opt_str(TYPE)
    return found is not None and found.value.rpartition("/")[2] == name
